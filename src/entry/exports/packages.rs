//! Packages, and the table of all functions.

use crate::entry::abi::*;
use crate::entry::boundary::guard::{first_call, guard};
use crate::entry::{forward, function_table, packages};

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
        unsafe { packages::enumerate(pcPackages, ppPackageInfo) }
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
        unsafe { packages::enumerate(pcPackages, ppPackageInfo) }
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
        unsafe { packages::query(pszPackageName, ppPackageInfo) }
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
        unsafe { packages::query(pszPackageName, ppPackageInfo) }
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
        unsafe {
            packages::offer(pszPackageName, true, || forward::add_package(pszPackageName, pOptions))
        }
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
        unsafe {
            packages::offer(pszPackageName, true, || forward::add_package(pszPackageName, pOptions))
        }
    })
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
        unsafe {
            packages::offer(pszPackageName, false, || forward::delete_package(pszPackageName))
        }
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
        unsafe {
            packages::offer(pszPackageName, false, || forward::delete_package(pszPackageName))
        }
    })
}

/// The table of all functions, for programs that load the library at run time. Never NULL, never
/// freed.
#[unsafe(no_mangle)]
pub extern "system" fn InitSecurityInterfaceW() -> PSecurityFunctionTable<SEC_WCHAR> {
    first_call();
    forward::own_table().unwrap_or_else(function_table::unicode)
}

/// The table of all functions, those with text in their ANSI form. Never NULL, never freed.
#[unsafe(no_mangle)]
pub extern "system" fn InitSecurityInterfaceA() -> PSecurityFunctionTable<SEC_CHAR> {
    first_call();
    forward::own_table().unwrap_or_else(function_table::ansi)
}
