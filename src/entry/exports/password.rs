//! Passwords of accounts.

use crate::entry::abi::*;
use crate::entry::boundary::arguments::PasswordArguments;
use crate::entry::boundary::guard::guard;
use crate::entry::credentials::change_password;
use crate::entry::forward::{self, Form};
use crate::entry::packages;
use crate::types::error::{Error, Result};

/// Changes the password of an account in the account file.
///
/// \param pszPackageName "Negotiate", "Kerberos" or "NTLM". \param pszDomainName The account's
/// domain; may be NULL. Counts as that of a client does. \param pszAccountName The account. \param
/// pszOldPassword Its password. \param pszNewPassword Its password from now on. \param
/// bImpersonating Ignored: the account file is opened as the process, or the calling thread, may.
/// \param dwReserved 0. \param pOutput May be NULL. Its buffers are made empty.
///
/// Returns SEC_E_OK, SEC_E_LOGON_DENIED (alike for an unknown account, a wrong password and an
/// account that may not log on), SEC_E_NO_AUTHENTICATING_AUTHORITY (there is no account file, or it
/// can't be changed), SEC_E_SECPKG_NOT_FOUND or SEC_E_INVALID_PARAMETER (NULL, or an empty new
/// password). For a package of the system's, what the system returns.
///
/// # Safety
/// Every pointer that is not NULL points to what its type says; strings end with a zero character.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ChangeAccountPasswordW(
    pszPackageName: *mut SEC_WCHAR,
    pszDomainName: *mut SEC_WCHAR,
    pszAccountName: *mut SEC_WCHAR,
    pszOldPassword: *mut SEC_WCHAR,
    pszNewPassword: *mut SEC_WCHAR,
    bImpersonating: BOOLEAN,
    dwReserved: ULONG,
    pOutput: PSecBufferDesc,
) -> SECURITY_STATUS {
    guard("ChangeAccountPasswordW", || {
        let arguments = PasswordArguments {
            package: pszPackageName,
            domain: pszDomainName,
            account: pszAccountName,
            old: pszOldPassword,
            new: pszNewPassword,
            impersonating: bImpersonating,
            reserved: dwReserved,
            output: pOutput,
        };
        // SAFETY: C caller's contract.
        unsafe { change(&arguments) }
    })
}

/// ChangeAccountPasswordW with ANSI text.
///
/// # Safety
/// Every pointer that is not NULL points to what its type says; strings end with a zero character.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ChangeAccountPasswordA(
    pszPackageName: *mut SEC_CHAR,
    pszDomainName: *mut SEC_CHAR,
    pszAccountName: *mut SEC_CHAR,
    pszOldPassword: *mut SEC_CHAR,
    pszNewPassword: *mut SEC_CHAR,
    bImpersonating: BOOLEAN,
    dwReserved: ULONG,
    pOutput: PSecBufferDesc,
) -> SECURITY_STATUS {
    guard("ChangeAccountPasswordA", || {
        let arguments = PasswordArguments {
            package: pszPackageName,
            domain: pszDomainName,
            account: pszAccountName,
            old: pszOldPassword,
            new: pszNewPassword,
            impersonating: bImpersonating,
            reserved: dwReserved,
            output: pOutput,
        };
        // SAFETY: C caller's contract.
        unsafe { change(&arguments) }
    })
}

/// ChangeAccountPassword in either form.
///
/// # Safety
/// As for ChangeAccountPasswordW.
unsafe fn change<Char: Form>(arguments: &PasswordArguments<Char>) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, which secur32.dll asks for too.
    unsafe {
        match packages::named(arguments.package) {
            Err(Error::PackageNotFound) if !arguments.package.is_null() => {
                forward::change_password(arguments)
            }
            package => {
                package?;
                change_password::change(arguments)
            }
        }
    }
}
