//! Functions that exist so that programs can be linked and tables filled, and that this version does not
//! perform. Each clears its outputs and returns SEC_E_UNSUPPORTED_FUNCTION; for a context of another package
//! that the system has, what the system returns.

use crate::entry::abi::*;
use crate::entry::guard::{guard, unsupported};
use crate::entry::system::pass_on;
use crate::error::Error;
use std::ffi::c_void;

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
    // SAFETY: the caller's promise is this function's own.
    unsafe { clear(pPackedContext) };
    // SAFETY: the caller's promise is this function's own.
    unsafe { clear(pToken) };
    guard("ExportSecurityContext", || {
        pass_on!(context phContext, ExportSecurityContext(fFlags, pPackedContext, pToken));
        Err(Error::Unsupported("ExportSecurityContext"))
    })
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
