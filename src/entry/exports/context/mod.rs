//! Contexts: accept, initiate, complete, delete.

use super::route;
use crate::entry::abi::*;
use crate::entry::boundary::arguments::{Arguments, InitiateArguments};
use crate::entry::boundary::flags::Side;
use crate::entry::boundary::guard::{guard, guard_always, guard_step};
use crate::entry::context::{CONTEXTS, complete, step};
use crate::entry::forward::{self, Form};
use crate::entry::handles::{Object, find, take};
use crate::types::error::{Error, Result};

mod access_token;
mod export_import;
mod message;
mod query;

pub use access_token::*;
pub use export_import::*;
pub use message::*;
pub use query::*;

/// The server's side of the authentication: takes a token from the client and makes the reply.
///
/// \param phCredential  Credentials for inbound use. May be NULL once there is a context.
/// \param phContext  NULL at first; later the handle from the first call.
/// \param pInput  The client's token in a SECBUFFER_TOKEN buffer and, optionally, the outer
///     channel's bindings in a SECBUFFER_CHANNEL_BINDINGS buffer, in any order. Without a token,
///     Negotiate offers its mechanisms.
/// \param fContextReq  `ASC_REQ_*`.
/// \param TargetDataRep  SECURITY_NATIVE_DREP or SECURITY_NETWORK_DREP; ignored.
/// \param phNewContext  Receives the handle of a new context, which DeleteSecurityContext ends. On
///     later calls it may equal phContext, or be NULL.
/// \param pOutput  The first SECBUFFER_TOKEN buffer receives the reply. Its cbBuffer is its
///     capacity, and then the reply's length, 0 if there is none. With ASC_REQ_ALLOCATE_MEMORY,
///     pvBuffer is set to memory that the caller frees with FreeContextBuffer.
/// \param pfContextAttr  Receives `ASC_RET_*`; may be NULL. Only the last call reports protection.
/// \param ptsTimeStamp  Receives the time when the context expires, in local time; may be NULL.
///
/// Returns
/// - SEC_E_OK: established. Send the reply, if there is one.
/// - SEC_I_CONTINUE_NEEDED: send the reply and pass the client's next token to another call.
/// - SEC_I_COMPLETE_NEEDED, SEC_I_COMPLETE_AND_CONTINUE: as the two above, but call
///   CompleteAuthToken on the output before sending it. Only if so configured.
/// - SEC_E_BUFFER_TOO_SMALL: the reply needs a buffer of the cbBuffer now set, unless that was 0.
///   Nothing has changed: call again.
/// - SEC_E_INVALID_HANDLE: the handle is invalid, has ended or is of the other kind, or its
///   authentication has ended.
/// - SEC_E_INVALID_TOKEN, SEC_E_LOGON_DENIED, SEC_E_BAD_BINDINGS, SEC_E_TARGET_UNKNOWN,
///   SEC_E_UNSUPPORTED_FUNCTION (no mechanism in common): the client is rejected.
/// - SEC_E_NO_AUTHENTICATING_AUTHORITY: no authority could be asked about the client.
/// - SEC_E_NO_CREDENTIALS: the credentials are not for inbound use.
/// - SEC_E_INSUFFICIENT_MEMORY: the configured number of contexts exists, or the heap is full.
/// - SEC_E_INVALID_PARAMETER, SEC_E_INTERNAL_ERROR.
///
/// If a first call fails, there is no context. If a later call fails, the context can only be
/// deleted. With ASC_REQ_EXTENDED_ERROR, an error may come with a token for the client: cbBuffer is
/// not 0 then.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn AcceptSecurityContext(
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
    let arguments = Arguments {
        credential: phCredential,
        context: phContext,
        input: pInput,
        requirements: fContextReq,
        data_rep: TargetDataRep,
        new_context: phNewContext,
        output: pOutput,
        attributes: pfContextAttr,
        expiry: ptsTimeStamp,
    };
    // SAFETY: C caller's contract.
    let clear = || unsafe { step::clear(Side::Accept, &arguments) };
    guard_step("AcceptSecurityContext", clear, || {
        // SAFETY: C caller's contract, which secur32.dll asks for too.
        unsafe {
            match route::step(Side::Accept, &arguments) {
                Some(on) => forward::accept(on, &CONTEXTS, &arguments, |system| {
                    system.unicode.AcceptSecurityContext
                }),
                None => step::accept(&arguments),
            }
        }
    })
}

/// The client's side of the authentication: makes the first token, and the replies to the server's.
///
/// \param phCredential  Credentials for outbound use. May be NULL once there is a context.
/// \param phContext  NULL at first; later the handle from the first call.
/// \param pszTargetName  The service principal name, as "HTTP/www.example.com"; may be NULL.
/// \param fContextReq  `ISC_REQ_*`.
/// \param Reserved1  0.
/// \param TargetDataRep  SECURITY_NATIVE_DREP or SECURITY_NETWORK_DREP; ignored.
/// \param pInput  The server's token and, optionally, channel bindings, as for
///     AcceptSecurityContext; may be NULL at first.
/// \param Reserved2  0.
/// \param phNewContext  Receives the handle of a new context. On later calls it may equal
///     phContext, or be NULL.
/// \param pOutput  Receives the token for the server, as for AcceptSecurityContext
///     (ISC_REQ_ALLOCATE_MEMORY).
/// \param pfContextAttr  Receives `ISC_RET_*`; may be NULL.
/// \param ptsExpiry  Receives the time when the context expires, in local time; may be NULL.
///
/// Returns as AcceptSecurityContext.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn InitializeSecurityContextW(
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
    // SAFETY: C caller's contract.
    let clear = || unsafe { step::clear(Side::Initiate, &arguments) };
    guard_step("InitializeSecurityContextW", clear, || {
        let more = InitiateArguments { target: pszTargetName, reserved: [Reserved1, Reserved2] };
        // SAFETY: C caller's contract.
        unsafe { initiate(&arguments, &more) }
    })
}

/// InitializeSecurityContextW with ANSI text.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn InitializeSecurityContextA(
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
    // SAFETY: C caller's contract.
    let clear = || unsafe { step::clear(Side::Initiate, &arguments) };
    guard_step("InitializeSecurityContextA", clear, || {
        let more = InitiateArguments { target: pszTargetName, reserved: [Reserved1, Reserved2] };
        // SAFETY: C caller's contract.
        unsafe { initiate(&arguments, &more) }
    })
}

/// InitializeSecurityContext in either form.
///
/// # Safety
/// As for InitializeSecurityContextW.
unsafe fn initiate<Char: Form>(
    arguments: &Arguments,
    more: &InitiateArguments<Char>,
) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, which secur32.dll asks for too.
    unsafe {
        match route::step(Side::Initiate, arguments) {
            Some(on) => forward::initiate(on, &CONTEXTS, arguments, more, |system| {
                Char::functions(system).InitializeSecurityContext
            }),
            None => step::initiate(arguments, more),
        }
    }
}

/// Finishes the token of a call that returned SEC_I_COMPLETE_NEEDED or SEC_I_COMPLETE_AND_CONTINUE.
///
/// \param phContext  The context.
/// \param pToken  The output descriptor of that call; its token buffer receives the token to send.
///
/// Returns SEC_E_OK, SEC_E_INVALID_HANDLE, SEC_E_INVALID_TOKEN (the descriptor has no token
/// buffer), SEC_E_BUFFER_TOO_SMALL or SEC_E_UNSUPPORTED_FUNCTION (there is nothing to finish).
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn CompleteAuthToken(
    phContext: PCtxtHandle,
    pToken: PSecBufferDesc,
) -> SECURITY_STATUS {
    guard("CompleteAuthToken", || {
        forward!(context phContext, CompleteAuthToken(pToken));
        // SAFETY: C caller's contract, handles and buffers.
        unsafe { complete::complete(phContext, pToken) }
    })
}

/// Ends a context. A call in another thread that is using it finishes normally.
///
/// \param phContext  The handle.
///
/// Returns SEC_E_OK or SEC_E_INVALID_HANDLE.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn DeleteSecurityContext(phContext: PCtxtHandle) -> SECURITY_STATUS {
    guard_always("DeleteSecurityContext", || {
        // SAFETY: C caller's contract, handles.
        Ok(match unsafe { take(&CONTEXTS, phContext)? } {
            // Both are credentials' alone.
            Object::Ours(_) | Object::Both(_) => SEC_E_OK,
            Object::Forwarded(handle) => {
                forward::end(&handle, |system| system.unicode.DeleteSecurityContext)
            }
        })
    })
}

/// Applies a control token, as TLS has them. Negotiate, Kerberos and NTLM have none.
///
/// \param phContext  The context.
/// \param pInput  The token.
///
/// Returns SEC_E_UNSUPPORTED_FUNCTION or SEC_E_INVALID_HANDLE; for a context of another package,
/// what the operating system's secur32.dll returns.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ApplyControlToken(
    phContext: PCtxtHandle,
    pInput: PSecBufferDesc,
) -> SECURITY_STATUS {
    guard("ApplyControlToken", || {
        forward!(context phContext, ApplyControlToken(pInput));
        // SAFETY: C caller's contract, handles.
        unsafe { find(&CONTEXTS, phContext)? };
        Err(Error::Unsupported("control tokens"))
    })
}
