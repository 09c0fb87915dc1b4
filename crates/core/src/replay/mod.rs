//! The replay cache: the authenticators accepted so far (RFC 4120 3.2.3, 10). The caller keeps it;
//! here is what a cache does.
//!
//! An authenticator is identified by the integrity tag of its ciphertext
//! ([`Enctype::tag_of`](crate::kerberos::crypto::Enctype::tag_of)): a copy of the authenticator has
//! the same tag, however the rest of the AP-REQ is changed. It is remembered for as long as its
//! `ctime` would be accepted.
//!
//! An authenticator that cannot be recorded, because the cache is full or unusable, is rejected. Only clients with a valid ticket reach the cache, so only
//! they can fill it: each authenticator takes an entry for as long as its `ctime` would be accepted
//! (with the default skew, five to ten minutes).

use crate::types::error::{Denial, Error};
use crate::types::time::FileTime;
use std::fmt;
use std::time::Duration;

/// Storage for accepted authenticators.
pub trait ReplayCache: fmt::Debug + Send + Sync {
    /// Records the authenticator with this tag. Of several calls with the same tag exactly one
    /// succeeds. `ctime` is the authenticator's time, in seconds since 1970; `skew` is its greatest
    /// permitted distance from `now`.
    ///
    /// Errors: a [`Refusal`] if it is recorded already, out of time, or cannot be recorded.
    fn claim(
        &self,
        tag: &[u8],
        ctime: i64,
        now: FileTime,
        skew: Duration,
    ) -> Result<Claim, Refusal>;

    /// Rolls back a claim returned by this cache, so that the same authenticator is accepted again:
    /// the caller will repeat the call that presented it.
    fn release(&self, claim: Claim);
}

/// An entry in a replay cache, held by the call that first presented the authenticator. The bytes
/// are opaque: their meaning is the cache's.
#[derive(Clone, Copy, PartialEq, Eq)]
#[must_use = "needed to roll back the claim"]
pub struct Claim([u8; Claim::LENGTH]);

impl Claim {
    /// Length of a claim, in bytes.
    pub const LENGTH: usize = 32;

    /// A claim with bytes chosen by the cache.
    pub const fn new(bytes: [u8; Claim::LENGTH]) -> Claim {
        Claim(bytes)
    }

    /// The bytes chosen by the cache.
    pub const fn bytes(&self) -> &[u8; Claim::LENGTH] {
        &self.0
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claim")
    }
}

/// Why an authenticator was not claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It was recorded before (KRB_AP_ERR_REPEAT).
    Replayed,
    /// Its `ctime` differs from the current time by more than the skew, or the entries for that
    /// time have been removed already (KRB_AP_ERR_SKEW).
    Stale,
    /// It could not be recorded: the cache is full or unusable. The reason is logged.
    Unavailable(Error),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        match refusal {
            Refusal::Replayed => {
                Error::LogonDenied(Denial::Ticket("the authenticator was used before"))
            }
            Refusal::Stale => Error::LogonDenied(Denial::Ticket(
                "a time that the replay cache no longer remembers",
            )),
            Refusal::Unavailable(error) => error,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Error::from(*self).fmt(f)
    }
}

/// Whether `ctime` is within `skew` of `now`; all in seconds, the times since 1970.
pub fn in_time(ctime: i64, now: i64, skew: i64) -> bool {
    ctime.abs_diff(now) <= skew.unsigned_abs()
}

/// A duration in whole seconds, rounded up.
pub fn seconds(skew: Duration) -> i64 {
    i64::try_from(skew.as_secs().saturating_add(u64::from(skew.subsec_nanos() > 0)))
        .unwrap_or(i64::MAX)
        .min(LONGEST_SKEW)
}

/// The longest skew in use, in seconds (a century): bounds what is remembered.
const LONGEST_SKEW: i64 = 100 * 366 * 86_400;
