//! Identities that the library makes, for SspiFreeAuthIdentity to free: one allocation each.

use super::owned::{OwnedIdentity, Part, TEXT};
use crate::entry::abi::*;
use crate::entry::boundary::memory;
use crate::types::allocation;
use crate::types::error::{Error, Result};
use std::mem::offset_of;
use std::ptr::{NonNull, null_mut};
use zeroize::Zeroizing;

/// Bytes that Windows has after each SEC_WINNT_AUTH_IDENTITY_EX2, for its encryption.
pub(super) const PADDING: usize = 8;

/// Allocates the identity: SEC_WINNT_AUTH_IDENTITY_EX for a password, as on Windows, else
/// SEC_WINNT_AUTH_IDENTITY_EX2.
pub(super) fn store(content: &OwnedIdentity) -> Result<NonNull<u8>> {
    match content.packed {
        true => store_block(&block(content)?),
        false => store_strings(content),
    }
}

/// Allocates a copy of a SEC_WINNT_AUTH_IDENTITY_EX2.
pub(super) fn store_block(block: &[u8]) -> Result<NonNull<u8>> {
    let start = memory::allocate(block.len() + PADDING)?;
    // SAFETY: `allocate` returned more than as many new bytes.
    unsafe { start.as_ptr().copy_from_nonoverlapping(block.as_ptr(), block.len()) };
    Ok(start)
}

/// The flags of an identity in one block.
fn flags(content: &OwnedIdentity) -> ULONG {
    let text =
        if content.ansi { SEC_WINNT_AUTH_IDENTITY_ANSI } else { SEC_WINNT_AUTH_IDENTITY_UNICODE };
    content.flags & !TEXT | text | SEC_WINNT_AUTH_IDENTITY_MARSHALLED
}

/// SEC_WINNT_AUTH_IDENTITY_EX followed by its strings, each with a terminating zero that its length
/// does not count.
fn store_strings(content: &OwnedIdentity) -> Result<NonNull<u8>> {
    type Ex = SEC_WINNT_AUTH_IDENTITY_EX<u8>;
    let unit = if content.ansi { size_of::<SEC_CHAR>() } else { size_of::<SEC_WCHAR>() };
    let parts = [&content.user, &content.domain, &content.credentials, &content.packages];
    let length: usize =
        parts.iter().filter_map(|part| part.as_ref()).map(|part| part.len() + unit).sum();
    let start = memory::allocate(size_of::<Ex>() + length)?;
    let mut at = size_of::<Ex>();
    let mut string = |part: &Part| {
        let Some(part) = part else { return (null_mut(), 0) };
        // SAFETY: the allocation has room for the structure and for all parts with their zeros, and
        // each part is written once.
        let string = unsafe { start.add(at) }.as_ptr();
        // SAFETY: likewise; the memory is new.
        unsafe { string.copy_from_nonoverlapping(part.as_ptr(), part.len()) };
        at += part.len() + unit;
        (string, (part.len() / unit) as ULONG)
    };
    let [user, domain, password, packages] = parts.map(&mut string);
    let ex = Ex {
        Version: SEC_WINNT_AUTH_IDENTITY_VERSION,
        Length: size_of::<Ex>() as ULONG,
        User: user.0,
        UserLength: user.1,
        Domain: domain.0,
        DomainLength: domain.1,
        Password: password.0,
        PasswordLength: password.1,
        Flags: flags(content),
        PackageList: packages.0,
        PackageListLength: packages.1,
    };
    // SAFETY: there is room for it, aligned for every structure.
    unsafe { start.cast::<Ex>().write(ex) };
    Ok(start)
}

/// SEC_WINNT_AUTH_IDENTITY_EX2 followed by its parts.
pub(super) fn block(content: &OwnedIdentity) -> Result<Zeroizing<Vec<u8>>> {
    type Ex2 = SEC_WINNT_AUTH_IDENTITY_EX2;
    let parts = [
        (&content.user, offset_of!(Ex2, UserOffset), offset_of!(Ex2, UserLength)),
        (&content.domain, offset_of!(Ex2, DomainOffset), offset_of!(Ex2, DomainLength)),
        (
            &content.credentials,
            offset_of!(Ex2, PackedCredentialsOffset),
            offset_of!(Ex2, PackedCredentialsLength),
        ),
        (&content.packages, offset_of!(Ex2, PackageListOffset), offset_of!(Ex2, PackageListLength)),
    ];
    let length: usize = size_of::<Ex2>()
        + parts.iter().filter_map(|part| part.0.as_ref()).map(|part| part.len()).sum::<usize>();
    let mut block = Zeroizing::new(allocation::vec(length)?);
    block.resize(size_of::<Ex2>(), 0);
    put(&mut block, offset_of!(Ex2, Version), &SEC_WINNT_AUTH_IDENTITY_VERSION_2.to_ne_bytes());
    put(&mut block, offset_of!(Ex2, cbHeaderLength), &(size_of::<Ex2>() as USHORT).to_ne_bytes());
    put(&mut block, offset_of!(Ex2, cbStructureLength), &(length as ULONG).to_ne_bytes());
    put(&mut block, offset_of!(Ex2, Flags), &flags(content).to_ne_bytes());
    for (part, offset_at, length_at) in parts {
        let Some(part) = part.as_ref().filter(|part| !part.is_empty()) else { continue };
        let length = USHORT::try_from(part.len()).map_err(|_| TOO_LONG)?;
        let offset = block.len() as ULONG;
        put(&mut block, offset_at, &offset.to_ne_bytes());
        put(&mut block, length_at, &length.to_ne_bytes());
        block.extend_from_slice(part);
    }
    Ok(block)
}

const TOO_LONG: Error =
    Error::UnknownCredentials("an identity with more than SEC_WINNT_AUTH_IDENTITY_EX2 can hold");

/// SEC_WINNT_AUTH_PACKED_CREDENTIALS followed by its data.
pub(super) fn pack(kind: GUID, data: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    type Persist = SEC_WINNT_AUTH_PACKED_CREDENTIALS;
    const DATA: usize = offset_of!(Persist, AuthData) + offset_of!(SEC_WINNT_AUTH_DATA, CredData);
    const HEADER: usize = size_of::<Persist>();
    let length = USHORT::try_from(HEADER + data.len()).map_err(|_| TOO_LONG)?;
    let data_length = length - HEADER as USHORT;
    let mut packed = Zeroizing::new(allocation::vec(length.into())?);
    packed.resize(HEADER, 0);
    put(&mut packed, offset_of!(Persist, cbHeaderLength), &(HEADER as USHORT).to_ne_bytes());
    put(&mut packed, offset_of!(Persist, cbStructureLength), &length.to_ne_bytes());
    let type_at = offset_of!(Persist, AuthData) + offset_of!(SEC_WINNT_AUTH_DATA, CredType);
    put(&mut packed, type_at + offset_of!(GUID, Data1), &kind.Data1.to_ne_bytes());
    put(&mut packed, type_at + offset_of!(GUID, Data2), &kind.Data2.to_ne_bytes());
    put(&mut packed, type_at + offset_of!(GUID, Data3), &kind.Data3.to_ne_bytes());
    put(&mut packed, type_at + offset_of!(GUID, Data4), &kind.Data4);
    put(
        &mut packed,
        DATA + offset_of!(SEC_WINNT_AUTH_BYTE_VECTOR, ByteArrayOffset),
        &(HEADER as ULONG).to_ne_bytes(),
    );
    put(
        &mut packed,
        DATA + offset_of!(SEC_WINNT_AUTH_BYTE_VECTOR, ByteArrayLength),
        &data_length.to_ne_bytes(),
    );
    packed.extend_from_slice(data);
    Ok(packed)
}

/// Writes a member of a structure in bytes.
pub(super) fn put(structure: &mut [u8], at: usize, member: &[u8]) {
    structure.iter_mut().skip(at).zip(member).for_each(|(to, from)| *to = *from);
}
