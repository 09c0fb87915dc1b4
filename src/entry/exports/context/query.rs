//! Queries of contexts, and FreeContextBuffer.

use crate::entry::abi::*;
use crate::entry::boundary::guard::{guard, guard_always};
use crate::entry::context::query;
use crate::entry::forward;
use std::ffi::c_void;

/// Queries an attribute of a context.
///
/// \param phContext  The context.
/// \param ulAttribute  `SECPKG_ATTR_*`.
/// \param pBuffer  Receives the structure of that attribute. Free each pointer in it with
///     FreeContextBuffer.
///
/// Returns SEC_E_OK, SEC_E_INVALID_HANDLE (also: the attribute exists only once the context is
/// established), SEC_E_INVALID_PARAMETER (NULL), SEC_E_TARGET_UNKNOWN (the client named no target)
/// or SEC_E_UNSUPPORTED_FUNCTION (no such attribute here).
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QueryContextAttributesW(
    phContext: PCtxtHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
) -> SECURITY_STATUS {
    guard("QueryContextAttributesW", || {
        forward!(context phContext, SEC_WCHAR, QueryContextAttributes(ulAttribute, pBuffer));
        // SAFETY: C caller's contract, handles and attributes.
        unsafe { query::query::<SEC_WCHAR>(phContext, ulAttribute, pBuffer, None) }
    })
}

/// QueryContextAttributesW with ANSI text: the A forms of the structures.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QueryContextAttributesA(
    phContext: PCtxtHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
) -> SECURITY_STATUS {
    guard("QueryContextAttributesA", || {
        forward!(context phContext, SEC_CHAR, QueryContextAttributes(ulAttribute, pBuffer));
        // SAFETY: C caller's contract, handles and attributes.
        unsafe { query::query::<SEC_CHAR>(phContext, ulAttribute, pBuffer, None) }
    })
}

/// QueryContextAttributesW with the length of the buffer.
///
/// \param phContext  The context.
/// \param ulAttribute  `SECPKG_ATTR_*`.
/// \param pBuffer  Receives the structure of that attribute.
/// \param cbBuffer  Bytes at pBuffer.
///
/// Returns as QueryContextAttributesW, and SEC_E_BUFFER_TOO_SMALL.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QueryContextAttributesExW(
    phContext: PCtxtHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    guard("QueryContextAttributesExW", || {
        forward!(context phContext, SEC_WCHAR, QueryContextAttributesEx(ulAttribute, pBuffer, cbBuffer));
        // SAFETY: C caller's contract, handles and attributes.
        unsafe { query::query::<SEC_WCHAR>(phContext, ulAttribute, pBuffer, Some(cbBuffer)) }
    })
}

/// QueryContextAttributesExW with ANSI text.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QueryContextAttributesExA(
    phContext: PCtxtHandle,
    ulAttribute: ULONG,
    pBuffer: *mut c_void,
    cbBuffer: ULONG,
) -> SECURITY_STATUS {
    guard("QueryContextAttributesExA", || {
        forward!(context phContext, SEC_CHAR, QueryContextAttributesEx(ulAttribute, pBuffer, cbBuffer));
        // SAFETY: C caller's contract, handles and attributes.
        unsafe { query::query::<SEC_CHAR>(phContext, ulAttribute, pBuffer, Some(cbBuffer)) }
    })
}

/// Frees what the library allocated: output tokens, names, keys, packages.
///
/// \param pvContextBuffer  The buffer. NULL is allowed. The library does not touch memory that it
///     did not allocate.
///
/// Returns SEC_E_OK, or SEC_E_INVALID_PARAMETER for memory that the library did not allocate or has
/// freed before.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn FreeContextBuffer(pvContextBuffer: *mut c_void) -> SECURITY_STATUS {
    guard_always("FreeContextBuffer", || forward::free_context_buffer(pvContextBuffer))
}
