//! The replay cache: which authenticators have been accepted (RFC 4120 3.2.3, 10).
//!
//! An authenticator is known by the integrity tag of its ciphertext ([`tag_of`]): whatever else of
//! an AP-REQ is changed, a copy of the authenticator has the same one. It is remembered as long as
//! its `ctime` could pass for now.
//!
//! [`MemoryCache`] serves one process and forgets all when that ends: an authenticator accepted
//! just before a restart could be replayed just after. A forked process begins with an empty one,
//! so that of workers each would accept an authenticator once. A file outlives the process and
//! serves all of a user's on the machine, MIT's acceptors among them ([`ReplayCache::File`]).
//!
//! Where something cannot be remembered it is not let in: a full memory and a file that cannot be
//! used refuse. Only a client with a valid ticket gets that far, so a stranger cannot fill either.
//! A client who has one can: each authenticator counts for as long as its `ctime` could pass for
//! now (with the default skew five to ten minutes), and some seven thousand in a second, or as many
//! as the machine verifies, fill the default memory of 4194304 entries; until the oldest are over
//! everybody is refused. The log says so about once a minute, and `[kerberos] replay_cache_entries`
//! can be raised.

mod memory;
mod table;

pub use crate::stores::replay_file::default_file;
pub use memory::{FEWEST_ENTRIES, MemoryCache, Place};

use crate::config::{Kerberos, ReplayCacheKind};
use crate::kerberos::crypto::Enctype;
use crate::types::error::{Denial, Error};
use crate::types::time::FileTime;
use std::fmt;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

/// Where authenticators are remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayCache {
    /// In the memory of the process, one for all contexts of it.
    Memory {
        /// The most that are remembered at a time (at least [`FEWEST_ENTRIES`]); each takes 20 to
        /// 30 bytes.
        entries: usize,
    },
    /// In a file in MIT's format, of the process' user alone; see [`default_file`].
    File(PathBuf),
    /// Nowhere: everything passes.
    Off,
}

/// An authenticator's entry in the cache: whoever holds this was the first to bring it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "needed to take the claim back"]
pub struct Claim(Entry);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Memory(memory::Place),
    File(crate::stores::replay_file::Place),
    Nowhere,
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

impl ReplayCache {
    /// The one that the configuration asks for.
    pub fn of(settings: &Kerberos) -> ReplayCache {
        static DEFAULT: LazyLock<Option<PathBuf>> = LazyLock::new(default_file);
        match settings.replay_cache {
            ReplayCacheKind::Memory => {
                ReplayCache::Memory { entries: settings.replay_cache_entries as usize }
            }
            // Without a path there is no file, and so nobody is let in.
            ReplayCacheKind::File => ReplayCache::File(
                settings
                    .replay_cache_file
                    .as_ref()
                    .or(DEFAULT.as_ref())
                    .cloned()
                    .unwrap_or_default(),
            ),
            ReplayCacheKind::Off => ReplayCache::Off,
        }
    }

    /// Remembers the authenticator with this tag, unless it is remembered already; of several
    /// callers with one tag exactly one succeeds. `ctime` is the authenticator's, in seconds since
    /// 1970; `skew` how far it may lie from `now`.
    pub fn claim(
        &self,
        tag: &[u8],
        ctime: i64,
        now: FileTime,
        skew: Duration,
    ) -> Result<Claim, Refusal> {
        match self {
            ReplayCache::Memory { entries } => {
                let place = MemoryCache::global().claim(tag, ctime, now, skew, *entries)?;
                Ok(Claim(Entry::Memory(place)))
            }
            ReplayCache::File(path) => Ok(Claim(Entry::File(crate::stores::replay_file::claim(
                path, tag, ctime, now, skew,
            )?))),
            ReplayCache::Off => Ok(Claim(Entry::Nowhere)),
        }
    }

    /// Takes a claim of this cache back: its authenticator may come again, since the call that
    /// brought it will be repeated.
    pub fn release(&self, claim: Claim) {
        match (self, claim.0) {
            (ReplayCache::Memory { .. }, Entry::Memory(place)) => {
                MemoryCache::global().release(place)
            }
            (ReplayCache::File(path), Entry::File(place)) => {
                crate::stores::replay_file::release(path, place)
            }
            _ => {}
        }
    }
}

/// What an authenticator is known by: the last bytes of its ciphertext, as many as the encryption
/// type's tag has. MIT's library takes the same ones, also for RC4, whose tag lies at the other
/// end: there too they depend on it all.
pub fn tag_of(enctype: Enctype, cipher: &[u8]) -> &[u8] {
    cipher.get(cipher.len().saturating_sub(enctype.tag_length())..).unwrap_or_default()
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
pub(crate) fn in_time(ctime: i64, now: i64, skew: i64) -> bool {
    ctime.abs_diff(now) <= skew.unsigned_abs()
}

/// A length of time in whole seconds, the last one counted whole.
pub(crate) fn seconds(skew: Duration) -> i64 {
    i64::try_from(skew.as_secs().saturating_add(u64::from(skew.subsec_nanos() > 0)))
        .unwrap_or(i64::MAX)
        .min(LONGEST_SKEW)
}

/// No tolerance is longer, in seconds: what is remembered is bounded by it. A century.
const LONGEST_SKEW: i64 = 100 * 366 * 86_400;
