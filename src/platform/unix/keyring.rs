//! The kernel's keyrings (keyrings(7)). Only Linux has them: elsewhere every call fails with
//! `Unsupported`.
//!
//! Keys are found anew in each call: the process keyring, by which a thread possesses what is linked
//! from it, is one of each thread that was there before it was made.

use std::ffi::CStr;
use std::io;
use zeroize::Zeroizing;

/// The longest payload: a `big_key`'s.
const LONGEST: usize = 1 << 20;

/// A key's number. Negative numbers are special keyrings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Serial(i32);

impl Serial {
    /// The calling thread's own keyring.
    pub const THREAD: Serial = Serial(-1);
    /// The process'.
    pub const PROCESS: Serial = Serial(-2);
    /// The session's.
    pub const SESSION: Serial = Serial(-3);
    /// The user's.
    pub const USER: Serial = Serial(-4);
    /// The session's, where the session has none of its own.
    pub const USER_SESSION: Serial = Serial(-5);

    /// The numbers in a keyring's payload, which is of this machine's byte order.
    pub fn list(payload: &[u8]) -> Vec<Serial> {
        payload.as_chunks().0.iter().map(|bytes| Serial(i32::from_ne_bytes(*bytes))).collect()
    }
}

/// A key's description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Its type.
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl Description {
    /// `type;uid;gid;permissions;name`
    fn parse(text: &[u8]) -> Option<Description> {
        let text = std::str::from_utf8(text).ok()?;
        let (kind, rest) = text.split_once(';')?;
        let name = rest.splitn(4, ';').nth(3)?;
        Some(Description { kind: kind.into(), name: name.into() })
    }
}

pub use system::{
    add, clear, describe, link, number_of, persistent, read, search, set_timeout, unlink,
};

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use super::*;

    // <linux/keyctl.h>
    const GET_KEYRING_ID: libc::c_int = 0;
    const DESCRIBE: libc::c_int = 6;
    const CLEAR: libc::c_int = 7;
    const LINK: libc::c_int = 8;
    const UNLINK: libc::c_int = 9;
    const SEARCH: libc::c_int = 10;
    const READ: libc::c_int = 11;
    const SET_TIMEOUT: libc::c_int = 15;
    const GET_PERSISTENT: libc::c_int = 22;

    type Word = libc::c_long;

    /// keyctl(2).
    ///
    /// # Safety
    /// The words must be what the operation takes; addresses among them valid for the call.
    unsafe fn keyctl(operation: libc::c_int, words: [Word; 4]) -> io::Result<Word> {
        let [a, b, c, d] = words;
        // SAFETY: as above.
        match unsafe { libc::syscall(libc::SYS_keyctl, operation as Word, a, b, c, d) } {
            ..0 => Err(io::Error::last_os_error()),
            result => Ok(result as Word),
        }
    }

    fn word(key: Serial) -> Word {
        key.0.into()
    }

    fn serial(number: Word) -> Serial {
        Serial(number as i32)
    }

    /// The number of a special keyring, which is not made if it is missing.
    pub fn number_of(ring: Serial) -> io::Result<Serial> {
        // SAFETY: numbers.
        unsafe { keyctl(GET_KEYRING_ID, [word(ring), 0, 0, 0]) }.map(serial)
    }

    /// The key of this type and name in the keyring, or in those below it; it is linked into
    /// another, if that is given.
    pub fn search(
        ring: Serial,
        kind: &CStr,
        name: &CStr,
        link_to: Option<Serial>,
    ) -> io::Result<Serial> {
        let link_to = link_to.map_or(0, word);
        let words = [word(ring), kind.as_ptr() as Word, name.as_ptr() as Word, link_to];
        // SAFETY: numbers, and strings that end with zeros.
        unsafe { keyctl(SEARCH, words) }.map(serial)
    }

    /// Makes a key in a keyring, or changes the one that is there.
    pub fn add(kind: &CStr, name: &CStr, payload: &[u8], ring: Serial) -> io::Result<Serial> {
        let address =
            if payload.is_empty() { std::ptr::null() } else { payload.as_ptr().cast::<u8>() };
        // SAFETY: strings that end with zeros, a buffer of this length, and a number.
        let result = unsafe {
            libc::syscall(
                libc::SYS_add_key,
                kind.as_ptr(),
                name.as_ptr(),
                address,
                payload.len(),
                word(ring),
            )
        };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(serial(result as Word)) }
    }

    /// The user's persistent keyring, linked into `link_to`.
    pub fn persistent(user: u32, link_to: Serial) -> io::Result<Serial> {
        // SAFETY: numbers.
        unsafe { keyctl(GET_PERSISTENT, [user as Word, word(link_to), 0, 0]) }.map(serial)
    }

    /// Links a key into a keyring.
    pub fn link(key: Serial, ring: Serial) -> io::Result<()> {
        // SAFETY: numbers.
        unsafe { keyctl(LINK, [word(key), word(ring), 0, 0]) }.map(drop)
    }

    /// Takes a key out of a keyring.
    pub fn unlink(key: Serial, ring: Serial) -> io::Result<()> {
        // SAFETY: numbers.
        unsafe { keyctl(UNLINK, [word(key), word(ring), 0, 0]) }.map(drop)
    }

    /// Empties a keyring.
    pub fn clear(ring: Serial) -> io::Result<()> {
        // SAFETY: a number.
        unsafe { keyctl(CLEAR, [word(ring), 0, 0, 0]) }.map(drop)
    }

    /// The key ends in so many seconds, 0 for never.
    pub fn set_timeout(key: Serial, seconds: u32) -> io::Result<()> {
        // SAFETY: numbers.
        unsafe { keyctl(SET_TIMEOUT, [word(key), seconds as Word, 0, 0]) }.map(drop)
    }

    /// Type and name.
    pub fn describe(key: Serial) -> io::Result<Description> {
        let text = filled(DESCRIBE, key)?;
        let text = text.strip_suffix(b"\0").unwrap_or(&text);
        Description::parse(text).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// The payload, of one mebibyte at most.
    pub fn read(key: Serial) -> io::Result<Zeroizing<Vec<u8>>> {
        filled(READ, key)
    }

    /// The result of an operation that tells its length.
    fn filled(operation: libc::c_int, key: Serial) -> io::Result<Zeroizing<Vec<u8>>> {
        let mut room = 4096;
        loop {
            let mut buffer = Zeroizing::new(vec![0u8; room]);
            let words = [word(key), buffer.as_mut_ptr() as Word, room as Word, 0];
            // SAFETY: a number, and a buffer of this length.
            let length = unsafe { keyctl(operation, words) }? as usize;
            if length <= room {
                buffer.truncate(length);
                return Ok(buffer);
            }
            if length > LONGEST {
                return Err(io::Error::other("a key too long"));
            }
            // It may grow meanwhile.
            room = length;
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    use super::*;

    fn none<T>() -> io::Result<T> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Unsupported.
    pub fn number_of(_ring: Serial) -> io::Result<Serial> {
        none()
    }

    /// Unsupported.
    pub fn search(
        _ring: Serial,
        _kind: &CStr,
        _name: &CStr,
        _link_to: Option<Serial>,
    ) -> io::Result<Serial> {
        none()
    }

    /// Unsupported.
    pub fn add(_kind: &CStr, _name: &CStr, _payload: &[u8], _ring: Serial) -> io::Result<Serial> {
        none()
    }

    /// Unsupported.
    pub fn persistent(_user: u32, _link_to: Serial) -> io::Result<Serial> {
        none()
    }

    /// Unsupported.
    pub fn link(_key: Serial, _ring: Serial) -> io::Result<()> {
        none()
    }

    /// Unsupported.
    pub fn unlink(_key: Serial, _ring: Serial) -> io::Result<()> {
        none()
    }

    /// Unsupported.
    pub fn clear(_ring: Serial) -> io::Result<()> {
        none()
    }

    /// Unsupported.
    pub fn set_timeout(_key: Serial, _seconds: u32) -> io::Result<()> {
        none()
    }

    /// Unsupported.
    pub fn describe(_key: Serial) -> io::Result<Description> {
        none()
    }

    /// Unsupported.
    pub fn read(_key: Serial) -> io::Result<Zeroizing<Vec<u8>>> {
        none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_five_parts_of_which_the_last_may_have_semicolons() {
        let parsed = Description::parse(b"keyring;0;65534;3f030000;krb_ccache;x").unwrap();
        assert_eq!((&*parsed.kind, &*parsed.name), ("keyring", "krb_ccache;x"));
        assert_eq!(Description::parse(b"keyring;0;0;3f"), None);
        assert_eq!(Description::parse(b""), None);
    }
}
