//! The replay cache of one process.
//!
//! Authenticators are kept by the span of time that their `ctime` falls in, a table for each, so
//! that forgetting is the end of a whole table. A tag decides the shard, and the shard has a lock
//! of its own. What cannot be known any more is rejected: each shard has a horizon, before which it
//! has forgotten.

use super::table::{Identity, Inserted, Table};
use super::{Claim, Refusal, in_time, seconds};
use crate::primitives::siphash::siphash24;
use crate::types::error::Error;
use crate::types::time::FileTime;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// The smallest limit: the shards have equal parts of it, and a small part would be full by chance.
pub const FEWEST_ENTRIES: usize = 1 << 16;

const SHARDS: usize = 256;

/// A table holds the authenticators of so many seconds.
const SPAN: i64 = 64;

/// Authenticators accepted lately.
#[derive(Debug)]
pub struct MemoryCache {
    key: [u8; 16],
    shards: Box<[Shard]>,
    /// The longest skew that a caller has used, in seconds: nothing is forgotten sooner.
    longest_skew: AtomicI64,
    /// The first span that is to be kept, and the next shard to be cleaned.
    cleaning: AtomicI64,
    cleaned: AtomicUsize,
    /// When a full cache was last reported, in spans.
    reported: AtomicI64,
}

/// In a cache line of its own.
#[derive(Debug)]
#[repr(align(64))]
struct Shard(Mutex<Spans>);

#[derive(Debug)]
struct Spans {
    /// In no order; those now in use are at the end.
    tables: Vec<(i64, Table)>,
    entries: usize,
    /// Spans before this one have been forgotten.
    horizon: i64,
}

/// Where an authenticator is remembered.
struct Place {
    shard: usize,
    span: i64,
    identity: Identity,
}

impl Place {
    fn to_claim(&self) -> Claim {
        let mut bytes = [0; Claim::LENGTH];
        let (shard, rest) = bytes.split_at_mut(8);
        let (span, identity) = rest.split_at_mut(8);
        shard.copy_from_slice(&(self.shard as u64).to_ne_bytes());
        span.copy_from_slice(&self.span.to_ne_bytes());
        identity.copy_from_slice(&self.identity.to_bytes());
        Claim::new(bytes)
    }

    fn from_claim(claim: &Claim) -> Place {
        let [shard, span, hash, tag] =
            *claim.bytes().as_chunks().0.first_chunk().unwrap_or(&[[0; 8]; 4]);
        Place {
            shard: u64::from_ne_bytes(shard) as usize,
            span: i64::from_ne_bytes(span),
            identity: Identity::new(u64::from_ne_bytes(hash), u64::from_ne_bytes(tag)),
        }
    }
}

impl Shard {
    /// The spans, locked. A panic leaves them usable: every change is complete or not begun.
    fn lock(&self) -> MutexGuard<'_, Spans> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, unless another thread has the lock.
    fn try_lock(&self) -> Option<MutexGuard<'_, Spans>> {
        match self.0.try_lock() {
            Ok(spans) => Some(spans),
            Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl MemoryCache {
    /// An empty cache. `key` is a secret of the process, so that no client can choose which tags
    /// fall together.
    pub fn new(key: [u8; 16]) -> MemoryCache {
        let spans = || Spans { tables: Vec::new(), entries: 0, horizon: i64::MIN };
        MemoryCache {
            key,
            shards: (0..SHARDS).map(|_| Shard(Mutex::new(spans()))).collect(),
            longest_skew: AtomicI64::new(0),
            cleaning: AtomicI64::new(i64::MIN),
            cleaned: AtomicUsize::new(SHARDS),
            reported: AtomicI64::new(i64::MIN),
        }
    }

    /// As [`ReplayCache::claim`](super::ReplayCache::claim), with about `limit` entries at most.
    pub fn claim(
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
        if skew > self.longest_skew.load(Ordering::Relaxed) {
            self.longest_skew.fetch_max(skew, Ordering::Relaxed);
        }
        let first = now.saturating_sub(self.longest_skew.load(Ordering::Relaxed)).div_euclid(SPAN);
        self.clean(first);

        let hash = siphash24(&self.key, tag);
        // The shard is taken from the low bits, the place in its table from the high ones.
        let (shard, span) = (hash as usize % SHARDS, ctime.div_euclid(SPAN));
        let identity = Identity::new(hash, beginning(tag));
        let inserted = match self.shards.get(shard) {
            Some(shard) => {
                shard.lock().insert(span, identity, first, limit.max(FEWEST_ENTRIES) / SHARDS)?
            }
            None => Inserted::NoMemory,
        };
        match inserted {
            Inserted::New => Ok(Place { shard, span, identity }.to_claim()),
            Inserted::Present => Err(Refusal::Replayed),
            Inserted::NoMemory => {
                let span = now.div_euclid(SPAN);
                if self.reported.swap(span, Ordering::Relaxed) != span {
                    tracing::error!(
                        limit,
                        "the replay cache is full, or the memory is: clients are refused"
                    );
                }
                Err(Refusal::Unavailable(Error::OutOfMemory))
            }
        }
    }

    /// Takes a claim of this cache back.
    pub fn release(&self, claim: Claim) {
        let place = Place::from_claim(&claim);
        if let Some(shard) = self.shards.get(place.shard) {
            shard.lock().remove(place.span, place.identity);
        }
    }

    /// Authenticators remembered, some of them no longer needed.
    pub fn entries(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().entries).sum()
    }

    /// Bytes that they take.
    pub fn bytes(&self) -> usize {
        let of = |spans: &Spans| -> usize {
            let tables = spans.tables.capacity() * size_of::<(i64, Table)>();
            tables + spans.tables.iter().map(|(_, table)| table.bytes()).sum::<usize>()
        };
        SHARDS * size_of::<Shard>()
            + self.shards.iter().map(|shard| of(&shard.lock())).sum::<usize>()
    }

    /// Once in a span, the shards forget what is over: one with each call, so that no call has to
    /// wait for many.
    fn clean(&self, first: i64) {
        let cleaning = self.cleaning.load(Ordering::Relaxed);
        if first > cleaning
            && self
                .cleaning
                .compare_exchange(cleaning, first, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            self.cleaned.store(0, Ordering::Relaxed);
        }
        if self.cleaned.load(Ordering::Relaxed) < SHARDS {
            let next = self.cleaned.fetch_add(1, Ordering::Relaxed);
            if let Some(mut spans) = self.shards.get(next).and_then(|shard| shard.try_lock()) {
                spans.forget(first);
            }
        }
    }
}

impl Spans {
    fn insert(
        &mut self,
        span: i64,
        identity: Identity,
        first: i64,
        limit: usize,
    ) -> Result<Inserted, Refusal> {
        self.forget(first);
        if span < self.horizon {
            return Err(Refusal::Stale);
        }
        let full = self.entries >= limit;
        let inserted = match self.table(span) {
            Some(table) if full && table.contains(identity) => Inserted::Present,
            Some(table) if !full => table.insert(identity),
            _ => Inserted::NoMemory,
        };
        self.entries += usize::from(inserted == Inserted::New);
        Ok(inserted)
    }

    /// The table of a span, a new one if there was none; nothing if there is no memory for it.
    fn table(&mut self, span: i64) -> Option<&mut Table> {
        let at = match self.tables.iter().rposition(|(of, _)| *of == span) {
            Some(at) => at,
            None => {
                self.tables.try_reserve(1).ok()?;
                self.tables.push((span, Table::default()));
                self.tables.len() - 1
            }
        };
        self.tables.get_mut(at).map(|(_, table)| table)
    }

    fn remove(&mut self, span: i64, identity: Identity) {
        if let Some((_, table)) = self.tables.iter_mut().find(|(of, _)| *of == span) {
            let before = table.len();
            table.remove(identity);
            self.entries -= before - table.len();
        }
    }

    /// Forgets the spans before `first`.
    fn forget(&mut self, first: i64) {
        if first > self.horizon {
            self.horizon = first;
            self.tables.retain(|(span, _)| *span >= first);
            self.entries = self.tables.iter().map(|(_, table)| table.len()).sum();
        }
    }
}

/// The first eight bytes of a tag.
fn beginning(tag: &[u8]) -> u64 {
    tag.iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
}
