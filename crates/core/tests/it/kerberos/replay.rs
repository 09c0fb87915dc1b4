//! The replay cache: what it remembers and for how long, and that exactly one of several threads
//! with the same authenticator succeeds.

use negossp_core::replay::{FEWEST_ENTRIES, MemoryCache, Refusal};
use negossp_core::types::time::FileTime;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// More than any test needs.
const ENTRIES: usize = 1 << 23;
const SKEW: Duration = Duration::from_secs(300);
/// 2026-11-24, in seconds since 1970; not at the start of a minute or an hour.
const NOON: i64 = 1_795_521_617;

fn at(unix: i64) -> FileTime {
    FileTime(116_444_736_000_000_000).shifted(unix)
}

/// The tag of the authenticator with this number, random for the cache's purposes.
fn tag(number: u64) -> [u8; 12] {
    let mut tag = [0; 12];
    tag[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    tag[8..].copy_from_slice(&(number as u32).to_be_bytes());
    tag
}

fn claim(cache: &MemoryCache, tag: &[u8], ctime: i64, now: i64) -> Result<(), Refusal> {
    cache.claim(tag, ctime, at(now), SKEW, ENTRIES).map(|_| ())
}

#[test]
fn the_same_authenticator_passes_once() {
    let cache = MemoryCache::new(*b"unguessable key.");
    assert_eq!(claim(&cache, &tag(1), NOON, NOON), Ok(()));
    assert_eq!(claim(&cache, &tag(1), NOON, NOON), Err(Refusal::Replayed));
    assert_eq!(claim(&cache, &tag(2), NOON, NOON), Ok(()));
    assert_eq!(claim(&cache, &tag(1), NOON, NOON + 300), Err(Refusal::Replayed));
    // Tags that differ in their last byte alone, of all lengths in use.
    for length in [12, 16, 20, 24] {
        let (mut one, mut other) = (vec![7; length], vec![7; length]);
        one[length - 1] = 0;
        other[length - 1] = 1;
        for tag in [&one, &other] {
            assert_eq!(claim(&cache, tag, NOON, NOON), Ok(()));
            assert_eq!(claim(&cache, tag, NOON, NOON), Err(Refusal::Replayed));
        }
    }
    assert_eq!(cache.entries(), 10);
}

/// As long as the clock skew would permit it, an authenticator is not accepted a second time. This
/// includes one from a clock that is ahead, which is kept for twice the skew.
#[test]
fn it_is_remembered_as_long_as_it_could_pass() {
    for offset in [-300, -299, -100, -1, 0, 1, 63, 64, 299, 300] {
        let cache = MemoryCache::new(*b"unguessable key.");
        let ctime = NOON + offset;
        assert_eq!(claim(&cache, &tag(1), ctime, NOON), Ok(()));
        for now in NOON..NOON + 1000 {
            // Other authenticators are claimed too, so that the cache expires entries.
            assert_eq!(claim(&cache, &tag(now as u64), now, now), Ok(()));
            let expected = if now <= ctime + 300 { Refusal::Replayed } else { Refusal::Stale };
            assert_eq!(
                claim(&cache, &tag(1), ctime, now),
                Err(expected),
                "ctime {offset}, {} s later",
                now - NOON
            );
        }
    }
}

#[test]
fn what_is_too_far_from_now_is_not_remembered() {
    let cache = MemoryCache::new(*b"unguessable key.");
    for ctime in [NOON - 301, NOON + 301, 0, i64::MIN, i64::MAX] {
        assert_eq!(claim(&cache, &tag(1), ctime, NOON), Err(Refusal::Stale));
    }
    assert_eq!(cache.entries(), 0);
    assert_eq!(
        cache.claim(&tag(1), i64::MAX, at(NOON), Duration::MAX, ENTRIES),
        Err(Refusal::Stale)
    );
    assert!(cache.claim(&tag(1), NOON, at(NOON), Duration::ZERO, ENTRIES).is_ok());
}

/// If the tolerance is increased while the server runs, an authenticator whose entry has already
/// expired is still rejected.
#[test]
fn what_was_forgotten_does_not_come_back_with_a_greater_skew() {
    let cache = MemoryCache::new(*b"unguessable key.");
    assert_eq!(claim(&cache, &tag(1), NOON, NOON), Ok(()));
    for later in 0..3000 {
        // Every shard gets the new time.
        assert_eq!(claim(&cache, &tag(100 + later), NOON + 600, NOON + 600), Ok(()));
    }
    assert_eq!(cache.entries(), 3000, "the old one is still there, which shows nothing");
    let wide = Duration::from_secs(3600);
    assert_eq!(cache.claim(&tag(1), NOON, at(NOON + 600), wide, ENTRIES), Err(Refusal::Stale));
    // From now on the larger tolerance applies.
    assert!(cache.claim(&tag(2), NOON + 601, at(NOON + 600), wide, ENTRIES).is_ok());
    assert_eq!(claim(&cache, &tag(3), NOON + 3600, NOON + 3600), Ok(()));
    assert_eq!(
        cache.claim(&tag(2), NOON + 601, at(NOON + 3600), wide, ENTRIES),
        Err(Refusal::Replayed)
    );
}

/// A clock that was ahead and is corrected: authenticators whose entries expired meanwhile are
/// still rejected.
#[test]
fn a_clock_set_back_accepts_nothing_again() {
    let cache = MemoryCache::new(*b"unguessable key.");
    assert_eq!(claim(&cache, &tag(1), NOON, NOON), Ok(()));
    for later in 0..3000 {
        assert_eq!(claim(&cache, &tag(100 + later), NOON + 86_400, NOON + 86_400), Ok(()));
    }
    assert_eq!(claim(&cache, &tag(1), NOON, NOON), Err(Refusal::Stale));
}

#[test]
fn a_claim_can_be_taken_back() {
    let cache = MemoryCache::new(*b"unguessable key.");
    let place = |n| cache.claim(&tag(n), NOON, at(NOON), SKEW, ENTRIES);
    let places: Vec<_> = (0..10_000).map(|n| place(n).unwrap()).collect();
    for released in places.iter().step_by(2) {
        cache.release(*released);
    }
    assert_eq!(cache.entries(), 5000);
    for n in 0..10_000 {
        assert_eq!(place(n).is_ok(), n % 2 == 0);
    }
    assert_eq!(cache.entries(), 10_000);
}

#[test]
#[allow(clippy::disallowed_methods)] // the threads are the test's
fn of_sixteen_threads_exactly_one_wins() {
    const ROUNDS: u64 = 2000;
    const THREADS: usize = 16;
    let cache = MemoryCache::new(*b"unguessable key.");
    let start = Barrier::new(THREADS);
    let won: Vec<AtomicUsize> = (0..ROUNDS).map(|_| AtomicUsize::new(0)).collect();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (cache, won, start) = (&cache, &won, &start);
            scope.spawn(move || {
                start.wait();
                for round in 0..ROUNDS {
                    // The clock advances meanwhile, and the threads read it at different moments.
                    let now = NOON + (round / 20) as i64 + (thread % 3) as i64;
                    match claim(cache, &tag(round), NOON + 50, now) {
                        Ok(()) => drop(won[round as usize].fetch_add(1, Ordering::Relaxed)),
                        Err(refusal) => assert_eq!(refusal, Refusal::Replayed),
                    }
                }
            });
        }
    });
    assert!(won.iter().all(|won| won.load(Ordering::Relaxed) == 1));
    assert_eq!(cache.entries(), ROUNDS as usize);
}

#[test]
fn a_million_entries_take_thirty_bytes_each_and_are_all_known() {
    const MILLION: u64 = 1_000_000;
    let cache = MemoryCache::new(*b"unguessable key.");
    // Authenticators in random order within ten minutes, since the clients' clocks differ.
    let ctime = |n: u64| NOON - 300 + (n % 601) as i64;
    for n in 0..MILLION {
        assert_eq!(claim(&cache, &tag(n), ctime(n), NOON), Ok(()));
    }
    assert_eq!(cache.entries(), MILLION as usize);
    let bytes = cache.bytes();
    assert!(bytes <= 32 * MILLION as usize, "{} bytes for each", bytes as f64 / MILLION as f64);
    for n in 0..MILLION {
        assert_eq!(claim(&cache, &tag(n), ctime(n), NOON), Err(Refusal::Replayed));
    }
    // A few minutes later their entries are removed and the memory is freed.
    for n in 0..1000 {
        assert_eq!(claim(&cache, &tag(MILLION + n), NOON + 700, NOON + 700), Ok(()));
    }
    assert_eq!(cache.entries(), 1000);
    assert!(cache.bytes() < bytes / 100);
}

/// When the cache is full, new authenticators are rejected; no valid entry is evicted.
#[test]
fn a_full_cache_refuses_and_forgets_nothing() {
    let cache = MemoryCache::new(*b"unguessable key.");
    let limited = |n, ctime, now| cache.claim(&tag(n), ctime, at(now), SKEW, FEWEST_ENTRIES);
    let accepted: Vec<u64> = (0..100_000).filter(|&n| limited(n, NOON, NOON).is_ok()).collect();
    assert_eq!(accepted.len(), FEWEST_ENTRIES);
    assert!(matches!(limited(200_000, NOON, NOON), Err(Refusal::Unavailable(_))));
    for &n in &accepted {
        assert_eq!(limited(n, NOON, NOON), Err(Refusal::Replayed));
    }
    assert!(cache.bytes() <= 32 * FEWEST_ENTRIES);
    // A limit below the minimum is raised to it; a higher limit takes effect at once.
    assert!(matches!(
        cache.claim(&tag(200_000), NOON, at(NOON), SKEW, 0),
        Err(Refusal::Unavailable(_))
    ));
    assert!(cache.claim(&tag(200_000), NOON, at(NOON), SKEW, ENTRIES).is_ok());
    // Expired entries make room.
    assert!(limited(300_000, NOON + 400, NOON + 400).is_ok());
}
