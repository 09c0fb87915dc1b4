//! Calls that make credentials and contexts of secur32.dll.

use super::allocated::Allocated;
use super::functions::{Form, System};
use super::handles::{Forwarded, end};
use super::inside::inside;
use super::memory::gave_memory;
use crate::entry::abi::*;
use crate::entry::boundary::arguments::{
    AcquireArguments, Arguments, InitiateArguments, PasswordArguments,
};
use crate::entry::boundary::pointers::put;
use crate::entry::handles::forwarded::ForwardedHandle;
use crate::entry::handles::table::Table;
use crate::entry::handles::{NO_HANDLE, Object};
use crate::server;
use crate::types::error::{Error, Result};
use std::ffi::c_void;
use std::ptr::null_mut;

/// AcquireCredentialsHandle for a package of secur32.dll.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn acquire<Char: Form, T: Clone>(
    table: &Table<Object<T>>,
    arguments: &AcquireArguments<Char>,
) -> Result<SECURITY_STATUS> {
    let mut made = NO_HANDLE;
    let place = if arguments.handle.is_null() { null_mut() } else { &raw mut made };
    // SAFETY: C caller's contract, which secur32.dll asks for too; `made` is a local.
    let status = unsafe { call_acquire(arguments, arguments.usage, arguments.data, place)? };
    if status < 0 || arguments.handle.is_null() {
        return Ok(status);
    }
    // SAFETY: C caller's contract, outputs.
    unsafe {
        let limit = server::current().settings.limits.credentials;
        let made = ForwardedHandle::new(made);
        insert(table, made, limit, arguments.handle, |s| s.unicode.FreeCredentialsHandle)?
    };
    Ok(status)
}

/// secur32.dll's credentials for outbound use, of a package that this library has too. `data` takes
/// the place of `pAuthData`. Errors: `PackageNotFound` if secur32.dll has no such package.
///
/// # Safety
/// As for AcquireCredentialsHandle.
pub(crate) unsafe fn acquire_outbound<Char: Form>(
    arguments: &AcquireArguments<Char>,
    data: *mut c_void,
) -> Result<(SECURITY_STATUS, ForwardedHandle)> {
    let mut made = NO_HANDLE;
    let usage = arguments.usage & !SECPKG_CRED_INBOUND;
    // SAFETY: C caller's contract, which secur32.dll asks for too; `made` is a local.
    match unsafe { call_acquire(arguments, usage, data, &raw mut made)? } {
        SEC_E_SECPKG_NOT_FOUND => Err(Error::PackageNotFound),
        status => Ok((status, ForwardedHandle::outbound(made))),
    }
}

/// # Safety
/// As for AcquireCredentialsHandle; `place` is NULL or receives a handle.
unsafe fn call_acquire<Char: Form>(
    arguments: &AcquireArguments<Char>,
    usage: ULONG,
    data: *mut c_void,
    place: PCredHandle,
) -> Result<SECURITY_STATUS> {
    let system = System::get().ok_or(Error::PackageNotFound)?;
    let function =
        Char::functions(system).AcquireCredentialsHandle.ok_or(Error::PackageNotFound)?;
    // SAFETY: C caller's contract, which secur32.dll asks for too.
    Ok(inside(|| unsafe {
        function(
            arguments.principal,
            arguments.package,
            usage,
            arguments.logon_id,
            data,
            arguments.get_key,
            arguments.get_key_argument,
            place,
            arguments.expiry,
        )
    }))
}

/// What AcceptSecurityContext and InitializeSecurityContext work on, if it is secur32.dll's.
pub(crate) enum StepOn {
    /// A first call, with these credentials.
    Credentials(Forwarded),
    /// A later call.
    Context { context: Forwarded, credential: Option<Forwarded> },
}

/// AcceptSecurityContext, or a function like it. A new context goes to `contexts`.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn accept<T: Clone>(
    on: StepOn,
    contexts: &Table<Object<T>>,
    arguments: &Arguments,
    function: impl FnOnce(&System) -> ACCEPT_SECURITY_CONTEXT_FN,
) -> Result<SECURITY_STATUS> {
    let Arguments { input, requirements, data_rep, output, attributes, expiry, .. } = *arguments;
    // SAFETY: C caller's contract, which secur32.dll asks for too.
    unsafe {
        step(on, contexts, arguments, |system, credential, context, new| {
            let function =
                function(system).ok_or(Error::Unsupported("the system has no such function"))?;
            Ok(function(
                credential,
                context,
                input,
                requirements,
                data_rep,
                new,
                output,
                attributes,
                expiry,
            ))
        })
    }
}

/// InitializeSecurityContext, or a function like it, likewise.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn initiate<Char: Form, T: Clone>(
    on: StepOn,
    contexts: &Table<Object<T>>,
    arguments: &Arguments,
    more: &InitiateArguments<Char>,
    function: impl FnOnce(&System) -> INITIALIZE_SECURITY_CONTEXT_FN<Char>,
) -> Result<SECURITY_STATUS> {
    let Arguments { input, data_rep, attributes, expiry, .. } = *arguments;
    let InitiateArguments { target, reserved: [reserved1, reserved2] } = *more;
    let (StepOn::Credentials(forwarded) | StepOn::Context { context: forwarded, .. }) = &on;
    // SAFETY: C caller's contract, buffers.
    let mut allocated = unsafe { Allocated::for_call(forwarded, arguments)? };
    let (requirements, output) = match &mut allocated {
        Some(allocated) => allocated.arguments(arguments),
        None => (arguments.requirements, arguments.output),
    };
    // SAFETY: C caller's contract, which secur32.dll asks for too.
    let status = unsafe {
        step(on, contexts, arguments, |system, credential, context, new| {
            let function =
                function(system).ok_or(Error::Unsupported("the system has no such function"))?;
            Ok(function(
                credential,
                context,
                target,
                requirements,
                reserved1,
                data_rep,
                input,
                reserved2,
                new,
                output,
                attributes,
                expiry,
            ))
        })?
    };
    if let Some(allocated) = allocated {
        // SAFETY: C caller's contract, buffers and outputs.
        unsafe { allocated.give(arguments, status) };
    }
    Ok(status)
}

/// ImportSecurityContext for the package `name` of secur32.dll.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn import<Char: Form, T: Clone>(
    contexts: &Table<Object<T>>,
    name: &str,
    package: *mut Char,
    packed: PSecBuffer,
    token: *mut c_void,
    context: PCtxtHandle,
) -> Result<SECURITY_STATUS> {
    super::package(name)?;
    let system = System::get().ok_or(Error::PackageNotFound)?;
    let function = Char::functions(system)
        .ImportSecurityContext
        .ok_or(Error::Unsupported("the system has no such function"))?;
    let mut made = NO_HANDLE;
    // SAFETY: C caller's contract, which secur32.dll asks for too; `made` is a local.
    let status = inside(|| unsafe { function(package, packed, token, &mut made) });
    if status >= 0 {
        let (limit, made) =
            (server::current().settings.limits.contexts, ForwardedHandle::new(made));
        // SAFETY: C caller's contract, outputs.
        unsafe { insert(contexts, made, limit, context, |s| s.unicode.DeleteSecurityContext)? };
    }
    Ok(status)
}

/// ChangeAccountPassword for a package of secur32.dll.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn change_password<Char: Form>(
    arguments: &PasswordArguments<Char>,
) -> Result<SECURITY_STATUS> {
    let function = System::get().and_then(|system| Char::functions(system).ChangeAccountPassword);
    let function = function.ok_or(Error::PackageNotFound)?;
    // SAFETY: C caller's contract, which secur32.dll asks for too.
    Ok(inside(|| unsafe {
        function(
            arguments.package,
            arguments.domain,
            arguments.account,
            arguments.old,
            arguments.new,
            arguments.impersonating,
            arguments.reserved,
            arguments.output,
        )
    }))
}

/// `call` gets secur32.dll's handles: credentials, context, new context.
///
/// # Safety
/// As the functions' own.
unsafe fn step<T: Clone>(
    on: StepOn,
    contexts: &Table<Object<T>>,
    arguments: &Arguments,
    call: impl FnOnce(&System, PCredHandle, PCtxtHandle, PCtxtHandle) -> Result<SECURITY_STATUS>,
) -> Result<SECURITY_STATUS> {
    match on {
        StepOn::Context { context, credential } => {
            let mut credential = credential.map(|forwarded| forwarded.handle.words());
            let credential = credential.as_mut().map_or(null_mut(), |handle| handle as PCredHandle);
            // SAFETY: C caller's contract, handles.
            unsafe { go_on(&context, credential, arguments, call) }
        }
        // SAFETY: C caller's contract, handles.
        StepOn::Credentials(credential) => unsafe { begin(&credential, contexts, arguments, call) },
    }
}

/// # Safety
/// As for [`step`].
unsafe fn go_on(
    context: &Forwarded,
    credential: PCredHandle,
    arguments: &Arguments,
    call: impl FnOnce(&System, PCredHandle, PCtxtHandle, PCtxtHandle) -> Result<SECURITY_STATUS>,
) -> Result<SECURITY_STATUS> {
    let was = context.handle.words();
    let (mut words, mut new) = (was, was);
    note_memory(arguments);
    let status = inside(|| call(context.system, credential, &mut words, &mut new))?;
    // secur32.dll may replace its handle. The caller's stays the same.
    if is_handle(new) && new != was {
        context.handle.replace(new);
    }
    if status >= 0 {
        // SAFETY: C caller's contract, handles: `phContext` points to a handle, which was found. It
        // may be `phNewContext` too.
        unsafe { put(arguments.new_context, arguments.context.read_unaligned()) };
    }
    Ok(status)
}

/// # Safety
/// As for [`step`].
unsafe fn begin<T: Clone>(
    credential: &Forwarded,
    contexts: &Table<Object<T>>,
    arguments: &Arguments,
    call: impl FnOnce(&System, PCredHandle, PCtxtHandle, PCtxtHandle) -> Result<SECURITY_STATUS>,
) -> Result<SECURITY_STATUS> {
    if arguments.new_context.is_null() {
        return Err(Error::InvalidHandle("a first call has nowhere to put its context"));
    }
    let (mut words, mut new) = (credential.handle.words(), NO_HANDLE);
    note_memory(arguments);
    let status = inside(|| call(credential.system, &mut words, null_mut(), &mut new))?;
    // Some errors leave a context, to read more of a message or to be deleted. The handle shows it.
    if is_handle(new) {
        let (limit, output) = (server::current().settings.limits.contexts, arguments.new_context);
        let new = credential.handle.context(new);
        // SAFETY: C caller's contract, outputs.
        unsafe { insert(contexts, new, limit, output, |s| s.unicode.DeleteSecurityContext)? };
    } else {
        // SAFETY: C caller's contract, outputs.
        unsafe { put(arguments.new_context, NO_HANDLE) };
    }
    Ok(status)
}

/// Notes that the call may allocate its output, as only this flag asks for.
fn note_memory(arguments: &Arguments) {
    const { assert!(ISC_REQ_ALLOCATE_MEMORY == ASC_REQ_ALLOCATE_MEMORY) };
    if arguments.requirements & ISC_REQ_ALLOCATE_MEMORY != 0 {
        gave_memory();
    }
}

/// Whether secur32.dll has written a handle.
fn is_handle(handle: SecHandle) -> bool {
    handle != NO_HANDLE && handle != SecHandle { dwLower: 0, dwUpper: 0 }
}

/// Gives the caller a handle for one of secur32.dll, which `ends` ends if there are too many.
///
/// # Safety
/// `output` is NULL or points to a handle.
unsafe fn insert<T: Clone>(
    table: &Table<Object<T>>,
    handle: ForwardedHandle,
    limit: u32,
    output: PSecHandle,
    ends: impl FnOnce(&System) -> FREE_CREDENTIALS_HANDLE_FN,
) -> Result<()> {
    let Some(words) = table.insert(Object::Forwarded(handle.clone()), limit) else {
        end(&handle, ends);
        return Err(Error::OutOfMemory);
    };
    // SAFETY: C caller's contract, outputs.
    unsafe { put(output, words.into()) };
    Ok(())
}
