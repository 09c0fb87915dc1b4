//! A child process that is kept running, with a socket as its standard input and output.

#[cfg(unix)]
pub use super::system::helper_process::{Helper, MARKER};

#[cfg(not(unix))]
use std::{ffi::OsString, io, path::Path, time::Instant};

/// No process is a helper.
#[cfg(not(unix))]
pub const MARKER: &str = "NEGOSSP_HELPER";

/// Stub for platforms without helper programs; never constructed.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct Helper(());

#[cfg(not(unix))]
impl Helper {
    /// Starts the program.
    pub fn start(_program: &Path, _arguments: &[OsString]) -> io::Result<Helper> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Copies unread output without consuming it, up to the buffer's length; `None` if it has
    /// ended.
    pub fn unread(&self, _buffer: &mut [u8]) -> Option<usize> {
        None
    }

    /// Writes all bytes.
    pub fn send(&self, _bytes: &[u8], _deadline: Instant) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Reads some bytes. 0: it has ended.
    pub fn receive(&self, _buffer: &mut [u8], _deadline: Instant) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
