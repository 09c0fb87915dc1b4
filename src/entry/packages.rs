//! The library's packages: their names and capabilities.

use super::abi::*;
use super::boundary::package_info::{self, PackageInfo};
use super::boundary::text::{self, Text};
use crate::mechanism::Mechanism;
use crate::mechanism::Package;
use crate::server;
use crate::types::error::{Error, Result};
use std::sync::atomic::{AtomicU32, Ordering};

/// The capabilities of every package.
const COMMON: ULONG = SECPKG_FLAG_INTEGRITY
    | SECPKG_FLAG_PRIVACY
    | SECPKG_FLAG_CONNECTION
    | SECPKG_FLAG_MULTI_REQUIRED
    | SECPKG_FLAG_IMPERSONATION
    | SECPKG_FLAG_ACCEPT_WIN32_NAME
    | SECPKG_FLAG_NEGOTIABLE
    | SECPKG_FLAG_LOGON
    | SECPKG_FLAG_RESTRICTED_TOKENS;

/// Bytes that Windows allows for SPNEGO around a Kerberos token: its defaults are 48256 and 48000.
const SPNEGO: ULONG = 256;

/// Describes a package as Windows does.
fn describe(package: Package) -> PackageInfo {
    let (capabilities, rpc_id, max_token, comment) = match package {
        Package::Negotiate => (
            COMMON | SECPKG_FLAG_EXTENDED_ERROR | SECPKG_FLAG_GSS_COMPATIBLE,
            9,
            server::current().settings.limits.max_token,
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
            server::current().settings.limits.max_token.saturating_sub(SPNEGO),
            "Microsoft Kerberos V1.0",
        ),
        Package::Only(Mechanism::Ntlm) => {
            (COMMON | SECPKG_FLAG_TOKEN_ONLY, 10, crate::ntlm::MAX_TOKEN, "NTLM Security Package")
        }
    };
    let (name, comment) = (package.name().into(), comment.into());
    PackageInfo { capabilities, version: 1, rpc_id, max_token, name, comment }
}

/// EnumerateSecurityPackages: this library's packages, then `others`.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn enumerate<Char: Text>(
    count: *mut ULONG,
    infos: *mut PSecPkgInfo<Char>,
    others: impl FnOnce() -> Vec<PackageInfo>,
) -> Result<SECURITY_STATUS> {
    if count.is_null() || infos.is_null() {
        return Err(Error::InvalidParameter("NULL for an output"));
    }
    let packages: Vec<PackageInfo> =
        Package::ALL.iter().copied().map(describe).chain(others()).collect();
    let all = package_info::allocate(&packages)?;
    // SAFETY: C caller's contract, outputs.
    unsafe {
        count.write_unaligned(packages.len() as ULONG);
        infos.write_unaligned(all);
    }
    Ok(SEC_E_OK)
}

/// QuerySecurityPackageInfo; `other` describes a package that is not this library's.
///
/// # Safety
/// As the function's own.
pub(super) unsafe fn query<Char: Text>(
    name: *const Char,
    info: *mut PSecPkgInfo<Char>,
    other: impl FnOnce(&str) -> Result<PackageInfo>,
) -> Result<SECURITY_STATUS> {
    if info.is_null() {
        return Err(Error::InvalidParameter("NULL for an output"));
    }
    // SAFETY: C caller's contract, strings.
    let name = unsafe { text::read(name)? }.ok_or(Error::PackageNotFound)?;
    let description = match Package::from_name(&name) {
        Ok(package) => describe(package),
        Err(_) => other(&name)?,
    };
    let one = package_info::allocate(&[description])?;
    // SAFETY: C caller's contract, outputs.
    unsafe { info.write_unaligned(one) };
    Ok(SEC_E_OK)
}

/// Mechanisms that DeleteSecurityPackage has excluded from Negotiate: bits by their positions in
/// [`Mechanism::ALL`].
static DELETED: AtomicU32 = AtomicU32::new(0);

fn place(mechanism: Mechanism) -> u32 {
    Mechanism::ALL.iter().position(|&other| other == mechanism).map_or(0, |place| 1 << place)
}

/// Whether DeleteSecurityPackage has excluded the mechanism from Negotiate.
pub(super) fn deleted(mechanism: Mechanism) -> bool {
    DELETED.load(Ordering::Relaxed) & place(mechanism) != 0
}

/// AddSecurityPackage and DeleteSecurityPackage: whether Negotiate's credentials that are acquired
/// from now on have the mechanism. A mechanism that the configuration excludes stays excluded.
pub(super) fn offer(package: Package, offered: bool) -> Result<SECURITY_STATUS> {
    let Package::Only(mechanism) = package else {
        return Err(Error::Unsupported("Negotiate is no package of its own"));
    };
    let bit = place(mechanism);
    if offered {
        DELETED.fetch_and(!bit, Ordering::Relaxed);
    } else if DELETED.fetch_or(bit, Ordering::Relaxed) & bit != 0 {
        return Err(Error::PackageNotFound);
    }
    Ok(SEC_E_OK)
}

/// The package that the caller names.
///
/// # Safety
/// `name` is NULL or points to characters that end with a zero.
pub(super) unsafe fn named<Char: Text>(name: *const Char) -> Result<Package> {
    // SAFETY: C caller's contract, strings.
    let name = unsafe { text::read(name)? };
    Package::from_name(&name.ok_or(Error::PackageNotFound)?)
}

/// A description of a package, which the caller frees.
pub(super) fn of<Char: Text>(package: Package) -> Result<*mut SecPkgInfo<Char>> {
    package_info::allocate(&[describe(package)])
}
