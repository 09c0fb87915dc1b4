//! Identities as bytes, to be stored or sent: SspiMarshalAuthIdentity and
//! SspiUnmarshalAuthIdentity. The layout is that of Windows: a SEC_WINNT_AUTH_IDENTITY_EX2
//! unchanged; for the others the 32-bit form of SEC_WINNT_AUTH_IDENTITY_EX with offsets from its
//! start in place of pointers, followed by the strings. Windows has some more bytes at the end,
//! without meaning.

use super::allocate::{PADDING, put};
use super::ex2::{self, Block};
use super::known;
use super::owned::{OwnedIdentity, Part, TEXT};
use crate::entry::abi::*;
use crate::entry::boundary::text;
use crate::types::allocation;
use crate::types::error::{Error, Result};
use zeroize::Zeroizing;

const MALFORMED: Error = Error::UnknownCredentials("bytes that are no identity");

/// Offsets of the header's members.
const VERSION: usize = 0;
const LENGTH: usize = 4;
const USER: usize = 8;
const DOMAIN: usize = 16;
const PASSWORD: usize = 24;
const FLAGS: usize = 32;
const PACKAGES: usize = 36;
const HEADER: usize = 44;

/// Bytes after the strings.
const END: usize = 4;

/// The bytes of a SEC_WINNT_AUTH_IDENTITY_EX2.
pub(super) fn of_block(block: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    allocation::concat(&[block, &[0; PADDING]]).map(Zeroizing::new)
}

/// The bytes of any other identity.
pub(super) fn of_strings(content: &OwnedIdentity) -> Result<Zeroizing<Vec<u8>>> {
    let unit = unit(content.ansi);
    let parts = [
        (&content.user, USER),
        (&content.domain, DOMAIN),
        (&content.credentials, PASSWORD),
        (&content.packages, PACKAGES),
    ];
    let length: usize =
        parts.iter().filter_map(|part| part.0.as_ref()).map(|part| part.len()).sum();
    let mut bytes = Zeroizing::new(allocation::vec(HEADER + length + END)?);
    bytes.resize(HEADER, 0);
    let text =
        if content.ansi { SEC_WINNT_AUTH_IDENTITY_ANSI } else { SEC_WINNT_AUTH_IDENTITY_UNICODE };
    put(&mut bytes, VERSION, &SEC_WINNT_AUTH_IDENTITY_VERSION.to_ne_bytes());
    put(&mut bytes, LENGTH, &(HEADER as ULONG).to_ne_bytes());
    put(&mut bytes, FLAGS, &(content.flags & !TEXT | text).to_ne_bytes());
    for (part, at) in parts {
        let Some(part) = part else { continue };
        let (offset, length) = (bytes.len() as ULONG, (part.len() / unit) as ULONG);
        put(&mut bytes, at, &offset.to_ne_bytes());
        put(&mut bytes, at + 4, &length.to_ne_bytes());
        bytes.extend_from_slice(part);
    }
    bytes.extend([0; END]);
    Ok(bytes)
}

/// A parsed identity.
pub(super) enum Identity<'a> {
    /// A SEC_WINNT_AUTH_IDENTITY_EX2.
    Block(&'a [u8]),
    /// Any other.
    Strings(OwnedIdentity),
}

/// Parses untrusted bytes.
pub(super) fn parse(bytes: &[u8]) -> Result<Identity<'_>> {
    match word(bytes, VERSION)? {
        SEC_WINNT_AUTH_IDENTITY_VERSION => strings(bytes).map(Identity::Strings),
        SEC_WINNT_AUTH_IDENTITY_VERSION_2 => {
            let length =
                word(bytes, std::mem::offset_of!(SEC_WINNT_AUTH_IDENTITY_EX2, cbStructureLength))?
                    as usize;
            let block = bytes.get(..length).filter(|_| length <= ex2::LONGEST).ok_or(MALFORMED)?;
            known(Block::new(block)?.flags)?;
            Ok(Identity::Block(block))
        }
        _ => Err(MALFORMED),
    }
}

fn strings(bytes: &[u8]) -> Result<OwnedIdentity> {
    let header = word(bytes, LENGTH)? as usize;
    if !(HEADER..=bytes.len()).contains(&header) {
        return Err(MALFORMED);
    }
    let flags = word(bytes, FLAGS)?;
    known(flags)?;
    let ansi = match flags & TEXT {
        SEC_WINNT_AUTH_IDENTITY_ANSI => true,
        SEC_WINNT_AUTH_IDENTITY_UNICODE | 0 => false,
        _ => return Err(MALFORMED),
    };
    let part = |at: usize| -> Result<Part> {
        let (offset, length) = (word(bytes, at)? as usize, word(bytes, at + 4)? as usize);
        match offset {
            // Empty text is different from no text.
            0 if length == 0 => Ok(None),
            _ if offset < header || length > text::LONGEST => Err(MALFORMED),
            _ => {
                let part = bytes
                    .get(offset..)
                    .and_then(|rest| rest.get(..length * unit(ansi)))
                    .ok_or(MALFORMED)?;
                Ok(Some(Zeroizing::new(allocation::copy(part)?)))
            }
        }
    };
    let (user, domain, credentials, packages) =
        (part(USER)?, part(DOMAIN)?, part(PASSWORD)?, part(PACKAGES)?);
    Ok(OwnedIdentity { flags, ansi, user, domain, credentials, packed: false, packages })
}

/// Bytes of a character.
fn unit(ansi: bool) -> usize {
    if ansi { size_of::<SEC_CHAR>() } else { size_of::<SEC_WCHAR>() }
}

fn word(bytes: &[u8], at: usize) -> Result<ULONG> {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk().copied())
        .map(ULONG::from_ne_bytes)
        .ok_or(MALFORMED)
}
