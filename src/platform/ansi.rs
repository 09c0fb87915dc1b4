//! The text of C programs' `char`: UTF-8 on Unix, the process's ANSI code page on Windows.

use zeroize::Zeroizing;

/// The text in `bytes`, if valid. Erased when dropped, since it may be a password.
#[cfg(unix)]
pub fn decode(bytes: &[u8]) -> Option<Zeroizing<String>> {
    std::str::from_utf8(bytes).ok().map(|text| Zeroizing::new(text.to_owned()))
}

/// `text` in bytes.
#[cfg(unix)]
pub fn encode(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[cfg(windows)]
pub use windows::{decode, encode};

#[cfg(windows)]
mod windows {
    use super::Zeroizing;
    use std::ptr::{null, null_mut};
    use windows_sys::Win32::Globalization::{
        CP_ACP, MB_ERR_INVALID_CHARS, MultiByteToWideChar, WideCharToMultiByte,
    };

    /// The text in `bytes`, if valid. Erased when dropped, since it may be a password.
    pub fn decode(bytes: &[u8]) -> Option<Zeroizing<String>> {
        let length = i32::try_from(bytes.len()).ok()?;
        if length == 0 {
            return Some(Zeroizing::default());
        }
        // One byte makes one UTF-16 unit at most.
        let mut wide = Zeroizing::new(vec![0u16; bytes.len()]);
        // SAFETY: both lengths are those of the slices.
        let written = unsafe {
            MultiByteToWideChar(
                CP_ACP,
                MB_ERR_INVALID_CHARS,
                bytes.as_ptr(),
                length,
                wide.as_mut_ptr(),
                length,
            )
        };
        let wide = wide.get(..usize::try_from(written).ok().filter(|n| *n != 0)?)?;
        let mut text = Zeroizing::new(String::with_capacity(3 * wide.len()));
        for character in char::decode_utf16(wide.iter().copied()) {
            text.push(character.ok()?);
        }
        Some(text)
    }

    /// `text` in bytes, with `?` for what the code page lacks.
    pub fn encode(text: &str) -> Vec<u8> {
        let wide: Vec<u16> = text.encode_utf16().collect();
        let Ok(length) = i32::try_from(wide.len()) else { return Vec::new() };
        if length == 0 {
            return Vec::new();
        }
        // No code page takes more than four bytes for a UTF-16 unit.
        let mut bytes = vec![0u8; 4 * wide.len()];
        let room = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
        // SAFETY: the lengths are no more than those of the slices; the last two may be NULL.
        let written = unsafe {
            WideCharToMultiByte(
                CP_ACP,
                0,
                wide.as_ptr(),
                length,
                bytes.as_mut_ptr(),
                room,
                null(),
                null_mut(),
            )
        };
        bytes.truncate(usize::try_from(written).unwrap_or(0));
        bytes
    }
}
