//! A file read into a snapshot, and read again when it has changed: by whichever caller comes first
//! once a second has passed. There is no thread of our own in the host's process, and nobody waits
//! for a reader.

use crate::platform::{self, FileIdentity};
use crate::runtime::fork_local::ForkLocal;
use crate::runtime::thread_role;
use arc_swap::{ArcSwap, Guard};
use md5::{Digest, Md5};
use parking_lot::Mutex;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// Between two looks at a file, in milliseconds.
const INTERVAL: u64 = 1000;

/// A file changed this short a time ago may be in the middle of being written; it is looked at
/// again soon.
const SETTLED: Duration = Duration::from_millis(100);

/// Two changes closer than this may bear the same time stamp, on the coarsest file system there is
/// (FAT).
const GRANULARITY: Duration = Duration::from_secs(2);

/// The longest file that is read, in bytes.
const LARGEST: u64 = 512 << 20;

/// What a reader gets.
#[derive(Clone, Copy)]
pub struct Content<'a> {
    /// The file's path.
    pub path: &'a Path,
    /// The whole file.
    pub bytes: &'a [u8],
    /// On Unix, people other than the owner may read or write it.
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
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Missing => f.write_str("no such file"),
            Problem::Unreadable(why) => write!(f, "cannot be read: {why}"),
            Problem::Malformed(why) => f.write_str(why),
        }
    }
}

/// How the bytes of one kind of file become a value.
pub trait Source {
    /// The snapshot.
    type Value;
    /// The kind of file, as the log calls it.
    const WHAT: &'static str;

    /// Understands the file, or says in one line why not. `previous` is the snapshot it will
    /// replace.
    fn read(
        &self,
        content: &Content<'_>,
        previous: Option<&Self::Value>,
    ) -> Result<Self::Value, String>;

    /// What holds without the file: none was named (`None`), or it has this problem.
    fn without(&self, problem: Option<&Problem>) -> Self::Value;

    /// The problem is no problem: the file need not exist.
    fn expected(&self, problem: &Problem) -> bool;

    /// The problem takes a snapshot that was good out of force; otherwise it stays.
    fn withdraw(&self, problem: &Problem) -> bool;
}

/// A file and its latest snapshot.
pub struct Watched<S: Source> {
    source: S,
    path: Option<PathBuf>,
    snapshot: ArcSwap<S::Value>,
    /// When to look again, in milliseconds of the coarse clock.
    next_look: AtomicU64,
    /// A forked process reads the file anew: what it was told of the last look may be half written.
    seen: ForkLocal<Mutex<Seen>>,
}

/// What the last look saw.
#[derive(Default)]
struct Seen {
    identity: Option<FileIdentity>,
    /// The identity says nothing: the file was changed at about the time it was read, or while it
    /// was.
    doubtful: bool,
    digest: Option<[u8; 16]>,
    problem: Option<Problem>,
}

impl<S: Source> Watched<S> {
    /// Reads the file for the first time.
    pub fn open(path: Option<PathBuf>, source: S) -> Watched<S> {
        let mut seen = Seen::default();
        let value = match &path {
            None => source.without(None),
            Some(path) => match read::<S>(&source, path, &mut seen, None) {
                Ok(value) => value.unwrap_or_else(|| source.without(None)),
                Err(problem) => {
                    let value = source.without(Some(&problem));
                    report::<S>(&source, path, &problem, "");
                    seen.problem = Some(problem);
                    value
                }
            },
        };
        Watched {
            source,
            path,
            snapshot: ArcSwap::from_pointee(value),
            next_look: AtomicU64::new(platform::coarse_millis() + INTERVAL),
            seen: ForkLocal::new(Mutex::new(seen)),
        }
    }

    /// The file's path.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The snapshot in force.
    pub fn current(&self) -> Arc<S::Value> {
        Guard::into_inner(self.peek())
    }

    /// The snapshot in force, for a short time: cheaper than [`Watched::current`], since threads
    /// that do the same do not count references to it.
    pub fn peek(&self) -> Guard<Arc<S::Value>> {
        if platform::coarse_millis() >= self.next_look.load(Ordering::Relaxed) {
            self.look();
        }
        self.snapshot.load()
    }

    /// Reads the file again if it has changed, unless another thread is at it.
    #[cold]
    fn look(&self) {
        // With the client's rights the read may fail, or be led to another file. Another thread will
        // check.
        if thread_role::is_impersonating() {
            return;
        }
        let (Some(path), Some(mut seen)) = (&self.path, self.seen.get(Mutex::default).try_lock())
        else {
            return;
        };
        let now = platform::coarse_millis();
        if now < self.next_look.load(Ordering::Relaxed) {
            return;
        }
        // Set before the work: a slow disk must not draw every caller in here in turn.
        self.next_look.store(now + INTERVAL, Ordering::Relaxed);
        match identity_of(path) {
            Ok(identity) if seen.identity == Some(identity) && !seen.doubtful => return,
            Ok(identity) if seen.identity != Some(identity) && identity.age() < SETTLED => {
                self.next_look.store(now + SETTLED.as_millis() as u64, Ordering::Relaxed);
                return;
            }
            _ => {}
        }
        let previous = self.snapshot.load_full();
        match read::<S>(&self.source, path, &mut seen, Some(&previous)) {
            Ok(None) => {}
            Ok(Some(value)) => {
                seen.problem = None;
                self.snapshot.store(Arc::new(value));
                tracing::info!(file = %path.display(), "{} read again", S::WHAT);
            }
            Err(problem) if seen.problem.as_ref() == Some(&problem) => {}
            Err(problem) => {
                if self.source.withdraw(&problem) {
                    self.snapshot.store(Arc::new(self.source.without(Some(&problem))));
                    seen.digest = None;
                    report::<S>(&self.source, path, &problem, "");
                } else {
                    report::<S>(
                        &self.source,
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

fn report<S: Source>(source: &S, path: &Path, problem: &Problem, consequence: &str) {
    if source.expected(problem) {
        tracing::debug!(file = %path.display(), "{}: {problem}{consequence}", S::WHAT);
    } else {
        tracing::error!(file = %path.display(), "{}: {problem}{consequence}", S::WHAT);
    }
}

fn problem_of(error: io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::NotFound => Problem::Missing,
        _ => Problem::Unreadable(error.to_string()),
    }
}

fn identity_of(path: &Path) -> io::Result<FileIdentity> {
    std::fs::metadata(path).map(|metadata| FileIdentity::of(&metadata))
}

/// Reads the file; `Ok(None)` if its bytes are those of the last time.
fn read<S: Source>(
    source: &S,
    path: &Path,
    seen: &mut Seen,
    previous: Option<&S::Value>,
) -> Result<Option<S::Value>, Problem> {
    seen.identity = None;
    let (bytes, before, after) = bytes_of(path).map_err(problem_of)?;
    seen.identity = Some(after);
    seen.doubtful = before != after || after.age() < GRANULARITY;
    let digest = Md5::digest(&bytes).into();
    if seen.digest == Some(digest) && seen.problem.is_none() {
        return Ok(None);
    }
    let content = Content { path, bytes: &bytes, exposed: after.exposed };
    let value = source.read(&content, previous).map_err(Problem::Malformed)?;
    seen.digest = Some(digest);
    Ok(Some(value))
}

/// The file's bytes, zeroed when dropped, with its identity before and after they were read.
fn bytes_of(path: &Path) -> io::Result<(Zeroizing<Vec<u8>>, FileIdentity, FileIdentity)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    if metadata.len() > LARGEST {
        return Err(io::Error::other(format!("longer than {} MiB", LARGEST >> 20)));
    }
    // One byte more than its length, so that reading to its end does not move the buffer and leave
    // a copy.
    let mut bytes = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 1));
    (&file).take(LARGEST).read_to_end(&mut bytes)?;
    Ok((bytes, FileIdentity::of(&metadata), FileIdentity::of(&file.metadata()?)))
}

impl FileIdentity {
    /// How long ago the file was changed; long ago if that is in the future.
    fn age(&self) -> Duration {
        SystemTime::now().duration_since(self.modified).unwrap_or(Duration::MAX)
    }
}

impl<S: Source> fmt::Debug for Watched<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("path", &self.path).finish_non_exhaustive()
    }
}
