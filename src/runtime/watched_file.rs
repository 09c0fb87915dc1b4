//! A file read into a snapshot, and read again when it has changed, by the first caller after a
//! second has passed. The library starts no thread for that, and no caller waits for another one's
//! reading.

use crate::platform::{self, FileIdentity, files};
use crate::primitives::stack;
use crate::runtime::fork_local::ForkLocal;
use crate::runtime::thread_role;
use crate::types::error::Error;
use arc_swap::{ArcSwap, Guard};
use md5::{Digest, Md5};
use parking_lot::Mutex;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// Time between two checks of a file, in milliseconds.
const INTERVAL: u64 = 1000;

/// A file changed more recently than this may still be being written; it is checked again soon.
const SETTLED: Duration = Duration::from_millis(100);

/// Two changes closer than this may have the same time stamp, on the coarsest file system (FAT).
const GRANULARITY: Duration = Duration::from_secs(2);

/// [`Problem::NoMemory`] as text.
pub const NO_MEMORY: &str = "out of memory";

/// A file's content.
#[derive(Clone, Copy)]
pub struct Content<'a> {
    /// The file's path.
    pub path: &'a Path,
    /// The whole file.
    pub bytes: &'a [u8],
    /// Others than the owner may read or write it; on Windows, than the owner and administrators.
    pub exposed: bool,
}

/// Why there is no new snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// There is no such file.
    Missing,
    /// It cannot be read.
    Unreadable(String),
    /// It was read and not understood.
    Malformed(String),
    /// There is no memory for it. It is read again at the next use.
    NoMemory,
}

impl Problem {
    /// The error of a call that needs the file.
    pub fn error(&self, why: &'static str) -> Error {
        match self {
            Problem::NoMemory => Error::OutOfMemory,
            _ => Error::NoAuthority(why),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Missing => f.write_str("no such file"),
            Problem::Unreadable(why) => write!(f, "cannot be read: {why}"),
            Problem::Malformed(why) => f.write_str(why),
            Problem::NoMemory => f.write_str(NO_MEMORY),
        }
    }
}

/// A kind of file, and how its bytes become a value.
pub trait Format {
    /// The snapshot.
    type Value;
    /// The kind of file, for the log.
    const WHAT: &'static str;

    /// Parses the file. The error is one line. `previous` is the snapshot to be replaced.
    fn read(
        &self,
        content: &Content<'_>,
        previous: Option<&Self::Value>,
    ) -> Result<Self::Value, String>;

    /// The value without a file: none is configured (`None`), or it has this problem.
    fn without(&self, problem: Option<&Problem>) -> Self::Value;

    /// The problem is not an error: the file need not exist.
    fn expected(&self, _problem: &Problem) -> bool {
        false
    }

    /// The problem discards a good snapshot; otherwise that stays in force. By default only the
    /// removal of the file does.
    fn withdraw(&self, problem: &Problem) -> bool {
        *problem == Problem::Missing
    }
}

/// A file and its latest snapshot. Two are equal if their paths are.
pub struct WatchedFile<F: Format> {
    format: F,
    path: Option<PathBuf>,
    snapshot: ArcSwap<F::Value>,
    /// When to check again, in milliseconds of the coarse clock.
    next_check: AtomicU64,
    /// A forked process starts anew: another thread may have been writing this at the fork.
    seen: ForkLocal<Mutex<Seen>>,
}

/// What the last check found.
#[derive(Default)]
struct Seen {
    identity: Option<FileIdentity>,
    /// The identity is not conclusive: the file changed about when it was read, or meanwhile.
    doubtful: bool,
    digest: Option<[u8; 16]>,
    problem: Option<Problem>,
    /// What is wrong with the file's owner or its folder's.
    doubt: Option<String>,
}

impl<F: Format + Default> WatchedFile<F> {
    /// Reads the file for the first time. Problems are logged.
    pub fn open(path: PathBuf) -> WatchedFile<F> {
        WatchedFile::with_format(Some(path), F::default())
    }
}

impl<F: Format> WatchedFile<F> {
    /// Reads the file, if there is one, for the first time. Problems are logged.
    pub fn with_format(path: Option<PathBuf>, format: F) -> WatchedFile<F> {
        let mut seen = Seen::default();
        let value = match &path {
            None => format.without(None),
            Some(path) => match read::<F>(&format, path, &mut seen, None) {
                Ok(value) => value.unwrap_or_else(|| format.without(None)),
                Err(problem) => {
                    let value = format.without(Some(&problem));
                    report::<F>(&format, path, &problem, "");
                    seen.problem = Some(problem);
                    value
                }
            },
        };
        // What the first reading lacked may be there at the first use: that may be by a child of
        // this process that runs as the user whose file it is.
        let next_check = match seen.problem {
            Some(_) => 0,
            None => platform::coarse_millis() + INTERVAL,
        };
        WatchedFile {
            format,
            path,
            snapshot: ArcSwap::from_pointee(value),
            next_check: AtomicU64::new(next_check),
            seen: ForkLocal::new(Mutex::new(seen)),
        }
    }

    /// The file's path.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What is wrong with the file's owner or its folder's, though it is used.
    pub fn doubt(&self) -> Option<String> {
        self.seen.get(Mutex::default).lock().doubt.clone()
    }

    /// Whether the snapshot in force is of the file's content, and what is wrong with the file as it
    /// is now.
    pub fn state(&self) -> (bool, Option<Problem>) {
        let seen = self.seen.get(Mutex::default).lock();
        (seen.digest.is_some(), seen.problem.clone())
    }

    /// The snapshot in force.
    pub fn current(&self) -> Arc<F::Value> {
        Guard::into_inner(self.peek())
    }

    /// The snapshot in force, for a short time: cheaper than [`WatchedFile::current`], since it
    /// does not touch the reference count that all threads share.
    pub fn peek(&self) -> Guard<Arc<F::Value>> {
        if platform::coarse_millis() >= self.next_check.load(Ordering::Relaxed) {
            self.check();
        }
        self.snapshot.load()
    }

    /// Reads the file again if it has changed, unless another thread is doing so.
    #[cold]
    fn check(&self) {
        // With the client's rights the read may fail, or be led to another file. Another thread
        // will check.
        if thread_role::is_impersonating() {
            return;
        }
        let (Some(path), Some(mut seen)) = (&self.path, self.seen.get(Mutex::default).try_lock())
        else {
            return;
        };
        let now = platform::coarse_millis();
        if now < self.next_check.load(Ordering::Relaxed) {
            return;
        }
        // Set before the work, so that not every caller waits for a slow disk.
        self.next_check.store(now + INTERVAL, Ordering::Relaxed);
        match identity_of(path) {
            // It has not been read.
            _ if seen.problem == Some(Problem::NoMemory) => {}
            Ok(identity) if seen.identity == Some(identity) && !seen.doubtful => return,
            Ok(identity) if seen.identity != Some(identity) && identity.age() < SETTLED => {
                self.next_check.store(now + SETTLED.as_millis() as u64, Ordering::Relaxed);
                return;
            }
            _ => {}
        }
        let previous = self.snapshot.load_full();
        let read = read::<F>(&self.format, path, &mut seen, Some(&previous));
        if matches!(read, Err(Problem::NoMemory)) {
            self.next_check.store(0, Ordering::Relaxed);
        }
        match read {
            Ok(None) => {}
            Ok(Some(value)) => {
                seen.problem = None;
                self.snapshot.store(Arc::new(value));
                tracing::info!(file = %path.display(), "{} read again", F::WHAT);
            }
            Err(problem) if seen.problem.as_ref() == Some(&problem) => {}
            Err(problem) => {
                if self.format.withdraw(&problem) {
                    self.snapshot.store(Arc::new(self.format.without(Some(&problem))));
                    seen.digest = None;
                    report::<F>(&self.format, path, &problem, "");
                } else {
                    report::<F>(
                        &self.format,
                        path,
                        &problem,
                        "; what was read last stays in force",
                    );
                }
                seen.problem = Some(problem);
            }
        }
    }
}

fn report<F: Format>(format: &F, path: &Path, problem: &Problem, consequence: &str) {
    if format.expected(problem) {
        tracing::debug!(file = %path.display(), "{}: {problem}{consequence}", F::WHAT);
    } else {
        tracing::error!(file = %path.display(), "{}: {problem}{consequence}", F::WHAT);
    }
}

fn problem_of(error: io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::NotFound => Problem::Missing,
        io::ErrorKind::OutOfMemory => Problem::NoMemory,
        _ => Problem::Unreadable(error.to_string()),
    }
}

fn identity_of(path: &Path) -> io::Result<FileIdentity> {
    std::fs::metadata(path).map(|metadata| FileIdentity::of(&metadata))
}

/// Reads the file; `Ok(None)` if its bytes are those of the last time.
fn read<F: Format>(
    format: &F,
    path: &Path,
    seen: &mut Seen,
    previous: Option<&F::Value>,
) -> Result<Option<F::Value>, Problem> {
    seen.identity = None;
    let files::Content { bytes, identity: [before, after], exposed, doubt } =
        files::read(path).map_err(problem_of)?;
    seen.identity = Some(after);
    seen.doubtful = before != after || after.age() < GRANULARITY;
    if seen.doubt != doubt {
        if let Some(doubt) = &doubt {
            tracing::warn!(file = %path.display(), "{}: {doubt}", F::WHAT);
        }
        seen.doubt = doubt;
    }
    let digest = Md5::digest(&bytes).into();
    if seen.digest == Some(digest) && seen.problem.is_none() {
        return Ok(None);
    }
    let content = Content { path, bytes: &bytes, exposed };
    let value = format.read(&content, previous);
    // Keys and hashes have been moved on their way from the file.
    stack::erase::<16>();
    let value = value.map_err(Problem::Malformed)?;
    seen.digest = Some(digest);
    Ok(Some(value))
}

impl FileIdentity {
    /// How long ago the file was changed; long ago if that is in the future.
    fn age(&self) -> Duration {
        SystemTime::now().duration_since(self.modified).unwrap_or(Duration::MAX)
    }
}

impl<F: Format> PartialEq for WatchedFile<F> {
    fn eq(&self, other: &WatchedFile<F>) -> bool {
        self.path == other.path
    }
}

impl<F: Format> fmt::Debug for WatchedFile<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedFile").field("path", &self.path).finish_non_exhaustive()
    }
}
