//! The replay cache that the configuration asks for.
//!
//! One in memory serves one process and is lost when that ends: an authenticator accepted just
//! before a restart could be replayed just after. A forked process begins with an empty one, so
//! each of several workers would accept an authenticator once. A file outlives the process and
//! serves all processes of a user on the machine, MIT's acceptors among them.
//!
//! Some seven thousand authenticators in a second, or as many as the machine verifies, fill the
//! default memory of 4194304 entries; until the oldest expire every client is rejected. The log
//! says so about once a minute, and `[kerberos] replay_cache_entries` can be raised.

pub use super::replay_file::default_file;

use super::kerberos_files::{KerberosFiles, ReplayCacheKind};
use super::replay_file;
use crate::platform::random::hash_key;
use crate::replay::{self, Claim, MemoryCache, Refusal};
use crate::runtime::fork_local::ForkLocal;
use crate::types::time::FileTime;
use once_cell::race::OnceBox;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

/// Where authenticators are remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayCache {
    /// In the memory of the process, one for all contexts of it.
    Memory {
        /// The most that are remembered at a time (at least
        /// [`FEWEST_ENTRIES`](crate::replay::FEWEST_ENTRIES)); each takes 20 to 30 bytes.
        entries: usize,
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
                ReplayCache::Memory { entries: settings.replay_cache_entries as usize }
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

static MEMORY: LazyLock<ForkLocal<MemoryCache>> = LazyLock::new(|| ForkLocal::new(memory_cache()));

/// The cache in memory that all contexts of the process share; a forked process has its own, which
/// begins empty.
fn memory() -> &'static MemoryCache {
    MEMORY.get(memory_cache)
}

/// Makes what a fork must not find half made.
pub fn prepare() {
    memory();
    replay_file::prepare();
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
            ReplayCache::Memory { entries } => memory().claim(tag, ctime, now, skew, *entries),
            ReplayCache::File(path) => replay_file::claim(path, tag, ctime, now, skew),
            ReplayCache::Off => Ok(Claim::new([0; Claim::LENGTH])),
        }
    }

    fn release(&self, claim: Claim) {
        match self {
            ReplayCache::Memory { .. } => memory().release(claim),
            ReplayCache::File(path) => replay_file::release(path, &claim),
            ReplayCache::Off => {}
        }
    }
}

fn memory_cache() -> MemoryCache {
    MemoryCache::new(hash_key())
}
