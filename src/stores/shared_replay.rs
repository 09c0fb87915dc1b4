//! A replay cache in memory that forked children share, without locks: a process may die at any
//! step of a claim and leaves nothing closed.
//!
//! A claim is one word: the span of time in which `ctime` lies, and a keyed hash of the tag. Words
//! lie in buckets, filled from the front; a word from before the horizon has expired and may be
//! overwritten. A claim is found in the bucket of its hash or, where that is full, in the bucket's
//! neighbour. When both are full the cache grows to a greater number of buckets in the same memory;
//! until what was claimed before has expired, both places are searched. So memory is touched as it
//! is needed, though all of it is mapped when the library is loaded.
//!
//! Two claims of one tag at the same time: each writes its word and then searches again, so that at
//! least one finds the other's.

use crate::primitives::siphash::siphash24;
use crate::replay::{Claim, Refusal, in_time, seconds};
use crate::types::error::Error;
use crate::types::time::FileTime;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The seconds of one span.
const SPAN: i64 = 64;
/// Bits of a span in a word: 34 years.
const SPAN_BITS: u32 = 24;
const SPAN_MASK: u64 = (1 << SPAN_BITS) - 1;
/// Slots of a bucket: four cache lines.
const BUCKET: usize = 32;
/// Buckets at each stage of growth, as powers of two. Each stage has slots of its own, behind those
/// of the stages before.
const STAGES: [u32; 5] = [7, 10, 13, 16, 18];
/// Attempts of one claim, each lost to another claim in the same bucket.
const ATTEMPTS: usize = 64;

/// The words before the slots.
mod header {
    /// The stage of growth.
    pub(super) const STAGE: usize = 0;
    /// The longest skew of any caller, in seconds.
    pub(super) const SKEW: usize = 1;
    /// Spans before this one have expired.
    pub(super) const HORIZON: usize = 2;
    /// When a full cache was last logged.
    pub(super) const REPORTED: usize = 3;
    /// The last span of a claim that was overwritten before it had expired.
    pub(super) const FORGOTTEN: usize = 4;
    /// For each stage that has been left, the last span that can be in it.
    pub(super) const LEFT: usize = 8;
    pub(super) const LENGTH: usize = 64;
}

/// The buckets before a stage.
const fn buckets_before(stage: usize) -> usize {
    let (mut buckets, mut before) = (0, 0);
    while before < stage {
        buckets += 1 << STAGES[before];
        before += 1;
    }
    buckets
}

/// [`buckets_before`] each stage.
const FIRST: [usize; STAGES.len()] =
    [buckets_before(0), buckets_before(1), buckets_before(2), buckets_before(3), buckets_before(4)];

const fn words_for(stages: usize) -> usize {
    header::LENGTH + BUCKET * buckets_before(stages)
}

/// The words of a cache that holds as many claims as stages permit, some 6 million.
pub(crate) const WORDS: usize =
    words_for(if cfg!(target_pointer_width = "64") { STAGES.len() } else { 4 });
/// Likewise, one for fewer claims: some 1.5 million.
pub(crate) const FEWER_WORDS: usize = words_for(4);
/// The words of a cache that outlives the process: some 200,000 claims in 2.4 megabytes.
pub(crate) const RESTART_WORDS: usize = words_for(3);

/// A cache in zeroed words.
#[derive(Debug)]
pub(crate) struct SharedCache {
    key: [u8; 16],
    /// Where it is full it overwrites.
    overwrites: Option<Opened>,
    header: &'static [AtomicU64],
    slots: &'static [AtomicU64],
}

/// What a process knows of a cache that overwrites.
#[derive(Debug, Clone, Copy)]
struct Opened {
    /// When it was opened, in seconds since 1970.
    at: i64,
    /// The last span of which claims had been overwritten by then.
    forgotten: u64,
}

/// The position of a claim, and its word.
struct Place {
    slot: usize,
    word: u64,
}

impl Place {
    fn to_claim(&self) -> Claim {
        let mut bytes = [0; Claim::LENGTH];
        bytes[..8].copy_from_slice(&(self.slot as u64).to_ne_bytes());
        bytes[8..16].copy_from_slice(&self.word.to_ne_bytes());
        Claim::new(bytes)
    }

    fn from_claim(claim: &Claim) -> Place {
        let [slot, word, _, _] = *claim.bytes().as_chunks().0.first_chunk().unwrap_or(&[[0; 8]; 4]);
        Place { slot: u64::from_ne_bytes(slot) as usize, word: u64::from_ne_bytes(word) }
    }
}

/// What a search has found.
enum Found {
    /// The word itself.
    Claimed,
    /// A slot for it, with the expired word in it or 0.
    Free(usize, u64),
    Full,
}

impl SharedCache {
    /// A cache in `words`, which are zero or another process' cache under the same key. The key
    /// must be secret, so that a client cannot choose colliding tags.
    pub(crate) fn new(key: [u8; 16], words: &'static [AtomicU64]) -> SharedCache {
        let (header, slots) = words.split_at(header::LENGTH.min(words.len()));
        SharedCache { key, overwrites: None, header, slots }
    }

    /// Likewise, one that overwrites its oldest claims where it is full. Up to twice the skew after
    /// `now`, authenticators are rejected that are as old as what had been overwritten before.
    pub(crate) fn overwriting(key: [u8; 16], words: &'static [AtomicU64], now: i64) -> SharedCache {
        let cache = SharedCache::new(key, words);
        let forgotten = cache.word(header::FORGOTTEN).load(Ordering::SeqCst);
        SharedCache { overwrites: Some(Opened { at: now, forgotten }), ..cache }
    }

    /// Everything from before a time later than `now` has been removed from the cache in `words`.
    pub(crate) fn is_of_the_future(words: &[AtomicU64], now: i64) -> bool {
        words.get(header::HORIZON).is_some_and(|word| word.load(Ordering::SeqCst) > span(now))
    }

    /// As [`ReplayCache::claim`](crate::replay::ReplayCache::claim), with room for about `limit`
    /// claims.
    pub(crate) fn claim(
        &self,
        tag: &[u8],
        ctime: i64,
        now: FileTime,
        skew: Duration,
        limit: usize,
    ) -> Result<Claim, Refusal> {
        let (now, skew) = (now.unix_seconds(), seconds(skew));
        if !in_time(ctime, now, skew) {
            return Err(Refusal::Stale);
        }
        let longest = self.raise(header::SKEW, skew as u64) as i64;
        let horizon = self.raise(header::HORIZON, span(now.saturating_sub(longest)));
        if span(ctime) < horizon {
            return Err(Refusal::Stale);
        }
        if let Some(Opened { at, forgotten }) = self.overwrites
            && span(ctime) <= forgotten
            && now <= at.saturating_add(longest.saturating_mul(2))
        {
            return Err(Refusal::Stale);
        }
        let hash = siphash24(&self.key, tag);
        let word = span(ctime) << (64 - SPAN_BITS) | (hash >> SPAN_BITS).max(1);
        let last = || self.stage_for(if self.overwrites.is_some() { usize::MAX } else { limit });
        for _ in 0..ATTEMPTS {
            let stage = self.stage();
            let (slot, old) = match self.search(hash, word, horizon, stage) {
                Found::Claimed => return Err(Refusal::Replayed),
                Found::Free(slot, old) => (slot, old),
                Found::Full if stage < last() => {
                    self.grow(stage, span(now.saturating_add(longest)) + 1);
                    continue;
                }
                Found::Full if self.overwrites.is_some() => {
                    let (slot, old) = self.oldest(hash, horizon, stage);
                    self.raise(header::FORGOTTEN, span_of(old, horizon));
                    (slot, old)
                }
                Found::Full => break,
            };
            let taken = self.slots.get(slot).is_some_and(|slot| {
                slot.compare_exchange(old, word, Ordering::SeqCst, Ordering::SeqCst).is_ok()
            });
            if taken {
                let place = Place { slot, word };
                return match self.is_elsewhere(hash, &place, horizon) {
                    false => Ok(place.to_claim()),
                    true => {
                        self.release(place.to_claim());
                        Err(Refusal::Replayed)
                    }
                };
            }
        }
        if self.word(header::REPORTED).swap(span(now), Ordering::Relaxed) != span(now) {
            tracing::error!(limit, "the replay cache is full: clients are refused");
        }
        Err(Refusal::Unavailable(Error::OutOfMemory))
    }

    /// Rolls back a claim.
    pub(crate) fn release(&self, claim: Claim) {
        let Place { slot, word } = Place::from_claim(&claim);
        // Expired, but not 0, where searches end.
        let before = self.word(header::HORIZON).load(Ordering::Relaxed).wrapping_sub(1);
        let over = before << (64 - SPAN_BITS) | 1;
        if let Some(slot) = self.slots.get(slot) {
            let _ = slot.compare_exchange(word, over, Ordering::SeqCst, Ordering::SeqCst);
        }
    }

    /// Looks for the word, and for a slot for it in the buckets of `stage`.
    fn search(&self, hash: u64, word: u64, horizon: u64, stage: usize) -> Found {
        let mut free = None;
        'buckets: for first in buckets(hash, stage) {
            for (at, slot) in self.bucket(first).iter().enumerate() {
                let found = slot.load(Ordering::SeqCst);
                if found == word {
                    return Found::Claimed;
                }
                if free.is_none() && (found == 0 || is_over(found, horizon)) {
                    free = Some((first + at, found));
                }
                if found == 0 {
                    break 'buckets;
                }
            }
        }
        if self.is_in_left_stage(hash, word, horizon, stage, usize::MAX) {
            return Found::Claimed;
        }
        free.map_or(Found::Full, |(slot, old)| Found::Free(slot, old))
    }

    /// Whether the word stands in another place than this, at any stage.
    fn is_elsewhere(&self, hash: u64, place: &Place, horizon: u64) -> bool {
        let stage = self.stage();
        self.is_in(hash, place.word, stage, place.slot)
            || self.is_in_left_stage(hash, place.word, horizon, stage, place.slot)
    }

    fn is_in_left_stage(
        &self,
        hash: u64,
        word: u64,
        horizon: u64,
        stage: usize,
        except: usize,
    ) -> bool {
        (0..stage).any(|left| {
            self.word(header::LEFT + left).load(Ordering::SeqCst) >= horizon
                && self.is_in(hash, word, left, except)
        })
    }

    fn is_in(&self, hash: u64, word: u64, stage: usize, except: usize) -> bool {
        for first in buckets(hash, stage) {
            for (at, slot) in self.bucket(first).iter().enumerate() {
                match slot.load(Ordering::SeqCst) {
                    0 => return false,
                    found if found == word && first + at != except => return true,
                    _ => {}
                }
            }
        }
        false
    }

    /// The slot for a hash with the oldest claim, and that.
    fn oldest(&self, hash: u64, horizon: u64, stage: usize) -> (usize, u64) {
        let slots = buckets(hash, stage).into_iter().flat_map(|first| {
            let slots = self.bucket(first).iter().enumerate();
            slots.map(move |(at, slot)| (first + at, slot.load(Ordering::SeqCst)))
        });
        slots.min_by_key(|(_, word)| span_of(*word, horizon)).unwrap_or_default()
    }

    /// The slots of a bucket that begins with this one.
    fn bucket(&self, first: usize) -> &[AtomicU64] {
        self.slots.get(first..first + BUCKET).unwrap_or_default()
    }

    /// Goes on to the next stage, unless another thread has.
    fn grow(&self, stage: usize, last: u64) {
        self.raise(header::LEFT + stage, last);
        let (old, new) = (stage as u64, stage as u64 + 1);
        let _ =
            self.word(header::STAGE).compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst);
    }

    fn stage(&self) -> usize {
        let stage = self.word(header::STAGE).load(Ordering::SeqCst);
        // A file may be damaged.
        usize::try_from(stage).unwrap_or(usize::MAX).min(STAGES.len() - 1)
    }

    /// The stage that has room for so many claims, at a load of three quarters, if memory has.
    fn stage_for(&self, limit: usize) -> usize {
        let room = self.slots.len() / BUCKET;
        let stages = STAGES.iter().zip(FIRST);
        let stages = stages.take_while(|(bits, first)| first + (1 << **bits) <= room);
        let needed = stages.clone().position(|(bits, _)| (BUCKET << *bits) / 4 * 3 >= limit);
        needed.unwrap_or(stages.count().saturating_sub(1))
    }

    /// Raises a word of the header to this value, and returns what it is then.
    fn raise(&self, index: usize, to: u64) -> u64 {
        let word = self.word(index);
        match word.load(Ordering::Relaxed) {
            high if high >= to => high,
            _ => word.fetch_max(to, Ordering::SeqCst).max(to),
        }
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        static NONE: AtomicU64 = AtomicU64::new(0);
        self.header.get(index).unwrap_or(&NONE)
    }
}

/// The first slots of the buckets for a hash: its own, then the neighbour. A slot that was never
/// used ends a search: those behind it were not used either.
fn buckets(hash: u64, stage: usize) -> [usize; 2] {
    let bits = STAGES.get(stage).copied().unwrap_or_default();
    let first = FIRST.get(stage).copied().unwrap_or_default();
    let bucket = hash as usize & ((1 << bits) - 1);
    [bucket, bucket ^ 1].map(|bucket| (first + bucket) * BUCKET)
}

/// The span of a time in seconds since 1970; times before that are in the first.
fn span(seconds: i64) -> u64 {
    seconds.max(0) as u64 / SPAN as u64
}

/// The span of a word that is not before `horizon`.
fn span_of(word: u64, horizon: u64) -> u64 {
    horizon.wrapping_add((word >> (64 - SPAN_BITS)).wrapping_sub(horizon) & SPAN_MASK)
}

/// A word of a span before `horizon`, within 17 years.
fn is_over(word: u64, horizon: u64) -> bool {
    let ahead = (word >> (64 - SPAN_BITS)).wrapping_sub(horizon) & SPAN_MASK;
    ahead > SPAN_MASK / 2
}

#[cfg(test)]
mod tests;
