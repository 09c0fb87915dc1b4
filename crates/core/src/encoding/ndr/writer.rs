//! Writing NDR: arguments of remote procedures.

use zeroize::Zeroizing;

/// Writes into a buffer that is erased when dropped, for some arguments prove who somebody is.
/// Numbers are aligned to their size, counted from the beginning.
///
/// As when reading, whoever writes a structure first writes its pointers and counts, then the
/// referents in the same order.
#[derive(Debug, Default)]
pub struct Writer {
    out: Zeroizing<Vec<u8>>,
    referents: u32,
}

/// Every referent's identifier is another multiple of four; which, does not matter ([C706]
/// 14.3.10).
const FIRST_REFERENT: u32 = 0x0002_0000;

impl Writer {
    /// Nothing is written yet; so many bytes are likely to be.
    pub fn with_capacity(bytes: usize) -> Writer {
        Writer { out: Zeroizing::new(Vec::with_capacity(bytes)), referents: 0 }
    }

    /// What has been written.
    pub fn finish(self) -> Zeroizing<Vec<u8>> {
        self.out
    }

    /// Fills up with zeros to a multiple of `boundary`.
    pub fn align(&mut self, boundary: usize) -> &mut Writer {
        let length = self.out.len().next_multiple_of(boundary);
        self.out.resize(length, 0);
        self
    }

    /// Bytes as they are, unaligned.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Writer {
        self.out.extend_from_slice(bytes);
        self
    }

    /// A short, or an enumeration.
    pub fn u16(&mut self, value: u16) -> &mut Writer {
        self.align(2).bytes(&value.to_le_bytes())
    }

    /// A long.
    pub fn u32(&mut self, value: u32) -> &mut Writer {
        self.align(4).bytes(&value.to_le_bytes())
    }

    /// A pointer that is not null.
    pub fn pointer(&mut self) -> &mut Writer {
        let id = FIRST_REFERENT + 4 * self.referents;
        self.referents += 1;
        self.u32(id)
    }

    /// A pointer that is null.
    pub fn null(&mut self) -> &mut Writer {
        self.u32(0)
    }

    /// The referent of a `[string] wchar_t *`: conformant, varying, and ended by a NUL.
    pub fn wide_string(&mut self, text: &str) -> &mut Writer {
        let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
        self.conformant_varying(units.len(), units.len());
        units.iter().for_each(|unit| self.out.extend_from_slice(&unit.to_le_bytes()));
        self
    }

    /// What stands before the elements of a conformant varying array.
    pub fn conformant_varying(&mut self, maximum: usize, count: usize) -> &mut Writer {
        self.u32(maximum as u32).u32(0).u32(count as u32)
    }

    /// The part of a STRING or RPC_UNICODE_STRING ([MS-DTYP] 2.3.10) that stands in its structure:
    /// its length in bytes, twice, and the pointer. Longer ones than a length can tell are the
    /// caller's to refuse.
    pub fn counted(&mut self, bytes: usize) -> &mut Writer {
        self.align(4).u16(bytes as u16).u16(bytes as u16);
        if bytes == 0 { self.null() } else { self.pointer() }
    }

    /// The referent of a [`Writer::counted`] of these bytes, which are elements of `size` bytes;
    /// nothing for an empty one.
    pub fn counted_referent(&mut self, bytes: &[u8], size: usize) -> &mut Writer {
        if bytes.is_empty() {
            return self;
        }
        let count = bytes.len() / size;
        self.conformant_varying(count, count).bytes(bytes)
    }
}
