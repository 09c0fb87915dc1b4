//! Functions of secur32.dll with contexts in their arguments: SASL, and functions for security
//! packages. Forwarded for contexts of secur32.dll; for those of this library,
//! SEC_E_UNSUPPORTED_FUNCTION. On Windows and Wine only.

use super::forwarded::ForwardedFunction;
use crate::entry::abi::*;
use crate::entry::boundary::arguments::{Arguments, InitiateArguments};
use crate::entry::boundary::flags::Side;
use crate::entry::boundary::guard::{guard, guard_always};
use crate::entry::context::CONTEXTS;
use crate::entry::exports::route;
use crate::entry::forward;
use crate::types::error::{Error, Result};
use std::ffi::c_void;
use std::mem::transmute;
use std::ptr::NonNull;

const UNSUPPORTED: Error = Error::Unsupported("a function for other packages' contexts");

/// Calls the function for a context of secur32.dll.
///
/// # Safety
/// `context` is NULL or points to a handle.
unsafe fn with_context(
    context: PCtxtHandle,
    function: &ForwardedFunction,
    call: impl FnOnce(NonNull<()>, PCtxtHandle) -> SECURITY_STATUS,
) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract.
    let forwarded = unsafe { route::context(context) }.ok_or(UNSUPPORTED)?;
    let function = function.find().ok_or(Error::Unsupported("the system has no such function"))?;
    Ok(forwarded.call(|context| call(function, context)))
}

/// AcceptSecurityContext for SASL.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SaslAcceptSecurityContext(
    phCredential: PCredHandle,
    phContext: PCtxtHandle,
    pInput: PSecBufferDesc,
    fContextReq: ULONG,
    TargetDataRep: ULONG,
    phNewContext: PCtxtHandle,
    pOutput: PSecBufferDesc,
    pfContextAttr: *mut ULONG,
    ptsExpiry: PTimeStamp,
) -> SECURITY_STATUS {
    static FUNCTION: ForwardedFunction = ForwardedFunction::new(c"SaslAcceptSecurityContext", true);
    guard("SaslAcceptSecurityContext", || {
        let arguments = Arguments {
            credential: phCredential,
            context: phContext,
            input: pInput,
            requirements: fContextReq,
            data_rep: TargetDataRep,
            new_context: phNewContext,
            output: pOutput,
            attributes: pfContextAttr,
            expiry: ptsExpiry,
        };
        // SAFETY: the function has this type. C caller's contract, handles.
        unsafe {
            let on = route::step(Side::Accept, &arguments).ok_or(UNSUPPORTED)?;
            forward::accept(on, &CONTEXTS, &arguments, |_| transmute(FUNCTION.find()))
        }
    })
}

/// Exports InitializeSecurityContext for SASL in one form.
macro_rules! initiate {
    ($name:ident, $char:ty, $text:literal) => {
        /// InitializeSecurityContext for SASL.
        ///
        /// # Safety
        /// As secur32.dll's function.
        #[unsafe(no_mangle)]
        pub unsafe extern "system" fn $name(
            phCredential: PCredHandle,
            phContext: PCtxtHandle,
            pszTargetName: *mut $char,
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
            static FUNCTION: ForwardedFunction = ForwardedFunction::new($text, true);
            guard(stringify!($name), || {
                let arguments = Arguments {
                    credential: phCredential,
                    context: phContext,
                    input: pInput,
                    requirements: fContextReq,
                    data_rep: TargetDataRep,
                    new_context: phNewContext,
                    output: pOutput,
                    attributes: pfContextAttr,
                    expiry: ptsExpiry,
                };
                let more =
                    InitiateArguments { target: pszTargetName, reserved: [Reserved1, Reserved2] };
                // SAFETY: the function has this type. C caller's contract, handles.
                unsafe {
                    let on = route::step(Side::Initiate, &arguments).ok_or(UNSUPPORTED)?;
                    forward::initiate(on, &CONTEXTS, &arguments, &more, |_| {
                        transmute(FUNCTION.find())
                    })
                }
            })
        }
    };
}
initiate!(SaslInitializeSecurityContextW, SEC_WCHAR, c"SaslInitializeSecurityContextW");
initiate!(SaslInitializeSecurityContextA, SEC_CHAR, c"SaslInitializeSecurityContextA");

/// Gets an option of a SASL context.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SaslGetContextOption(
    ContextHandle: PCtxtHandle,
    Option: ULONG,
    Value: *mut c_void,
    Size: ULONG,
    Needed: *mut ULONG,
) -> SECURITY_STATUS {
    type Get = unsafe extern "system" fn(
        PCtxtHandle,
        ULONG,
        *mut c_void,
        ULONG,
        *mut ULONG,
    ) -> SECURITY_STATUS;
    static FUNCTION: ForwardedFunction = ForwardedFunction::new(c"SaslGetContextOption", false);
    // SAFETY: the function has this type. C caller's contract.
    guard("SaslGetContextOption", || unsafe {
        with_context(ContextHandle, &FUNCTION, |function, context| {
            transmute::<NonNull<()>, Get>(function)(context, Option, Value, Size, Needed)
        })
    })
}

/// Sets an option of a SASL context.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SaslSetContextOption(
    ContextHandle: PCtxtHandle,
    Option: ULONG,
    Value: *mut c_void,
    Size: ULONG,
) -> SECURITY_STATUS {
    type Set = unsafe extern "system" fn(PCtxtHandle, ULONG, *mut c_void, ULONG) -> SECURITY_STATUS;
    static FUNCTION: ForwardedFunction = ForwardedFunction::new(c"SaslSetContextOption", false);
    // SAFETY: the function has this type. C caller's contract.
    guard("SaslSetContextOption", || unsafe {
        with_context(ContextHandle, &FUNCTION, |function, context| {
            transmute::<NonNull<()>, Set>(function)(context, Option, Value, Size)
        })
    })
}

/// Starts the user mode part of a security package's context.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SecInitUserModeContext(
    ContextHandle: PCtxtHandle,
    ContextData: PSecBuffer,
) -> SECURITY_STATUS {
    type Init = unsafe extern "system" fn(PCtxtHandle, PSecBuffer) -> SECURITY_STATUS;
    static FUNCTION: ForwardedFunction = ForwardedFunction::new(c"SecInitUserModeContext", true);
    // SAFETY: the function has this type. C caller's contract.
    guard("SecInitUserModeContext", || unsafe {
        with_context(ContextHandle, &FUNCTION, |function, context| {
            transmute::<NonNull<()>, Init>(function)(context, ContextData)
        })
    })
}

/// Ends the user mode part of a security package's context.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SecDeleteUserModeContext(
    ContextHandle: PCtxtHandle,
) -> SECURITY_STATUS {
    type Delete = unsafe extern "system" fn(PCtxtHandle) -> SECURITY_STATUS;
    static FUNCTION: ForwardedFunction = ForwardedFunction::new(c"SecDeleteUserModeContext", true);
    // SAFETY: the function has this type. C caller's contract.
    guard_always("SecDeleteUserModeContext", || unsafe {
        with_context(ContextHandle, &FUNCTION, |function, context| {
            transmute::<NonNull<()>, Delete>(function)(context)
        })
    })
}

/// ApplyControlToken by the names that it has in import libraries for 32 bits.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ApplyControlTokenW(
    phContext: PCtxtHandle,
    pInput: PSecBufferDesc,
) -> SECURITY_STATUS {
    // SAFETY: C caller's contract.
    unsafe { crate::entry::exports::ApplyControlToken(phContext, pInput) }
}

/// ApplyControlToken by the names that it has in import libraries for 32 bits.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ApplyControlTokenA(
    phContext: PCtxtHandle,
    pInput: PSecBufferDesc,
) -> SECURITY_STATUS {
    // SAFETY: C caller's contract.
    unsafe { crate::entry::exports::ApplyControlToken(phContext, pInput) }
}
