//! What opening a file takes and gives, on every system.

use super::heap;
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The longest file that is read, in bytes.
pub const LARGEST: u64 = 512 << 20;
/// What is made of a file takes less than as many times its length.
const PARSED: usize = 2;

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To read what decides something, or is a secret.
    Read,
    /// To read whatever is there, for whoever has named it.
    Look,
    /// To append lines; it is made if it is missing. May also be a device or a pipe.
    Append,
    /// To read and write, by processes of one user; it is made if it is missing.
    Share,
    /// To read and write what is there, by processes of one user.
    Update,
}

/// A file that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The file.
    pub file: File,
    /// What is wrong with its owner or its folder's, and the command that mends it.
    pub doubt: Option<String>,
}

/// The rest of a file, zeroed when dropped.
pub(in crate::platform) fn read_all(file: &File) -> io::Result<Zeroizing<Vec<u8>>> {
    let length = file.metadata()?.len();
    if length > LARGEST {
        return Err(io::Error::other(format!("longer than {} MiB", LARGEST >> 20)));
    }
    let length = length as usize;
    if !heap::has(length.saturating_mul(PARSED)) {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    // One byte more than its length, so that reading to its end does not move the buffer and leave
    // a copy.
    let mut bytes = Zeroizing::new(Vec::new());
    bytes.try_reserve_exact(length + 1)?;
    file.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Locks a file until it is closed, against others who edit what it stands for.
///
/// Errors: `TimedOut`.
pub(in crate::platform) fn wait_for_lock(file: &File, deadline: Instant) -> io::Result<()> {
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(2));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(ErrorKind::TimedOut, "another process keeps it locked"));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}
