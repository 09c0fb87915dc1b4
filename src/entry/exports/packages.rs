//! Packages, and the table of all functions.

use crate::entry::abi::*;
use crate::entry::boundary::guard::guard;
use crate::entry::forward::{self, Form};
use crate::entry::packages;
use crate::types::error::{Error, Result};

/// Lists the packages: ours, then those of the system that are not called like one of ours.
///
/// \param pcPackages Receives how many there are. \param ppPackageInfo Receives an array of them,
/// in one allocation with their strings: one FreeContextBuffer.
///
/// Returns SEC_E_OK or SEC_E_INVALID_PARAMETER (NULL).
///
/// # Safety
/// Every pointer that is not NULL points to what its type says.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn EnumerateSecurityPackagesW(
    pcPackages: *mut ULONG,
    ppPackageInfo: *mut PSecPkgInfo<SEC_WCHAR>,
) -> SECURITY_STATUS {
    guard("EnumerateSecurityPackagesW", || {
        // SAFETY: the caller's promise is this function's own.
        unsafe { packages::enumerate(pcPackages, ppPackageInfo, forward::others) }
    })
}

/// EnumerateSecurityPackagesW with ANSI text.
///
/// # Safety
/// As for EnumerateSecurityPackagesW.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn EnumerateSecurityPackagesA(
    pcPackages: *mut ULONG,
    ppPackageInfo: *mut PSecPkgInfo<SEC_CHAR>,
) -> SECURITY_STATUS {
    guard("EnumerateSecurityPackagesA", || {
        // SAFETY: the caller's promise is this function's own.
        unsafe { packages::enumerate(pcPackages, ppPackageInfo, forward::others) }
    })
}

/// Tells about one package.
///
/// \param pszPackageName Its name, in any letter case. \param ppPackageInfo Receives the package,
/// in one allocation with its strings: one FreeContextBuffer.
///
/// Returns SEC_E_OK, SEC_E_SECPKG_NOT_FOUND or SEC_E_INVALID_PARAMETER (NULL).
///
/// # Safety
/// Every pointer that is not NULL points to what its type says; the string ends with a zero
/// character.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QuerySecurityPackageInfoW(
    pszPackageName: *mut SEC_WCHAR,
    ppPackageInfo: *mut PSecPkgInfo<SEC_WCHAR>,
) -> SECURITY_STATUS {
    guard("QuerySecurityPackageInfoW", || {
        // SAFETY: the caller's promise is this function's own.
        unsafe { packages::query(pszPackageName, ppPackageInfo, forward::package) }
    })
}

/// QuerySecurityPackageInfoW with ANSI text.
///
/// # Safety
/// As for QuerySecurityPackageInfoW.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QuerySecurityPackageInfoA(
    pszPackageName: *mut SEC_CHAR,
    ppPackageInfo: *mut PSecPkgInfo<SEC_CHAR>,
) -> SECURITY_STATUS {
    guard("QuerySecurityPackageInfoA", || {
        // SAFETY: the caller's promise is this function's own.
        unsafe { packages::query(pszPackageName, ppPackageInfo, forward::package) }
    })
}

/// Lets Negotiate choose a package again that DeleteSecurityPackageW has taken from it, in
/// credentials that this process acquires from now on. What configuration and package lists leave
/// out stays out.
///
/// \param pszPackageName  "Kerberos" or "NTLM"; others are the system's to add.
/// \param pOptions  Not looked at for these.
///
/// Returns SEC_E_OK, SEC_E_SECPKG_NOT_FOUND or SEC_E_UNSUPPORTED_FUNCTION ("Negotiate"); for
/// others, what the system returns.
///
/// # Safety
/// Every pointer that is not NULL points to what its type says; the string ends with a zero
/// character.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn AddSecurityPackageW(
    pszPackageName: *mut SEC_WCHAR,
    pOptions: PSECURITY_PACKAGE_OPTIONS,
) -> SECURITY_STATUS {
    guard("AddSecurityPackageW", || {
        // SAFETY: the caller's promise is this function's own.
        unsafe { add(pszPackageName, pOptions) }
    })
}

/// AddSecurityPackageW with ANSI text.
///
/// # Safety
/// Every pointer that is not NULL points to what its type says; the string ends with a zero
/// character.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn AddSecurityPackageA(
    pszPackageName: *mut SEC_CHAR,
    pOptions: PSECURITY_PACKAGE_OPTIONS,
) -> SECURITY_STATUS {
    guard("AddSecurityPackageA", || {
        // SAFETY: the caller's promise is this function's own.
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

/// Takes a package from those that Negotiate chooses from, in credentials that this process
/// acquires from now on.
///
/// \param pszPackageName  "Kerberos" or "NTLM"; others are the system's to delete.
///
/// Returns as AddSecurityPackageW.
///
/// # Safety
/// `pszPackageName` is NULL or points to characters that end with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn DeleteSecurityPackageW(
    pszPackageName: *mut SEC_WCHAR,
) -> SECURITY_STATUS {
    guard("DeleteSecurityPackageW", || {
        // SAFETY: the caller's promise is this function's own.
        unsafe { delete(pszPackageName) }
    })
}

/// DeleteSecurityPackageW with ANSI text.
///
/// # Safety
/// `pszPackageName` is NULL or points to characters that end with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn DeleteSecurityPackageA(
    pszPackageName: *mut SEC_CHAR,
) -> SECURITY_STATUS {
    guard("DeleteSecurityPackageA", || {
        // SAFETY: the caller's promise is this function's own.
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
