use super::*;
use crate::runtime::log::{Filter, Log};
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

/// A client whose answer does not fit comes again and again.
#[test]
fn claims_that_are_taken_back_leave_their_room() {
    let cache = cache(1);
    for number in 0..20_000 {
        cache.release(claim(&cache, number, NOON, NOON).unwrap());
    }
    assert!(claim(&cache, 20_000, NOON, NOON).is_ok());
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
    for &number in &accepted {
        assert_eq!(claim(&cache, number, NOON, NOON), Err(Refusal::Replayed));
    }
    // When all has expired, the room is there again.
    let mut later = NOON + 1000;
    for years in 0..6 {
        later += years * 365 * 86_400;
        for &number in &accepted {
            assert!(claim(&cache, number, later, later).is_ok());
        }
        later += 1000;
    }
}

#[test]
fn a_word_is_over_for_half_of_all_spans() {
    let word = |span: u64| span << (64 - SPAN_BITS) | 5;
    for horizon in [0, 1, 100, span(NOON), SPAN_MASK, SPAN_MASK + 1] {
        for behind in [1, 2, 1000, SPAN_MASK / 2 + 1] {
            assert!(is_over(word(horizon.wrapping_sub(behind)), horizon), "{horizon} {behind}");
        }
        for ahead in [0, 1, 1000, SPAN_MASK / 2] {
            assert!(!is_over(word(horizon + ahead), horizon), "{horizon} {ahead}");
            assert_eq!(span_of(word(horizon + ahead), horizon), horizon + ahead);
        }
    }
}

/// All of a stage is used, and nothing else.
#[test]
fn each_bucket_has_a_neighbour_of_its_stage() {
    for (stage, (bits, first)) in STAGES.into_iter().zip(FIRST).enumerate() {
        let slots = first * BUCKET..(first + (1 << bits)) * BUCKET;
        for hash in 0..1000 {
            let [own, neighbour] = buckets(hash, stage);
            assert!(slots.contains(&own) && slots.contains(&neighbour) && own != neighbour);
            assert_eq!(buckets(hash ^ 1, stage), [neighbour, own]);
        }
    }
}

/// It is full at the limit, whatever memory has.
#[test]
fn more_than_the_limit_is_refused() {
    let (cache, other) = (cache(3), cache(3));
    let accepted = |cache: &SharedCache, limit| {
        let claim = |number: &u64| cache.claim(&tag(*number), NOON, at(NOON), SKEW, limit).is_ok();
        (0..50_000).filter(claim).count()
    };
    assert!((2500..5000).contains(&accepted(&cache, 2500)));
    assert!((20_000..40_000).contains(&accepted(&other, 20_000)));
}

#[test]
fn a_full_cache_says_so_once_a_minute() {
    let cache = cache(1);
    let lines = std::sync::Arc::new(AtomicUsize::new(0));
    let counter = lines.clone();
    let log = Log::new(Filter::parse("error").0, move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    tracing::subscriber::with_default(log, || {
        for (minute, said) in [1, 2, 3].into_iter().enumerate() {
            let now = NOON + 64 * minute as i64;
            let refused = |number: &u64| claim(&cache, *number, now, now).is_err();
            assert!((0..10_000).filter(refused).count() > 1);
            assert_eq!(lines.load(Ordering::Relaxed), said);
        }
    });
}

/// What no longer fits may have been accepted before a restart. It is rejected for as long as it
/// could pass, and nothing else is.
#[test]
fn what_was_overwritten_before_a_restart_is_rejected_as_long_as_it_could_pass() {
    let words = (0..words_for(1)).map(|_| AtomicU64::new(0));
    let words: &'static [_] = Box::leak(words.collect::<Box<[_]>>());
    let open = || SharedCache::overwriting(*b"unguessable key.", words, NOON);
    // From clocks that are as far ahead as may be.
    let ctime = NOON + 300;
    let before = open();
    assert!((0..10_000).all(|number| claim(&before, number, ctime, NOON).is_ok()));
    let after = open();
    for now in [NOON, NOON + 300, NOON + 599, NOON + 600] {
        let refused = |number: &u64| claim(&after, *number, ctime, now).is_err();
        assert_eq!((0..10_000).filter(refused).count(), 10_000, "{}", now - NOON);
    }
    assert_eq!(span(ctime + 1), span(ctime));
    assert_eq!(claim(&after, 20_000, ctime + 1, NOON + 600), Err(Refusal::Stale));
    assert!(claim(&after, 20_000, ctime + 1, NOON + 601).is_ok());
    assert!(claim(&after, 20_001, ctime + SPAN, NOON + 300).is_ok());
}

/// The thread that makes the cache grow may have read its clock before another one.
#[test]
fn what_a_later_clock_has_claimed_is_remembered_when_the_cache_grows() {
    let (cache, later) = (cache(2), NOON + SPAN);
    let ctime = later + 300;
    assert!(claim(&cache, 0, ctime, later).is_ok());
    let grown = (1..).find(|number| {
        assert!(claim(&cache, *number, NOON, NOON).is_ok());
        cache.stage() == 1
    });
    assert!(grown.is_some());
    for now in [later, later + 599, later + 600] {
        assert_eq!(claim(&cache, 0, ctime, now), Err(Refusal::Replayed), "{}", now - later);
    }
}

#[test]
fn a_damaged_header_names_no_stage_that_is_not_there() {
    let cache = cache(1);
    for stage in [STAGES.len(), STAGES.len() + 1, STAGES.len() + 2, usize::MAX] {
        cache.word(header::STAGE).store(stage as u64, Ordering::SeqCst);
        assert!(cache.stage() < STAGES.len());
    }
}

/// Two claims of one tag at the same time have each written a word, one of them after the cache
/// has grown: each finds the other's.
#[test]
fn a_word_is_found_in_all_stages() {
    let cache = cache(3);
    let first = claim(&cache, 1, NOON, NOON).unwrap();
    let (horizon, hash) = (span(NOON - 300), siphash24(&cache.key, &tag(1)));
    let mut places = vec![Place::from_claim(&first)];
    assert!(!cache.is_elsewhere(hash, &places[0], horizon));
    for stage in 0..2 {
        cache.grow(stage, span(NOON + 300) + 1);
        let slot = buckets(hash, stage + 1)[0];
        let word = places[0].word;
        cache.slots[slot].store(word, Ordering::SeqCst);
        places.push(Place { slot, word });
        for place in &places {
            assert!(cache.is_elsewhere(hash, place, horizon), "{}", place.slot);
        }
        // The word before is gone: the others find one another still.
        cache.slots[places.remove(0).slot].store(1, Ordering::SeqCst);
        assert!(!cache.is_elsewhere(hash, &places[0], horizon));
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
