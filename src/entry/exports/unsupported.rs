//! Functions that exist so that programs can be linked and tables filled, and that this version does not
//! perform. Each clears its outputs and returns SEC_E_UNSUPPORTED_FUNCTION.

use crate::entry::abi::*;
use crate::entry::guard::unsupported;
use std::ffi::c_void;

/// Would let the calling thread act as the client.
///
/// Returns SEC_E_UNSUPPORTED_FUNCTION.
///
/// # Safety
/// No pointer is followed.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ImpersonateSecurityContext(phContext: PCtxtHandle) -> SECURITY_STATUS {
    let _ = (phContext,);
    unsupported("ImpersonateSecurityContext")
}

/// Would end what ImpersonateSecurityContext began.
///
/// Returns SEC_E_UNSUPPORTED_FUNCTION.
///
/// # Safety
/// No pointer is followed.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn RevertSecurityContext(phContext: PCtxtHandle) -> SECURITY_STATUS {
    let _ = (phContext,);
    unsupported("RevertSecurityContext")
}

/// Would give a token of the client.
///
/// Returns SEC_E_UNSUPPORTED_FUNCTION.
///
/// # Safety
/// Every output that is not NULL points to what its type says.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QuerySecurityContextToken(phContext: PCtxtHandle, Token: *mut HANDLE) -> SECURITY_STATUS {
    let _ = (phContext,);
    // SAFETY: the caller's promise is this function's own.
    unsafe { clear(Token) };
    unsupported("QuerySecurityContextToken")
}

/// Would pack a context for another process.
///
/// Returns SEC_E_UNSUPPORTED_FUNCTION.
///
/// # Safety
/// Every output that is not NULL points to what its type says.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ExportSecurityContext(
    phContext: PCtxtHandle,
    fFlags: ULONG,
    pPackedContext: PSecBuffer,
    pToken: *mut *mut c_void,
) -> SECURITY_STATUS {
    let _ = (phContext, fFlags);
    // SAFETY: the caller's promise is this function's own.
    unsafe { clear(pPackedContext) };
    // SAFETY: the caller's promise is this function's own.
    unsafe { clear(pToken) };
    unsupported("ExportSecurityContext")
}

/// Would unpack a context from another process.
///
/// Returns SEC_E_UNSUPPORTED_FUNCTION.
///
/// # Safety
/// Every output that is not NULL points to what its type says.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ImportSecurityContextW(
    pszPackage: *mut SEC_WCHAR,
    pPackedContext: PSecBuffer,
    Token: *mut c_void,
    phContext: PCtxtHandle,
) -> SECURITY_STATUS {
    let _ = (pszPackage, pPackedContext, Token);
    // SAFETY: the caller's promise is this function's own.
    unsafe { clear(phContext) };
    unsupported("ImportSecurityContextW")
}

/// Would unpack a context from another process.
///
/// Returns SEC_E_UNSUPPORTED_FUNCTION.
///
/// # Safety
/// Every output that is not NULL points to what its type says.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ImportSecurityContextA(
    pszPackage: *mut SEC_CHAR,
    pPackedContext: PSecBuffer,
    Token: *mut c_void,
    phContext: PCtxtHandle,
) -> SECURITY_STATUS {
    let _ = (pszPackage, pPackedContext, Token);
    // SAFETY: the caller's promise is this function's own.
    unsafe { clear(phContext) };
    unsupported("ImportSecurityContextA")
}

/// Would apply a control token, as TLS knows them.
///
/// Returns SEC_E_UNSUPPORTED_FUNCTION.
///
/// # Safety
/// No pointer is followed.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ApplyControlToken(phContext: PCtxtHandle, pInput: PSecBufferDesc) -> SECURITY_STATUS {
    let _ = (phContext, pInput);
    unsupported("ApplyControlToken")
}

/// Would add another credential to a handle.
///
/// Returns SEC_E_UNSUPPORTED_FUNCTION.
///
/// # Safety
/// Every output that is not NULL points to what its type says.
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
    let _ = (hCredentials, pszPrincipal, pszPackage, fCredentialUse, pAuthData, pGetKeyFn, pvGetKeyArgument);
    // SAFETY: the caller's promise is this function's own.
    unsafe { clear(ptsExpiry) };
    unsupported("AddCredentialsW")
}

/// Would add another credential to a handle.
///
/// Returns SEC_E_UNSUPPORTED_FUNCTION.
///
/// # Safety
/// Every output that is not NULL points to what its type says.
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
    let _ = (hCredentials, pszPrincipal, pszPackage, fCredentialUse, pAuthData, pGetKeyFn, pvGetKeyArgument);
    // SAFETY: the caller's promise is this function's own.
    unsafe { clear(ptsExpiry) };
    unsupported("AddCredentialsA")
}

/// Would change an attribute of a context.
///
/// Returns SEC_E_UNSUPPORTED_FUNCTION.
///
/// # Safety
/// No pointer is followed.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SetContextAttributesW(
    phContext: PCtxtHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    let _ = (phContext, ulAttribute, pBuffer, cbBuffer);
    unsupported("SetContextAttributesW")
}

/// Would change an attribute of a context.
///
/// Returns SEC_E_UNSUPPORTED_FUNCTION.
///
/// # Safety
/// No pointer is followed.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SetContextAttributesA(
    phContext: PCtxtHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    let _ = (phContext, ulAttribute, pBuffer, cbBuffer);
    unsupported("SetContextAttributesA")
}

/// Would change an attribute of credentials.
///
/// Returns SEC_E_UNSUPPORTED_FUNCTION.
///
/// # Safety
/// No pointer is followed.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SetCredentialsAttributesW(
    phCredential: PCredHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    let _ = (phCredential, ulAttribute, pBuffer, cbBuffer);
    unsupported("SetCredentialsAttributesW")
}

/// Would change an attribute of credentials.
///
/// Returns SEC_E_UNSUPPORTED_FUNCTION.
///
/// # Safety
/// No pointer is followed.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SetCredentialsAttributesA(
    phCredential: PCredHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    let _ = (phCredential, ulAttribute, pBuffer, cbBuffer);
    unsupported("SetCredentialsAttributesA")
}

/// Would tell about credentials, knowing the buffer's length.
///
/// Returns SEC_E_UNSUPPORTED_FUNCTION.
///
/// # Safety
/// No pointer is followed.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QueryCredentialsAttributesExW(
    phCredential: PCredHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    let _ = (phCredential, ulAttribute, pBuffer, cbBuffer);
    unsupported("QueryCredentialsAttributesExW")
}

/// Would tell about credentials, knowing the buffer's length.
///
/// Returns SEC_E_UNSUPPORTED_FUNCTION.
///
/// # Safety
/// No pointer is followed.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QueryCredentialsAttributesExA(
    phCredential: PCredHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    let _ = (phCredential, ulAttribute, pBuffer, cbBuffer);
    unsupported("QueryCredentialsAttributesExA")
}

/// Would change an account's password.
///
/// Returns SEC_E_UNSUPPORTED_FUNCTION.
///
/// # Safety
/// No pointer is followed.
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
    let _ = (pszPackageName, pszDomainName, pszAccountName, pszOldPassword, pszNewPassword, bImpersonating, dwReserved, pOutput);
    unsupported("ChangeAccountPasswordW")
}

/// Would change an account's password.
///
/// Returns SEC_E_UNSUPPORTED_FUNCTION.
///
/// # Safety
/// No pointer is followed.
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
    let _ = (pszPackageName, pszDomainName, pszAccountName, pszOldPassword, pszNewPassword, bImpersonating, dwReserved, pOutput);
    unsupported("ChangeAccountPasswordA")
}

/// Writes zeros where the output's pointer is not NULL.
///
/// # Safety
/// `output` is NULL or points to a `T` that may be all zero.
unsafe fn clear<T>(output: *mut T) {
    if !output.is_null() {
        // SAFETY: the caller's promise is this function's own; bytes have no alignment.
        unsafe { output.cast::<u8>().write_bytes(0, size_of::<T>()) };
    }
}
