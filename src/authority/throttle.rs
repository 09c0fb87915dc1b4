//! The throttle on password guessing. After many wrong passwords in a row, logons for the account
//! are rejected without checking for a second, after the next wrong one for two seconds, then four,
//! and so on up to a limit. They look like a wrong password, whether or not the account exists.
//!
//! The throttle must not lock out the account's owner. An account has a separate count for each
//! place from which it has logged on before, so that guesses from elsewhere do not delay it. A
//! place is the client's address if the caller passes it with the channel bindings, otherwise the
//! workstation name, which clients choose freely. Guesses from one place at many accounts are
//! counted too.
//!
//! Counts expire after a quarter of an hour, and earlier if there are too many. Only keyed hashes
//! are stored.

use crate::runtime::fork_local::ForkLocal;
use crate::types::account_name;
use crate::types::address::Address;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// Its settings.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Consecutive wrong passwords before delays start.
    pub after: u32,
    /// The longest delay.
    pub longest: Duration,
}

/// A place may give this many times more wrong passwords, for different accounts.
const PLACES: u32 = 5;
/// The first delay.
const SHORTEST: Duration = Duration::from_secs(1);
/// A count expires after this time without a wrong password.
const FORGOTTEN: Duration = Duration::from_secs(15 * 60);
const SHARDS: usize = 16;
/// Counts in one shard.
const MOST: usize = 4096;

/// The keyed hashes by which an attempt is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    account: u64,
    place: u64,
    /// The account at this place.
    both: u64,
}

impl Attempt {
    /// The argument of [`Throttle::right`] once the attempt has succeeded.
    pub fn receipt(&self) -> u64 {
        self.both
    }
}

/// Wrong passwords in a row.
#[derive(Debug, Clone, Copy)]
struct Count {
    wrong: u32,
    /// The count is for an account at a place from which it has logged on.
    known: bool,
    /// The time of the last one.
    at: Instant,
    /// Attempts are rejected before this time.
    until: Instant,
}

impl Count {
    fn is_fresh(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) < FORGOTTEN
    }
}

/// All counts.
pub struct Throttle {
    accounts: RandomState,
    places: RandomState,
    shards: [Mutex<HashMap<u64, Count>>; SHARDS],
}

impl Throttle {
    /// A throttle without counts.
    pub fn new() -> Throttle {
        Throttle {
            accounts: RandomState::new(),
            places: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::new(HashMap::new())),
        }
    }

    /// The throttle of the process.
    pub fn global() -> &'static Throttle {
        static GLOBAL: LazyLock<ForkLocal<Throttle>> =
            LazyLock::new(|| ForkLocal::new(Throttle::new()));
        GLOBAL.get(Throttle::new)
    }

    /// The attempt to log on as `account` from a place: the client's `address`, or if that is
    /// unknown its `workstation`.
    pub fn attempt(&self, account: &str, workstation: &str, address: Option<&Address>) -> Attempt {
        let account = self.accounts.hash_one(account_name::fold(account).as_bytes());
        let place = match address {
            Some(Address::V4(address)) => self.places.hash_one(&address[..]),
            Some(Address::V6(address)) => self.places.hash_one(&address[..]),
            None => self.places.hash_one(account_name::fold(workstation).as_bytes()),
        };
        Attempt { account, place, both: account ^ place.rotate_left(32) }
    }

    fn shard(&self, key: u64) -> &Mutex<HashMap<u64, Count>> {
        &self.shards[key as usize % SHARDS]
    }

    fn count(&self, key: u64) -> Option<Count> {
        self.shard(key).lock().get(&key).copied()
    }

    /// Whether the attempt may be checked.
    pub fn admits(&self, attempt: &Attempt, now: Instant) -> bool {
        // At a place from which the account has logged on, only the count for both matters.
        let keys = match self.count(attempt.both) {
            Some(own) => return own.until <= now,
            None => [attempt.account, attempt.place],
        };
        keys.into_iter().all(|key| self.count(key).is_none_or(|count| count.until <= now))
    }

    /// Counts a wrong password.
    pub fn wrong(&self, attempt: &Attempt, limits: Limits, now: Instant) {
        let of_places = Limits { after: limits.after.saturating_mul(PLACES), ..limits };
        let counts: &[_] = match self.count(attempt.both) {
            Some(_) => &[(attempt.both, limits)],
            None => &[(attempt.account, limits), (attempt.place, of_places)],
        };
        for &(key, limits) in counts {
            self.change(key, now, |count| {
                let wrong = count
                    .filter(|count| count.is_fresh(now))
                    .map_or(0, |count| count.wrong)
                    .saturating_add(1);
                let pause = match wrong.checked_sub(limits.after) {
                    None => Duration::ZERO,
                    Some(over) => SHORTEST.saturating_mul(1 << over.min(20)).min(limits.longest),
                };
                Count { known: key == attempt.both, wrong, at: now, until: now + pause }
            });
        }
    }

    /// Records that the logon of the attempt with this receipt has succeeded.
    pub fn right(&self, receipt: u64, now: Instant) {
        self.change(receipt, now, |_| Count { known: true, wrong: 0, at: now, until: now });
    }

    fn change(&self, key: u64, now: Instant, change: impl FnOnce(Option<Count>) -> Count) {
        let mut shard = self.shard(key).lock();
        let count = change(shard.get(&key).copied());
        if shard.len() >= MOST && !shard.contains_key(&key) {
            make_room(&mut shard, now);
        }
        shard.insert(key, count);
    }
}

/// Removes a part of the counts, those of invented names first, so that an attacker cannot displace
/// counts that matter.
fn make_room(counts: &mut HashMap<u64, Count>, now: Instant) {
    counts.retain(|_, count| count.is_fresh(now));
    let mut ranks: Vec<_> = counts
        .iter()
        .map(|(key, count)| (count.until > now, count.known, count.wrong, count.at, *key))
        .collect();
    ranks.sort_unstable();
    let surplus = (counts.len() + MOST / 4).saturating_sub(MOST);
    ranks.into_iter().take(surplus).for_each(|(.., key)| {
        counts.remove(&key);
    });
}

impl Default for Throttle {
    fn default() -> Throttle {
        Throttle::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { after: 3, longest: Duration::from_secs(8) };

    struct World {
        throttle: Throttle,
        now: Instant,
    }

    impl World {
        fn new() -> World {
            World { throttle: Throttle::new(), now: Instant::now() }
        }

        fn attempt(&self, account: &str, workstation: &str) -> Attempt {
            self.throttle.attempt(account, workstation, None)
        }

        fn wait(&mut self, seconds: u64) {
            self.now += Duration::from_secs(seconds);
        }

        /// Whether the attempt is looked at; if so, the password is wrong.
        fn guess(&self, account: &str, workstation: &str) -> bool {
            let attempt = self.attempt(account, workstation);
            let admitted = self.throttle.admits(&attempt, self.now);
            if admitted {
                self.throttle.wrong(&attempt, LIMITS, self.now);
            }
            admitted
        }

        fn log_on(&self, account: &str, workstation: &str) -> bool {
            let attempt = self.attempt(account, workstation);
            let admitted = self.throttle.admits(&attempt, self.now);
            if admitted {
                self.throttle.right(attempt.receipt(), self.now);
            }
            admitted
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut world = World::new();
        for pause in [0, 0, 1, 2, 4, 8, 8] {
            assert!(world.guess("alice", "A"));
            for second in 0..pause {
                assert!(!world.guess("ALICE", "B"), "{second} of {pause}");
                world.wait(1);
            }
        }
        // Then the counts have expired.
        world.wait(15 * 60);
        for _ in 0..3 {
            assert!(world.guess("alice", "A"));
        }
        assert!(!world.guess("alice", "A"));
        assert!(world.guess("bob", "A"));
    }

    #[test]
    fn who_has_logged_on_from_there_is_not_kept_out_by_guesses_elsewhere() {
        let world = World::new();
        assert!(world.log_on("alice", "DESK"));
        while world.guess("alice", "ELSEWHERE") {}
        assert!(!world.log_on("alice", "NEW"));
        assert!(world.log_on("Alice", "desk"));
        // But its own guesses count.
        for _ in 0..3 {
            assert!(world.guess("alice", "DESK"));
        }
        assert!(!world.log_on("alice", "DESK"));
    }

    #[test]
    fn one_place_does_not_try_everybody() {
        let world = World::new();
        let tried = (0..100).filter(|number| world.guess(&format!("user{number}"), "A")).count();
        assert_eq!(tried as u32, LIMITS.after * PLACES);
        assert!(world.guess("user99", "B"));
    }

    #[test]
    fn memory_is_bounded_and_what_matters_is_kept() {
        let world = World::new();
        assert!(world.log_on("alice", "DESK"));
        while world.guess("bob", "X") {}
        for number in 0..100_000 {
            world.guess(&format!("user{number}"), &format!("place{number}"));
        }
        assert!(world.throttle.shards.iter().all(|shard| shard.lock().len() <= MOST));
        assert!(!world.guess("bob", "Y"));
        while world.guess("alice", "ELSEWHERE") {}
        assert!(world.log_on("alice", "DESK"));
    }

    #[test]
    fn guesses_at_the_same_time_all_count() {
        let world = World::new();
        let many = Limits { after: 1000, ..LIMITS };
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    (0..250).for_each(|_| {
                        world.throttle.wrong(&world.attempt("alice", "A"), many, world.now)
                    })
                });
            }
        });
        assert!(!world.throttle.admits(&world.attempt("alice", "A"), world.now));
    }
}
