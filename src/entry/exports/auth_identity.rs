//! Identities: make, read, copy, compare, encrypt, marshal.

use crate::entry::abi::*;
use crate::entry::auth_identity::{self, ForWrite};
use crate::entry::boundary::guard::{guard, guard_always};
use std::ffi::c_void;

/// Makes an identity from strings.
///
/// \param pszUserName  The account; may be NULL.
/// \param pszDomainName  Its domain; may be NULL.
/// \param pszPackedCredentialsString  Its password, or a string from
///     SspiEncodeAuthIdentityAsStrings; may be NULL.
/// \param ppAuthIdentity  Receives the identity, which SspiFreeAuthIdentity frees.
///
/// Returns SEC_E_OK, SEC_E_INVALID_TOKEN (all strings are NULL), SEC_E_INVALID_PARAMETER or
/// SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiEncodeStringsAsAuthIdentity(
    pszUserName: *const SEC_WCHAR,
    pszDomainName: *const SEC_WCHAR,
    pszPackedCredentialsString: *const SEC_WCHAR,
    ppAuthIdentity: *mut PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> SECURITY_STATUS {
    guard("SspiEncodeStringsAsAuthIdentity", || {
        // SAFETY: C caller's contract, strings, identities and outputs.
        unsafe {
            auth_identity::of_strings(
                pszUserName,
                pszDomainName,
                pszPackedCredentialsString,
                ppAuthIdentity,
            )
        }
    })
}

/// Makes strings from an identity. SspiLocalFree erases and frees each.
///
/// \param pAuthIdentity  The identity.
/// \param ppszUserName  Receives the account, NULL if there is none; may be NULL.
/// \param ppszDomainName  Receives the domain, NULL if there is none; may be NULL.
/// \param ppszPackedCredentialsString  Receives the password. If the identity has more than names
///     and a password (packed credentials, a package list), receives a string with all of it, which
///     the library accepts in place of a password; may be NULL.
///
/// Returns SEC_E_OK, STATUS_INVALID_PARAMETER (it is encrypted), SEC_E_INVALID_PARAMETER (NULL),
/// SEC_E_UNKNOWN_CREDENTIALS (not an identity) or SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiEncodeAuthIdentityAsStrings(
    pAuthIdentity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    ppszUserName: *mut *const SEC_WCHAR,
    ppszDomainName: *mut *const SEC_WCHAR,
    ppszPackedCredentialsString: *mut *const SEC_WCHAR,
) -> SECURITY_STATUS {
    guard("SspiEncodeAuthIdentityAsStrings", || {
        // SAFETY: C caller's contract, strings, identities and outputs.
        unsafe {
            auth_identity::as_strings(
                pAuthIdentity,
                ppszUserName,
                ppszDomainName,
                ppszPackedCredentialsString,
            )
        }
    })
}

/// Checks that this is an identity and that all of it can be read.
///
/// \param AuthData  The identity. It contains its own length: for bytes from elsewhere use
///     SspiUnmarshalAuthIdentity.
///
/// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL) or SEC_E_UNKNOWN_CREDENTIALS.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiValidateAuthIdentity(
    AuthData: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> SECURITY_STATUS {
    guard("SspiValidateAuthIdentity", || {
        // SAFETY: C caller's contract, identities.
        unsafe { auth_identity::validate(AuthData) }
    })
}

/// Copies an identity, encrypted or not.
///
/// \param AuthData  The identity.
/// \param AuthDataCopy  Receives the copy, which SspiFreeAuthIdentity frees.
///
/// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL), SEC_E_UNKNOWN_CREDENTIALS or
/// SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiCopyAuthIdentity(
    AuthData: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    AuthDataCopy: *mut PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> SECURITY_STATUS {
    guard("SspiCopyAuthIdentity", || {
        // SAFETY: C caller's contract, identities and outputs.
        unsafe { auth_identity::copy(AuthData, AuthDataCopy) }
    })
}

/// Compares two identities, ignoring the letter case of names. NULL stands for the process's own
/// identity and is equal to NULL only.
///
/// \param AuthIdentity1  One; may be NULL.
/// \param AuthIdentity2  The other; may be NULL.
/// \param SameSuppliedUser  Receives 1 if both name the same account of the same domain, else 0;
///     may be NULL.
/// \param SameSuppliedIdentity  Receives 1 if their credentials are the same too, else 0; may be
///     NULL.
///
/// Returns SEC_E_OK or SEC_E_UNKNOWN_CREDENTIALS.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiCompareAuthIdentities(
    AuthIdentity1: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    AuthIdentity2: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    SameSuppliedUser: *mut BOOLEAN,
    SameSuppliedIdentity: *mut BOOLEAN,
) -> SECURITY_STATUS {
    guard("SspiCompareAuthIdentities", || {
        // SAFETY: C caller's contract, identities and outputs.
        unsafe {
            auth_identity::compare(
                AuthIdentity1,
                AuthIdentity2,
                SameSuppliedUser,
                SameSuppliedIdentity,
            )
        }
    })
}

/// Erases an identity's credentials in place, but not its names.
///
/// \param AuthData  The identity; may be NULL.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiZeroAuthIdentity(AuthData: PSEC_WINNT_AUTH_IDENTITY_OPAQUE) {
    guard_always("SspiZeroAuthIdentity", || {
        // SAFETY: C caller's contract, identities.
        unsafe { auth_identity::zero(AuthData) }
    });
}

/// Erases and frees an identity, or a string of one, that the library allocated. Other memory is
/// not touched.
///
/// \param AuthData  The identity; may be NULL.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiFreeAuthIdentity(AuthData: PSEC_WINNT_AUTH_IDENTITY_OPAQUE) {
    guard_always("SspiFreeAuthIdentity", || auth_identity::free(AuthData));
}

/// Erases and frees what these functions allocated. Other memory is not touched.
///
/// \param DataBuffer  A string, bytes or an identity; may be NULL.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiLocalFree(DataBuffer: *mut c_void) {
    guard_always("SspiLocalFree", || auth_identity::free(DataBuffer));
}

/// Encrypts an identity in place, so that only this process, and those forked from it, can read it:
/// names and credentials, not the package list. The functions that take an identity accept an
/// encrypted one. The length does not change. An identity that is already encrypted is not changed.
///
/// \param AuthData  The identity, which is changed.
///
/// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL, or parts that overlap) or
/// SEC_E_UNKNOWN_CREDENTIALS.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiEncryptAuthIdentity(
    AuthData: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> SECURITY_STATUS {
    guard("SspiEncryptAuthIdentity", || {
        // SAFETY: C caller's contract, identities.
        unsafe { auth_identity::encrypt(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS, AuthData) }
    })
}

/// SspiEncryptAuthIdentity, with a choice of who can decrypt it.
///
/// \param Options  SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS.
/// \param AuthData  The identity, which is changed.
///
/// Returns as SspiEncryptAuthIdentity, and SEC_E_UNSUPPORTED_FUNCTION (other options).
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiEncryptAuthIdentityEx(
    Options: ULONG,
    AuthData: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> SECURITY_STATUS {
    guard("SspiEncryptAuthIdentityEx", || {
        // SAFETY: C caller's contract, identities.
        unsafe { auth_identity::encrypt(Options, AuthData) }
    })
}

/// Decrypts in place what SspiEncryptAuthIdentity encrypted. An identity that is not encrypted is
/// not changed.
///
/// \param EncryptedAuthData  The identity, which is changed.
///
/// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL, or parts that overlap) or
/// SEC_E_UNKNOWN_CREDENTIALS (not an identity, or encrypted with another key).
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiDecryptAuthIdentity(
    EncryptedAuthData: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> SECURITY_STATUS {
    guard("SspiDecryptAuthIdentity", || {
        // SAFETY: C caller's contract, identities.
        unsafe {
            auth_identity::decrypt(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS, EncryptedAuthData)
        }
    })
}

/// Decrypts what SspiEncryptAuthIdentityEx encrypted.
///
/// \param Options  Those that it was encrypted with.
/// \param EncryptedAuthData  The identity, which is changed.
///
/// Returns as SspiDecryptAuthIdentity, and SEC_E_UNSUPPORTED_FUNCTION (other options than
/// SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS).
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiDecryptAuthIdentityEx(
    Options: ULONG,
    EncryptedAuthData: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> SECURITY_STATUS {
    guard("SspiDecryptAuthIdentityEx", || {
        // SAFETY: C caller's contract, identities.
        unsafe { auth_identity::decrypt(Options, EncryptedAuthData) }
    })
}

/// Whether an identity is encrypted, by the library or by Windows.
///
/// \param EncryptedAuthData  The identity.
///
/// Returns 1 if it is, else 0.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiIsAuthIdentityEncrypted(
    EncryptedAuthData: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> BOOLEAN {
    let mut encrypted = false;
    guard_always("SspiIsAuthIdentityEncrypted", || {
        // SAFETY: C caller's contract, identities.
        encrypted = unsafe { auth_identity::is_encrypted(EncryptedAuthData)? };
        Ok(SEC_E_OK)
    });
    encrypted.into()
}

/// Makes bytes from an identity, encrypted or not, to be stored or sent.
///
/// \param AuthIdentity  The identity.
/// \param AuthIdentityLength  Receives the number of bytes.
/// \param AuthIdentityByteArray  Receives the bytes, which SspiLocalFree erases and frees.
///
/// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL), SEC_E_UNKNOWN_CREDENTIALS or
/// SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiMarshalAuthIdentity(
    AuthIdentity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    AuthIdentityLength: *mut ULONG,
    AuthIdentityByteArray: *mut *mut SEC_CHAR,
) -> SECURITY_STATUS {
    guard("SspiMarshalAuthIdentity", || {
        // SAFETY: C caller's contract, identities and outputs.
        unsafe { auth_identity::marshal(AuthIdentity, AuthIdentityLength, AuthIdentityByteArray) }
    })
}

/// Makes an identity from bytes, which may come from an untrusted source: nothing outside of them
/// is read.
///
/// \param AuthIdentityLength  The number of bytes.
/// \param AuthIdentityByteArray  The bytes.
/// \param ppAuthIdentity  Receives the identity, which SspiFreeAuthIdentity frees.
///
/// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL), SEC_E_UNKNOWN_CREDENTIALS (not an identity) or
/// SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiUnmarshalAuthIdentity(
    AuthIdentityLength: ULONG,
    AuthIdentityByteArray: *mut SEC_CHAR,
    ppAuthIdentity: *mut PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> SECURITY_STATUS {
    guard("SspiUnmarshalAuthIdentity", || {
        // SAFETY: C caller's contract, identities and outputs.
        unsafe {
            auth_identity::unmarshal(AuthIdentityLength, AuthIdentityByteArray, ppAuthIdentity)
        }
    })
}

/// Makes an identity with which Negotiate will not choose a package.
///
/// \param AuthIdentity  The identity; NULL for the process's own.
/// \param pszPackageName  The package's name.
/// \param ppNewAuthIdentity  Receives the new identity, which SspiFreeAuthIdentity frees; encrypted
///     if the other is.
///
/// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL, or not a name), SEC_E_UNKNOWN_CREDENTIALS or
/// SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiExcludePackage(
    AuthIdentity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    pszPackageName: *const SEC_WCHAR,
    ppNewAuthIdentity: *mut PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> SECURITY_STATUS {
    guard("SspiExcludePackage", || {
        // SAFETY: C caller's contract, strings, identities and outputs.
        unsafe { auth_identity::exclude(AuthIdentity, pszPackageName, ppNewAuthIdentity) }
    })
}

/// Gives the arguments with which the credential manager's CredRead finds an identity.
///
/// \param AuthIdentity  The identity.
/// \param pszTargetName  The target.
/// \param pCredmanCredentialType  Receives CRED_TYPE_DOMAIN_PASSWORD (2), or CRED_TYPE_GENERIC (1)
///     for other credentials.
/// \param ppszCredmanTargetName  Receives the target's name, which SspiLocalFree frees.
///
/// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL), SEC_E_UNKNOWN_CREDENTIALS or
/// SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiPrepareForCredRead(
    AuthIdentity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    pszTargetName: *const SEC_WCHAR,
    pCredmanCredentialType: *mut ULONG,
    ppszCredmanTargetName: *mut *const SEC_WCHAR,
) -> SECURITY_STATUS {
    guard("SspiPrepareForCredRead", || {
        // SAFETY: C caller's contract, strings, identities and outputs.
        unsafe {
            auth_identity::prepare_for_read(
                AuthIdentity,
                pszTargetName,
                pCredmanCredentialType,
                ppszCredmanTargetName,
            )
        }
    })
}

/// Gives the values with which the credential manager's CredWrite stores an identity. SspiLocalFree
/// erases and frees them.
///
/// \param AuthIdentity  The identity.
/// \param pszTargetName  The target; NULL for the user's name.
/// \param pCredmanCredentialType  Receives CRED_TYPE_DOMAIN_PASSWORD (2), or CRED_TYPE_GENERIC (1)
///     for other credentials.
/// \param ppszCredmanTargetName  Receives the target's name.
/// \param ppszCredmanUserName  Receives the user's name, as DOMAIN\user.
/// \param ppCredentialBlob  Receives the credentials: a password in UTF-16 without a terminating
///     zero, or packed credentials; NULL for none.
/// \param pCredentialBlobSize  Receives their length in bytes.
///
/// Returns SEC_E_OK, STATUS_INVALID_PARAMETER (it is encrypted), SEC_E_INVALID_PARAMETER (NULL),
/// SEC_E_NO_CREDENTIALS (no user), SEC_E_UNKNOWN_CREDENTIALS or SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiPrepareForCredWrite(
    AuthIdentity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    pszTargetName: *const SEC_WCHAR,
    pCredmanCredentialType: *mut ULONG,
    ppszCredmanTargetName: *mut *const SEC_WCHAR,
    ppszCredmanUserName: *mut *const SEC_WCHAR,
    ppCredentialBlob: *mut *mut u8,
    pCredentialBlobSize: *mut ULONG,
) -> SECURITY_STATUS {
    guard("SspiPrepareForCredWrite", || {
        let results = ForWrite {
            kind: pCredmanCredentialType,
            target_name: ppszCredmanTargetName,
            user_name: ppszCredmanUserName,
            blob: ppCredentialBlob,
            blob_size: pCredentialBlobSize,
        };
        // SAFETY: C caller's contract, strings, identities and outputs.
        unsafe { auth_identity::prepare_for_write(AuthIdentity, pszTargetName, &results) }
    })
}

/// Extracts the host of a target: from "HTTP/www.example.com:8080", "www.example.com".
///
/// \param pszTargetName  The target: a service principal name or a host name.
/// \param pszHostName  Receives the host, which SspiLocalFree frees.
///
/// Returns SEC_E_OK, SEC_E_TARGET_UNKNOWN (no host in it), SEC_E_INVALID_PARAMETER (NULL) or
/// SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiGetTargetHostName(
    pszTargetName: *const SEC_WCHAR,
    pszHostName: *mut *mut SEC_WCHAR,
) -> SECURITY_STATUS {
    guard("SspiGetTargetHostName", || {
        // SAFETY: C caller's contract, strings and outputs.
        unsafe { auth_identity::target_host_name(pszTargetName, pszHostName) }
    })
}

/// Whether to ask the user for other credentials after an error: for those that
/// CREDUI_IS_AUTHENTICATION_ERROR in <wincred.h> lists.
///
/// \param ErrorOrNtStatus  The error: a SEC_E_*, an HRESULT, an NTSTATUS or a Windows error.
///
/// Returns 1 or 0.
#[unsafe(no_mangle)]
pub extern "system" fn SspiIsPromptingNeeded(ErrorOrNtStatus: ULONG) -> BOOLEAN {
    auth_identity::is_prompting_needed(ErrorOrNtStatus).into()
}
