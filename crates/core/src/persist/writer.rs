//! Writes to memory that is erased.

use crate::types::error::{Error, Result};
use zeroize::Zeroizing;

/// What has been written; erased when dropped, and wherever it was before it grew.
#[derive(Default)]
pub struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    /// Nothing yet.
    pub fn new() -> Writer {
        Writer::default()
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        let length = self.0.len() + bytes.len();
        if length > self.0.capacity() {
            let mut longer =
                Zeroizing::new(Vec::with_capacity(length.max(2 * self.0.capacity()).max(1024)));
            longer.extend_from_slice(&self.0);
            self.0 = longer;
        }
        self.0.extend_from_slice(bytes);
    }

    /// A number of things.
    ///
    /// Errors: `CannotPack` for one that has more than 32 bits.
    pub fn length(&mut self, length: usize) -> Result<()> {
        let length = u32::try_from(length).map_err(|_| Error::CannotPack("too long"))?;
        self.raw(&length.to_le_bytes());
        Ok(())
    }

    /// Bytes behind their number.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.length(bytes.len())?;
        self.raw(bytes);
        Ok(())
    }

    /// All of it.
    pub fn finish(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}
