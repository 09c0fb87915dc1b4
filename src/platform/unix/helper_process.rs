//! Helper processes.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Is in the environment of a helper, and of what it runs: such a process must not ask a helper in
/// its turn.
pub const MARKER: &str = "NEGOSSP_HELPER";

/// A running helper; Drop ends it and reaps its process.
#[derive(Debug)]
pub struct Helper {
    stream: UnixStream,
    child: Child,
}

impl Helper {
    /// Starts the program with an environment of its own and no inherited files.
    pub fn start(program: &Path, arguments: &[OsString]) -> io::Result<Helper> {
        let (stream, theirs) = UnixStream::pair()?;
        let input = OwnedFd::from(theirs);
        let output = input.try_clone()?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .env(MARKER, "1")
            .current_dir("/")
            .stdin(Stdio::from(input))
            .stdout(Stdio::from(output))
            .stderr(Stdio::null());
        // SAFETY: between fork and exec it makes system calls only.
        unsafe { command.pre_exec(keep_to_itself) };
        Ok(Helper { child: command.spawn()?, stream })
    }

    /// Copies unread output without consuming it, up to the buffer's length; `None` if it has
    /// ended.
    pub fn unread(&self, buffer: &mut [u8]) -> Option<usize> {
        match self.transfer(buffer, libc::MSG_DONTWAIT) {
            Ok(0) => None,
            Ok(length) => Some(length),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Some(0),
            Err(_) => None,
        }
    }

    /// Writes all bytes.
    pub fn send(&self, mut bytes: &[u8], deadline: Instant) -> io::Result<()> {
        while !bytes.is_empty() {
            self.stream.set_write_timeout(Some(left(deadline)?))?;
            // SAFETY: the descriptor is open, the bytes are live. MSG_NOSIGNAL: a helper that has
            // ended is no SIGPIPE for the host, which may not expect one.
            let sent = unsafe {
                libc::send(
                    self.stream.as_raw_fd(),
                    bytes.as_ptr().cast(),
                    bytes.len(),
                    libc::MSG_NOSIGNAL,
                )
            };
            match usize::try_from(sent) {
                Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
                Err(_) => interrupted(io::Error::last_os_error())?,
            }
        }
        Ok(())
    }

    /// Reads some bytes. 0: it has ended.
    pub fn receive(&self, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
        loop {
            self.stream.set_read_timeout(Some(left(deadline)?))?;
            match self.transfer(buffer, 0) {
                Ok(length) => return Ok(length),
                Err(error) => interrupted(error)?,
            }
        }
    }

    fn transfer(&self, buffer: &mut [u8], flags: libc::c_int) -> io::Result<usize> {
        // SAFETY: the descriptor is open, the buffer live and so long.
        let length = unsafe {
            libc::recv(self.stream.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), flags)
        };
        usize::try_from(length).map_err(|_| io::Error::last_os_error())
    }
}

/// A time-out is longer than nothing.
fn left(deadline: Instant) -> io::Result<Duration> {
    match deadline.saturating_duration_since(Instant::now()) {
        left if left >= Duration::from_micros(1) => Ok(left),
        _ => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// A signal, or the socket's timeout (the deadline is checked before the next try), is no failure.
fn interrupted(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock => Ok(()),
        _ => Err(error),
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // The host may have reaped all its children, or this may be a forked process, whose child
        // the helper is not. The number may then be another process's, so it is signalled only if
        // it is a child.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Descriptors of the host without close-on-exec would be inherited, and keep connections open that
/// the host has closed.
fn keep_to_itself() -> io::Result<()> {
    const FIRST: libc::c_int = 3;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
        // SAFETY: the call marks descriptors of this process, which is about to become another
        // program.
        if unsafe {
            libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, CLOSE_RANGE_CLOEXEC)
        } == 0
        {
            return Ok(());
        }
    }
    // SAFETY: sysconf asks for a limit.
    let limit = unsafe { libc::sysconf(libc::_SC_OPEN_MAX) };
    for descriptor in FIRST..libc::c_int::try_from(limit).unwrap_or(1024).min(1 << 16) {
        // SAFETY: a descriptor that is not open is an error that does no harm.
        unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn a_helper_has_nothing_of_ours() {
        let open = File::open("/dev/null").unwrap();
        // SAFETY: the descriptor is open; it is now one that exec does not close.
        assert_eq!(unsafe { libc::fcntl(open.as_raw_fd(), libc::F_SETFD, 0) }, 0);
        let script = "ls /proc/$$/fd; echo --; export -p; pwd; exec sleep 1000";
        let helper = Helper::start(Path::new("/bin/sh"), &["-c".into(), script.into()]).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut output = String::new();
        while !output.ends_with("\n/\n") {
            let mut buffer = [0; 1024];
            let length = helper.receive(&mut buffer, deadline).unwrap();
            output += std::str::from_utf8(&buffer[..length]).unwrap();
        }
        let (files, environment) = output.split_once("--").unwrap();
        assert_eq!(files.split_whitespace().collect::<Vec<_>>(), ["0", "1", "2"]);
        let names: Vec<_> = environment
            .lines()
            .filter_map(|line| line.strip_prefix("export ")?.split('=').next())
            .collect();
        assert!(
            names.iter().all(|name| ["PATH", "LC_ALL", "PWD", "OLDPWD", MARKER].contains(name)),
            "{environment}"
        );
        let process = format!("/proc/{}", helper.child.id());
        drop(helper);
        assert!(!Path::new(&process).exists());
    }
}
