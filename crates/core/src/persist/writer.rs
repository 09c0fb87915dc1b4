//! Writes the packed form to memory that is erased.

use crate::types::allocation;
use crate::types::error::{Error, Result};
use zeroize::Zeroizing;

/// The packed bytes. Erased when dropped, and so is each smaller buffer that was outgrown.
#[derive(Default)]
pub struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    /// An empty writer.
    pub fn new() -> Writer {
        Writer::default()
    }

    /// Appends bytes as they are.
    ///
    /// Errors: `OutOfMemory`.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<()> {
        let length = self.0.len() + bytes.len();
        if length > self.0.capacity() {
            let capacity = length.max(2 * self.0.capacity()).max(1024);
            let mut longer = Zeroizing::new(allocation::vec(capacity)?);
            longer.extend_from_slice(&self.0);
            self.0 = longer;
        }
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    /// Appends a length or count, in 32 bits.
    ///
    /// Errors: `CannotPack` if it does not fit, `OutOfMemory`.
    pub fn length(&mut self, length: usize) -> Result<()> {
        let length = u32::try_from(length).map_err(|_| Error::CannotPack("too long"))?;
        self.raw(&length.to_le_bytes())
    }

    /// Appends a byte string, preceded by its 32-bit length.
    ///
    /// Errors: `CannotPack` if the length does not fit into 32 bits, `OutOfMemory`.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.length(bytes.len())?;
        self.raw(bytes)
    }

    /// The packed bytes.
    pub fn finish(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}
