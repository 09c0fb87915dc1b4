//! Wrong passwords, counted under keyed hashes in memory that forked children share.
//!
//! A count is one word: a part of the hash, and when the last of its wrong passwords is forgotten.
//! Each is forgotten after one interval, so that a count has room for [`Limits::after`] of them and
//! gets room for one more in each interval. An attempt is checked while there is room, and its
//! result stands only if there is room still: a wrong password takes it, a right one does not. So
//! attempts under way at the same time are worth no more than one after the other, while right ones
//! never stand in each other's way.
//!
//! There are no locks: a process may die at any step and leaves nothing closed.

use super::Limits;
use crate::platform::shared_memory;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Counts that are looked through for one hash: two cache lines.
const BUCKET: usize = 16;
/// All counts.
const WORDS: usize = 1 << 17;
/// Bits of a word for the time, in milliseconds: 34 years. The others are the hash's.
const TIME_BITS: u32 = 40;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;
/// A word that was used and is over. Times begin with 1.
const OVER: u64 = 1;
/// Attempts to change a word, each lost to another thread's change.
const ATTEMPTS: usize = 1000;

/// The counts. No count of right passwords can throttle: only wrong ones add to them.
#[derive(Clone)]
pub(super) struct Guesses {
    words: &'static [AtomicU64],
    /// Times count from here. A child has its parent's.
    base: Instant,
}

/// When the wrong passwords of a word are forgotten, in milliseconds.
fn until(word: u64) -> u64 {
    word & TIME_MASK
}

fn is_under(word: u64, key: u64) -> bool {
    word >> TIME_BITS == key >> TIME_BITS
}

fn milliseconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1000).saturating_add(duration.subsec_millis().into())
}

impl Guesses {
    /// New counts. Their memory is never freed.
    pub(super) fn new() -> Guesses {
        Guesses { words: shared_memory::words(WORDS), base: Instant::now() }
    }

    fn time(&self, now: Instant) -> u64 {
        milliseconds(now.saturating_duration_since(self.base)).saturating_add(1)
    }

    /// The words that a key may be in.
    fn bucket(&self, key: u64) -> &'static [AtomicU64] {
        let buckets = (self.words.len() / BUCKET).max(1);
        let first = key as usize % buckets * BUCKET;
        self.words.get(first..first + BUCKET).unwrap_or_default()
    }

    /// Whether there is room for a wrong password.
    /// `now` is only asked where there are any.
    pub(super) fn has_room(&self, key: u64, limits: Limits, now: impl FnOnce() -> Instant) -> bool {
        let bucket = self.bucket(key);
        // As it is where nobody guesses.
        if bucket.first().is_none_or(|word| word.load(Ordering::SeqCst) == 0) {
            return true;
        }
        let now = self.time(now());
        let until = find(bucket, key, now).map_or(0, |(_, word)| until(word));
        is_room(until, limits, now)
    }

    /// Counts a wrong password, if there is room for it.
    pub(super) fn add(&self, key: u64, limits: Limits, now: Instant) {
        let (bucket, now) = (self.bucket(key), self.time(now));
        let interval = milliseconds(limits.interval).max(1);
        for _ in 0..ATTEMPTS {
            let found = find(bucket, key, now);
            let (at, old) = found.unwrap_or_else(|| displaced(bucket, now));
            let known = found.map_or(0, |(_, word)| until(word));
            let Some(word) = bucket.get(at).filter(|_| is_room(known, limits, now)) else { return };
            let later = known.max(now).saturating_add(interval).min(TIME_MASK);
            let new = key & !TIME_MASK | later;
            let changed = word.compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst);
            if changed.is_err() {
                continue;
            }
            if holds(bucket, at, new, now) {
                return;
            }
        }
    }

    /// Forgets all wrong passwords under this key.
    pub(super) fn forget(&self, key: u64) {
        for word in self.bucket(key) {
            let old = word.load(Ordering::SeqCst);
            if old == 0 {
                break;
            }
            if is_under(old, key) {
                let _ = word.compare_exchange(old, OVER, Ordering::SeqCst, Ordering::SeqCst);
            }
        }
    }
}

/// So many wrong passwords are not forgotten yet that one more has room.
fn is_room(until: u64, limits: Limits, now: u64) -> bool {
    let interval = milliseconds(limits.interval).max(1);
    let fewer = interval.saturating_mul(u64::from(limits.after.saturating_sub(1)));
    until.saturating_sub(now) <= fewer
}

/// The count under a key, unless it is forgotten: its place and its word.
fn find(bucket: &[AtomicU64], key: u64, now: u64) -> Option<(usize, u64)> {
    for (at, word) in bucket.iter().enumerate() {
        match word.load(Ordering::SeqCst) {
            // Never used, and so are those behind it.
            0 => break,
            word if is_under(word, key) && until(word) > now => return Some((at, word)),
            _ => {}
        }
    }
    None
}

/// Whether the word that has been written at this place is the count of its key. Another thread may
/// have made one at the same time: the first of the bucket holds, and a later one is taken back.
fn holds(bucket: &[AtomicU64], at: usize, word: u64, now: u64) -> bool {
    let first = find(bucket, word, now).map_or(at, |(first, _)| first);
    if first < at
        && let Some(later) = bucket.get(at)
    {
        let _ = later.compare_exchange(word, OVER, Ordering::SeqCst, Ordering::SeqCst);
    }
    first >= at
}

/// The word that a new count displaces: the first that is unused or over, else the one that is
/// forgotten first, which is the smallest. So invented names displace one another.
fn displaced(bucket: &[AtomicU64], now: u64) -> (usize, u64) {
    let words = || bucket.iter().map(|word| word.load(Ordering::SeqCst)).enumerate();
    let over = words().find(|(_, word)| until(*word) <= now);
    over.or_else(|| words().min_by_key(|(_, word)| until(*word))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { after: 10, interval: Duration::from_secs(30) };

    /// Hashes of one bucket.
    fn key(number: u64) -> u64 {
        number << TIME_BITS | 7
    }

    fn guesses(guesses: &Guesses, key: u64, now: Instant) -> u32 {
        (0..)
            .take_while(|_| {
                let room = guesses.has_room(key, LIMITS, || now);
                guesses.add(key, LIMITS, now);
                room
            })
            .count() as u32
    }

    #[test]
    fn a_full_bucket_forgets_the_smallest_count() {
        let (counts, now) = (Guesses::new(), Instant::now());
        assert_eq!(guesses(&counts, key(1), now), LIMITS.after);
        for number in 2..1000 {
            counts.add(key(number), LIMITS, now);
            assert!(!counts.has_room(key(1), LIMITS, || now));
        }
        assert_eq!(guesses(&counts, key(2), now), LIMITS.after);
        // All are forgotten in time, and room is made in each interval.
        let soon = now + LIMITS.interval;
        assert_eq!(guesses(&counts, key(1), soon), 1);
        assert_eq!(guesses(&counts, key(1), now + 20 * LIMITS.interval), LIMITS.after);
    }

    /// Wrong passwords that come when there is no room keep nobody out for longer.
    #[test]
    fn room_is_made_in_each_interval_whatever_is_tried() {
        let (counts, mut now) = (Guesses::new(), Instant::now());
        for _ in 0..100 {
            (0..1000).for_each(|_| counts.add(key(1), LIMITS, now));
            assert!(!counts.has_room(key(1), LIMITS, || now));
            now += LIMITS.interval;
            assert!(counts.has_room(key(1), LIMITS, || now));
        }
    }

    #[test]
    fn of_two_counts_of_one_key_the_first_holds() {
        let counts = Guesses::new();
        let (bucket, now) = (counts.bucket(key(1)), 1000);
        let words = [key(2), key(1), key(3), key(1)].map(|key| (key & !TIME_MASK) | (now + 1));
        bucket.iter().zip(words).for_each(|(word, value)| word.store(value, Ordering::SeqCst));
        let read = || bucket.iter().map(|word| word.load(Ordering::SeqCst));
        for at in 0..3 {
            assert!(holds(bucket, at, words[at], now));
            assert!(read().take(4).eq(words));
        }
        assert!(!holds(bucket, 3, words[3], now));
        assert!(read().take(4).eq([words[0], words[1], words[2], OVER]));
        // Nor does one whose word another thread has changed meanwhile.
        bucket[3].store(words[3] + 1, Ordering::SeqCst);
        assert!(!holds(bucket, 3, words[3], now));
        assert_eq!(bucket[3].load(Ordering::SeqCst), words[3] + 1);
    }

    /// The whole table is used: 30,000 accounts are throttled at the same time.
    #[test]
    fn the_counts_of_many_keys_are_kept() {
        let (counts, now) = (Guesses::new(), Instant::now());
        let count = if cfg!(miri) { 100 } else { 30_000u64 };
        let keys = || (1..count).map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let once = Limits { after: 1, ..LIMITS };
        keys().for_each(|key| counts.add(key, once, now));
        assert!(keys().all(|key| !counts.has_room(key, once, || now)));
    }

    #[test]
    fn threads_that_begin_a_count_at_the_same_time_have_one() {
        let (counts, now) = (Guesses::new(), Instant::now());
        for number in 1..if cfg!(miri) { 3 } else { 300 } {
            std::thread::scope(|threads| {
                for _ in 0..4 {
                    threads.spawn(|| {
                        counts.add(key(number), LIMITS, now);
                        counts.add(key(number), LIMITS, now);
                    });
                }
            });
            assert_eq!(guesses(&counts, key(number), now), LIMITS.after - 8, "{number}");
            counts.forget(key(number));
        }
    }
}
