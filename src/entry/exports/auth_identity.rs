//! Identities: made, read, copied, compared, encrypted, sent.

use crate::entry::abi::*;
use crate::entry::auth_identity::{self, ForWrite};
use crate::entry::boundary::guard::guard;
use std::ffi::c_void;

/// Makes an identity of strings.
///
/// \param pszUserName The account; may be NULL. \param pszDomainName Its domain; may be NULL.
/// \param pszPackedCredentialsString Its password, or what SspiEncodeAuthIdentityAsStrings gave;
/// may be NULL. \param ppAuthIdentity Receives the identity, which SspiFreeAuthIdentity frees.
///
/// Returns SEC_E_OK, SEC_E_INVALID_TOKEN (no string at all), SEC_E_INVALID_PARAMETER or
/// SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// Every pointer that is not NULL points to what its type says; strings end with a zero character.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiEncodeStringsAsAuthIdentity(
    pszUserName: *const SEC_WCHAR,
    pszDomainName: *const SEC_WCHAR,
    pszPackedCredentialsString: *const SEC_WCHAR,
    ppAuthIdentity: *mut PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> SECURITY_STATUS {
    guard("SspiEncodeStringsAsAuthIdentity", || {
        // SAFETY: the caller's promise is this function's own.
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

/// Makes strings of an identity. SspiLocalFree frees each, and erases it.
///
/// \param pAuthIdentity The identity. \param ppszUserName Receives the account, NULL if there is
/// none; may be NULL. \param ppszDomainName Receives the domain, NULL if there is none; may be
/// NULL. \param ppszPackedCredentialsString Receives the password, or else a string that holds what
/// the identity has beside its
///     names (packed credentials, a list of packages) and that the library understands where it expects a password; may be
///     NULL.
///
/// Returns SEC_E_OK, STATUS_INVALID_PARAMETER (it is encrypted), SEC_E_INVALID_PARAMETER (NULL),
/// SEC_E_UNKNOWN_CREDENTIALS (it is none) or SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// Every pointer that is not NULL points to what its type says.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiEncodeAuthIdentityAsStrings(
    pAuthIdentity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    ppszUserName: *mut *const SEC_WCHAR,
    ppszDomainName: *mut *const SEC_WCHAR,
    ppszPackedCredentialsString: *mut *const SEC_WCHAR,
) -> SECURITY_STATUS {
    guard("SspiEncodeAuthIdentityAsStrings", || {
        // SAFETY: the caller's promise is this function's own.
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

/// Tells whether an identity is one, and all in it can be read.
///
/// \param AuthData The identity. How long it is, it says itself: bytes from elsewhere are for
/// SspiUnmarshalAuthIdentity.
///
/// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL) or SEC_E_UNKNOWN_CREDENTIALS.
///
/// # Safety
/// `AuthData` is NULL or points to an identity.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiValidateAuthIdentity(
    AuthData: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> SECURITY_STATUS {
    guard("SspiValidateAuthIdentity", || {
        // SAFETY: the caller's promise is this function's own.
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
/// Every pointer that is not NULL points to what its type says.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiCopyAuthIdentity(
    AuthData: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    AuthDataCopy: *mut PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> SECURITY_STATUS {
    guard("SspiCopyAuthIdentity", || {
        // SAFETY: the caller's promise is this function's own.
        unsafe { auth_identity::copy(AuthData, AuthDataCopy) }
    })
}

/// Compares two identities; letter case of names does not count. NULL, for whoever the process is,
/// is the same as NULL.
///
/// \param AuthIdentity1 One; may be NULL. \param AuthIdentity2 The other; may be NULL. \param
/// SameSuppliedUser Receives 1 if both name the same account of the same domain, else 0; may be
/// NULL. \param SameSuppliedIdentity Receives 1 if their credentials are the same too, else 0; may
/// be NULL.
///
/// Returns SEC_E_OK or SEC_E_UNKNOWN_CREDENTIALS.
///
/// # Safety
/// Every pointer that is not NULL points to what its type says.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiCompareAuthIdentities(
    AuthIdentity1: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    AuthIdentity2: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    SameSuppliedUser: *mut BOOLEAN,
    SameSuppliedIdentity: *mut BOOLEAN,
) -> SECURITY_STATUS {
    guard("SspiCompareAuthIdentities", || {
        // SAFETY: the caller's promise is this function's own.
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

/// Erases an identity's credentials where they are. Its names stay.
///
/// \param AuthData  The identity; may be NULL.
///
/// # Safety
/// `AuthData` is NULL or points to an identity that may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiZeroAuthIdentity(AuthData: PSEC_WINNT_AUTH_IDENTITY_OPAQUE) {
    guard("SspiZeroAuthIdentity", || {
        // SAFETY: the caller's promise is this function's own.
        unsafe { auth_identity::zero(AuthData) }
    });
}

/// Erases and frees an identity, or a string of one, that the library gave. Anything else is left
/// alone.
///
/// \param AuthData  The identity; may be NULL.
///
/// # Safety
/// Nobody uses it any more.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiFreeAuthIdentity(AuthData: PSEC_WINNT_AUTH_IDENTITY_OPAQUE) {
    guard("SspiFreeAuthIdentity", || auth_identity::free(AuthData));
}

/// Erases and frees what these functions gave. Anything else is left alone.
///
/// \param DataBuffer  A string, bytes or an identity; may be NULL.
///
/// # Safety
/// Nobody uses it any more.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiLocalFree(DataBuffer: *mut c_void) {
    guard("SspiLocalFree", || auth_identity::free(DataBuffer));
}

/// Encrypts an identity where it is, so that only this process, and those forked from it, can read
/// it: names and credentials, not the list of packages. Such an identity can be used wherever one
/// can. Its length stays the same. One that is encrypted already stays as it is.
///
/// \param AuthData  The identity, which is changed.
///
/// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL, or parts that overlap) or
/// SEC_E_UNKNOWN_CREDENTIALS.
///
/// # Safety
/// `AuthData` is NULL or points to an identity that may be written to, with its strings.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiEncryptAuthIdentity(
    AuthData: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> SECURITY_STATUS {
    guard("SspiEncryptAuthIdentity", || {
        // SAFETY: the caller's promise is this function's own.
        unsafe { auth_identity::encrypt(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS, AuthData) }
    })
}

/// SspiEncryptAuthIdentity for those who may decrypt it.
///
/// \param Options  SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS.
/// \param AuthData  The identity, which is changed.
///
/// Returns as SspiEncryptAuthIdentity, and SEC_E_UNSUPPORTED_FUNCTION (for others than this
/// process).
///
/// # Safety
/// As for SspiEncryptAuthIdentity.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiEncryptAuthIdentityEx(
    Options: ULONG,
    AuthData: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> SECURITY_STATUS {
    guard("SspiEncryptAuthIdentityEx", || {
        // SAFETY: the caller's promise is this function's own.
        unsafe { auth_identity::encrypt(Options, AuthData) }
    })
}

/// Decrypts what SspiEncryptAuthIdentity encrypted, where it is. What is not encrypted stays as it
/// is.
///
/// \param EncryptedAuthData  The identity, which is changed.
///
/// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL, or parts that overlap) or
/// SEC_E_UNKNOWN_CREDENTIALS (none, or encrypted for others).
///
/// # Safety
/// As for SspiEncryptAuthIdentity.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiDecryptAuthIdentity(
    EncryptedAuthData: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> SECURITY_STATUS {
    guard("SspiDecryptAuthIdentity", || {
        // SAFETY: the caller's promise is this function's own.
        unsafe {
            auth_identity::decrypt(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS, EncryptedAuthData)
        }
    })
}

/// Decrypts what SspiEncryptAuthIdentityEx encrypted.
///
/// \param Options  As it was encrypted.
/// \param EncryptedAuthData  The identity, which is changed.
///
/// Returns as SspiDecryptAuthIdentity, and SEC_E_UNSUPPORTED_FUNCTION (for others than this
/// process).
///
/// # Safety
/// As for SspiEncryptAuthIdentity.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiDecryptAuthIdentityEx(
    Options: ULONG,
    EncryptedAuthData: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> SECURITY_STATUS {
    guard("SspiDecryptAuthIdentityEx", || {
        // SAFETY: the caller's promise is this function's own.
        unsafe { auth_identity::decrypt(Options, EncryptedAuthData) }
    })
}

/// Tells whether an identity is encrypted, for whomever.
///
/// \param EncryptedAuthData  The identity.
///
/// Returns 1 if it is, else 0.
///
/// # Safety
/// `EncryptedAuthData` is NULL or points to an identity.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiIsAuthIdentityEncrypted(
    EncryptedAuthData: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> BOOLEAN {
    let mut encrypted = false;
    guard("SspiIsAuthIdentityEncrypted", || {
        // SAFETY: the caller's promise is this function's own.
        encrypted = unsafe { auth_identity::is_encrypted(EncryptedAuthData)? };
        Ok(SEC_E_OK)
    });
    encrypted.into()
}

/// Makes bytes of an identity, encrypted or not, to be kept or sent.
///
/// \param AuthIdentity  The identity.
/// \param AuthIdentityLength  Receives how many bytes there are.
/// \param AuthIdentityByteArray  Receives the bytes, which SspiLocalFree erases and frees.
///
/// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL), SEC_E_UNKNOWN_CREDENTIALS or
/// SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// Every pointer that is not NULL points to what its type says.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiMarshalAuthIdentity(
    AuthIdentity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    AuthIdentityLength: *mut ULONG,
    AuthIdentityByteArray: *mut *mut SEC_CHAR,
) -> SECURITY_STATUS {
    guard("SspiMarshalAuthIdentity", || {
        // SAFETY: the caller's promise is this function's own.
        unsafe { auth_identity::marshal(AuthIdentity, AuthIdentityLength, AuthIdentityByteArray) }
    })
}

/// Makes an identity of bytes, which may come from anybody: nothing outside of them is read.
///
/// \param AuthIdentityLength  How many bytes there are.
/// \param AuthIdentityByteArray  The bytes.
/// \param ppAuthIdentity  Receives the identity, which SspiFreeAuthIdentity frees.
///
/// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL), SEC_E_UNKNOWN_CREDENTIALS (they are no
/// identity) or SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// `AuthIdentityByteArray` is NULL or points to as many bytes; `ppAuthIdentity` is NULL or points
/// to a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiUnmarshalAuthIdentity(
    AuthIdentityLength: ULONG,
    AuthIdentityByteArray: *mut SEC_CHAR,
    ppAuthIdentity: *mut PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> SECURITY_STATUS {
    guard("SspiUnmarshalAuthIdentity", || {
        // SAFETY: the caller's promise is this function's own.
        unsafe {
            auth_identity::unmarshal(AuthIdentityLength, AuthIdentityByteArray, ppAuthIdentity)
        }
    })
}

/// Makes an identity with which Negotiate will not choose a package.
///
/// \param AuthIdentity The identity; NULL for whoever the process is. \param pszPackageName The
/// package's name. \param ppNewAuthIdentity Receives the new identity, which SspiFreeAuthIdentity
/// frees; encrypted if the other is.
///
/// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL, or no name), SEC_E_UNKNOWN_CREDENTIALS or
/// SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// Every pointer that is not NULL points to what its type says; the string ends with a zero
/// character.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiExcludePackage(
    AuthIdentity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    pszPackageName: *const SEC_WCHAR,
    ppNewAuthIdentity: *mut PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
) -> SECURITY_STATUS {
    guard("SspiExcludePackage", || {
        // SAFETY: the caller's promise is this function's own.
        unsafe { auth_identity::exclude(AuthIdentity, pszPackageName, ppNewAuthIdentity) }
    })
}

/// Says how the credential manager's CredRead finds an identity.
///
/// \param AuthIdentity The identity. \param pszTargetName The target. \param pCredmanCredentialType
/// Receives CRED_TYPE_DOMAIN_PASSWORD (2), or CRED_TYPE_GENERIC (1) for other credentials. \param
/// ppszCredmanTargetName Receives the target's name, which SspiLocalFree frees.
///
/// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL), SEC_E_UNKNOWN_CREDENTIALS or
/// SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// Every pointer that is not NULL points to what its type says; the string ends with a zero
/// character.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiPrepareForCredRead(
    AuthIdentity: PSEC_WINNT_AUTH_IDENTITY_OPAQUE,
    pszTargetName: *const SEC_WCHAR,
    pCredmanCredentialType: *mut ULONG,
    ppszCredmanTargetName: *mut *const SEC_WCHAR,
) -> SECURITY_STATUS {
    guard("SspiPrepareForCredRead", || {
        // SAFETY: the caller's promise is this function's own.
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

/// Says how the credential manager's CredWrite keeps an identity. SspiLocalFree frees, and erases,
/// what is given.
///
/// \param AuthIdentity The identity. \param pszTargetName The target; NULL for the user's name.
/// \param pCredmanCredentialType Receives CRED_TYPE_DOMAIN_PASSWORD (2), or CRED_TYPE_GENERIC (1)
/// for other credentials. \param ppszCredmanTargetName Receives the target's name. \param
/// ppszCredmanUserName Receives the user's name, as DOMAIN\user. \param ppCredentialBlob Receives
/// the credentials: a password in UTF-16 without a zero, or what is packed; NULL for none. \param
/// pCredentialBlobSize Receives their length in bytes.
///
/// Returns SEC_E_OK, STATUS_INVALID_PARAMETER (it is encrypted), SEC_E_INVALID_PARAMETER (NULL),
/// SEC_E_NO_CREDENTIALS (no user), SEC_E_UNKNOWN_CREDENTIALS or SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// Every pointer that is not NULL points to what its type says; the string ends with a zero
/// character.
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
        // SAFETY: the caller's promise is this function's own.
        unsafe { auth_identity::prepare_for_write(AuthIdentity, pszTargetName, &results) }
    })
}

/// Tells the host of a target: of "HTTP/www.example.com:8080", "www.example.com".
///
/// \param pszTargetName  The target, a service's principal name or a host's.
/// \param pszHostName  Receives the host, which SspiLocalFree frees.
///
/// Returns SEC_E_OK, SEC_E_TARGET_UNKNOWN (no host in it), SEC_E_INVALID_PARAMETER (NULL) or
/// SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// Every pointer that is not NULL points to what its type says; the string ends with a zero
/// character.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiGetTargetHostName(
    pszTargetName: *const SEC_WCHAR,
    pszHostName: *mut *mut SEC_WCHAR,
) -> SECURITY_STATUS {
    guard("SspiGetTargetHostName", || {
        // SAFETY: the caller's promise is this function's own.
        unsafe { auth_identity::target_host_name(pszTargetName, pszHostName) }
    })
}

/// Tells whether to ask the user for other credentials after an error: one of those that
/// <wincred.h> has in CREDUI_IS_AUTHENTICATION_ERROR.
///
/// \param ErrorOrNtStatus  The error: a SEC_E_*, an HRESULT, an NTSTATUS or a Windows error.
///
/// Returns 1 or 0.
#[unsafe(no_mangle)]
pub extern "system" fn SspiIsPromptingNeeded(ErrorOrNtStatus: ULONG) -> BOOLEAN {
    auth_identity::is_prompting_needed(ErrorOrNtStatus).into()
}
