//! What the packages are called and what they can do.

use super::abi::*;
use super::memory;
use super::text::{self, Text};
use crate::config;
use crate::credential::Package;
use crate::error::{Error, Result};
use crate::mechanism::Mechanism;
use std::ptr::NonNull;

/// A package as Windows describes it.
struct Description {
    capabilities: ULONG,
    /// RPC_C_AUTHN_GSS_NEGOTIATE, RPC_C_AUTHN_GSS_KERBEROS, RPC_C_AUTHN_WINNT.
    rpc_id: USHORT,
    /// Longest token in bytes: programs trust it as the size of their buffers.
    max_token: ULONG,
    comment: &'static str,
}

/// What every package here can do.
const COMMON: ULONG = SECPKG_FLAG_INTEGRITY
    | SECPKG_FLAG_PRIVACY
    | SECPKG_FLAG_CONNECTION
    | SECPKG_FLAG_MULTI_REQUIRED
    | SECPKG_FLAG_IMPERSONATION
    | SECPKG_FLAG_ACCEPT_WIN32_NAME
    | SECPKG_FLAG_NEGOTIABLE
    | SECPKG_FLAG_LOGON
    | SECPKG_FLAG_RESTRICTED_TOKENS;

/// What Windows allows for SPNEGO around a Kerberos token, in bytes: with the defaults 48256 and 48000.
const SPNEGO: ULONG = 256;

fn describe(package: Package) -> Description {
    match package {
        Package::Negotiate => Description {
            capabilities: COMMON | SECPKG_FLAG_EXTENDED_ERROR | SECPKG_FLAG_GSS_COMPATIBLE,
            rpc_id: 9,
            max_token: config::current().limits.max_token,
            comment: "Microsoft Package Negotiator",
        },
        Package::Only(Mechanism::Kerberos) => Description {
            capabilities: COMMON
                | SECPKG_FLAG_TOKEN_ONLY
                | SECPKG_FLAG_DATAGRAM
                | SECPKG_FLAG_EXTENDED_ERROR
                | SECPKG_FLAG_GSS_COMPATIBLE
                | SECPKG_FLAG_MUTUAL_AUTH
                | SECPKG_FLAG_DELEGATION
                | SECPKG_FLAG_READONLY_WITH_CHECKSUM,
            rpc_id: 16,
            max_token: config::current().limits.max_token.saturating_sub(SPNEGO),
            comment: "Microsoft Kerberos V1.0",
        },
        Package::Only(Mechanism::Ntlm) => Description {
            capabilities: COMMON | SECPKG_FLAG_TOKEN_ONLY,
            rpc_id: 10,
            max_token: crate::ntlm::MAX_TOKEN,
            comment: "NTLM Security Package",
        },
    }
}

/// EnumerateSecurityPackages.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn enumerate<Char: Text>(count: *mut ULONG, infos: *mut PSecPkgInfo<Char>) -> Result<SECURITY_STATUS> {
    if count.is_null() || infos.is_null() {
        return Err(Error::InvalidParameter("NULL for an output"));
    }
    let all = give(Package::ALL)?;
    // SAFETY: neither is NULL, so both point to what their types say by the caller's promise.
    unsafe {
        count.write_unaligned(Package::ALL.len() as ULONG);
        infos.write_unaligned(all);
    }
    Ok(SEC_E_OK)
}

/// QuerySecurityPackageInfo.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn query<Char: Text>(name: *const Char, info: *mut PSecPkgInfo<Char>) -> Result<SECURITY_STATUS> {
    if info.is_null() {
        return Err(Error::InvalidParameter("NULL for an output"));
    }
    // SAFETY: the caller's promise is this function's own.
    let package = unsafe { named(name)? };
    let one = give(&[package])?;
    // SAFETY: not NULL, so it points to a pointer by the caller's promise.
    unsafe { info.write_unaligned(one) };
    Ok(SEC_E_OK)
}

/// The package that the caller names.
///
/// # Safety
/// `name` is NULL or points to characters that end with a zero.
pub(super) unsafe fn named<Char: Text>(name: *const Char) -> Result<Package> {
    // SAFETY: the caller's promise is this function's own.
    let name = unsafe { text::read(name)? };
    Package::from_name(&name.ok_or(Error::PackageNotFound)?)
}

/// Descriptions of `packages` with their strings, in one allocation that the caller frees.
pub(super) fn give<Char: Text>(packages: &[Package]) -> Result<*mut SecPkgInfo<Char>> {
    let described = packages.iter().map(|package| (package, describe(*package)));
    let encoded: Vec<_> = described.map(|(p, d)| (Char::encode(p.name()), Char::encode(d.comment), d)).collect();
    let array = size_of::<SecPkgInfo<Char>>() * packages.len();
    let strings: usize = encoded.iter().map(|(name, comment, _)| size_of_val(&name[..]) + size_of_val(&comment[..])).sum();
    let start: NonNull<u8> = memory::allocate(array + strings)?;
    let infos = start.cast::<SecPkgInfo<Char>>().as_ptr();
    // SAFETY: the strings follow the array, within the allocation.
    let mut free = unsafe { start.as_ptr().add(array) }.cast::<Char>();
    let mut place = |characters: &[Char]| {
        let at = free;
        // SAFETY: `strings` is the sum of all that is placed; a character needs no more alignment than the array.
        unsafe {
            at.copy_from_nonoverlapping(characters.as_ptr(), characters.len());
            free = at.add(characters.len());
        }
        at
    };
    for (n, (name, comment, description)) in encoded.iter().enumerate() {
        let info = SecPkgInfo {
            fCapabilities: description.capabilities,
            wVersion: 1,
            wRPCID: description.rpc_id,
            cbMaxToken: description.max_token,
            Name: place(name),
            Comment: place(comment),
        };
        // SAFETY: the array has an element for each of `encoded`.
        unsafe { infos.add(n).write(info) };
    }
    Ok(infos)
}
