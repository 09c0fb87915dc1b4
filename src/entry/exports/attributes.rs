//! Attributes that are set, and queries that know how long their buffer is.

use crate::entry::abi::*;
use crate::entry::boundary::guard::guard;
use crate::entry::context::attributes;
use crate::entry::credentials;
use std::ffi::c_void;

/// Changes a context.
///
/// \param phContext A context that awaits its client's next token. \param ulAttribute
/// SECPKG_ATTR_AUTH_NTLM_HASH_CB or SECPKG_ATTR_AUTH_NTLM_HASH_CB_DATA: by which callback, with
/// which
///     first argument, the program supplies accounts for this context.
/// \param pBuffer The function, a psSspiNtlmHashCallback, or the argument, themselves; NULL for
/// none. \param cbBuffer Ignored.
///
/// Returns SEC_E_OK, SEC_E_INVALID_HANDLE or SEC_E_UNSUPPORTED_FUNCTION (another attribute, or too
/// late for it).
///
/// # Safety
/// `phContext` is NULL or points to a handle; `pBuffer` is what `ulAttribute` says.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SetContextAttributesW(
    phContext: PCtxtHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    guard("SetContextAttributesW", || {
        forward!(context phContext, SEC_WCHAR, SetContextAttributes(ulAttribute, pBuffer, cbBuffer));
        // SAFETY: the caller's promise is this function's own.
        unsafe { attributes::set(phContext, ulAttribute, pBuffer) }
    })
}

/// SetContextAttributesW: there is no text in it.
///
/// # Safety
/// `phContext` is NULL or points to a handle; `pBuffer` is what `ulAttribute` says.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SetContextAttributesA(
    phContext: PCtxtHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    guard("SetContextAttributesA", || {
        forward!(context phContext, SEC_CHAR, SetContextAttributes(ulAttribute, pBuffer, cbBuffer));
        // SAFETY: the caller's promise is this function's own.
        unsafe { attributes::set(phContext, ulAttribute, pBuffer) }
    })
}

/// Changes credentials: contexts that are begun from now on go by it.
///
/// \param phCredential Credentials for inbound use. \param ulAttribute As for
/// SetContextAttributesW. \param pBuffer As for SetContextAttributesW. The function is called in
/// whichever thread accepts a client, and may be
///     called in several at once.
/// \param cbBuffer  Ignored.
///
/// Returns SEC_E_OK, SEC_E_INVALID_HANDLE, SEC_E_INVALID_PARAMETER (credentials for outbound use)
/// or SEC_E_UNSUPPORTED_FUNCTION (another attribute).
///
/// # Safety
/// `phCredential` is NULL or points to a handle; `pBuffer` is what `ulAttribute` says.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SetCredentialsAttributesW(
    phCredential: PCredHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    guard("SetCredentialsAttributesW", || {
        forward!(credentials phCredential, SEC_WCHAR, SetCredentialsAttributes(ulAttribute, pBuffer, cbBuffer));
        // SAFETY: the caller's promise is this function's own.
        unsafe { credentials::set(phCredential, ulAttribute, pBuffer) }
    })
}

/// SetCredentialsAttributesW: there is no text in it.
///
/// # Safety
/// `phCredential` is NULL or points to a handle; `pBuffer` is what `ulAttribute` says.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SetCredentialsAttributesA(
    phCredential: PCredHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    guard("SetCredentialsAttributesA", || {
        forward!(credentials phCredential, SEC_CHAR, SetCredentialsAttributes(ulAttribute, pBuffer, cbBuffer));
        // SAFETY: the caller's promise is this function's own.
        unsafe { credentials::set(phCredential, ulAttribute, pBuffer) }
    })
}

/// QueryCredentialsAttributesW that knows the buffer's length.
///
/// \param phCredential  The handle.
/// \param ulAttribute  `SECPKG_CRED_ATTR_*`.
/// \param pBuffer  Receives the structure of that attribute.
/// \param cbBuffer  Bytes at pBuffer.
///
/// Returns as QueryCredentialsAttributesW, and SEC_E_BUFFER_TOO_SMALL.
///
/// # Safety
/// `pBuffer` is NULL or points to `cbBuffer` bytes; `phCredential` is NULL or points to a handle.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QueryCredentialsAttributesExW(
    phCredential: PCredHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    guard("QueryCredentialsAttributesExW", || {
        forward!(credentials phCredential, SEC_WCHAR, QueryCredentialsAttributesEx(ulAttribute, pBuffer, cbBuffer));
        // SAFETY: the caller's promise is this function's own.
        unsafe {
            credentials::query::<SEC_WCHAR>(phCredential, ulAttribute, pBuffer, Some(cbBuffer))
        }
    })
}

/// QueryCredentialsAttributesExW with ANSI text.
///
/// # Safety
/// `pBuffer` is NULL or points to `cbBuffer` bytes; `phCredential` is NULL or points to a handle.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QueryCredentialsAttributesExA(
    phCredential: PCredHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    guard("QueryCredentialsAttributesExA", || {
        forward!(credentials phCredential, SEC_CHAR, QueryCredentialsAttributesEx(ulAttribute, pBuffer, cbBuffer));
        // SAFETY: the caller's promise is this function's own.
        unsafe {
            credentials::query::<SEC_CHAR>(phCredential, ulAttribute, pBuffer, Some(cbBuffer))
        }
    })
}
