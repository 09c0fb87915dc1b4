//! A file shared by processes of one user, in a folder where others may write.

use super::files::{self, Access, Opened};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Opens a file to read and write, creating it if missing. Rejects one that another user can have
/// put there or can change: a link, another owner's, or writable by others.
pub fn open(path: &Path) -> io::Result<File> {
    let Opened { file, doubt } = files::open(path, Access::Share)?;
    if let Some(doubt) = doubt {
        static TOLD: AtomicBool = AtomicBool::new(false);
        if !TOLD.swap(true, Ordering::Relaxed) {
            tracing::warn!(file = %path.display(), "{doubt}, and so have clients rejected");
        }
    }
    Ok(file)
}

/// An advisory lock on a whole file, against other processes; Drop releases it.
#[derive(Debug)]
pub struct Locked<'a>(&'a File);

impl<'a> Locked<'a> {
    /// Waits for the lock, with a timeout, since its holder may be stopped in a debugger.
    pub fn wait(file: &'a File, patience: Duration) -> io::Result<Locked<'a>> {
        Locked::wait_for(|| system::try_lock(file), file, patience)
    }

    /// As [`Locked::wait`], for a file that is open to be read: others may read it meanwhile.
    pub fn wait_to_read(file: &'a File, patience: Duration) -> io::Result<Locked<'a>> {
        Locked::wait_for(|| system::try_lock_shared(file), file, patience)
    }

    fn wait_for(
        try_lock: impl Fn() -> io::Result<bool>,
        file: &'a File,
        patience: Duration,
    ) -> io::Result<Locked<'a>> {
        let begun = Instant::now();
        for attempt in 0.. {
            if try_lock()? {
                return Ok(Locked(file));
            }
            if begun.elapsed() > patience {
                return Err(io::Error::new(ErrorKind::TimedOut, "another process keeps it locked"));
            }
            // It is usually held for microseconds.
            match attempt {
                0..10 => std::thread::yield_now(),
                _ => std::thread::sleep(Duration::from_micros(50 << (attempt / 64).min(5))),
            }
        }
        unreachable!("the range has no end")
    }

    /// Reads up to `buffer`'s length at `offset`; returns the number of bytes.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match system::read_at(self.0, rest, offset + done as u64) {
                Ok(0) => break,
                Ok(length) => done += length,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    /// Writes all of `bytes` at `offset` in one call.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        match system::write_at(self.0, bytes, offset)? {
            length if length == bytes.len() => Ok(()),
            _ => Err(ErrorKind::WriteZero.into()),
        }
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        system::unlock(self.0);
    }
}

#[cfg(unix)]
mod system {
    use std::fs::File;
    use std::io;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::FileExt;

    /// `false` if another process has the lock. It is of the kind that MIT's library takes: a POSIX
    /// record lock over the whole file, owned by the open file where supported (Linux 3.15), else
    /// by the process.
    pub(super) fn try_lock(file: &File) -> io::Result<bool> {
        attempt(file, libc::F_WRLCK as _)
    }

    /// As `try_lock`; others may have a lock of this kind too.
    pub(super) fn try_lock_shared(file: &File) -> io::Result<bool> {
        attempt(file, libc::F_RDLCK as _)
    }

    fn attempt(file: &File, kind: libc::c_short) -> io::Result<bool> {
        match control(file, kind) {
            Ok(()) => Ok(true),
            Err(error) => match error.raw_os_error() {
                Some(libc::EAGAIN | libc::EACCES) => Ok(false),
                _ => Err(error),
            },
        }
    }

    pub(super) fn unlock(file: &File) {
        // Closing the last descriptor releases the lock too.
        let _ = control(file, libc::F_UNLCK as _);
    }

    fn control(file: &File, kind: libc::c_short) -> io::Result<()> {
        // SAFETY: all zeros is a valid flock: from the file's start to its end.
        let mut lock: libc::flock = unsafe { std::mem::zeroed() };
        lock.l_type = kind;
        lock.l_whence = libc::SEEK_SET as _;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            // SAFETY: the descriptor is open and `lock` lives for the call, which only reads it.
            let status = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &lock) };
            match io::Error::last_os_error() {
                _ if status == 0 => return Ok(()),
                error if error.raw_os_error() == Some(libc::EINVAL) => {}
                error => return Err(error),
            }
        }
        // SAFETY: as above.
        let status = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLK, &lock) };
        if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        file.read_at(buffer, offset)
    }

    pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        file.write_at(bytes, offset)
    }
}

#[cfg(windows)]
mod system {
    use std::fs::{File, TryLockError};
    use std::io;
    use std::os::windows::fs::FileExt;

    pub(super) fn try_lock(file: &File) -> io::Result<bool> {
        result(file.try_lock())
    }

    pub(super) fn try_lock_shared(file: &File) -> io::Result<bool> {
        result(file.try_lock_shared())
    }

    fn result(locked: Result<(), TryLockError>) -> io::Result<bool> {
        match locked {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    pub(super) fn unlock(file: &File) {
        // Closing the handle releases the lock too.
        let _ = file.unlock();
    }

    pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        file.seek_read(buffer, offset)
    }

    pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        file.seek_write(bytes, offset)
    }
}
