//! The configuration in force, read again when one of its files has changed.
//!
//! [`WatchedFile`](crate::runtime::watched_file::WatchedFile) watches one file. Here included files
//! and folders count too, and which these are changes with the files.

use super::Krb5Conf;
use super::files::{self, Reading, Seen};
use crate::platform;
use crate::runtime::fork_local::ForkLocal;
use crate::runtime::thread_role;
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// Time between two checks, in milliseconds.
const INTERVAL: u64 = 1000;
/// A file that was read sooner after its change may have changed again with the same time stamp.
const GRANULARITY: Duration = Duration::from_secs(2);

/// The files of a configuration, and what they say.
pub struct Krb5ConfFile {
    paths: Vec<PathBuf>,
    snapshot: ArcSwap<Krb5Conf>,
    /// When to check again, in milliseconds of the coarse clock.
    next_check: AtomicU64,
    /// A forked process starts anew: another thread may have been writing this at the fork.
    seen: ForkLocal<Mutex<Looked>>,
}

/// What the last reading looked at.
#[derive(Default)]
struct Looked {
    at: Seen,
    /// Some of it had changed just before, or could not be read then: it is read again.
    doubtful: bool,
}

impl Looked {
    fn of(at: Seen, is_partial: bool) -> Looked {
        let now = SystemTime::now();
        let recent = |identity: &platform::FileIdentity| {
            now.duration_since(identity.modified).is_ok_and(|age| age < GRANULARITY)
        };
        let doubtful =
            is_partial || at.iter().any(|(_, identity)| identity.as_ref().is_some_and(recent));
        Looked { at, doubtful }
    }

    fn is_current(&self) -> bool {
        !self.doubtful
            && !self.at.is_empty()
            && self.at.iter().all(|(path, identity)| files::identity_of(path) == *identity)
    }
}

impl Krb5ConfFile {
    /// Reads these files, see [`load`](super::load). Problems are logged.
    pub fn open(paths: Vec<PathBuf>) -> Krb5ConfFile {
        let Reading { conf, seen, is_partial } = files::read(&paths);
        report(&conf);
        Krb5ConfFile {
            paths,
            snapshot: ArcSwap::from_pointee(conf),
            next_check: AtomicU64::new(platform::coarse_millis() + INTERVAL),
            seen: ForkLocal::new(Mutex::new(Looked::of(seen, is_partial))),
        }
    }

    /// The configuration in force. Once a second the caller checks whether a file has changed.
    pub fn current(&self) -> Arc<Krb5Conf> {
        if platform::coarse_millis() >= self.next_check.load(Ordering::Relaxed) {
            self.check();
        }
        self.snapshot.load_full()
    }

    #[cold]
    fn check(&self) {
        // With a client's rights files may be missing or others. Another thread will check.
        if thread_role::is_impersonating() {
            return;
        }
        let Some(mut looked) = self.seen.get(Mutex::default).try_lock() else { return };
        self.next_check.store(platform::coarse_millis() + INTERVAL, Ordering::Relaxed);
        if looked.is_current() {
            return;
        }
        let Reading { conf, seen, is_partial } = files::read(&self.paths);
        *looked = Looked::of(seen, is_partial);
        // What was read before stays in force until all can be read.
        if !is_partial && *self.snapshot.load_full() != conf {
            report(&conf);
            self.snapshot.store(Arc::new(conf));
            tracing::info!("Kerberos configuration read again");
        }
    }
}

fn report(value: &Krb5Conf) {
    for problem in &value.problems {
        tracing::warn!("Kerberos configuration: {problem}");
    }
}

impl fmt::Debug for Krb5ConfFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Krb5ConfFile").field("paths", &self.paths).finish_non_exhaustive()
    }
}
