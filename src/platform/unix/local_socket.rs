//! Connections to sockets of this machine (unix(7)), each with a deadline.
//!
//! Not the standard library's: that cannot end the wait for a server that accepts nobody, and a
//! server that ends would end the process by a signal.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// A connection.
#[derive(Debug)]
pub struct LocalSocket {
    /// The descriptor, which does not wait.
    socket: File,
    deadline: Instant,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const NO_SIGNAL: libc::c_int = libc::MSG_NOSIGNAL;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const NO_SIGNAL: libc::c_int = 0;

impl LocalSocket {
    /// Connects to a socket by its path.
    ///
    /// Errors: `TimedOut`; those of connect(2).
    pub fn connect(path: &Path, deadline: Instant) -> io::Result<LocalSocket> {
        // SAFETY: all zeros is a valid address.
        let mut address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
        address.sun_family = libc::AF_UNIX as _;
        let path = path.as_os_str().as_bytes();
        if path.is_empty() || path.len() >= address.sun_path.len() || path.contains(&0) {
            return Err(ErrorKind::InvalidInput.into());
        }
        for (to, from) in address.sun_path.iter_mut().zip(path) {
            *to = *from as _;
        }
        loop {
            let socket = open()?;
            let length = size_of::<libc::sockaddr_un>() as libc::socklen_t;
            // SAFETY: an open descriptor, and an address of this length.
            let status =
                unsafe { libc::connect(socket.as_raw_fd(), (&raw const address).cast(), length) };
            if status == 0 {
                return Ok(LocalSocket { socket, deadline });
            }
            match io::Error::last_os_error() {
                // Too many wait to be accepted.
                error if error.kind() == ErrorKind::WouldBlock => {
                    if Instant::now() >= deadline {
                        return Err(ErrorKind::TimedOut.into());
                    }
                    std::thread::sleep(Duration::from_millis(5));
                }
                error if error.kind() == ErrorKind::Interrupted => {}
                error => return Err(error),
            }
        }
    }

    /// Sends all of it.
    pub fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            // SAFETY: an open descriptor, and a buffer of this length.
            let sent = unsafe {
                libc::send(self.socket.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), NO_SIGNAL)
            };
            match usize::try_from(sent) {
                Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
                Err(_) => self.wait_after(io::Error::last_os_error(), libc::POLLOUT)?,
            }
        }
        Ok(())
    }

    /// Fills the buffer.
    ///
    /// Errors: `UnexpectedEof` if the other side ends before.
    pub fn receive(&mut self, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            match self.socket.read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(length) => buffer = buffer.get_mut(length..).unwrap_or_default(),
                Err(error) => self.wait_after(error, libc::POLLIN)?,
            }
        }
        Ok(())
    }

    /// Waits until the socket can do what it could not.
    fn wait_after(&self, error: io::Error, events: libc::c_short) -> io::Result<()> {
        match error.kind() {
            ErrorKind::Interrupted => return Ok(()),
            ErrorKind::WouldBlock => {}
            _ => return Err(error),
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        let milliseconds = left.as_millis().clamp(1, 60_000) as libc::c_int;
        let mut poll = libc::pollfd { fd: self.socket.as_raw_fd(), events, revents: 0 };
        // SAFETY: one live entry.
        match unsafe { libc::poll(&mut poll, 1, milliseconds) } {
            ..0 => match io::Error::last_os_error() {
                error if error.kind() == ErrorKind::Interrupted => Ok(()),
                error => Err(error),
            },
            // Whether the time is over is asked at the next attempt.
            _ => Ok(()),
        }
    }
}

fn open() -> io::Result<File> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let kind = libc::SOCK_STREAM;
    // SAFETY: numbers.
    let socket = match unsafe { libc::socket(libc::AF_UNIX, kind, 0) } {
        ..0 => return Err(io::Error::last_os_error()),
        // SAFETY: a descriptor that was just opened, and is nobody else's.
        number => unsafe { File::from_raw_fd(number) },
    };
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    // SAFETY: an open descriptor, and numbers.
    unsafe {
        libc::fcntl(socket.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC);
        libc::fcntl(socket.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK);
    }
    Ok(socket)
}
