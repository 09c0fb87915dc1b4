//! Random numbers that are the same in each run.

use negossp_core::primitives::random::SecureRandom;
use negossp_core::types::error::{Error, Result};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers that do not repeat, the same in every run of one thread.
#[derive(Debug)]
pub(crate) struct Counted(AtomicU64);

impl Counted {
    pub(crate) const fn new() -> Counted {
        Counted(AtomicU64::new(0))
    }
}

impl SecureRandom for Counted {
    /// SplitMix64.
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        for chunk in buffer.chunks_mut(8) {
            let mut n = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(n ^ (n >> 31)).to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// For tests that need any numbers.
pub(crate) static COUNTED: Counted = Counted::new();

/// A given list of numbers, in order; an error after the last.
#[derive(Debug)]
pub(crate) struct Drawn(Mutex<VecDeque<Vec<u8>>>);

impl Drawn {
    /// Never freed, since configurations borrow it permanently.
    pub(crate) fn leak(numbers: impl IntoIterator<Item = Vec<u8>>) -> &'static Drawn {
        Box::leak(Box::new(Drawn(Mutex::new(numbers.into_iter().collect()))))
    }

    /// The count of remaining numbers.
    pub(crate) fn left(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl SecureRandom for Drawn {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        let next = self.0.lock().unwrap().pop_front();
        match next.filter(|next| next.len() == buffer.len()) {
            Some(next) => buffer.copy_from_slice(&next),
            None => return Err(Error::Internal("no such number was drawn")),
        }
        Ok(())
    }
}
