//! The operating system's random numbers.

use crate::primitives::random::SecureRandom;
use crate::types::error::{Error, Result};

/// The operating system's generator.
#[derive(Debug, Clone, Copy)]
pub struct SystemRandom;

impl SecureRandom for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        getrandom::fill(buffer).map_err(|_| Error::Internal("no random numbers"))
    }
}
