//! The bytes of a key.

use std::ops::{Deref, DerefMut};
use zeroize::Zeroize;

/// The longest key, in bytes.
pub(super) const MAX: usize = 32;

/// At most [`MAX`] secret bytes. Zeroed when dropped.
#[derive(Clone)]
pub(super) struct Secret {
    bytes: [u8; MAX],
    length: usize,
}

impl Secret {
    /// `length` zeros, at most [`MAX`], to be filled in.
    pub(super) fn zeros(length: usize) -> Secret {
        Secret { bytes: [0; MAX], length: length.min(MAX) }
    }
}

impl Deref for Secret {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl DerefMut for Secret {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.length]
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        // As a slice: an array would be erased byte by byte.
        self.bytes.as_mut_slice().zeroize();
    }
}
