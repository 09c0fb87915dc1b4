//! NDR, the Network Data Representation of DCE RPC ([C706] 14, [MS-RPCE] 2.2): little-endian, the
//! 32-bit transfer syntax.
//!
//! A structure is read member by member in the order of its definition. The referents of its
//! pointers follow the structure, in the order of the pointers ([C706] 14.3.12.3): read the
//! structure's [`Pointer`]s and counts first, then the referents. Every count is checked against
//! the bytes available, and nothing is allocated. [`Writer`] uses the same order.

pub use crate::encoding::ndr::writer::Writer;

use crate::encoding::utf16::Utf16;
use crate::types::error::{Error, Result};
use crate::types::sid::Sid;

const CUT: Error = Error::InvalidToken("NDR: data is cut short");
const COUNT: Error = Error::InvalidToken("NDR: counts of one array differ");
const MISSING: Error = Error::InvalidToken("NDR: a pointer is null that must not be");

/// Reads from a borrowed slice. Numbers are aligned to their size, relative to the start of the
/// slice.
///
/// Errors, of all its methods: `InvalidToken` if the data is too short or its counts contradict
/// each other.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// A pointer member of a structure: whether a referent follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Pointer {
    present: bool,
}

impl Pointer {
    /// Whether the pointer is not null.
    pub fn is_present(self) -> bool {
        self.present
    }

    /// Checks that the pointer is not null.
    pub fn required(self) -> Result<()> {
        if self.present { Ok(()) } else { Err(MISSING) }
    }

    /// Reads the referent unless the pointer is null.
    pub fn read<T>(self, read: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
        self.present.then(read).transpose()
    }
}

/// The fixed part of an RPC_UNICODE_STRING ([MS-DTYP] 2.3.10), as it stands in a structure.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct UnicodeString {
    length: u16,
    maximum_length: u16,
    buffer: Pointer,
}

impl UnicodeString {
    /// Reads the referent: the text, which is empty if the pointer is null.
    pub fn read<'a>(self, reader: &mut Reader<'a>) -> Result<Utf16<'a>> {
        Utf16::new(self.bytes(reader)?)
    }

    /// Reads the referent; it counts as empty if it is not text (see [`Utf16::new`]).
    pub fn read_if_text<'a>(self, reader: &mut Reader<'a>) -> Result<Utf16<'a>> {
        Utf16::if_text(self.bytes(reader)?)
    }

    fn bytes<'a>(self, reader: &mut Reader<'a>) -> Result<&'a [u8]> {
        if !self.buffer.is_present() {
            return if self.length == 0 { Ok(&[]) } else { Err(MISSING) };
        }
        if !self.length.is_multiple_of(2) {
            return Err(Error::InvalidToken("NDR: half a character"));
        }
        let (maximum, units) = reader.conformant_varying(2)?;
        if maximum != u32::from(self.maximum_length / 2) || units.len() != usize::from(self.length)
        {
            return Err(COUNT);
        }
        Ok(units)
    }
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    /// A reader of the data whose length is given by the headers of type serialization version 1
    /// ([MS-RPCE] 2.2.6.1, 2.2.6.2) at the start of `bytes`. Bytes after that data are ignored.
    pub fn type_serialized(bytes: &'a [u8]) -> Result<Reader<'a>> {
        let (header, rest) = bytes.split_first_chunk::<16>().ok_or(CUT)?;
        let [version, endianness, length_low, length_high, _, _, _, _, a, b, c, d, _, _, _, _] =
            *header;
        if version != 1 || endianness != 0x10 || u16::from_le_bytes([length_low, length_high]) != 8
        {
            return Err(Error::InvalidToken("NDR: an unsupported serialization header"));
        }
        let object = rest.get(..u32::from_le_bytes([a, b, c, d]) as usize).ok_or(CUT)?;
        Ok(Reader::new(object))
    }

    /// The unread rest.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Skips to a multiple of `boundary`, a power of two.
    pub fn align(&mut self, boundary: usize) {
        // A position beyond the end behaves like the end: every read fails.
        self.at = self.at.next_multiple_of(boundary);
    }

    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(count).ok_or(CUT)?;
        let bytes = self.bytes.get(self.at..end).ok_or(CUT)?;
        self.at = end;
        Ok(bytes)
    }

    /// The next `N` bytes, aligned to `N`.
    fn aligned<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.align(N);
        self.bytes(N)?.try_into().map_err(|_| CUT)
    }

    /// A small (one byte).
    pub fn u8(&mut self) -> Result<u8> {
        self.aligned().map(u8::from_le_bytes)
    }

    /// A short (two bytes), or an enumeration.
    pub fn u16(&mut self) -> Result<u16> {
        self.aligned().map(u16::from_le_bytes)
    }

    /// A long (four bytes).
    pub fn u32(&mut self) -> Result<u32> {
        self.aligned().map(u32::from_le_bytes)
    }

    /// A hyper (eight bytes).
    pub fn u64(&mut self) -> Result<u64> {
        self.aligned().map(u64::from_le_bytes)
    }

    /// A 64-bit number stored as two longs, such as FILETIME or OLD_LARGE_INTEGER: aligned to four
    /// bytes.
    pub fn u64_in_longs(&mut self) -> Result<u64> {
        let (low, high) = (self.u32()?, self.u32()?);
        Ok(u64::from(high) << 32 | u64::from(low))
    }

    /// A unique pointer member.
    pub fn pointer(&mut self) -> Result<Pointer> {
        Ok(Pointer { present: self.u32()? != 0 })
    }

    /// The fixed part of an RPC_UNICODE_STRING.
    pub fn unicode_string(&mut self) -> Result<UnicodeString> {
        // The pointer aligns the structure to four bytes.
        self.align(4);
        Ok(UnicodeString {
            length: self.u16()?,
            maximum_length: self.u16()?,
            buffer: self.pointer()?,
        })
    }

    /// The elements of a conformant array, as bytes. Its maximum count must equal `count`, which
    /// the structure states elsewhere. An element has `size` bytes and is aligned to `alignment`,
    /// which divides `size`.
    pub fn conformant(&mut self, count: u32, size: usize, alignment: usize) -> Result<&'a [u8]> {
        if self.u32()? != count {
            return Err(COUNT);
        }
        self.align(alignment);
        self.bytes((count as usize).checked_mul(size).ok_or(CUT)?)
    }

    /// The elements of a conformant varying array: its maximum count, and the elements as bytes. An
    /// element has `size` bytes, at most four, and is aligned to its size.
    pub fn conformant_varying(&mut self, size: usize) -> Result<(u32, &'a [u8])> {
        let (maximum, offset, count) = (self.u32()?, self.u32()?, self.u32()?);
        if offset != 0 || count > maximum {
            return Err(COUNT);
        }
        Ok((maximum, self.bytes((count as usize).checked_mul(size).ok_or(CUT)?)?))
    }

    /// The referent of a `[string] wchar_t *`: conformant, varying, and terminated by a NUL, which
    /// is not part of the text.
    pub fn wide_string(&mut self) -> Result<Utf16<'a>> {
        match self.conformant_varying(2)?.1 {
            [text @ .., 0, 0] => Utf16::new(text),
            _ => Err(Error::InvalidToken("NDR: a string without terminator")),
        }
    }

    /// An RPC_SID ([MS-DTYP] 2.4.2.3): a conformant structure, preceded by the number of
    /// subauthorities.
    pub fn sid(&mut self) -> Result<Sid> {
        let count = self.u32()?;
        let (sid, rest) = Sid::split_from(self.rest())?;
        if count as usize != sid.sub_authorities().len() {
            return Err(COUNT);
        }
        self.at = self.bytes.len() - rest.len();
        Ok(sid)
    }
}
