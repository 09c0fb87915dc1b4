//! Reading a password from the terminal without echo.

use std::io::{self, Read, Write};
use zeroize::Zeroizing;

#[cfg(unix)]
use self::unix::Silence;
#[cfg(windows)]
use self::windows::Silence;

/// The longest password accepted, in bytes.
pub const LONGEST_PASSWORD: usize = 4096;

/// Shows `prompt` at the terminal and reads a line without echo. `Ok(None)`: Ctrl-C, or the end of
/// input.
///
/// `Err(_)` if there is no terminal.
pub fn read_password(prompt: &str) -> io::Result<Option<Zeroizing<String>>> {
    let terminal = Silence::begin()?;
    terminal.output().write_all(prompt.as_bytes())?;
    let line = read_line(terminal.input());
    terminal.output().write_all(b"\n")?;
    line
}

/// Reads a line from a terminal without echo and line editing.
fn read_line(mut input: impl Read) -> io::Result<Option<Zeroizing<String>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST_PASSWORD));
    let mut byte = Zeroizing::new([0u8; 1]);
    loop {
        if input.read(&mut *byte)? == 0 {
            return Ok(None);
        }
        match byte[0] {
            b'\r' | b'\n' => break,
            // Ctrl-C, Ctrl-D, Ctrl-Z
            0x03 | 0x04 | 0x1a => return Ok(None),
            // Backspace deletes a character, Ctrl-U the line.
            0x08 | 0x7f => while line.pop().is_some_and(|last| last & 0xc0 == 0x80) {},
            0x15 => line.clear(),
            _ if line.len() == LONGEST_PASSWORD => {
                return Err(io::Error::other("the password is too long"));
            }
            other => line.push(other),
        }
    }
    match std::str::from_utf8(&line) {
        Ok(text) => Ok(Some(Zeroizing::new(text.to_owned()))),
        Err(_) => Err(io::Error::other("the password is not UTF-8")),
    }
}

#[cfg(unix)]
mod unix {
    use std::fs::{File, OpenOptions};
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::AsRawFd;

    /// The terminal with echo, line editing and signals off; Drop restores it.
    pub(super) struct Silence {
        terminal: File,
        before: libc::termios,
    }

    impl Silence {
        pub(super) fn begin() -> io::Result<Silence> {
            let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
            let mut before = MaybeUninit::<libc::termios>::zeroed();
            // SAFETY: the descriptor is open, `before` live; all-zero is a valid termios.
            let before = unsafe {
                if libc::tcgetattr(terminal.as_raw_fd(), before.as_mut_ptr()) != 0 {
                    return Err(io::Error::last_os_error());
                }
                before.assume_init()
            };
            let mut silent = before;
            silent.c_lflag &= !(libc::ECHO | libc::ECHONL | libc::ICANON | libc::ISIG);
            silent.c_cc[libc::VMIN] = 1;
            silent.c_cc[libc::VTIME] = 0;
            // SAFETY: the descriptor is open and `silent` a termios that tcgetattr filled.
            if unsafe { libc::tcsetattr(terminal.as_raw_fd(), libc::TCSAFLUSH, &silent) } != 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(Silence { terminal, before })
        }

        pub(super) fn input(&self) -> &File {
            &self.terminal
        }

        pub(super) fn output(&self) -> &File {
            &self.terminal
        }
    }

    impl Drop for Silence {
        fn drop(&mut self) {
            // SAFETY: the descriptor is open and `before` what tcgetattr gave.
            unsafe { libc::tcsetattr(self.terminal.as_raw_fd(), libc::TCSAFLUSH, &self.before) };
        }
    }
}

#[cfg(windows)]
mod windows {
    use std::io;
    use std::os::windows::io::AsRawHandle;
    use windows_sys::Win32::System::Console::{
        CONSOLE_MODE, ENABLE_ECHO_INPUT, ENABLE_LINE_INPUT, ENABLE_PROCESSED_INPUT, GetConsoleMode,
        SetConsoleMode,
    };

    /// The console with echo, line editing and signals off; Drop restores it.
    pub(super) struct Silence {
        before: CONSOLE_MODE,
    }

    impl Silence {
        pub(super) fn begin() -> io::Result<Silence> {
            let mut before = 0;
            let console = io::stdin().as_raw_handle();
            let silent = !(ENABLE_ECHO_INPUT | ENABLE_LINE_INPUT | ENABLE_PROCESSED_INPUT);
            // SAFETY: the handle is the process' standard input, `before` is live; a wrong handle
            // is an error.
            unsafe {
                if GetConsoleMode(console, &mut before) == 0
                    || SetConsoleMode(console, before & silent) == 0
                {
                    return Err(io::Error::last_os_error());
                }
            }
            Ok(Silence { before })
        }

        pub(super) fn input(&self) -> io::Stdin {
            io::stdin()
        }

        pub(super) fn output(&self) -> io::Stderr {
            io::stderr()
        }
    }

    impl Drop for Silence {
        fn drop(&mut self) {
            // SAFETY: the handle is the process' standard input; a wrong handle is an error.
            unsafe { SetConsoleMode(io::stdin().as_raw_handle(), self.before) };
        }
    }
}
