//! Writes NDR: arguments of remote procedure calls.

use crate::types::allocation;
use crate::types::error::Result;
use zeroize::Zeroizing;

/// Writes into a buffer that is erased when dropped, since some arguments are secrets. Numbers are
/// aligned to their size, relative to the start.
///
/// As for reading, write the pointers and counts of a structure first, then the referents in the
/// same order.
#[derive(Debug, Default)]
pub struct Writer {
    out: Zeroizing<Vec<u8>>,
    referents: u32,
}

/// Identifier of the first referent; each further one is four higher. The values have no meaning
/// ([C706] 14.3.10).
const FIRST_REFERENT: u32 = 0x0002_0000;

impl Writer {
    /// An empty writer with room for `bytes` bytes.
    pub fn with_capacity(bytes: usize) -> Writer {
        Writer { out: Zeroizing::new(Vec::with_capacity(bytes)), referents: 0 }
    }

    /// The same, for what a peer or caller decides.
    ///
    /// Errors: `OutOfMemory`.
    pub fn try_with_capacity(bytes: usize) -> Result<Writer> {
        Ok(Writer { out: Zeroizing::new(allocation::vec(bytes)?), referents: 0 })
    }

    /// The encoded bytes.
    pub fn finish(self) -> Zeroizing<Vec<u8>> {
        self.out
    }

    /// Pads with zeros to a multiple of `boundary`.
    pub fn align(&mut self, boundary: usize) -> &mut Writer {
        let length = self.out.len().next_multiple_of(boundary);
        self.out.resize(length, 0);
        self
    }

    /// Appends bytes as they are, unaligned.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Writer {
        self.out.extend_from_slice(bytes);
        self
    }

    /// Appends a short (two bytes), or an enumeration.
    pub fn u16(&mut self, value: u16) -> &mut Writer {
        self.align(2).bytes(&value.to_le_bytes())
    }

    /// Appends a long (four bytes).
    pub fn u32(&mut self, value: u32) -> &mut Writer {
        self.align(4).bytes(&value.to_le_bytes())
    }

    /// Appends a non-null pointer.
    pub fn pointer(&mut self) -> &mut Writer {
        let id = FIRST_REFERENT + 4 * self.referents;
        self.referents += 1;
        self.u32(id)
    }

    /// Appends a null pointer.
    pub fn null(&mut self) -> &mut Writer {
        self.u32(0)
    }

    /// Appends the referent of a `[string] wchar_t *`: conformant, varying, and terminated by a
    /// NUL.
    pub fn wide_string(&mut self, text: &str) -> &mut Writer {
        let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
        self.conformant_varying(units.len(), units.len());
        units.iter().for_each(|unit| self.out.extend_from_slice(&unit.to_le_bytes()));
        self
    }

    /// Appends the header of a conformant varying array: its maximum count, offset 0, and count.
    pub fn conformant_varying(&mut self, maximum: usize, count: usize) -> &mut Writer {
        self.u32(maximum as u32).u32(0).u32(count as u32)
    }

    /// Appends the fixed part of a STRING or RPC_UNICODE_STRING ([MS-DTYP] 2.3.10): its length in
    /// bytes, twice, and the pointer. The caller rejects lengths of more than 16 bits.
    pub fn counted(&mut self, bytes: usize) -> &mut Writer {
        self.align(4).u16(bytes as u16).u16(bytes as u16);
        if bytes == 0 { self.null() } else { self.pointer() }
    }

    /// Appends the referent of a [`Writer::counted`] string: `bytes`, whose elements have `size`
    /// bytes. Appends nothing if it is empty.
    pub fn counted_referent(&mut self, bytes: &[u8], size: usize) -> &mut Writer {
        if bytes.is_empty() {
            return self;
        }
        let count = bytes.len() / size;
        self.conformant_varying(count, count).bytes(bytes)
    }
}
