//! Borrowed UTF-16LE text.

use crate::types::allocation;
use crate::types::error::{Error, Result};
use std::fmt::{self, Write};

/// Encodes text as UTF-16LE.
///
/// Errors: `OutOfMemory`.
pub fn bytes_of(text: &str) -> Result<Vec<u8>> {
    allocation::collect(text.encode_utf16().flat_map(u16::to_le_bytes), 2 * text.len())
}

/// Borrowed UTF-16LE text without unpaired surrogates or NULs.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Utf16<'a> {
    units: &'a [[u8; 2]],
}

impl<'a> Utf16<'a> {
    /// Checks `bytes`. Rejects text that would not survive conversion unchanged, and a NUL, which
    /// could be mistaken for a terminator.
    ///
    /// Errors: `InvalidToken` for an odd length, an unpaired surrogate or a NUL.
    pub fn new(bytes: &'a [u8]) -> Result<Utf16<'a>> {
        const MALFORMED: Error = Error::InvalidToken("a name is not UTF-16");
        let (units, []) = bytes.as_chunks::<2>() else { return Err(MALFORMED) };
        let text = Utf16 { units };
        // Fast path: nearly all text has no surrogates.
        let plain = |unit: u16| unit != 0 && !(0xd800..0xe000).contains(&unit);
        if !text.units().all(plain)
            && !char::decode_utf16(text.units()).all(|c| c.is_ok_and(|c| c != '\0'))
        {
            return Err(MALFORMED);
        }
        Ok(text)
    }

    /// For a text that need not be there: empty if it has unpaired surrogates or NULs.
    ///
    /// Errors: `InvalidToken` for an odd length.
    pub fn if_text(bytes: &'a [u8]) -> Result<Utf16<'a>> {
        match bytes.len().is_multiple_of(2) {
            true => Ok(Utf16::new(bytes).unwrap_or_default()),
            false => Err(Error::InvalidToken("half a character")),
        }
    }

    /// The code units, in order.
    pub fn units(self) -> impl Iterator<Item = u16> + use<'a> {
        self.units.iter().map(|unit| u16::from_le_bytes(*unit))
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// The characters, in order.
    pub fn chars(self) -> impl Iterator<Item = char> + use<'a> {
        // `new` has ruled out errors.
        char::decode_utf16(self.units()).map_while(std::result::Result::ok)
    }

    /// Converts to an owned string.
    ///
    /// Errors: `OutOfMemory`.
    pub fn to_text(self) -> Result<String> {
        let mut text = allocation::string(self.chars().map(char::len_utf8).sum())?;
        text.extend(self.chars());
        Ok(text)
    }
}

impl PartialEq<str> for Utf16<'_> {
    fn eq(&self, other: &str) -> bool {
        self.units().eq(other.encode_utf16())
    }
}

impl fmt::Display for Utf16<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chars().try_for_each(|c| f.write_char(c))
    }
}

impl fmt::Debug for Utf16<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        self.chars().flat_map(char::escape_debug).try_for_each(|c| f.write_char(c))?;
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_as_it_was_or_none() {
        for text in ["", "alice", "jörg", "漢字", "a𝔘b"] {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let read = Utf16::new(&bytes).unwrap();
            assert_eq!(
                (read.to_text().unwrap().as_str(), read.to_string().as_str(), read.is_empty()),
                (text, text, text.is_empty())
            );
            assert!(read == *text && read != *"bob" && read != *"alice " && read != *"alic");
        }
        let bad: [&[u8]; 6] =
            [b"a", b"a\0b", b"a\0\0\0", b"\x00\xd8", b"\x00\xdc\x00\xd8", b"a\0\x35\xd8a\0"];
        for bytes in bad {
            assert!(Utf16::new(bytes).is_err(), "{bytes:x?}");
        }
    }
}
