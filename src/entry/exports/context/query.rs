//! What contexts tell, and freeing what they gave.

use crate::entry::abi::*;
use crate::entry::boundary::guard::guard;
use crate::entry::boundary::memory;
use crate::entry::context::query;
use crate::entry::forward;
use std::ffi::c_void;

/// Tells about a context.
///
/// \param phContext The context. \param ulAttribute `SECPKG_ATTR_*`. \param pBuffer Receives the
/// structure of that attribute. Free each pointer in it with FreeContextBuffer.
///
/// Returns SEC_E_OK, SEC_E_INVALID_HANDLE (also: the attribute exists only once the context is
/// established), SEC_E_INVALID_PARAMETER (NULL), SEC_E_TARGET_UNKNOWN (the client named no target)
/// or SEC_E_UNSUPPORTED_FUNCTION (no such attribute here).
///
/// # Safety
/// Every pointer that is not NULL points to what its type, or `ulAttribute`, says.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QueryContextAttributesW(
    phContext: PCtxtHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
) -> SECURITY_STATUS {
    guard("QueryContextAttributesW", || {
        forward!(context phContext, SEC_WCHAR, QueryContextAttributes(ulAttribute, pBuffer));
        // SAFETY: the caller's promise is this function's own.
        unsafe { query::query::<SEC_WCHAR>(phContext, ulAttribute, pBuffer, None) }
    })
}

/// QueryContextAttributesW with ANSI text: the A forms of the structures.
///
/// # Safety
/// As for QueryContextAttributesW.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QueryContextAttributesA(
    phContext: PCtxtHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
) -> SECURITY_STATUS {
    guard("QueryContextAttributesA", || {
        forward!(context phContext, SEC_CHAR, QueryContextAttributes(ulAttribute, pBuffer));
        // SAFETY: the caller's promise is this function's own.
        unsafe { query::query::<SEC_CHAR>(phContext, ulAttribute, pBuffer, None) }
    })
}

/// QueryContextAttributesW that knows the buffer's length.
///
/// \param phContext  The context.
/// \param ulAttribute  `SECPKG_ATTR_*`.
/// \param pBuffer  Receives the structure of that attribute.
/// \param cbBuffer  Bytes at pBuffer.
///
/// Returns as QueryContextAttributesW, and SEC_E_BUFFER_TOO_SMALL.
///
/// # Safety
/// `pBuffer` is NULL or points to `cbBuffer` bytes; `phContext` is NULL or points to a handle.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QueryContextAttributesExW(
    phContext: PCtxtHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    guard("QueryContextAttributesExW", || {
        forward!(context phContext, SEC_WCHAR, QueryContextAttributesEx(ulAttribute, pBuffer, cbBuffer));
        // SAFETY: the caller's promise is this function's own.
        unsafe { query::query::<SEC_WCHAR>(phContext, ulAttribute, pBuffer, Some(cbBuffer)) }
    })
}

/// QueryContextAttributesExW with ANSI text.
///
/// # Safety
/// As for QueryContextAttributesExW.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QueryContextAttributesExA(
    phContext: PCtxtHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    guard("QueryContextAttributesExA", || {
        forward!(context phContext, SEC_CHAR, QueryContextAttributesEx(ulAttribute, pBuffer, cbBuffer));
        // SAFETY: the caller's promise is this function's own.
        unsafe { query::query::<SEC_CHAR>(phContext, ulAttribute, pBuffer, Some(cbBuffer)) }
    })
}

/// Frees what the library allocated: output tokens, names, keys, packages.
///
/// \param pvContextBuffer What the library gave. NULL is allowed. Anything else is left alone,
/// untouched.
///
/// Returns SEC_E_OK, or SEC_E_INVALID_PARAMETER for what the library did not give or was freed
/// before.
///
/// # Safety
/// Nobody uses the buffer any more.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn FreeContextBuffer(pvContextBuffer: *mut c_void) -> SECURITY_STATUS {
    guard("FreeContextBuffer", || {
        memory::free(pvContextBuffer).or_else(|error| forward::free(pvContextBuffer).ok_or(error))
    })
}
