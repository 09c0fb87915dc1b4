//! The operating system's random numbers.

use crate::primitives::random::SecureRandom;
use crate::types::error::{Error, Result};
use std::hash::{BuildHasher, RandomState};

/// The operating system's generator.
#[derive(Debug, Clone, Copy)]
pub struct SystemRandom;

impl SecureRandom for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        getrandom::fill(buffer).map_err(|_| Error::Internal("no random numbers"))
    }
}

/// A key for tables of hashes: unpredictable for others, though not fit for cryptography.
pub fn hash_key() -> [u8; 16] {
    let random = RandomState::new();
    let mut key = [0; 16];
    key[..8].copy_from_slice(&random.hash_one(0u8).to_le_bytes());
    key[8..].copy_from_slice(&random.hash_one(1u8).to_le_bytes());
    key
}
