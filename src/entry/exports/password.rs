//! The password of an account.

use crate::entry::abi::*;
use crate::entry::boundary::arguments::PasswordArguments;
use crate::entry::boundary::guard::guard;
use crate::entry::credentials::change_password;
use crate::entry::forward::{self, Form};
use crate::entry::packages;
use crate::types::error::{Error, Result};

/// Changes the password of an account in the account file, or by its KDC (RFC 3244) that of an account
/// whose domain is a realm that krb5.conf or the configuration knows. Such a password may have
/// expired.
///
/// \param pszPackageName  "Negotiate", "Kerberos" or "NTLM".
/// \param pszDomainName  The account's domain; may be NULL. It is matched like the domain of a
///     client.
/// \param pszAccountName  The account.
/// \param pszOldPassword  Its password.
/// \param pszNewPassword  Its new password.
/// \param bImpersonating  Ignored: the account file is opened with the rights of the calling
///     thread.
/// \param dwReserved  0.
/// \param pOutput  May be NULL. Its buffers are set empty.
///
/// Returns SEC_E_OK, STATUS_PASSWORD_RESTRICTION (the KDC's policy does not permit the new
/// password), SEC_E_LOGON_DENIED (the same for an unknown account, a wrong password and an
/// account that may not log on), SEC_E_NO_AUTHENTICATING_AUTHORITY (there is no account file, or it
/// cannot be changed; or no KDC replies), SEC_E_SECPKG_NOT_FOUND or SEC_E_INVALID_PARAMETER (NULL, or an empty new
/// password). For a package of the operating system, what its secur32.dll returns.
///
/// # Safety
/// The [C caller's contract](crate::entry).
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
/// The [C caller's contract](crate::entry).
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
            package => change_password::change(package?, arguments),
        }
    }
}
