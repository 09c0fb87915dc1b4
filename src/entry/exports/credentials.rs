//! Credentials: acquire, free, query.

use crate::entry::abi::*;
use crate::entry::auth_identity::Decrypted;
use crate::entry::boundary::arguments::AcquireArguments;
use crate::entry::boundary::guard::{guard, guard_always};
use crate::entry::credentials::{self, CREDENTIALS};
use crate::entry::exports::route;
use crate::entry::forward::{self, Form};
use crate::entry::handles::{Object, take};
use crate::entry::packages;
use crate::types::error::{Error, Result};
use std::ffi::c_void;
use std::ptr::null_mut;

/// Makes credentials for accepting or initiating contexts.
///
/// \param pszPrincipal  The principal; NULL for the process's own. For outbound use a hint only;
///     for inbound use the one service that Kerberos tickets may be for: HTTP/host, HTTP/host@REALM
///     or an account name, in any letter case. NTLM ignores it.
/// \param pszPackage  "Negotiate", "Kerberos" or "NTLM", in any letter case.
/// \param fCredentialUse  SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND or SECPKG_CRED_BOTH.
/// \param pvLogonId  Ignored; NULL.
/// \param pAuthData  NULL, or a SEC_WINNT_AUTH_IDENTITY_W or _A (as its Flags say), its EX form or
///     its EX2 form, encrypted by SspiEncryptAuthIdentity or not. It is copied. For outbound use,
///     the identity to authenticate as; without a user in it, on Windows and Wine, the user who runs
///     the process, by the system's own secur32.dll ([outbound] provider in the configuration). For
///     inbound use, one of two: an additional account for
///     clients, valid with these credentials only; or the service, by name (HTTP/host, HOST$, or
///     with "Kerberos" any account; the domain is the realm) and password, or in the EX2 form by
///     the bytes of a keytab. A service is not an account for clients. Acquire the credentials of a
///     service once and not per connection: deriving keys from a password is slow. On Linux, the EX
///     form with 0x100 or 0x200 in its Flags is WinPR's SEC_WINNT_AUTH_IDENTITY_WINPR or its _V2:
///     for inbound use, settings behind it may name a SAM file, which is read at once, a callback
///     as of SECPKG_ATTR_AUTH_NTLM_HASH_CB, which goes before the file, and a keytab.
/// \param pGetKeyFn  Ignored; NULL.
/// \param pvGetKeyArgument  Ignored; NULL.
/// \param phCredential  Receives the handle, which FreeCredentialsHandle ends.
/// \param ptsExpiry  Receives the time when they expire, in local time; may be NULL.
///
/// Returns SEC_E_OK, SEC_E_SECPKG_NOT_FOUND, SEC_E_UNKNOWN_CREDENTIALS (pAuthData cannot be used),
/// SEC_E_INVALID_PARAMETER (fCredentialUse, phCredential or text that cannot be read),
/// SEC_E_INSUFFICIENT_MEMORY (the configured number of credentials exists).
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn AcquireCredentialsHandleW(
    pszPrincipal: *mut SEC_WCHAR,
    pszPackage: *mut SEC_WCHAR,
    fCredentialUse: ULONG,
    pvLogonId: *mut c_void,
    pAuthData: *mut c_void,
    pGetKeyFn: SEC_GET_KEY_FN,
    pvGetKeyArgument: *mut c_void,
    phCredential: PCredHandle,
    ptsExpiry: PTimeStamp,
) -> SECURITY_STATUS {
    guard("AcquireCredentialsHandleW", || {
        let arguments = AcquireArguments {
            principal: pszPrincipal,
            package: pszPackage,
            usage: fCredentialUse,
            logon_id: pvLogonId,
            data: pAuthData,
            get_key: pGetKeyFn,
            get_key_argument: pvGetKeyArgument,
            handle: phCredential,
            expiry: ptsExpiry,
        };
        // SAFETY: C caller's contract.
        unsafe { acquire(&arguments) }
    })
}

/// AcquireCredentialsHandleW with ANSI text.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn AcquireCredentialsHandleA(
    pszPrincipal: *mut SEC_CHAR,
    pszPackage: *mut SEC_CHAR,
    fCredentialUse: ULONG,
    pvLogonId: *mut c_void,
    pAuthData: *mut c_void,
    pGetKeyFn: SEC_GET_KEY_FN,
    pvGetKeyArgument: *mut c_void,
    phCredential: PCredHandle,
    ptsExpiry: PTimeStamp,
) -> SECURITY_STATUS {
    guard("AcquireCredentialsHandleA", || {
        let arguments = AcquireArguments {
            principal: pszPrincipal,
            package: pszPackage,
            usage: fCredentialUse,
            logon_id: pvLogonId,
            data: pAuthData,
            get_key: pGetKeyFn,
            get_key_argument: pvGetKeyArgument,
            handle: phCredential,
            expiry: ptsExpiry,
        };
        // SAFETY: C caller's contract.
        unsafe { acquire(&arguments) }
    })
}

/// AcquireCredentialsHandle in either form.
///
/// # Safety
/// As for AcquireCredentialsHandleW.
unsafe fn acquire<Char: Form>(arguments: &AcquireArguments<Char>) -> Result<SECURITY_STATUS> {
    // The package first: the others' answers to wrong arguments are their own.
    // SAFETY: C caller's contract, which secur32.dll asks for too.
    unsafe {
        match packages::named(arguments.package) {
            Err(Error::PackageNotFound) => forward::acquire(&CREDENTIALS, arguments),
            package => credentials::acquire(package?, arguments),
        }
    }
}

/// Adds to credentials, for the contexts that are started from now on.
///
/// \param hCredentials  The handle.
/// \param pszPrincipal  As for AcquireCredentialsHandleW, for a service's keys in pAuthData.
/// \param pszPackage  The credentials' own package, or for Negotiate one of its mechanisms.
/// \param fCredentialUse  A direction that the credentials have.
/// \param pAuthData  As for AcquireCredentialsHandleW. For inbound use, an additional account,
///     which replaces one of the same name, or the service's keys, if there are none yet; for
///     outbound use, the new identity to authenticate as. NULL adds nothing.
/// \param pGetKeyFn  Ignored; NULL.
/// \param pvGetKeyArgument  Ignored; NULL.
/// \param ptsExpiry  Receives the time when they expire, in local time; may be NULL.
///
/// Returns SEC_E_OK, SEC_E_INVALID_HANDLE, SEC_E_SECPKG_NOT_FOUND, SEC_E_UNKNOWN_CREDENTIALS
/// (pAuthData cannot be used, or a service's keys exist already) or SEC_E_INVALID_PARAMETER
/// (fCredentialUse).
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn AddCredentialsW(
    hCredentials: PCredHandle,
    pszPrincipal: *mut SEC_WCHAR,
    pszPackage: *mut SEC_WCHAR,
    fCredentialUse: ULONG,
    pAuthData: *mut c_void,
    pGetKeyFn: SEC_GET_KEY_FN,
    pvGetKeyArgument: *mut c_void,
    ptsExpiry: PTimeStamp,
) -> SECURITY_STATUS {
    guard("AddCredentialsW", || {
        let arguments = AcquireArguments {
            principal: pszPrincipal,
            package: pszPackage,
            usage: fCredentialUse,
            logon_id: null_mut(),
            data: pAuthData,
            get_key: pGetKeyFn,
            get_key_argument: pvGetKeyArgument,
            handle: hCredentials,
            expiry: ptsExpiry,
        };
        // SAFETY: C caller's contract.
        unsafe { add(&arguments) }
    })
}

/// AddCredentialsW with ANSI text.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn AddCredentialsA(
    hCredentials: PCredHandle,
    pszPrincipal: *mut SEC_CHAR,
    pszPackage: *mut SEC_CHAR,
    fCredentialUse: ULONG,
    pAuthData: *mut c_void,
    pGetKeyFn: SEC_GET_KEY_FN,
    pvGetKeyArgument: *mut c_void,
    ptsExpiry: PTimeStamp,
) -> SECURITY_STATUS {
    guard("AddCredentialsA", || {
        let arguments = AcquireArguments {
            principal: pszPrincipal,
            package: pszPackage,
            usage: fCredentialUse,
            logon_id: null_mut(),
            data: pAuthData,
            get_key: pGetKeyFn,
            get_key_argument: pvGetKeyArgument,
            handle: hCredentials,
            expiry: ptsExpiry,
        };
        // SAFETY: C caller's contract.
        unsafe { add(&arguments) }
    })
}

/// AddCredentials in either form: `arguments.handle` is the handle of the credentials.
///
/// # Safety
/// As for AddCredentialsW.
unsafe fn add<Char: Form>(arguments: &AcquireArguments<Char>) -> Result<SECURITY_STATUS> {
    let AcquireArguments { principal, package, usage, data, handle, expiry, .. } = *arguments;
    let (get_key, get_key_argument) = (arguments.get_key, arguments.get_key_argument);
    let add_to_system = |usage, data| {
        forward!(outbound_credentials handle, Char, AddCredentials(
            principal,
            package,
            usage,
            data,
            get_key,
            get_key_argument,
            expiry
        ));
        Err(Error::InvalidHandle("ended meanwhile"))
    };
    // SAFETY: C caller's contract, handles, strings and identities.
    unsafe {
        if route::credentials(handle).is_some() {
            return add_to_system(usage, data);
        }
        // Of credentials of both sides each side is added to alone.
        if usage & SECPKG_CRED_OUTBOUND == 0 || route::outbound_credentials(handle).is_none() {
            return credentials::add(handle, principal, package, usage, data, expiry);
        }
        let identity = Decrypted::of::<Char>(data.cast())?;
        let status = add_to_system(SECPKG_CRED_OUTBOUND, identity.as_ptr().cast())?;
        if status < 0 || usage & SECPKG_CRED_INBOUND == 0 {
            return Ok(status);
        }
        credentials::add(handle, principal, package, SECPKG_CRED_INBOUND, data, null_mut())
    }
}

/// Ends a credentials handle. Contexts made with it continue to work.
///
/// \param phCredential  The handle.
///
/// Returns SEC_E_OK or SEC_E_INVALID_HANDLE.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn FreeCredentialsHandle(phCredential: PCredHandle) -> SECURITY_STATUS {
    guard_always("FreeCredentialsHandle", || {
        // SAFETY: C caller's contract, handles.
        Ok(match unsafe { take(&CREDENTIALS, phCredential)? } {
            Object::Ours(_) => SEC_E_OK,
            Object::Forwarded(handle) => {
                forward::end(&handle, |system| system.unicode.FreeCredentialsHandle)
            }
            Object::Both(both) => {
                forward::end(&both.1, |system| system.unicode.FreeCredentialsHandle)
            }
        })
    })
}

/// Queries an attribute of credentials.
///
/// \param phCredential  The handle.
/// \param ulAttribute  SECPKG_CRED_ATTR_NAMES, or SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS (always
///     none).
/// \param pBuffer  Receives the structure of that attribute, SecPkgCredentials_NamesW; free its
///     string with FreeContextBuffer.
///
/// Returns SEC_E_OK, SEC_E_INVALID_HANDLE, SEC_E_INVALID_PARAMETER (NULL), SEC_E_NO_CREDENTIALS
/// (they have no name, or do not come from an identity provider) or SEC_E_UNSUPPORTED_FUNCTION
/// (another attribute).
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QueryCredentialsAttributesW(
    phCredential: PCredHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
) -> SECURITY_STATUS {
    guard("QueryCredentialsAttributesW", || {
        forward!(outbound_credentials phCredential, SEC_WCHAR, QueryCredentialsAttributes(ulAttribute, pBuffer));
        // SAFETY: C caller's contract, handles and attributes.
        unsafe { credentials::query::<SEC_WCHAR>(phCredential, ulAttribute, pBuffer, None) }
    })
}

/// QueryCredentialsAttributesW with ANSI text: fills a SecPkgCredentials_NamesA.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QueryCredentialsAttributesA(
    phCredential: PCredHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
) -> SECURITY_STATUS {
    guard("QueryCredentialsAttributesA", || {
        forward!(outbound_credentials phCredential, SEC_CHAR, QueryCredentialsAttributes(ulAttribute, pBuffer));
        // SAFETY: C caller's contract, handles and attributes.
        unsafe { credentials::query::<SEC_CHAR>(phCredential, ulAttribute, pBuffer, None) }
    })
}
