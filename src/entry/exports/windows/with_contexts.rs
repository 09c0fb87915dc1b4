//! Functions of secur32.dll with contexts in their arguments that are passed on to the system's
//! own: SASL, and what security packages call. On Windows and Wine only. Contexts of ours have no
//! use for them: SEC_E_UNSUPPORTED_FUNCTION.

use super::forwarded::ForwardedFunction;
use crate::entry::abi::*;
use crate::entry::boundary::arguments::{Arguments, InitiateArguments};
use crate::entry::boundary::guard::guard;
use crate::entry::context::CONTEXTS;
use crate::entry::exports::route;
use crate::entry::forward;
use crate::types::error::{Error, Result};
use std::ffi::c_void;
use std::mem::transmute;
use std::ptr::NonNull;

const OURS: Error = Error::Unsupported("SASL, with contexts of ours");

/// The system's function for one of the system's contexts.
///
/// # Safety
/// `context` is NULL or points to a handle.
unsafe fn with_context(
    context: PCtxtHandle,
    function: &ForwardedFunction,
    call: impl FnOnce(NonNull<()>, PCtxtHandle) -> SECURITY_STATUS,
) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    let forwarded = unsafe { route::context(context) }.ok_or(OURS)?;
    let function = function.find().ok_or(Error::Unsupported("the system has no such function"))?;
    Ok(forwarded.call(|context| call(function, context)))
}

/// AcceptSecurityContext for SASL.
///
/// # Safety
/// As the system's function.
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
        // SAFETY: the function has that type; the caller's promise is this function's own.
        unsafe {
            let on = route::step(&arguments).ok_or(OURS)?;
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
        /// As the system's function.
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
                // SAFETY: the function has that type; the caller's promise is this function's own.
                unsafe {
                    let on = route::step(&arguments).ok_or(OURS)?;
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

/// Tells an option of a SASL context.
///
/// # Safety
/// As the system's function.
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
    // SAFETY: the function has that type; the caller's promise is this function's own.
    guard("SaslGetContextOption", || unsafe {
        with_context(ContextHandle, &FUNCTION, |function, context| {
            transmute::<NonNull<()>, Get>(function)(context, Option, Value, Size, Needed)
        })
    })
}

/// Sets an option of a SASL context.
///
/// # Safety
/// As the system's function.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SaslSetContextOption(
    ContextHandle: PCtxtHandle,
    Option: ULONG,
    Value: *mut c_void,
    Size: ULONG,
) -> SECURITY_STATUS {
    type Set = unsafe extern "system" fn(PCtxtHandle, ULONG, *mut c_void, ULONG) -> SECURITY_STATUS;
    static FUNCTION: ForwardedFunction = ForwardedFunction::new(c"SaslSetContextOption", false);
    // SAFETY: the function has that type; the caller's promise is this function's own.
    guard("SaslSetContextOption", || unsafe {
        with_context(ContextHandle, &FUNCTION, |function, context| {
            transmute::<NonNull<()>, Set>(function)(context, Option, Value, Size)
        })
    })
}

/// Begins the user's half of a context of a security package.
///
/// # Safety
/// As the system's function.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SecInitUserModeContext(
    ContextHandle: PCtxtHandle,
    ContextData: PSecBuffer,
) -> SECURITY_STATUS {
    type Init = unsafe extern "system" fn(PCtxtHandle, PSecBuffer) -> SECURITY_STATUS;
    static FUNCTION: ForwardedFunction = ForwardedFunction::new(c"SecInitUserModeContext", true);
    // SAFETY: the function has that type; the caller's promise is this function's own.
    guard("SecInitUserModeContext", || unsafe {
        with_context(ContextHandle, &FUNCTION, |function, context| {
            transmute::<NonNull<()>, Init>(function)(context, ContextData)
        })
    })
}

/// Ends the user's half of a context of a security package.
///
/// # Safety
/// As the system's function.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SecDeleteUserModeContext(
    ContextHandle: PCtxtHandle,
) -> SECURITY_STATUS {
    type Delete = unsafe extern "system" fn(PCtxtHandle) -> SECURITY_STATUS;
    static FUNCTION: ForwardedFunction = ForwardedFunction::new(c"SecDeleteUserModeContext", true);
    // SAFETY: the function has that type; the caller's promise is this function's own.
    guard("SecDeleteUserModeContext", || unsafe {
        with_context(ContextHandle, &FUNCTION, |function, context| {
            transmute::<NonNull<()>, Delete>(function)(context)
        })
    })
}

/// ApplyControlToken by the names that it has in import libraries for 32 bits.
///
/// # Safety
/// As for ApplyControlToken.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ApplyControlTokenW(
    phContext: PCtxtHandle,
    pInput: PSecBufferDesc,
) -> SECURITY_STATUS {
    // SAFETY: the caller's promise is that of ApplyControlToken.
    unsafe { crate::entry::exports::ApplyControlToken(phContext, pInput) }
}

/// ApplyControlToken by the names that it has in import libraries for 32 bits.
///
/// # Safety
/// As for ApplyControlToken.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ApplyControlTokenA(
    phContext: PCtxtHandle,
    pInput: PSecBufferDesc,
) -> SECURITY_STATUS {
    // SAFETY: the caller's promise is that of ApplyControlToken.
    unsafe { crate::entry::exports::ApplyControlToken(phContext, pInput) }
}
