//! The replay cache that the configuration asks for.
//!
//! One in memory serves a process and the children that it forks: the memory is made when the
//! library is loaded. A file outlives the process and serves all processes of a user on the
//! machine, MIT's acceptors among them.
//!
//! Some seven thousand authenticators in a second, or as many as the machine verifies, fill the
//! default memory of 4194304 entries; until the oldest expire every client is rejected. The log
//! says so about once a minute, and `[kerberos] replay_cache_entries` can be raised.

pub use super::replay_file::default_file;

use super::kerberos_files::{KerberosFiles, ReplayCacheKind, RestartFile};
use super::replay_file;
use super::replay_restart;
use super::shared_replay::{SharedCache, WORDS};
use crate::platform::random::hash_key;
use crate::platform::shared_memory;
use crate::replay::{self, Claim, Refusal};
use crate::types::time::FileTime;
use once_cell::race::OnceBox;
use std::path::PathBuf;
use std::time::Duration;

/// Where authenticators are remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayCache {
    /// In memory that the process and its forked children share, one for all contexts of theirs.
    Memory {
        /// About the most that are remembered at a time, if memory is mapped for so many: 6 million,
        /// in 32-bit processes 1.5 million. Each takes 10 to 20 bytes.
        entries: usize,
        /// The file with the last claims, for the time after a restart.
        restarts: Option<PathBuf>,
    },
    /// In a file in MIT's format, of the process' user alone; see [`default_file`].
    File(PathBuf),
    /// Nowhere: everything is accepted.
    Off,
}

impl ReplayCache {
    /// The one that the configuration asks for.
    pub fn new(settings: &KerberosFiles) -> ReplayCache {
        static DEFAULT: OnceBox<Option<PathBuf>> = OnceBox::new();
        match settings.replay_cache {
            ReplayCacheKind::Memory => {
                let restarts = match &settings.replay_restart_file {
                    RestartFile::At(path) => Some(path.clone()),
                    RestartFile::Unset | RestartFile::Off => None,
                };
                ReplayCache::Memory { entries: settings.replay_cache_entries as usize, restarts }
            }
            // Without a path there is no file, and so every client is rejected.
            ReplayCacheKind::File => ReplayCache::File(
                settings
                    .replay_cache_file
                    .as_ref()
                    .or(DEFAULT.get_or_init(|| Box::new(default_file())).as_ref())
                    .cloned()
                    .unwrap_or_default(),
            ),
            ReplayCacheKind::Off => ReplayCache::Off,
        }
    }
}

/// The cache in memory that all contexts of the process share, and those of the children that it
/// forks.
fn memory() -> &'static SharedCache {
    static MEMORY: OnceBox<SharedCache> = OnceBox::new();
    MEMORY.get_or_init(|| Box::new(SharedCache::new(hash_key(), shared_memory::words(WORDS))))
}

/// Makes what children share, and what a fork must not find half made.
pub fn prepare() {
    memory();
}

impl replay::ReplayCache for ReplayCache {
    fn claim(
        &self,
        tag: &[u8],
        ctime: i64,
        now: FileTime,
        skew: Duration,
    ) -> Result<Claim, Refusal> {
        match self {
            ReplayCache::Memory { entries, restarts } => {
                let in_memory = memory().claim(tag, ctime, now, skew, *entries)?;
                let Some(in_file) = restarts.as_deref().and_then(replay_restart::claims) else {
                    return Ok(in_memory);
                };
                match in_file.claim(tag, ctime, now, skew, 0) {
                    Ok(in_file) => Ok(both(&in_memory, &in_file)),
                    Err(refusal) => {
                        memory().release(in_memory);
                        Err(refusal)
                    }
                }
            }
            ReplayCache::File(path) => replay_file::claim(path, tag, ctime, now, skew),
            ReplayCache::Off => Ok(Claim::new([0; Claim::LENGTH])),
        }
    }

    fn release(&self, claim: Claim) {
        match self {
            ReplayCache::Memory { restarts, .. } => {
                if let Some(in_file) = restarts.as_deref().and_then(replay_restart::claims) {
                    in_file.release(second(&claim));
                }
                memory().release(claim);
            }
            ReplayCache::File(path) => replay_file::release(path, &claim),
            ReplayCache::Off => {}
        }
    }
}

/// A claim of one cache in memory takes half of the bytes: this is one of two caches.
fn both(first: &Claim, second: &Claim) -> Claim {
    let mut bytes = *first.bytes();
    let (_, half) = bytes.split_at_mut(Claim::LENGTH / 2);
    half.copy_from_slice(second.bytes().split_at(Claim::LENGTH / 2).0);
    Claim::new(bytes)
}

/// The second of [`both`].
fn second(claim: &Claim) -> Claim {
    let mut bytes = [0; Claim::LENGTH];
    let (half, _) = bytes.split_at_mut(Claim::LENGTH / 2);
    half.copy_from_slice(claim.bytes().split_at(Claim::LENGTH / 2).1);
    Claim::new(bytes)
}
