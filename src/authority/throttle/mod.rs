//! The throttle on password guessing. After many wrong passwords for an account only one attempt in
//! each interval is checked; the others are rejected as if the password were wrong, whether or not
//! the account exists.
//!
//! It must not lock out the account's owner. Two tables are kept, so that guesses never displace
//! what protects against them:
//!
//! - [`places`]: where accounts have logged on from. A place is the client's address, if the caller
//!   told it, or the MachineID of a Windows client, which nobody can guess. Attempts from there are
//!   counted by themselves, and guesses from elsewhere do not delay them.
//! - [`guesses`]: wrong passwords, for each account and for each address.
//!
//! Both are in memory that a process shares with the children that it forks.
//!
//! What a client can choose at will, such as its workstation name, protects nobody and is held
//! against nobody. Only keyed hashes are stored.

mod guesses;
mod places;
mod places_file;

use crate::platform::{self, random::hash_key};
use crate::primitives::siphash::siphash24;
use crate::types::account_name;
use crate::types::address::Address;
use crate::types::logon_names::Receipt;
use crate::types::time::FileTime;
use guesses::Guesses;
use places::Places;
use places_file::PlacesFile;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// Its settings.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Wrong passwords before attempts are throttled.
    pub after: u32,
    /// One wrong password is forgotten in this time, and one attempt is checked while throttled.
    pub interval: Duration,
}

/// An address may give this many times more wrong passwords, for different accounts.
const ADDRESSES: u32 = 5;

/// One attempt to log on, by the keyed hashes that it is counted under.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    account: u64,
    /// MachineID and address, if known; in place of the former, that the server program itself asks.
    places: [Option<u64>; 2],
    /// The account at a place from which it has logged on before.
    own: Option<u64>,
}

impl Attempt {
    /// The argument of [`Throttle::succeeded`].
    pub fn receipt(&self) -> Receipt {
        let [machine, address] = self.places.map(Option::unwrap_or_default);
        Receipt([self.account, machine, address])
    }

    /// Finds out whether the account has logged on from there before.
    fn recognize(&mut self, places: &Places, now: FileTime) {
        let mut candidates = self.places.into_iter().flatten();
        let known = candidates.find(|place| places.has(self.account, *place, now));
        self.own = known.map(|place| own(self.account, place));
    }

    /// What the attempt is counted under, and how many wrong passwords each may give.
    fn keys(&self, limits: Limits) -> impl Iterator<Item = (u64, Limits)> + use<> {
        let of_address = Limits { after: limits.after.saturating_mul(ADDRESSES), ..limits };
        let address = self.places[1].filter(|_| self.own.is_none());
        let address = address.map(|address| (address, of_address));
        address.into_iter().chain([(self.own.unwrap_or(self.account), limits)])
    }
}

/// The account at one place.
fn own(account: u64, place: u64) -> u64 {
    account ^ place.rotate_left(32)
}

/// All counts. Forked children share them with their parent.
pub struct Throttle {
    file: Option<PlacesFile>,
    /// The key of the hashes.
    key: [u8; 16],
    places: Places,
    guesses: Guesses,
}

impl Throttle {
    /// A throttle that keeps its places in memory.
    pub fn new() -> Throttle {
        Throttle { file: None, key: hash_key(), places: Places::new(), guesses: Guesses::new() }
    }

    /// A throttle that keeps its places in a file too, so that a restart forgets none.
    pub fn open(path: PathBuf) -> Throttle {
        let Throttle { key, places, guesses, .. } = &**Throttle::of_process();
        Throttle::with_file(path, *key, places.clone(), guesses.clone())
    }

    /// `key` is used if the file cannot be read.
    fn with_file(path: PathBuf, key: [u8; 16], places: Places, guesses: Guesses) -> Throttle {
        let file = PlacesFile::new(path);
        let key = file.load(&places).unwrap_or(key);
        Throttle { file: Some(file), key, places, guesses }
    }

    /// The throttle of the process, without a file.
    pub fn of_process() -> &'static Arc<Throttle> {
        static OF_PROCESS: LazyLock<Arc<Throttle>> = LazyLock::new(Arc::default);
        &OF_PROCESS
    }

    /// The file of places.
    pub fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(PlacesFile::path)
    }

    /// The attempt to log on as `account`, a canonical name, from the client with this MachineID
    /// and address.
    pub fn attempt(
        &self,
        account: &str,
        machine_id: Option<&[u8; 32]>,
        address: Option<&Address>,
        now: FileTime,
    ) -> Attempt {
        let key = &self.key;
        let machine = machine_id.map(|id| siphash24(key, id));
        let address = address.map(|address| match address {
            Address::V4(address) => siphash24(key, address),
            // One client has a whole network of these, and changes its address at will.
            Address::V6(address) => siphash24(key, &[&[6][..], &address[..8]].concat()),
        });
        self.attempt_at(account, [machine, address], now)
    }

    /// The attempt of the server program itself to change the password of `account`.
    pub fn attempt_here(&self, account: &str, now: FileTime) -> Attempt {
        // No MachineID and no address has this length.
        let here = siphash24(&self.key, b"ChangeAccountPassword");
        self.attempt_at(account, [Some(here), None], now)
    }

    fn attempt_at(&self, account: &str, at: [Option<u64>; 2], now: FileTime) -> Attempt {
        let hash = |name: &str| siphash24(&self.key, name.as_bytes());
        let account = account_name::with_folded(account, hash);
        let mut attempt = Attempt { account, places: at, own: None };
        attempt.recognize(&self.places, now);
        attempt
    }

    /// Whether the attempt may be checked, and, once its password has turned out right, whether that
    /// stands: not if wrong ones have taken all room meanwhile. Of attempts at the same time as many
    /// have a result as of attempts one after the other.
    pub fn admits(
        &self,
        attempt: &mut Attempt,
        limits: Limits,
        now: impl Fn() -> Instant + Copy,
    ) -> bool {
        self.has_room(attempt, limits, now)
            || self.was_learnt_elsewhere(attempt) && self.has_room(attempt, limits, now)
    }

    /// Whether another process that shares the file has learnt this attempt's place. Only asked
    /// about attempts that would be rejected.
    fn was_learnt_elsewhere(&self, attempt: &mut Attempt) -> bool {
        let Some(file) = self.file.as_ref().filter(|_| attempt.own.is_none()) else { return false };
        if !file.refresh(&self.key, &self.places) {
            return false;
        }
        attempt.recognize(&self.places, platform::now());
        attempt.own.is_some()
    }

    fn has_room(
        &self,
        attempt: &Attempt,
        limits: Limits,
        now: impl Fn() -> Instant + Copy,
    ) -> bool {
        attempt.keys(limits).all(|(key, limits)| self.guesses.has_room(key, limits, now))
    }

    /// Counts a wrong password.
    pub fn wrong(&self, attempt: &Attempt, limits: Limits, now: Instant) {
        attempt.keys(limits).for_each(|(key, limits)| self.guesses.add(key, limits, now));
    }

    /// The logon of the attempt with this receipt has succeeded as a whole: its places become the
    /// account's own.
    pub fn succeeded(&self, receipt: Receipt, now: FileTime) {
        let Receipt([account, machine, address]) = receipt;
        for place in [machine, address].into_iter().filter(|place| *place != 0) {
            self.guesses.forget(own(account, place));
            if self.places.remember(account, place, now)
                && let Some(file) = &self.file
            {
                file.append(&self.key, account, place, now, &self.places);
            }
        }
    }
}

impl Default for Throttle {
    fn default() -> Throttle {
        Throttle::new()
    }
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle").field("file", &self.path()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
