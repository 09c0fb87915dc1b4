//! Packages, and the table of all functions.

use crate::entry::abi::*;
use crate::entry::boundary::guard::guard;
use crate::entry::forward::{self, Form};
use crate::entry::packages;
use crate::types::error::{Error, Result};

/// Lists the packages: the library's, then the operating system's with other names.
///
/// \param pcPackages  Receives their number.
/// \param ppPackageInfo  Receives an array of them, in one allocation with their strings: one
///     FreeContextBuffer.
///
/// Returns SEC_E_OK or SEC_E_INVALID_PARAMETER (NULL).
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn EnumerateSecurityPackagesW(
    pcPackages: *mut ULONG,
    ppPackageInfo: *mut PSecPkgInfo<SEC_WCHAR>,
) -> SECURITY_STATUS {
    guard("EnumerateSecurityPackagesW", || {
        // SAFETY: C caller's contract, outputs.
        unsafe { packages::enumerate(pcPackages, ppPackageInfo, forward::others) }
    })
}

/// EnumerateSecurityPackagesW with ANSI text.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn EnumerateSecurityPackagesA(
    pcPackages: *mut ULONG,
    ppPackageInfo: *mut PSecPkgInfo<SEC_CHAR>,
) -> SECURITY_STATUS {
    guard("EnumerateSecurityPackagesA", || {
        // SAFETY: C caller's contract, outputs.
        unsafe { packages::enumerate(pcPackages, ppPackageInfo, forward::others) }
    })
}

/// Describes one package.
///
/// \param pszPackageName  Its name, in any letter case.
/// \param ppPackageInfo  Receives the package, in one allocation with its strings: one
///     FreeContextBuffer.
///
/// Returns SEC_E_OK, SEC_E_SECPKG_NOT_FOUND or SEC_E_INVALID_PARAMETER (NULL).
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QuerySecurityPackageInfoW(
    pszPackageName: *mut SEC_WCHAR,
    ppPackageInfo: *mut PSecPkgInfo<SEC_WCHAR>,
) -> SECURITY_STATUS {
    guard("QuerySecurityPackageInfoW", || {
        // SAFETY: C caller's contract, strings and outputs.
        unsafe { packages::query(pszPackageName, ppPackageInfo, forward::package) }
    })
}

/// QuerySecurityPackageInfoW with ANSI text.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QuerySecurityPackageInfoA(
    pszPackageName: *mut SEC_CHAR,
    ppPackageInfo: *mut PSecPkgInfo<SEC_CHAR>,
) -> SECURITY_STATUS {
    guard("QuerySecurityPackageInfoA", || {
        // SAFETY: C caller's contract, strings and outputs.
        unsafe { packages::query(pszPackageName, ppPackageInfo, forward::package) }
    })
}

/// Undoes DeleteSecurityPackageW: Negotiate may choose the package again, with credentials that
/// this process acquires from now on. The configuration and package lists may still exclude it.
///
/// \param pszPackageName  "Kerberos" or "NTLM"; others are forwarded to the operating system.
/// \param pOptions  Ignored for these.
///
/// Returns SEC_E_OK, SEC_E_SECPKG_NOT_FOUND or SEC_E_UNSUPPORTED_FUNCTION ("Negotiate"); for
/// others, what the operating system's secur32.dll returns.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn AddSecurityPackageW(
    pszPackageName: *mut SEC_WCHAR,
    pOptions: PSECURITY_PACKAGE_OPTIONS,
) -> SECURITY_STATUS {
    guard("AddSecurityPackageW", || {
        // SAFETY: C caller's contract, strings.
        unsafe { add(pszPackageName, pOptions) }
    })
}

/// AddSecurityPackageW with ANSI text.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn AddSecurityPackageA(
    pszPackageName: *mut SEC_CHAR,
    pOptions: PSECURITY_PACKAGE_OPTIONS,
) -> SECURITY_STATUS {
    guard("AddSecurityPackageA", || {
        // SAFETY: C caller's contract, strings.
        unsafe { add(pszPackageName, pOptions) }
    })
}

/// AddSecurityPackage in either form.
///
/// # Safety
/// As for AddSecurityPackageW.
unsafe fn add<Char: Form>(
    name: *mut Char,
    options: PSECURITY_PACKAGE_OPTIONS,
) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, which secur32.dll asks for too.
    unsafe {
        match packages::named(name) {
            Err(Error::PackageNotFound) if !name.is_null() => forward::add_package(name, options),
            package => packages::offer(package?, true),
        }
    }
}

/// Excludes a package from Negotiate's choice, with credentials that this process acquires from now
/// on.
///
/// \param pszPackageName  "Kerberos" or "NTLM"; others are forwarded to the operating system.
///
/// Returns as AddSecurityPackageW.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn DeleteSecurityPackageW(
    pszPackageName: *mut SEC_WCHAR,
) -> SECURITY_STATUS {
    guard("DeleteSecurityPackageW", || {
        // SAFETY: C caller's contract, strings.
        unsafe { delete(pszPackageName) }
    })
}

/// DeleteSecurityPackageW with ANSI text.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn DeleteSecurityPackageA(
    pszPackageName: *mut SEC_CHAR,
) -> SECURITY_STATUS {
    guard("DeleteSecurityPackageA", || {
        // SAFETY: C caller's contract, strings.
        unsafe { delete(pszPackageName) }
    })
}

/// DeleteSecurityPackage in either form.
///
/// # Safety
/// As for DeleteSecurityPackageW.
unsafe fn delete<Char: Form>(name: *mut Char) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, which secur32.dll asks for too.
    unsafe {
        match packages::named(name) {
            Err(Error::PackageNotFound) if !name.is_null() => forward::delete_package(name),
            package => packages::offer(package?, false),
        }
    }
}
