//! Reads from a borrowed slice.

use super::MALFORMED;
use crate::types::error::Result;

/// What is left to be read.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// All of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N]> {
        let (array, rest) = self.0.split_first_chunk().ok_or(MALFORMED)?;
        self.0 = rest;
        Ok(array)
    }

    /// Bytes behind their number.
    pub fn bytes(&mut self) -> Result<&'a [u8]> {
        let length = u32::from_le_bytes(*self.array()?) as usize;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(MALFORMED)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// What `read` takes from the front, given what is left and giving back what then still is.
    pub fn take<T>(&mut self, read: impl FnOnce(&'a [u8]) -> Result<(T, &'a [u8])>) -> Result<T> {
        let (value, rest) = read(self.0).map_err(|_| MALFORMED)?;
        self.0 = rest;
        Ok(value)
    }

    /// Nothing must be left.
    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(MALFORMED) }
    }
}
