//! Wrong passwords, counted under keyed hashes. Each is forgotten after one interval, so that a
//! count needs no other lifetime.

use super::Limits;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::Instant;

const SHARDS: usize = 16;
/// Counts in one shard.
const MOST: usize = 4096;

#[derive(Debug, Clone, Copy)]
struct Count {
    /// When the last of the wrong passwords is forgotten.
    until: Instant,
    /// While throttled: when the next attempt is checked.
    next: Instant,
}

impl Count {
    /// `limits.after` wrong passwords are not forgotten.
    fn is_throttled(&self, limits: Limits, now: Instant) -> bool {
        let fewer = limits.interval.saturating_mul(limits.after.saturating_sub(1));
        self.until.saturating_duration_since(now) > fewer
    }
}

/// The counts. No count of right passwords can throttle: only wrong ones add to them.
pub(super) struct Guesses {
    shards: [Mutex<HashMap<u64, Count>>; SHARDS],
}

impl Guesses {
    pub(super) fn new() -> Guesses {
        Guesses { shards: std::array::from_fn(|_| Mutex::default()) }
    }

    fn shard(&self, key: u64) -> &Mutex<HashMap<u64, Count>> {
        &self.shards[key as usize % SHARDS]
    }

    /// Whether an attempt may be checked. While throttled that is one in each interval, and this
    /// attempt is it.
    pub(super) fn admits(&self, key: u64, limits: Limits, now: Instant) -> bool {
        let mut shard = self.shard(key).lock();
        match shard.get_mut(&key) {
            Some(count) if count.is_throttled(limits, now) => {
                let admitted = count.next <= now;
                if admitted {
                    count.next = now.checked_add(limits.interval).unwrap_or(now);
                }
                admitted
            }
            _ => true,
        }
    }

    /// The attempt that was admitted does not count.
    pub(super) fn give_back(&self, key: u64, now: Instant) {
        if let Some(count) = self.shard(key).lock().get_mut(&key) {
            count.next = now;
        }
    }

    /// Counts a wrong password.
    pub(super) fn add(&self, key: u64, limits: Limits, now: Instant) {
        let mut shard = self.shard(key).lock();
        if shard.len() >= MOST && !shard.contains_key(&key) {
            make_room(&mut shard, now);
        }
        let count = shard.entry(key).or_insert(Count { until: now, next: now });
        let was_throttled = count.is_throttled(limits, now);
        // Attempts that were under way at the same time may all be wrong.
        let most = limits.interval.saturating_mul(limits.after.saturating_mul(2));
        let until = count.until.max(now).checked_add(limits.interval);
        count.until = until.zip(now.checked_add(most)).map_or(count.until, |(a, b)| a.min(b));
        if !was_throttled && count.is_throttled(limits, now) {
            count.next = now.checked_add(limits.interval).unwrap_or(now);
        }
    }

    /// Forgets all wrong passwords under this key.
    pub(super) fn forget(&self, key: u64) {
        self.shard(key).lock().remove(&key);
    }

    #[cfg(test)]
    pub(super) fn is_bounded(&self) -> bool {
        self.shards.iter().all(|shard| shard.lock().len() <= MOST)
    }
}

/// Removes a quarter of the counts, the smallest ones first: those of invented names.
fn make_room(counts: &mut HashMap<u64, Count>, now: Instant) {
    counts.retain(|_, count| count.until > now);
    let mut ranks: Vec<_> = counts.iter().map(|(key, count)| (count.until, *key)).collect();
    ranks.sort_unstable();
    let surplus = (counts.len() + MOST / 4).saturating_sub(MOST);
    ranks.into_iter().take(surplus).for_each(|(_, key)| {
        counts.remove(&key);
    });
}
