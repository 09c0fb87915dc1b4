//! The source of random numbers.

use crate::types::error::Result;
use std::fmt;

/// A source of random bytes that an attacker cannot predict.
pub trait SecureRandom: fmt::Debug + Send + Sync {
    /// Fills `buffer`.
    ///
    /// Errors: `Internal` if the source fails; `buffer` must not be used then.
    fn fill(&self, buffer: &mut [u8]) -> Result<()>;
}
