//! SEC_WINNT_AUTH_IDENTITY_EX2: one block of memory, in which everything is found by its offset from the beginning of
//! the structure that names it.

use super::abi::*;
use super::identity::{AuthData, ENCRYPTED};
use super::text::Text;
use crate::credential::Identity;
use crate::error::{Error, Result};
use crate::kerberos::keytab::Keytab;
use std::mem::offset_of;
use zeroize::Zeroizing;

/// The longest block: its lengths have 16 bits, and there are four of them.
pub(super) const LONGEST: usize = 5 << 16;

const MALFORMED: Error = Error::UnknownCredentials("SEC_WINNT_AUTH_IDENTITY_EX2: an offset or a length that cannot be");

/// Reads the whole block, `cbStructureLength` bytes.
pub(super) fn read(block: &[u8]) -> Result<AuthData> {
    type Ex2 = SEC_WINNT_AUTH_IDENTITY_EX2;
    let header = Header::of(block, offset_of!(Ex2, cbHeaderLength), offset_of!(Ex2, PackageListLength) + 2)?;
    let flags = u32_at(block, offset_of!(Ex2, Flags)).ok_or(MALFORMED)?;
    // That all is in one block goes without saying here.
    if flags & ENCRYPTED & !SEC_WINNT_AUTH_IDENTITY_MARSHALLED != 0 {
        return Err(Error::UnknownCredentials("an identity that is encrypted"));
    }
    let ansi = flags & (SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_UNICODE) == SEC_WINNT_AUTH_IDENTITY_ANSI;
    let text = |offset, length| -> Result<Option<Zeroizing<String>>> {
        match header.part(block, offset, length)? {
            [] => Ok(None),
            bytes if ansi => narrow(bytes).map(Some),
            bytes => wide(bytes).map(Some),
        }
    };
    let user = text(offset_of!(Ex2, UserOffset), offset_of!(Ex2, UserLength))?;
    let domain = text(offset_of!(Ex2, DomainOffset), offset_of!(Ex2, DomainLength))?;
    let packages = text(offset_of!(Ex2, PackageListOffset), offset_of!(Ex2, PackageListLength))?;
    let packed = header.part(block, offset_of!(Ex2, PackedCredentialsOffset), offset_of!(Ex2, PackedCredentialsLength))?;
    let (password, keytab) = match packed {
        [] => (None, None),
        packed => match unpack(packed)? {
            Packed::Password(password) => (Some(password), None),
            Packed::Keytab(keytab) => (None, Some(keytab)),
        },
    };
    let named = user.is_some() || password.is_some();
    let identity = named.then(|| Identity {
        user: user.map(|user| user.to_string()).unwrap_or_default(),
        domain: domain.map(|domain| domain.to_string()).unwrap_or_default(),
        password: password.unwrap_or_default(),
    });
    Ok(AuthData { identity, packages: packages.map(|list| list.to_string()), keytab })
}

/// What SEC_WINNT_AUTH_PACKED_CREDENTIALS holds.
enum Packed {
    Password(Zeroizing<String>),
    Keytab(Keytab),
}

fn unpack(packed: &[u8]) -> Result<Packed> {
    type Credentials = SEC_WINNT_AUTH_PACKED_CREDENTIALS;
    const DATA: usize = offset_of!(Credentials, AuthData) + offset_of!(SEC_WINNT_AUTH_DATA, CredData);
    let offset = DATA + offset_of!(SEC_WINNT_AUTH_BYTE_VECTOR, ByteArrayOffset);
    let length = DATA + offset_of!(SEC_WINNT_AUTH_BYTE_VECTOR, ByteArrayLength);
    let total = u16_at(packed, offset_of!(Credentials, cbStructureLength)).ok_or(MALFORMED)?;
    let packed = packed.get(..total.into()).ok_or(MALFORMED)?;
    let header = Header::of(packed, offset_of!(Credentials, cbHeaderLength), length + 2)?;
    let data = header.part(packed, offset, length)?;
    let kind = guid_at(packed, offset_of!(Credentials, AuthData) + offset_of!(SEC_WINNT_AUTH_DATA, CredType));
    if kind == Some(SEC_WINNT_AUTH_DATA_TYPE_KEYTAB) {
        let keytab = Keytab::parse(data).map_err(|_| Error::UnknownCredentials("packed credentials: not a keytab"))?;
        if keytab.entries().is_empty() {
            return Err(Error::UnknownCredentials("packed credentials: a keytab without a key that can be used"));
        }
        Ok(Packed::Keytab(keytab))
    } else if kind == Some(SEC_WINNT_AUTH_DATA_TYPE_PASSWORD) {
        wide(password(packed, data)?).map(Packed::Password)
    } else {
        Err(Error::UnknownCredentials("packed credentials that are neither a keytab nor a password"))
    }
}

/// The characters of a password: `data` itself, or what the SEC_WINNT_AUTH_DATA_PASSWORD in it leads to. No password
/// looks like the latter, whose offset would be a zero as the second character.
fn password<'a>(packed: &'a [u8], data: &'a [u8]) -> Result<&'a [u8]> {
    const VECTOR: usize = size_of::<SEC_WINNT_AUTH_DATA_PASSWORD>();
    let vector = (data.len() >= VECTOR).then(|| u32_at(data, 0)).flatten();
    let Some(offset) = vector.filter(|&offset| offset <= u16::MAX.into()) else { return Ok(data) };
    let length = u16_at(data, offset_of!(SEC_WINNT_AUTH_BYTE_VECTOR, ByteArrayLength)).ok_or(MALFORMED)?;
    // The offset is from the password's own structure; but whoever counts from the packed credentials' comes out behind
    // both of them.
    let from = if (offset as usize) < size_of::<SEC_WINNT_AUTH_PACKED_CREDENTIALS>() + VECTOR { data } else { packed };
    slice(from, offset, length).filter(|_| offset as usize >= VECTOR).ok_or(MALFORMED)
}

/// A header by its length, in a block.
struct Header {
    length: u16,
}

impl Header {
    /// The header whose length is at `at`, of at least as many bytes as its members take.
    fn of(block: &[u8], at: usize, members: usize) -> Result<Header> {
        let length = u16_at(block, at).ok_or(MALFORMED)?;
        let possible = members..=block.len();
        possible.contains(&length.into()).then_some(Header { length }).ok_or(MALFORMED)
    }

    /// What the offset and the length at these places lead to, behind the header; nothing if the length is 0.
    fn part<'a>(&self, block: &'a [u8], offset: usize, length: usize) -> Result<&'a [u8]> {
        let offset = u32_at(block, offset).ok_or(MALFORMED)?;
        match u16_at(block, length).ok_or(MALFORMED)? {
            0 => Ok(&[]),
            _ if offset < self.length.into() => Err(MALFORMED),
            length => slice(block, offset, length).ok_or(MALFORMED),
        }
    }
}

fn slice(block: &[u8], offset: u32, length: u16) -> Option<&[u8]> {
    block.get(usize::try_from(offset).ok()?..)?.get(..length.into())
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

/// Text of the A functions.
fn narrow(bytes: &[u8]) -> Result<Zeroizing<String>> {
    let characters: Zeroizing<Vec<SEC_CHAR>> = Zeroizing::new(bytes.iter().map(|&byte| byte as SEC_CHAR).collect());
    SEC_CHAR::decode(&characters).map_err(|_| MALFORMED)
}

/// UTF-16, which may begin at an odd address.
fn wide(bytes: &[u8]) -> Result<Zeroizing<String>> {
    let (pairs, odd) = bytes.as_chunks();
    if !odd.is_empty() {
        return Err(MALFORMED);
    }
    let characters = Zeroizing::new(pairs.iter().map(|&pair| u16::from_ne_bytes(pair)).collect::<Vec<SEC_WCHAR>>());
    SEC_WCHAR::decode(&characters).map_err(|_| MALFORMED)
}

#[cfg(test)]
mod tests;
