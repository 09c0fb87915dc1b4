//! Where accounts have logged on from, in memory that forked children share. An account has a few
//! places, and newer ones displace its oldest. Only successful logons add to the table, so that
//! guesses cannot displace anything.
//!
//! A place is three words: account, place, and the time of the last logon with a checksum of the
//! others. There are no locks: what two threads write to one entry at the same time, or what a
//! process leaves half written when it dies, has a wrong checksum, and is none until the next logon
//! from there.

use crate::platform::shared_memory;
use crate::types::time::FileTime;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Words of an entry.
const ENTRY: usize = 3;
/// Entries that are looked through for one account.
const BUCKET: usize = 16;
/// All words: of 262,144 places.
const WORDS: usize = ENTRY << 18;
/// Places of one account.
const MOST_PLACES: usize = 8;
/// A place is forgotten this long after the last logon from there: eight weeks.
const KEPT: Duration = Duration::from_secs(8 * 7 * 24 * 60 * 60);
/// The time of the last logon is kept up to date to within this.
const PRECISION: Duration = Duration::from_secs(24 * 60 * 60);
/// Bits of a word for the time, in seconds since 1970. The others are the checksum's.
const TIME_BITS: u32 = 40;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;

#[derive(Clone)]
pub(super) struct Places {
    words: &'static [AtomicU64],
}

/// A place and its last logon.
struct Place {
    account: u64,
    place: u64,
    at: FileTime,
}

impl Places {
    /// No places. Their memory is never freed.
    pub(super) fn new() -> Places {
        Places { words: shared_memory::words(WORDS) }
    }

    /// The entries that an account's places may be in.
    fn bucket(&self, account: u64) -> &'static [[AtomicU64; ENTRY]] {
        let (entries, _) = self.words.as_chunks::<ENTRY>();
        let buckets = (entries.len() / BUCKET).max(1);
        let first = account as usize % buckets * BUCKET;
        entries.get(first..first + BUCKET).unwrap_or_default()
    }

    /// Whether the account has logged on from there.
    pub(super) fn has(&self, account: u64, place: u64, now: FileTime) -> bool {
        find(self.bucket(account), account, place).is_some_and(|(_, at)| now.distance(at) < KEPT)
    }

    /// Records a logon from there. True if that is news: the first one, or the first for a day.
    pub(super) fn remember(&self, account: u64, place: u64, now: FileTime) -> bool {
        let bucket = self.bucket(account);
        match find(bucket, account, place) {
            Some((_, at)) if now.distance(at) < PRECISION => return false,
            Some((entry, _)) => {
                write(entry, account, place, now);
                return true;
            }
            None => {}
        }
        let places: Vec<_> = bucket.iter().map(read).collect();
        let own =
            |known: &&Option<Place>| known.as_ref().is_some_and(|known| known.account == account);
        let is_full = places.iter().filter(own).count() >= MOST_PLACES;
        // Unused ones, then the oldest: the account's own if it has too many.
        let age = |known: &Option<Place>| known.as_ref().map_or(0, |known| known.at.0.max(1));
        let candidates = places.iter().enumerate().filter(|(_, known)| !is_full || own(known));
        if let Some((index, _)) = candidates.min_by_key(|(_, known)| age(known)) {
            write(&bucket[index], account, place, now);
        }
        true
    }

    /// Each account's places, with the last logon from there.
    pub(super) fn for_each(&self, mut each: impl FnMut(u64, u64, FileTime)) {
        let entries = self.words.as_chunks().0.iter().filter_map(read);
        entries.for_each(|Place { account, place, at }| each(account, place, at));
    }
}

/// The entry of a place, and its last logon.
fn find(
    bucket: &[[AtomicU64; ENTRY]],
    account: u64,
    place: u64,
) -> Option<(&[AtomicU64; ENTRY], FileTime)> {
    for entry in bucket {
        match entry[0].load(Ordering::Acquire) {
            // Never used, and so are those behind it.
            0 => break,
            of if of == account && entry[1].load(Ordering::Acquire) == place => {
                return read(entry).map(|known| (entry, known.at));
            }
            _ => {}
        }
    }
    None
}

/// The place in an entry, if it is whole.
fn read(entry: &[AtomicU64; ENTRY]) -> Option<Place> {
    let [account, place, about] = entry.each_ref().map(|word| word.load(Ordering::Acquire));
    let at = FileTime::from_unix_seconds((about & TIME_MASK).cast_signed());
    (about != 0 && about >> TIME_BITS == checksum(account, place)).then_some(Place {
        account,
        place,
        at,
    })
}

fn write(entry: &[AtomicU64; ENTRY], account: u64, place: u64, now: FileTime) {
    let [to_account, to_place, about] = entry;
    let seconds = now.unix_seconds().max(1).cast_unsigned().min(TIME_MASK);
    about.store(0, Ordering::Release);
    to_account.store(account, Ordering::Release);
    to_place.store(place, Ordering::Release);
    about.store(checksum(account, place) << TIME_BITS | seconds, Ordering::Release);
}

/// 24 bits.
fn checksum(account: u64, place: u64) -> u64 {
    (account ^ place.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> TIME_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: FileTime = FileTime(140_000_000_000_000_000);

    #[test]
    fn an_entry_that_is_half_written_is_none() {
        let places = Places::new();
        assert!(places.remember(5, 6, NOW) && places.has(5, 6, NOW));
        let used = |entry: &&[AtomicU64; ENTRY]| entry[2].load(Ordering::Relaxed) != 0;
        let entry = places.bucket(5).iter().find(used).unwrap();
        for word in entry {
            let right = word.swap(0x1234_5678_9abc, Ordering::Relaxed);
            assert!(!places.has(5, 6, NOW));
            word.store(right, Ordering::Relaxed);
        }
        assert!(places.has(5, 6, NOW) && !places.remember(5, 6, NOW));
    }

    /// Such are what two threads write to one entry at the same time.
    #[test]
    fn an_entry_of_parts_of_two_is_none() {
        let places = Places::new();
        let (account, place) = (0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210);
        assert!(places.remember(account, place, NOW));
        let used = |entry: &&[AtomicU64; ENTRY]| entry[2].load(Ordering::Relaxed) != 0;
        let entry = places.bucket(account).iter().find(used).unwrap();
        for bit in 0..64 {
            let (other_account, other_place) = (account ^ 1 << bit, place ^ 1 << bit);
            entry[1].store(other_place, Ordering::Relaxed);
            assert!(!places.has(account, other_place, NOW), "{bit}");
            entry[1].store(place, Ordering::Relaxed);
            entry[0].store(other_account, Ordering::Relaxed);
            places.for_each(|account, _, _| panic!("{account}"));
            entry[0].store(account, Ordering::Relaxed);
        }
        assert!(places.has(account, place, NOW));
    }

    /// Accounts whose hashes fall into one bucket.
    #[test]
    fn an_account_displaces_no_more_than_its_share() {
        let places = Places::new();
        let account = |number: u64| number << 40;
        let at = |second: u64| FileTime(NOW.0 + second * 10_000_000);
        for number in 1..9 {
            places.remember(account(number), number, at(number));
        }
        for place in 100..1000 {
            places.remember(account(9), place, at(place));
        }
        for number in 1..9 {
            assert!(places.has(account(number), number, at(1000)), "{number}");
        }
        let known = (100..1000).filter(|place| places.has(account(9), *place, at(1000)));
        assert!(known.eq(992..1000));
    }

    #[test]
    fn a_place_is_kept_for_eight_weeks_from_its_last_logon() {
        const DAY: u64 = 86_400;
        const WEEKS: u64 = 8 * 7 * DAY;
        let places = Places::new();
        let after = |seconds: u64| FileTime(NOW.0 + seconds * 10_000_000);
        let has = |seconds: u64| places.has(5, 6, after(seconds));
        assert!(places.remember(5, 6, NOW));
        assert!(has(WEEKS - 1) && !has(WEEKS));
        // Another logon of the same day changes nothing.
        assert!(!places.remember(5, 6, after(DAY - 1)));
        assert!(has(WEEKS - 1) && !has(WEEKS));
        assert!(places.remember(5, 6, after(DAY)));
        assert!(has(DAY + WEEKS - 1) && !has(DAY + WEEKS));
    }

    /// The whole table is used.
    #[test]
    fn the_places_of_many_accounts_are_kept() {
        let places = Places::new();
        let count = if cfg!(miri) { 100 } else { 60_000u64 };
        let accounts = || (1..count).map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        accounts().for_each(|account| assert!(places.remember(account, 7, NOW)));
        assert!(accounts().all(|account| places.has(account, 7, NOW)));
    }

    #[test]
    fn threads_that_write_at_the_same_time_leave_no_place_that_nobody_has() {
        let places = Places::new();
        let account = |thread: u64| thread << 40;
        std::thread::scope(|threads| {
            for thread in 1..5 {
                let places = places.clone();
                threads.spawn(move || {
                    for round in 0..if cfg!(miri) { 10 } else { 5000 } {
                        places.remember(account(thread), thread << 32 | round, NOW);
                    }
                });
            }
        });
        places.for_each(|account, place, _| assert_eq!(account >> 40, place >> 32));
    }
}
