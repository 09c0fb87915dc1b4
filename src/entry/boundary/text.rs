//! Text in the interface's two forms, A and W.

use super::memory;
use crate::entry::abi::{SEC_CHAR, SEC_WCHAR};
use crate::platform::ansi;
use crate::types::allocation;
use crate::types::error::{Error, Result};
use zeroize::{DefaultIsZeroes, Zeroizing};

/// A character of the A or of the W functions.
pub(crate) trait Text: DefaultIsZeroes + PartialEq {
    /// The end of a string.
    const ZERO: Self;

    /// Decodes `characters`, which have no terminating zero. Erased when dropped: it may be a
    /// password.
    fn decode(characters: &[Self]) -> Result<Zeroizing<String>>;

    /// Encodes `text`, with a terminating zero.
    fn encode(text: &str) -> Result<Vec<Self>>;
}

impl Text for SEC_WCHAR {
    const ZERO: SEC_WCHAR = 0;

    fn decode(characters: &[SEC_WCHAR]) -> Result<Zeroizing<String>> {
        // Full capacity at once: growing would leave copies behind.
        let mut text = Zeroizing::new(allocation::string(3 * characters.len())?);
        for character in char::decode_utf16(characters.iter().copied()) {
            text.push(character.map_err(|_| Error::InvalidParameter("text that is not UTF-16"))?);
        }
        Ok(text)
    }

    fn encode(text: &str) -> Result<Vec<SEC_WCHAR>> {
        // Full capacity at once: it may be a password, and growing would leave copies behind.
        allocation::collect(text.encode_utf16().chain([0]), text.len() + 1)
    }
}

impl Text for SEC_CHAR {
    const ZERO: SEC_CHAR = 0;

    fn decode(characters: &[SEC_CHAR]) -> Result<Zeroizing<String>> {
        let bytes = characters.iter().map(|c| c.cast_unsigned());
        let bytes = Zeroizing::new(allocation::collect(bytes, characters.len())?);
        ansi::decode(&bytes)?
            .ok_or(Error::InvalidParameter("text that is not in the A functions' encoding"))
    }

    fn encode(text: &str) -> Result<Vec<SEC_CHAR>> {
        let bytes = ansi::encode(text)?;
        let most = bytes.len() + 1;
        allocation::collect(bytes.into_iter().map(|byte| byte.cast_signed()).chain([0]), most)
    }
}

/// The text of the A functions that these bytes are.
pub(crate) fn ansi_from_bytes(bytes: &[u8]) -> Result<Zeroizing<String>> {
    let characters = bytes.iter().map(|byte| byte.cast_signed());
    SEC_CHAR::decode(&Zeroizing::new(allocation::collect(characters, bytes.len())?))
}

/// The text in UTF-16 that these bytes are, at any address.
pub(crate) fn utf16_from_bytes(bytes: &[u8]) -> Result<Zeroizing<String>> {
    let (pairs, odd) = bytes.as_chunks();
    if !odd.is_empty() {
        return Err(Error::InvalidParameter("half a character"));
    }
    let characters = pairs.iter().map(|&pair| u16::from_ne_bytes(pair));
    SEC_WCHAR::decode(&Zeroizing::new(allocation::collect(characters, pairs.len())?))
}

/// The bytes of `text` in UTF-16.
pub(crate) fn utf16_bytes(text: &str) -> Result<Zeroizing<Vec<u8>>> {
    // Full capacity at once: growing would leave copies behind.
    let mut bytes = Zeroizing::new(allocation::vec(2 * text.len())?);
    text.encode_utf16().for_each(|unit| bytes.extend(unit.to_ne_bytes()));
    Ok(bytes)
}

/// Longest string that is read for its terminating zero, in characters.
pub(crate) const LONGEST: usize = 0x10000;

/// The text of a string that ends with a zero; `None` for NULL.
///
/// # Safety
/// `string` is NULL or points to characters that end with a zero.
pub(crate) unsafe fn read<Char: Text>(string: *const Char) -> Result<Option<Zeroizing<String>>> {
    if string.is_null() {
        return Ok(None);
    }
    for length in 0..LONGEST {
        // SAFETY: C caller's contract, strings: no zero has been read yet, so the string continues
        // here.
        if unsafe { string.add(length).read_unaligned() } == Char::ZERO {
            // SAFETY: as many characters were just read. Counting them first avoids growing, which
            // would leave copies behind.
            return unsafe { read_counted(string, length as u32) };
        }
    }
    Err(Error::InvalidParameter("a string without end"))
}

/// The text of a string of known length; `None` for NULL.
///
/// # Safety
/// `string` is NULL or points to `length` characters.
pub(crate) unsafe fn read_counted<Char: Text>(
    string: *const Char,
    length: u32,
) -> Result<Option<Zeroizing<String>>> {
    if string.is_null() {
        return Ok(None);
    }
    if length as usize > LONGEST {
        return Err(Error::InvalidParameter("an overlong string"));
    }
    let mut characters = Zeroizing::new(allocation::vec(length as usize)?);
    // SAFETY: C caller's contract, strings: `n` is below the given length.
    characters.extend((0..length as usize).map(|n| unsafe { string.add(n).read_unaligned() }));
    Char::decode(&characters).map(Some)
}

/// A copy of `text` that the caller frees with FreeContextBuffer.
pub(crate) fn allocate<Char: Text>(text: &str) -> Result<*mut Char> {
    let characters = Zeroizing::new(Char::encode(text)?);
    let start = memory::allocate(size_of_val(&characters[..]))?.cast::<Char>();
    // SAFETY: `allocate` returned as many new bytes, aligned for every type.
    unsafe { start.as_ptr().copy_from_nonoverlapping(characters.as_ptr(), characters.len()) };
    Ok(start.as_ptr())
}
