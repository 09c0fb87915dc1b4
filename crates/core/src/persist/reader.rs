//! Reads from a borrowed slice.

use super::MALFORMED;
use crate::primitives::random::SecureRandom;
use crate::types::error::Result;

/// What is left to be read.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    random: &'static dyn SecureRandom,
}

impl<'a> Reader<'a> {
    /// All of `bytes`. What is unpacked draws its random numbers from `random`.
    pub fn new(bytes: &'a [u8], random: &'static dyn SecureRandom) -> Reader<'a> {
        Reader { bytes, random }
    }

    /// The source of random numbers for values that need one.
    pub fn random(&self) -> &'static dyn SecureRandom {
        self.random
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N]> {
        let (array, rest) = self.bytes.split_first_chunk().ok_or(MALFORMED)?;
        self.bytes = rest;
        Ok(array)
    }

    /// Bytes behind their number.
    pub fn bytes(&mut self) -> Result<&'a [u8]> {
        let length = u32::from_le_bytes(*self.array()?) as usize;
        let (bytes, rest) = self.bytes.split_at_checked(length).ok_or(MALFORMED)?;
        self.bytes = rest;
        Ok(bytes)
    }

    /// What `read` takes from the front, given what is left and giving back what then still is.
    pub fn take<T>(&mut self, read: impl FnOnce(&'a [u8]) -> Result<(T, &'a [u8])>) -> Result<T> {
        let (value, rest) = read(self.bytes).map_err(|_| MALFORMED)?;
        self.bytes = rest;
        Ok(value)
    }

    /// Nothing must be left.
    pub fn finish(self) -> Result<()> {
        if self.bytes.is_empty() { Ok(()) } else { Err(MALFORMED) }
    }
}
