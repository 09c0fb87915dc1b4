//! The text of C programs' `char`: UTF-8 on Unix, the process's ANSI code page on Windows.

use crate::types::allocation;
use crate::types::error::Result;
use zeroize::Zeroizing;

/// The text in `bytes`, if valid. Erased when dropped, since it may be a password.
///
/// Errors: `OutOfMemory`.
#[cfg(unix)]
pub fn decode(bytes: &[u8]) -> Result<Option<Zeroizing<String>>> {
    std::str::from_utf8(bytes)
        .ok()
        .map(|text| allocation::text(text).map(Zeroizing::new))
        .transpose()
}

/// `text` in bytes.
///
/// Errors: `OutOfMemory`.
#[cfg(unix)]
pub fn encode(text: &str) -> Result<Vec<u8>> {
    allocation::copy(text.as_bytes())
}

#[cfg(windows)]
pub use windows::{decode, encode};

#[cfg(windows)]
mod windows {
    use super::{Result, Zeroizing, allocation};
    use std::ptr::{null, null_mut};
    use windows_sys::Win32::Globalization::{
        CP_ACP, CP_UTF8, GetACP, MB_ERR_INVALID_CHARS, MultiByteToWideChar, WC_NO_BEST_FIT_CHARS,
        WideCharToMultiByte,
    };

    /// The text in `bytes`, if valid. Erased when dropped, since it may be a password.
    pub fn decode(bytes: &[u8]) -> Result<Option<Zeroizing<String>>> {
        let Ok(length) = i32::try_from(bytes.len()) else { return Ok(None) };
        if length == 0 {
            return Ok(Some(Zeroizing::default()));
        }
        // One byte makes one UTF-16 unit at most.
        let mut wide = Zeroizing::new(allocation::vec(bytes.len())?);
        wide.resize(bytes.len(), 0u16);
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
        let written = usize::try_from(written).unwrap_or(0);
        let Some(wide) = wide.get(..written).filter(|wide| !wide.is_empty()) else {
            return Ok(None);
        };
        let mut text = Zeroizing::new(allocation::string(3 * wide.len())?);
        for character in char::decode_utf16(wide.iter().copied()) {
            let Ok(character) = character else { return Ok(None) };
            text.push(character);
        }
        Ok(Some(text))
    }

    /// `text` in bytes, with `?` for what the code page lacks. Never with a similar character: a
    /// name would become another name.
    pub fn encode(text: &str) -> Result<Vec<u8>> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        // A code page that cannot be used has ASCII, at least.
        let ascii = |character: char| match character.is_ascii() {
            true => character as u8,
            false => b'?',
        };
        // SAFETY: reads a number.
        let bytes = convert(unsafe { GetACP() }, text);
        Ok(bytes.unwrap_or_else(|| text.chars().map(ascii).collect()))
    }

    fn convert(code_page: u32, text: &str) -> Option<Vec<u8>> {
        let wide: Vec<u16> = text.encode_utf16().collect();
        let length = i32::try_from(wide.len()).ok()?;
        // No code page takes more than four bytes for a UTF-16 unit.
        let room = length.checked_mul(4)?;
        let mut bytes = vec![0u8; usize::try_from(room).ok()?];
        let (flags, missing) = match has_all_characters(code_page) {
            true => (0, null()),
            false => (WC_NO_BEST_FIT_CHARS, c"?".as_ptr().cast()),
        };
        // SAFETY: the lengths are those of the slices, `missing` is NULL or a string, and the last
        // pointer may be NULL.
        let written = unsafe {
            WideCharToMultiByte(
                code_page,
                flags,
                wide.as_ptr(),
                length,
                bytes.as_mut_ptr(),
                room,
                missing,
                null_mut(),
            )
        };
        bytes.truncate(usize::try_from(written).ok().filter(|written| *written != 0)?);
        Some(bytes)
    }

    /// UTF-8 and GB 18030: WideCharToMultiByte takes neither the flag nor a character for what is
    /// missing. The other code pages that its documentation excepts are no ANSI code pages.
    fn has_all_characters(code_page: u32) -> bool {
        const GB_18030: u32 = 54936;
        [CP_UTF8, GB_18030].contains(&code_page)
    }
}
