//! Calls that complete later.
//!
//! Windows has these functions for drivers only. Here programs can use them.

use super::{
    AcceptSecurityContext, AcquireCredentialsHandleA, AcquireCredentialsHandleW,
    DeleteSecurityContext, FreeCredentialsHandle, InitializeSecurityContextA,
    InitializeSecurityContextW,
};
use crate::access_token;
use crate::entry::abi::*;
use crate::entry::async_call::{self, Call};
use crate::entry::boundary::guard::{answer, guard, guard_always, memory};
use crate::types::error::{Error, Result};
use std::ffi::c_void;

/// Makes an asynchronous context, which tracks one call at a time. SspiFreeAsyncContext frees it.
///
/// Returns the context, or NULL if there is no memory. A forked child cannot use its parent's
/// contexts.
#[unsafe(no_mangle)]
pub extern "system" fn SspiCreateAsyncContext() -> PSspiAsyncContext {
    let create = || {
        memory()?;
        async_call::create()
    };
    answer("SspiCreateAsyncContext", create, std::ptr::null_mut())
}

/// Frees an asynchronous context. Its callback is not called any more, and one that is under way
/// has returned when this function returns, unless it is the callback that calls this function. So
/// the callback's data may be freed next. A call that waits for a thread is not made; one in
/// progress has returned likewise. Calls that end a handle are made in any case. Two callbacks that
/// free each other's context wait forever.
///
/// \param Handle  The context. NULL and invalid contexts are ignored.
#[unsafe(no_mangle)]
pub extern "system" fn SspiFreeAsyncContext(Handle: PSspiAsyncContext) {
    answer("SspiFreeAsyncContext", || async_call::free(Handle), ());
}

/// Makes a context ready for another call. Its callback stays.
///
/// \param Handle  The context, whose last call is complete.
///
/// Returns SEC_E_OK or SEC_E_INVALID_HANDLE (not a context, or a call is in progress).
#[unsafe(no_mangle)]
pub extern "system" fn SspiReinitAsyncContext(Handle: PSspiAsyncContext) -> SECURITY_STATUS {
    guard("SspiReinitAsyncContext", || async_call::reinit(Handle))
}

/// Registers the function that is called, once, when the context's call is complete. Waits for a
/// call of the former function that is under way, unless called by it, so that its data may be freed.
///
/// \param Context  The context.
/// \param Callback  The function; NULL for none. It is called in another thread.
/// \param CallbackData  Its second argument.
///
/// Returns SEC_E_OK or SEC_E_INVALID_HANDLE.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiSetAsyncNotifyCallback(
    Context: PSspiAsyncContext,
    Callback: SspiAsyncNotifyCallback,
    CallbackData: *mut c_void,
) -> SECURITY_STATUS {
    guard("SspiSetAsyncNotifyCallback", || {
        async_call::set_callback(Context, Callback, CallbackData)
    })
}

/// Whether a function will be called when the context's call is complete.
///
/// \param AsyncContext  The context.
///
/// Returns 1 or 0; 0 for an invalid context.
#[unsafe(no_mangle)]
pub extern "system" fn SspiAsyncContextRequiresNotify(AsyncContext: PSspiAsyncContext) -> BOOLEAN {
    answer("SspiAsyncContextRequiresNotify", || async_call::requires_notify(AsyncContext), false)
        .into()
}

/// The state of the context's call.
///
/// \param Handle  The context.
///
/// Returns SEC_I_ASYNC_CALL_PENDING; once the call is complete, its status; SEC_E_INVALID_HANDLE if
/// the context is invalid or no call has been made.
#[unsafe(no_mangle)]
pub extern "system" fn SspiGetAsyncCallStatus(Handle: PSspiAsyncContext) -> SECURITY_STATUS {
    guard_always("SspiGetAsyncCallStatus", || async_call::status(Handle))
}

/// AcquireCredentialsHandleW, in a thread of the library.
///
/// \param AsyncContext  The context that tracks the call. What the other arguments point to must
///     stay valid until the call is complete.
///
/// Returns SEC_E_OK (the call will be made: SspiGetAsyncCallStatus gives its status),
/// SEC_E_INVALID_HANDLE (not a context, or it tracks another call) or SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// The [C caller's contract](crate::entry), until the call is complete.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiAcquireCredentialsHandleAsyncW(
    AsyncContext: PSspiAsyncContext,
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
    guard("SspiAcquireCredentialsHandleAsyncW", || {
        // The thread that makes the call acts as nobody.
        access_token::check_thread()?;
        let acting = access_token::acting();
        // SAFETY: C caller's contract, which lasts until the call is complete.
        let call = unsafe {
            Call::new(move || {
                access_token::work_for(acting, || {
                    AcquireCredentialsHandleW(
                        pszPrincipal,
                        pszPackage,
                        fCredentialUse,
                        pvLogonId,
                        pAuthData,
                        pGetKeyFn,
                        pvGetKeyArgument,
                        phCredential,
                        ptsExpiry,
                    )
                })
            })
        };
        async_call::begin(AsyncContext, call)
    })
}

/// AcquireCredentialsHandleA, likewise.
///
/// # Safety
/// The [C caller's contract](crate::entry), until the call is complete.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiAcquireCredentialsHandleAsyncA(
    AsyncContext: PSspiAsyncContext,
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
    guard("SspiAcquireCredentialsHandleAsyncA", || {
        // The thread that makes the call acts as nobody.
        access_token::check_thread()?;
        let acting = access_token::acting();
        // SAFETY: C caller's contract, which lasts until the call is complete.
        let call = unsafe {
            Call::new(move || {
                access_token::work_for(acting, || {
                    AcquireCredentialsHandleA(
                        pszPrincipal,
                        pszPackage,
                        fCredentialUse,
                        pvLogonId,
                        pAuthData,
                        pGetKeyFn,
                        pvGetKeyArgument,
                        phCredential,
                        ptsExpiry,
                    )
                })
            })
        };
        async_call::begin(AsyncContext, call)
    })
}

/// InitializeSecurityContextW, in a thread of the library.
///
/// \param AsyncContext  As for SspiAcquireCredentialsHandleAsyncW.
///
/// Returns as SspiAcquireCredentialsHandleAsyncW.
///
/// # Safety
/// The [C caller's contract](crate::entry), until the call is complete.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiInitializeSecurityContextAsyncW(
    AsyncContext: PSspiAsyncContext,
    phCredential: PCredHandle,
    phContext: PCtxtHandle,
    pszTargetName: *mut SEC_WCHAR,
    fContextReq: ULONG,
    Reserved1: ULONG,
    TargetDataRep: ULONG,
    pInput: PSecBufferDesc,
    Reserved2: ULONG,
    phNewContext: PCtxtHandle,
    pOutput: PSecBufferDesc,
    pfContextAttr: *mut ULONG,
    ptsExpiry: PTimeStamp,
) -> SECURITY_STATUS {
    guard("SspiInitializeSecurityContextAsyncW", || {
        // SAFETY: C caller's contract, which lasts until the call is complete.
        let call = unsafe {
            Call::new(move || {
                InitializeSecurityContextW(
                    phCredential,
                    phContext,
                    pszTargetName,
                    fContextReq,
                    Reserved1,
                    TargetDataRep,
                    pInput,
                    Reserved2,
                    phNewContext,
                    pOutput,
                    pfContextAttr,
                    ptsExpiry,
                )
            })
        };
        async_call::begin(AsyncContext, call)
    })
}

/// InitializeSecurityContextA, likewise.
///
/// # Safety
/// The [C caller's contract](crate::entry), until the call is complete.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiInitializeSecurityContextAsyncA(
    AsyncContext: PSspiAsyncContext,
    phCredential: PCredHandle,
    phContext: PCtxtHandle,
    pszTargetName: *mut SEC_CHAR,
    fContextReq: ULONG,
    Reserved1: ULONG,
    TargetDataRep: ULONG,
    pInput: PSecBufferDesc,
    Reserved2: ULONG,
    phNewContext: PCtxtHandle,
    pOutput: PSecBufferDesc,
    pfContextAttr: *mut ULONG,
    ptsExpiry: PTimeStamp,
) -> SECURITY_STATUS {
    guard("SspiInitializeSecurityContextAsyncA", || {
        // SAFETY: C caller's contract, which lasts until the call is complete.
        let call = unsafe {
            Call::new(move || {
                InitializeSecurityContextA(
                    phCredential,
                    phContext,
                    pszTargetName,
                    fContextReq,
                    Reserved1,
                    TargetDataRep,
                    pInput,
                    Reserved2,
                    phNewContext,
                    pOutput,
                    pfContextAttr,
                    ptsExpiry,
                )
            })
        };
        async_call::begin(AsyncContext, call)
    })
}

/// AcceptSecurityContext, in a thread of the library.
///
/// \param AsyncContext  As for SspiAcquireCredentialsHandleAsyncW.
///
/// Returns as SspiAcquireCredentialsHandleAsyncW.
///
/// # Safety
/// The [C caller's contract](crate::entry), until the call is complete.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiAcceptSecurityContextAsync(
    AsyncContext: PSspiAsyncContext,
    phCredential: PCredHandle,
    phContext: PCtxtHandle,
    pInput: PSecBufferDesc,
    fContextReq: ULONG,
    TargetDataRep: ULONG,
    phNewContext: PCtxtHandle,
    pOutput: PSecBufferDesc,
    pfContextAttr: *mut ULONG,
    ptsTimeStamp: PTimeStamp,
) -> SECURITY_STATUS {
    guard("SspiAcceptSecurityContextAsync", || {
        // SAFETY: C caller's contract, which lasts until the call is complete.
        let call = unsafe {
            Call::new(move || {
                AcceptSecurityContext(
                    phCredential,
                    phContext,
                    pInput,
                    fContextReq,
                    TargetDataRep,
                    phNewContext,
                    pOutput,
                    pfContextAttr,
                    ptsTimeStamp,
                )
            })
        };
        async_call::begin(AsyncContext, call)
    })
}

/// FreeCredentialsHandle, in a thread of the library.
///
/// \param AsyncContext  As for SspiAcquireCredentialsHandleAsyncW; it may be freed at once.
/// \param phCredential  The handle, which is copied.
///
/// Returns as SspiAcquireCredentialsHandleAsyncW.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiFreeCredentialsHandleAsync(
    AsyncContext: PSspiAsyncContext,
    phCredential: PCredHandle,
) -> SECURITY_STATUS {
    guard_always("SspiFreeCredentialsHandleAsync", || {
        // The caller may have freed its copy when the call is made.
        // SAFETY: C caller's contract, handles.
        let mut handle = unsafe { the_handle(phCredential)? };
        // SAFETY: the handle is a copy, which the call owns.
        let call = unsafe { Call::alone(move || FreeCredentialsHandle(&mut handle)) };
        async_call::begin(AsyncContext, call)
    })
}

/// DeleteSecurityContext, in a thread of the library.
///
/// \param AsyncContext  As for SspiAcquireCredentialsHandleAsyncW; it may be freed at once.
/// \param phContext  The handle, which is copied.
///
/// Returns as SspiAcquireCredentialsHandleAsyncW.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SspiDeleteSecurityContextAsync(
    AsyncContext: PSspiAsyncContext,
    phContext: PCtxtHandle,
) -> SECURITY_STATUS {
    guard_always("SspiDeleteSecurityContextAsync", || {
        // The caller may have freed its copy when the call is made.
        // SAFETY: C caller's contract, handles.
        let mut handle = unsafe { the_handle(phContext)? };
        // SAFETY: the handle is a copy, which the call owns.
        let call = unsafe { Call::alone(move || DeleteSecurityContext(&mut handle)) };
        async_call::begin(AsyncContext, call)
    })
}

/// A copy of the caller's handle.
///
/// # Safety
/// `handle` is NULL or points to a handle.
unsafe fn the_handle(handle: PSecHandle) -> Result<SecHandle> {
    if handle.is_null() {
        return Err(Error::InvalidHandle("NULL"));
    }
    // SAFETY: C caller's contract, handles: it is not NULL.
    Ok(unsafe { handle.read_unaligned() })
}
