//! The replay cache: which authenticators have been accepted (RFC 4120 3.2.3, 10).
//!
//! An authenticator is identified by the integrity tag of its ciphertext
//! ([`Enctype::tag_of`](crate::kerberos::crypto::Enctype::tag_of)): whatever else of an AP-REQ is
//! changed, a copy of the authenticator has the same tag. It is remembered as long as its `ctime`
//! would be accepted.
//!
//! [`MemoryCache`] keeps them in memory. What cannot be remembered is rejected: a full cache, or
//! one that cannot be used, accepts nothing. Only a client with a valid ticket gets that far, so
//! others cannot fill a cache. A client that has a ticket can: each authenticator counts as long as
//! its `ctime` would be accepted (with the default skew five to ten minutes).

mod memory;
mod table;

pub use memory::{FEWEST_ENTRIES, MemoryCache};

use crate::types::error::{Denial, Error};
use crate::types::time::FileTime;
use std::fmt;
use std::time::Duration;

/// Where authenticators are remembered.
pub trait ReplayCache: fmt::Debug + Send + Sync {
    /// Remembers the authenticator with this tag, unless it is remembered already; of several
    /// callers with one tag exactly one succeeds. `ctime` is the authenticator's, in seconds since
    /// 1970; `skew` how far it may lie from `now`.
    fn claim(
        &self,
        tag: &[u8],
        ctime: i64,
        now: FileTime,
        skew: Duration,
    ) -> Result<Claim, Refusal>;

    /// Takes back a claim that this cache has returned: its authenticator may come again, since the
    /// call that brought it will be repeated.
    fn release(&self, claim: Claim);
}

/// An authenticator's entry in a cache: its holder was the first to present the authenticator. What
/// the bytes mean is known to the cache alone.
#[derive(Clone, Copy, PartialEq, Eq)]
#[must_use = "needed to take the claim back"]
pub struct Claim([u8; Claim::LENGTH]);

impl Claim {
    /// Length of a claim, in bytes.
    pub const LENGTH: usize = 32;

    /// The claim that a cache describes by these bytes.
    pub const fn new(bytes: [u8; Claim::LENGTH]) -> Claim {
        Claim(bytes)
    }

    /// The bytes that the cache has chosen.
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
    /// It was claimed before (KRB_AP_ERR_REPEAT).
    Replayed,
    /// Its `ctime` is further than the skew from now, or so long past that the cache has forgotten
    /// who else came then (KRB_AP_ERR_SKEW).
    Stale,
    /// It could not be remembered: the cache is full or cannot be used. The log has the reason.
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

/// `ctime` lies within `skew` of `now`, both in seconds since 1970.
pub fn in_time(ctime: i64, now: i64, skew: i64) -> bool {
    ctime.abs_diff(now) <= skew.unsigned_abs()
}

/// A length of time in whole seconds, the last one counted whole.
pub fn seconds(skew: Duration) -> i64 {
    i64::try_from(skew.as_secs().saturating_add(u64::from(skew.subsec_nanos() > 0)))
        .unwrap_or(i64::MAX)
        .min(LONGEST_SKEW)
}

/// No tolerance is longer, in seconds: what is remembered is bounded by it. A century.
const LONGEST_SKEW: i64 = 100 * 366 * 86_400;
