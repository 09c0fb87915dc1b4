//! An in-memory replay cache for one process.
//!
//! Authenticators are stored in one table per span of `ctime`, so expiry drops whole tables. The
//! tag selects a shard; each shard has its own lock. Each shard has a horizon: entries before it
//! have been removed, and authenticators from that time are rejected.

use super::table::{Identity, Inserted, Table};
use super::{Claim, Refusal, in_time, seconds};
use crate::primitives::siphash::siphash24;
use crate::types::error::Error;
use crate::types::time::FileTime;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// The lowest entry limit. The limit is divided equally among the shards, and a small share could
/// fill up by chance.
pub const FEWEST_ENTRIES: usize = 1 << 16;

const SHARDS: usize = 256;

/// The seconds of `ctime` covered by one table.
const SPAN: i64 = 64;

/// A set of recently accepted authenticators.
#[derive(Debug)]
pub struct MemoryCache {
    key: [u8; 16],
    shards: Box<[Shard]>,
    /// The longest skew used by any caller, in seconds. Entries are kept at least that long.
    longest_skew: AtomicI64,
    /// The first span to keep, and the next shard to clean.
    cleaning: AtomicI64,
    cleaned: AtomicUsize,
    /// The span in which a full cache was last logged.
    reported: AtomicI64,
}

/// A lock in a cache line of its own.
#[derive(Debug)]
#[repr(align(64))]
struct Shard(Mutex<Spans>);

#[derive(Debug)]
struct Spans {
    /// Unordered; recently used tables are at the end.
    tables: Vec<(i64, Table)>,
    entries: usize,
    /// Spans before this one have been removed.
    horizon: i64,
}

/// The location of an entry.
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
    /// Locks the spans. A panic leaves them consistent: each change is complete or not started.
    fn lock(&self) -> MutexGuard<'_, Spans> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the spans unless another thread holds the lock.
    fn try_lock(&self) -> Option<MutexGuard<'_, Spans>> {
        match self.0.try_lock() {
            Ok(spans) => Some(spans),
            Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl MemoryCache {
    /// An empty cache. `key` must be secret to the process, so that a client cannot choose
    /// colliding tags.
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

    /// As [`ReplayCache::claim`](super::ReplayCache::claim), with room for about `limit` entries.
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
        // The low bits select the shard, the high bits the slot in its table.
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
                        "the replay cache is full or out of memory: clients are refused"
                    );
                }
                Err(Refusal::Unavailable(Error::OutOfMemory))
            }
        }
    }

    /// Rolls back a claim of this cache.
    pub fn release(&self, claim: Claim) {
        let place = Place::from_claim(&claim);
        if let Some(shard) = self.shards.get(place.shard) {
            shard.lock().remove(place.span, place.identity);
        }
    }

    /// The number of entries, including expired ones that have not been removed yet.
    pub fn entries(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().entries).sum()
    }

    /// The memory in use, in bytes.
    pub fn bytes(&self) -> usize {
        let spans_bytes = |spans: &Spans| -> usize {
            let tables = spans.tables.capacity() * size_of::<(i64, Table)>();
            tables + spans.tables.iter().map(|(_, table)| table.bytes()).sum::<usize>()
        };
        SHARDS * size_of::<Shard>()
            + self.shards.iter().map(|shard| spans_bytes(&shard.lock())).sum::<usize>()
    }

    /// Removes expired entries, once per span. Each call cleans one shard, so that no call waits
    /// for many locks.
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

    /// The table of a span, created if missing; `None` if memory is exhausted.
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

    /// Removes the spans before `first`.
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
