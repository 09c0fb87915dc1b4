use super::*;
use std::sync::Barrier;
use std::sync::atomic::AtomicUsize;

const NOON: i64 = 1_795_521_617;
const SKEW: Duration = Duration::from_secs(300);
const MANY: usize = 1 << 22;

fn cache(stages: usize) -> SharedCache {
    let words = (0..words_for(stages)).map(|_| AtomicU64::new(0));
    SharedCache::new(*b"unguessable key.", Box::leak(words.collect::<Box<[_]>>()))
}

fn tag(number: u64) -> [u8; 12] {
    let mut tag = [0; 12];
    tag[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    tag
}

fn claim(cache: &SharedCache, number: u64, ctime: i64, now: i64) -> Result<Claim, Refusal> {
    cache.claim(&tag(number), ctime, FileTime::from_unix_seconds(now), SKEW, MANY)
}

#[test]
fn a_claim_holds_as_long_as_its_time_would_be_accepted() {
    for ctime in [NOON, NOON - 300, NOON + 300] {
        let cache = cache(1);
        assert!(claim(&cache, 1, ctime, NOON).is_ok());
        for now in [NOON, ctime, ctime + 299, ctime + 300] {
            if now >= NOON {
                assert_eq!(claim(&cache, 1, ctime, now), Err(Refusal::Replayed), "at {now}");
            }
        }
        assert_eq!(claim(&cache, 1, ctime, ctime + 301), Err(Refusal::Stale));
        // Another time is another authenticator.
        let later = NOON + 2000;
        assert!(claim(&cache, 1, later, later).is_ok());
        // What may have been overwritten is not accepted should the clock be set back.
        assert_eq!(claim(&cache, 9, NOON, NOON), Err(Refusal::Stale));
    }
}

#[test]
fn a_claim_can_be_taken_back() {
    let cache = cache(1);
    let (first, _second) =
        (claim(&cache, 1, NOON, NOON).unwrap(), claim(&cache, 2, NOON, NOON).unwrap());
    cache.release(first);
    assert!(claim(&cache, 1, NOON, NOON).is_ok());
    assert_eq!(claim(&cache, 2, NOON, NOON), Err(Refusal::Replayed));
}

/// Through all stages nothing is forgotten, and when all has expired there is room again.
#[test]
fn it_grows_and_is_used_again() {
    let cache = cache(3);
    for number in 0..150_000 {
        assert!(claim(&cache, number, NOON, NOON).is_ok(), "{number}");
    }
    assert_eq!(cache.stage(), 2);
    for number in 0..150_000 {
        assert_eq!(claim(&cache, number, NOON, NOON), Err(Refusal::Replayed), "{number}");
    }
    let later = NOON + 1000;
    for number in 0..150_000 {
        assert!(claim(&cache, number, later, later).is_ok(), "{number}");
        assert_eq!(claim(&cache, number, later, later), Err(Refusal::Replayed), "{number}");
    }
}

#[test]
fn a_full_cache_refuses_and_forgets_nothing() {
    let cache = cache(1);
    let accepted: Vec<u64> =
        (0..10_000).filter(|&number| claim(&cache, number, NOON, NOON).is_ok()).collect();
    assert!(accepted.len() > 2500, "{}", accepted.len());
    for number in accepted {
        assert_eq!(claim(&cache, number, NOON, NOON), Err(Refusal::Replayed));
    }
}

#[test]
fn of_many_at_the_same_time_one_succeeds() {
    let cache = cache(3);
    let accepted: Vec<AtomicUsize> = (0..20_000).map(|_| AtomicUsize::new(0)).collect();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for number in 0..20_000 {
                    if claim(&cache, number, NOON, NOON).is_ok() {
                        accepted[number as usize].fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let twice = accepted.iter().filter(|count| count.load(Ordering::Relaxed) > 1).count();
    let never = accepted.iter().filter(|count| count.load(Ordering::Relaxed) == 0).count();
    assert_eq!((twice, never), (0, 0));
}

fn at(unix: i64) -> FileTime {
    FileTime::from_unix_seconds(unix)
}

/// Slots in use, those of claims that have expired or were taken back included.
fn used(cache: &SharedCache) -> usize {
    cache.slots.iter().filter(|slot| slot.load(Ordering::Relaxed) != 0).count()
}

/// Tags that differ in their last byte alone, of all lengths in use.
#[test]
fn the_whole_tag_counts() {
    let cache = cache(1);
    for length in [12, 16, 20, 24] {
        let (mut one, mut other) = (vec![7; length], vec![7; length]);
        one[length - 1] = 0;
        other[length - 1] = 1;
        let claim = |tag: &[u8]| cache.claim(tag, NOON, at(NOON), SKEW, MANY).map(|_| ());
        for tag in [&one, &other] {
            assert_eq!(claim(tag), Ok(()));
            assert_eq!(claim(tag), Err(Refusal::Replayed));
        }
    }
    assert_eq!(used(&cache), 8);
}

/// As long as the clock skew would permit it, an authenticator is not accepted a second time. This
/// includes one from a clock that is ahead, which is kept for twice the skew.
#[test]
fn it_is_remembered_as_long_as_it_could_pass() {
    for offset in [-300, -299, -100, -1, 0, 1, 63, 64, 299, 300] {
        let (cache, ctime) = (cache(2), NOON + offset);
        assert!(claim(&cache, 1, ctime, NOON).is_ok());
        for now in NOON..NOON + 1000 {
            // Others are claimed too, so that places are used again.
            assert!(claim(&cache, now as u64, now, now).is_ok());
            let expected = if now <= ctime + 300 { Refusal::Replayed } else { Refusal::Stale };
            let again = claim(&cache, 1, ctime, now);
            assert_eq!(again, Err(expected), "ctime {offset}, {} s later", now - NOON);
        }
    }
}

#[test]
fn what_is_too_far_from_now_is_not_remembered() {
    let cache = cache(1);
    for ctime in [NOON - 301, NOON + 301, 0, i64::MIN, i64::MAX] {
        assert_eq!(claim(&cache, 1, ctime, NOON), Err(Refusal::Stale));
    }
    assert_eq!(used(&cache), 0);
    let with = |ctime, skew| cache.claim(&tag(1), ctime, at(NOON), skew, MANY);
    assert_eq!(with(i64::MAX, Duration::MAX), Err(Refusal::Stale));
    assert!(with(NOON, Duration::ZERO).is_ok());
}

/// If the tolerance is increased while the server runs, an authenticator whose claim has already
/// expired is still rejected.
#[test]
fn what_was_forgotten_does_not_come_back_with_a_greater_skew() {
    let cache = cache(1);
    assert!(claim(&cache, 1, NOON, NOON).is_ok());
    assert!(claim(&cache, 2, NOON + 600, NOON + 600).is_ok());
    let wide = |number, ctime, now| {
        cache.claim(&tag(number), ctime, at(now), Duration::from_secs(3600), MANY)
    };
    assert_eq!(wide(1, NOON, NOON + 600), Err(Refusal::Stale));
    // From now on the larger tolerance applies.
    assert!(wide(3, NOON + 601, NOON + 600).is_ok());
    assert!(claim(&cache, 4, NOON + 3600, NOON + 3600).is_ok());
    assert_eq!(wide(3, NOON + 601, NOON + 3600), Err(Refusal::Replayed));
}

/// A clock that was ahead and is corrected: authenticators whose claims expired meanwhile are still
/// rejected.
#[test]
fn a_clock_set_back_accepts_nothing_again() {
    let cache = cache(1);
    assert!(claim(&cache, 1, NOON, NOON).is_ok());
    assert!(claim(&cache, 2, NOON + 86_400, NOON + 86_400).is_ok());
    assert_eq!(claim(&cache, 1, NOON, NOON), Err(Refusal::Stale));
}

#[test]
fn many_claims_can_be_taken_back() {
    let cache = cache(3);
    let claims: Vec<_> =
        (0..10_000).map(|number| claim(&cache, number, NOON, NOON).unwrap()).collect();
    claims.iter().step_by(2).for_each(|released| cache.release(*released));
    for number in 0..10_000 {
        assert_eq!(claim(&cache, number, NOON, NOON).is_ok(), number % 2 == 0);
    }
}

#[test]
fn of_sixteen_threads_whose_clocks_differ_exactly_one_wins() {
    const ROUNDS: u64 = 2000;
    let (cache, start) = (cache(2), Barrier::new(16));
    let won: Vec<AtomicUsize> = (0..ROUNDS).map(|_| AtomicUsize::new(0)).collect();
    std::thread::scope(|threads| {
        for thread in 0..16 {
            let (cache, won, start) = (&cache, &won, &start);
            threads.spawn(move || {
                start.wait();
                for round in 0..ROUNDS {
                    // The clock advances meanwhile, and the threads read it at different moments.
                    let now = NOON + (round / 20) as i64 + thread % 3;
                    match claim(cache, round, NOON + 50, now) {
                        Ok(_) => drop(won[round as usize].fetch_add(1, Ordering::Relaxed)),
                        Err(refusal) => assert_eq!(refusal, Refusal::Replayed),
                    }
                }
            });
        }
    });
    assert!(won.iter().all(|won| won.load(Ordering::Relaxed) == 1));
}

#[test]
fn a_million_claims_are_all_known_and_take_little_memory() {
    const MILLION: u64 = 1_000_000;
    let cache = cache(4);
    // Authenticators in random order within ten minutes, since the clients' clocks differ.
    let ctime = |number: u64| NOON - 300 + (number % 601) as i64;
    for number in 0..MILLION {
        assert!(claim(&cache, number, ctime(number), NOON).is_ok(), "{number}");
    }
    for number in 0..MILLION {
        let again = claim(&cache, number, ctime(number), NOON);
        assert_eq!(again, Err(Refusal::Replayed), "{number}");
    }
    let bytes = 8 * words_for(cache.stage() + 1);
    assert!(bytes <= 20 * MILLION as usize, "{bytes} bytes");
    // Later their places are used again.
    for number in 0..1000 {
        assert!(claim(&cache, MILLION + number, NOON + 700, NOON + 700).is_ok());
    }
    assert_eq!(cache.stage(), 3);
}
