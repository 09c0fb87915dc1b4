//! Reads the packed form from a borrowed slice.

use super::MALFORMED;
use crate::primitives::random::SecureRandom;
use crate::types::error::Result;

/// The unread part of a packed form.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    random: &'static dyn SecureRandom,
}

impl<'a> Reader<'a> {
    /// A reader of `bytes`. Unpacked values take their random numbers from `random`.
    pub fn new(bytes: &'a [u8], random: &'static dyn SecureRandom) -> Reader<'a> {
        Reader { bytes, random }
    }

    /// The source of random numbers for values that need one.
    pub fn random(&self) -> &'static dyn SecureRandom {
        self.random
    }

    /// The next `N` bytes.
    ///
    /// Errors: `InvalidToken` if fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N]> {
        let (array, rest) = self.bytes.split_first_chunk().ok_or(MALFORMED)?;
        self.bytes = rest;
        Ok(array)
    }

    /// A byte string, preceded by its 32-bit length.
    ///
    /// Errors: `InvalidToken` if it exceeds the remaining bytes.
    pub fn bytes(&mut self) -> Result<&'a [u8]> {
        let length = u32::from_le_bytes(*self.array()?) as usize;
        let (bytes, rest) = self.bytes.split_at_checked(length).ok_or(MALFORMED)?;
        self.bytes = rest;
        Ok(bytes)
    }

    /// Reads with a parser that takes the remaining bytes and returns its value and the rest.
    ///
    /// Errors: `InvalidToken` if the parser fails.
    pub fn take<T>(&mut self, read: impl FnOnce(&'a [u8]) -> Result<(T, &'a [u8])>) -> Result<T> {
        let (value, rest) = read(self.bytes).map_err(|_| MALFORMED)?;
        self.bytes = rest;
        Ok(value)
    }

    /// Checks that everything has been read.
    ///
    /// Errors: `InvalidToken` if bytes are left.
    pub fn finish(self) -> Result<()> {
        if self.bytes.is_empty() { Ok(()) } else { Err(MALFORMED) }
    }
}
