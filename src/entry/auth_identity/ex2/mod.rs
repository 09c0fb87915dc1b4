//! SEC_WINNT_AUTH_IDENTITY_EX2: one block of memory. Offsets count from the start of the structure
//! that contains them.

#[cfg(test)]
mod tests;

use crate::entry::abi::*;
use crate::entry::boundary::text::utf16_from_bytes;
use crate::types::allocation;
use crate::types::error::{Error, Result};
use std::mem::offset_of;
use std::ops::Range;
use zeroize::Zeroizing;

/// The longest block: it has four parts with 16-bit lengths.
pub(crate) const LONGEST: usize = 5 << 16;

const MALFORMED: Error =
    Error::UnknownCredentials("SEC_WINNT_AUTH_IDENTITY_EX2: an offset or a length that cannot be");

/// Credentials of an account.
pub(crate) enum Credentials {
    /// A password.
    Password(Zeroizing<String>),
    /// Other packed credentials: their type and data.
    Persist(GUID, Zeroizing<Vec<u8>>),
}

/// The error of text that cannot be decoded.
pub(crate) fn unreadable(error: Error) -> Error {
    match error {
        Error::OutOfMemory => error,
        _ => Error::UnknownCredentials("an identity whose text cannot be read"),
    }
}

/// A block's flags and the ranges of its parts.
pub(crate) struct Block {
    pub(crate) flags: ULONG,
    /// The text is that of the A functions.
    pub(crate) ansi: bool,
    /// User, domain, packed credentials, package list; empty if there is none.
    pub(crate) parts: [Range<usize>; 4],
}

impl Block {
    /// Finds the parts in the block, `cbStructureLength` bytes.
    pub(crate) fn new(block: &[u8]) -> Result<Block> {
        type Ex2 = SEC_WINNT_AUTH_IDENTITY_EX2;
        let header = Header::of(
            block,
            offset_of!(Ex2, cbHeaderLength),
            offset_of!(Ex2, PackageListLength) + 2,
        )?;
        let flags = u32_at(block, offset_of!(Ex2, Flags)).ok_or(MALFORMED)?;
        let ansi = flags & (SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_UNICODE)
            == SEC_WINNT_AUTH_IDENTITY_ANSI;
        let parts = [
            header.part(block, offset_of!(Ex2, UserOffset), offset_of!(Ex2, UserLength))?,
            header.part(block, offset_of!(Ex2, DomainOffset), offset_of!(Ex2, DomainLength))?,
            header.part(
                block,
                offset_of!(Ex2, PackedCredentialsOffset),
                offset_of!(Ex2, PackedCredentialsLength),
            )?,
            header.part(
                block,
                offset_of!(Ex2, PackageListOffset),
                offset_of!(Ex2, PackageListLength),
            )?,
        ];
        Ok(Block { flags, ansi, parts })
    }
}

/// Unpacks SEC_WINNT_AUTH_PACKED_CREDENTIALS.
pub(crate) fn unpack(packed: &[u8]) -> Result<Credentials> {
    type Persist = SEC_WINNT_AUTH_PACKED_CREDENTIALS;
    const DATA: usize = offset_of!(Persist, AuthData) + offset_of!(SEC_WINNT_AUTH_DATA, CredData);
    let offset = DATA + offset_of!(SEC_WINNT_AUTH_BYTE_VECTOR, ByteArrayOffset);
    let length = DATA + offset_of!(SEC_WINNT_AUTH_BYTE_VECTOR, ByteArrayLength);
    let total = u16_at(packed, offset_of!(Persist, cbStructureLength)).ok_or(MALFORMED)?;
    let packed = packed.get(..total.into()).ok_or(MALFORMED)?;
    let header = Header::of(packed, offset_of!(Persist, cbHeaderLength), length + 2)?;
    let data = packed.get(header.part(packed, offset, length)?).ok_or(MALFORMED)?;
    let kind =
        guid_at(packed, offset_of!(Persist, AuthData) + offset_of!(SEC_WINNT_AUTH_DATA, CredType))
            .ok_or(MALFORMED)?;
    match kind {
        SEC_WINNT_AUTH_DATA_TYPE_PASSWORD => {
            let text = utf16_from_bytes(password(packed, data)?).map_err(unreadable)?;
            Ok(Credentials::Password(text))
        }
        _ => Ok(Credentials::Persist(kind, Zeroizing::new(allocation::copy(data)?))),
    }
}

/// The characters of a password: `data` itself, or those that the SEC_WINNT_AUTH_DATA_PASSWORD in
/// it points to. A password cannot look like the latter: the high half of its offset would be a
/// zero character.
fn password<'a>(packed: &'a [u8], data: &'a [u8]) -> Result<&'a [u8]> {
    const VECTOR: usize = size_of::<SEC_WINNT_AUTH_DATA_PASSWORD>();
    let vector = (data.len() >= VECTOR).then(|| u32_at(data, 0)).flatten();
    let Some(offset) = vector.filter(|&offset| offset <= u16::MAX.into()) else { return Ok(data) };
    let length =
        u16_at(data, offset_of!(SEC_WINNT_AUTH_BYTE_VECTOR, ByteArrayLength)).ok_or(MALFORMED)?;
    // The offset counts from the password's own structure. Some programs count from the packed
    // credentials: then it is past both structures.
    let from = if (offset as usize) < size_of::<SEC_WINNT_AUTH_PACKED_CREDENTIALS>() + VECTOR {
        data
    } else {
        packed
    };
    let found = range(from, offset, length).filter(|range| range.start >= VECTOR);
    found.and_then(|range| from.get(range)).ok_or(MALFORMED)
}

/// A header by its length, in a block.
struct Header {
    length: u16,
}

impl Header {
    /// The header whose length is at `at`. It has at least `members` bytes.
    fn of(block: &[u8], at: usize, members: usize) -> Result<Header> {
        let length = u16_at(block, at).ok_or(MALFORMED)?;
        let possible = members..=block.len();
        possible.contains(&length.into()).then_some(Header { length }).ok_or(MALFORMED)
    }

    /// The range that the offset and the length at these positions give, which must be after the
    /// header; empty if the length is 0.
    fn part(&self, block: &[u8], offset: usize, length: usize) -> Result<Range<usize>> {
        let offset = u32_at(block, offset).ok_or(MALFORMED)?;
        match u16_at(block, length).ok_or(MALFORMED)? {
            0 => Ok(0..0),
            _ if offset < self.length.into() => Err(MALFORMED),
            length => range(block, offset, length).ok_or(MALFORMED),
        }
    }
}

fn range(block: &[u8], offset: u32, length: u16) -> Option<Range<usize>> {
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(length.into())?;
    (end <= block.len()).then_some(start..end)
}

fn array_at<const N: usize>(block: &[u8], at: usize) -> Option<[u8; N]> {
    block.get(at..)?.first_chunk().copied()
}

fn u16_at(block: &[u8], at: usize) -> Option<u16> {
    array_at(block, at).map(u16::from_ne_bytes)
}

fn u32_at(block: &[u8], at: usize) -> Option<u32> {
    array_at(block, at).map(u32::from_ne_bytes)
}

fn guid_at(block: &[u8], at: usize) -> Option<GUID> {
    Some(GUID {
        Data1: u32_at(block, at)?,
        Data2: u16_at(block, at + offset_of!(GUID, Data2))?,
        Data3: u16_at(block, at + offset_of!(GUID, Data3))?,
        Data4: array_at(block, at + offset_of!(GUID, Data4))?,
    })
}
