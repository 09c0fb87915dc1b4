//! What the packages are called and what they can do.

use super::abi::*;
use super::boundary::memory;
use super::boundary::text;
use super::boundary::text::Text;
use super::forward;
use crate::config;
use crate::mechanism::Mechanism;
use crate::server::credential::Package;
use crate::types::error::{Error, Result};
use std::borrow::Cow;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

/// A package as programs are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Description {
    pub(super) capabilities: ULONG,
    pub(super) version: USHORT,
    /// RPC_C_AUTHN_GSS_NEGOTIATE, RPC_C_AUTHN_GSS_KERBEROS, RPC_C_AUTHN_WINNT, ...
    pub(super) rpc_id: USHORT,
    /// Longest token in bytes: programs trust it as the size of their buffers.
    pub(super) max_token: ULONG,
    pub(super) name: Cow<'static, str>,
    pub(super) comment: Cow<'static, str>,
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

/// What Windows allows for SPNEGO around a Kerberos token, in bytes: with the defaults 48256 and
/// 48000.
const SPNEGO: ULONG = 256;

/// A package of ours as Windows describes its own.
fn describe(package: Package) -> Description {
    let (capabilities, rpc_id, max_token, comment) = match package {
        Package::Negotiate => (
            COMMON | SECPKG_FLAG_EXTENDED_ERROR | SECPKG_FLAG_GSS_COMPATIBLE,
            9,
            config::current().limits.max_token,
            "Microsoft Package Negotiator",
        ),
        Package::Only(Mechanism::Kerberos) => (
            COMMON
                | SECPKG_FLAG_TOKEN_ONLY
                | SECPKG_FLAG_DATAGRAM
                | SECPKG_FLAG_EXTENDED_ERROR
                | SECPKG_FLAG_GSS_COMPATIBLE
                | SECPKG_FLAG_MUTUAL_AUTH
                | SECPKG_FLAG_DELEGATION
                | SECPKG_FLAG_READONLY_WITH_CHECKSUM,
            16,
            config::current().limits.max_token.saturating_sub(SPNEGO),
            "Microsoft Kerberos V1.0",
        ),
        Package::Only(Mechanism::Ntlm) => {
            (COMMON | SECPKG_FLAG_TOKEN_ONLY, 10, crate::ntlm::MAX_TOKEN, "NTLM Security Package")
        }
    };
    let (name, comment) = (package.name().into(), comment.into());
    Description { capabilities, version: 1, rpc_id, max_token, name, comment }
}

/// EnumerateSecurityPackages: ours, and what else the system has.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn enumerate<Char: Text>(
    count: *mut ULONG,
    infos: *mut PSecPkgInfo<Char>,
) -> Result<SECURITY_STATUS> {
    if count.is_null() || infos.is_null() {
        return Err(Error::InvalidParameter("NULL for an output"));
    }
    let packages: Vec<Description> =
        Package::ALL.iter().copied().map(describe).chain(forward::others()).collect();
    let all = give(&packages)?;
    // SAFETY: neither is NULL, so both point to what their types say by the caller's promise.
    unsafe {
        count.write_unaligned(packages.len() as ULONG);
        infos.write_unaligned(all);
    }
    Ok(SEC_E_OK)
}

/// QuerySecurityPackageInfo.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn query<Char: Text>(
    name: *const Char,
    info: *mut PSecPkgInfo<Char>,
) -> Result<SECURITY_STATUS> {
    if info.is_null() {
        return Err(Error::InvalidParameter("NULL for an output"));
    }
    // SAFETY: the caller's promise is this function's own.
    let name = unsafe { text::read(name)? }.ok_or(Error::PackageNotFound)?;
    let description = match Package::from_name(&name) {
        Ok(package) => describe(package),
        Err(_) => forward::package(&name)?,
    };
    let one = give(&[description])?;
    // SAFETY: not NULL, so it points to a pointer by the caller's promise.
    unsafe { info.write_unaligned(one) };
    Ok(SEC_E_OK)
}

/// Mechanisms that DeleteSecurityPackage took from Negotiate, by their places in
/// [`Mechanism::ALL`].
static DELETED: AtomicU32 = AtomicU32::new(0);

fn place(mechanism: Mechanism) -> u32 {
    Mechanism::ALL.iter().position(|&other| other == mechanism).map_or(0, |place| 1 << place)
}

/// Negotiate does without the mechanism: the program has said so.
pub(super) fn deleted(mechanism: Mechanism) -> bool {
    DELETED.load(Ordering::Relaxed) & place(mechanism) != 0
}

/// AddSecurityPackage and DeleteSecurityPackage: whether credentials of Negotiate that are acquired
/// from now on have the mechanism. What the configuration does not allow is not added. `system` is
/// asked about packages of the system's.
///
/// # Safety
/// As the functions' own.
pub(super) unsafe fn offer<Char: Text>(
    name: *const Char,
    offered: bool,
    system: impl FnOnce() -> Option<SECURITY_STATUS>,
) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    match unsafe { named(name) } {
        Ok(Package::Only(mechanism)) if offered => {
            DELETED.fetch_and(!place(mechanism), Ordering::Relaxed)
        }
        Ok(Package::Only(mechanism)) => {
            let before = DELETED.fetch_or(place(mechanism), Ordering::Relaxed);
            if before & place(mechanism) != 0 {
                return Err(Error::PackageNotFound);
            }
            before
        }
        Ok(Package::Negotiate) => {
            return Err(Error::Unsupported("Negotiate is no package of its own"));
        }
        Err(Error::PackageNotFound) if !name.is_null() => {
            // Wine's functions are there and do nothing.
            const E_NOTIMPL: SECURITY_STATUS = 0x8000_4001_u32.cast_signed();
            return system().filter(|&status| status != E_NOTIMPL).ok_or(Error::PackageNotFound);
        }
        Err(error) => return Err(error),
    };
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

/// A description of one of our packages, which the caller frees.
pub(super) fn of<Char: Text>(package: Package) -> Result<*mut SecPkgInfo<Char>> {
    give(&[describe(package)])
}

/// `packages` with their strings, in one allocation that the caller frees.
fn give<Char: Text>(packages: &[Description]) -> Result<*mut SecPkgInfo<Char>> {
    let encoded: Vec<_> =
        packages.iter().map(|d| (Char::encode(&d.name), Char::encode(&d.comment), d)).collect();
    let array = size_of::<SecPkgInfo<Char>>() * packages.len();
    let strings: usize = encoded
        .iter()
        .map(|(name, comment, _)| size_of_val(&name[..]) + size_of_val(&comment[..]))
        .sum();
    let start: NonNull<u8> = memory::allocate(array + strings)?;
    let infos = start.cast::<SecPkgInfo<Char>>().as_ptr();
    // SAFETY: the strings follow the array, within the allocation.
    let mut free = unsafe { start.as_ptr().add(array) }.cast::<Char>();
    let mut place = |characters: &[Char]| {
        let at = free;
        // SAFETY: `strings` is the sum of all that is placed; a character needs no more alignment
        // than the array.
        unsafe {
            at.copy_from_nonoverlapping(characters.as_ptr(), characters.len());
            free = at.add(characters.len());
        }
        at
    };
    for (n, (name, comment, description)) in encoded.iter().enumerate() {
        let info = SecPkgInfo {
            fCapabilities: description.capabilities,
            wVersion: description.version,
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
