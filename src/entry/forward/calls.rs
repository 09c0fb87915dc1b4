//! Calls that make credentials and contexts of the system's.

use super::functions::{Form, System};
use super::handles::{Handle, Theirs, context, credentials, end};
use super::inside::inside;
use super::memory::gave_memory;
use crate::config;
use crate::entry::abi::*;
use crate::entry::context::step::{Arguments, InitiateArguments, put};
use crate::entry::credentials::AcquireArguments;
use crate::entry::handles::table::Table;
use crate::entry::handles::{CONTEXTS, CREDENTIALS, NO_HANDLE, Object};
use crate::types::error::{Error, Result};
use std::ffi::c_void;
use std::ptr::null_mut;

/// AcquireCredentialsHandle for a package of the system's.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn acquire<Char: Form>(
    arguments: &AcquireArguments<Char>,
) -> Result<SECURITY_STATUS> {
    let system = System::get().ok_or(Error::PackageNotFound)?;
    let function =
        Char::functions(system).AcquireCredentialsHandle.ok_or(Error::PackageNotFound)?;
    let mut made = NO_HANDLE;
    // SAFETY: the caller's promise is that of the function; the handle is ours.
    let status = inside(|| unsafe {
        function(
            arguments.principal,
            arguments.package,
            arguments.usage,
            arguments.logon_id,
            arguments.data,
            arguments.get_key,
            arguments.get_key_argument,
            &mut made,
            arguments.expiry,
        )
    });
    if status < 0 {
        return Ok(status);
    }
    gave_memory();
    // SAFETY: the caller's promise is this function's own.
    unsafe {
        hand_out(&CREDENTIALS, made, config::current().limits.credentials, arguments.handle, |s| {
            s.unicode.FreeCredentialsHandle
        })?
    };
    Ok(status)
}

/// AcceptSecurityContext, or a function like it, where the context or, for a first call, the
/// credentials are the system's; nothing where they are ours.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn accept(
    arguments: &Arguments,
    function: impl FnOnce(&System) -> ACCEPT_SECURITY_CONTEXT_FN,
) -> Option<Result<SECURITY_STATUS>> {
    let Arguments { input, requirements, data_rep, output, attributes, expiry, .. } = *arguments;
    // SAFETY: the caller's promise is this function's own, which the system's asks for too.
    unsafe {
        converse(arguments, |system, credential, context, new| {
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
pub(crate) unsafe fn initiate<Char: Form>(
    arguments: &Arguments,
    more: &InitiateArguments<Char>,
    function: impl FnOnce(&System) -> INITIALIZE_SECURITY_CONTEXT_FN<Char>,
) -> Option<Result<SECURITY_STATUS>> {
    let Arguments { input, requirements, data_rep, output, attributes, expiry, .. } = *arguments;
    let InitiateArguments { target, reserved: [reserved1, reserved2] } = *more;
    // SAFETY: the caller's promise is this function's own, which the system's asks for too.
    unsafe {
        converse(arguments, |system, credential, context, new| {
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
        })
    }
}

/// ImportSecurityContext for a package of the system's, whose name is `name`.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn import<Char: Form>(
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
    // SAFETY: the caller's promise is that of the function; the handle is ours.
    let status = inside(|| unsafe { function(package, packed, token, &mut made) });
    if status >= 0 {
        let limit = config::current().limits.contexts;
        // SAFETY: the caller's promise is this function's own.
        unsafe { hand_out(&CONTEXTS, made, limit, context, |s| s.unicode.DeleteSecurityContext)? };
    }
    Ok(status)
}

/// `call` gets the three handles as the system knows them: credentials, context, new context.
///
/// # Safety
/// As the functions' own.
unsafe fn converse(
    handles: &Arguments,
    call: impl FnOnce(&System, PCredHandle, PCtxtHandle, PCtxtHandle) -> Result<SECURITY_STATUS>,
) -> Option<Result<SECURITY_STATUS>> {
    // SAFETY: the caller's promise is this function's own.
    let (context, credentials) =
        unsafe { (context(handles.context), credentials(handles.credential)) };
    match (context, credentials) {
        (Some(theirs), credentials) => {
            let mut credential = credentials.map(|theirs| theirs.handle.words());
            let credential = credential.as_mut().map_or(null_mut(), |handle| handle as PCredHandle);
            // SAFETY: likewise.
            Some(unsafe { go_on(&theirs, credential, handles, call) })
        }
        // SAFETY: likewise.
        (None, Some(theirs)) if handles.context.is_null() => {
            Some(unsafe { begin(&theirs, handles, call) })
        }
        (None, _) => None,
    }
}

/// # Safety
/// As for [`converse`].
unsafe fn go_on(
    theirs: &Theirs,
    credential: PCredHandle,
    handles: &Arguments,
    call: impl FnOnce(&System, PCredHandle, PCtxtHandle, PCtxtHandle) -> Result<SECURITY_STATUS>,
) -> Result<SECURITY_STATUS> {
    let was = theirs.handle.words();
    let (mut context, mut new) = (was, was);
    gave_memory();
    let status = inside(|| call(theirs.system, credential, &mut context, &mut new))?;
    // The system may go on under another handle, which the same one of ours stands for then.
    if is_one(new) && new != was {
        theirs.handle.replace(new);
    }
    // SAFETY: the caller's promise is this function's own; `phContext` points to a handle that was
    // found, and may be `phNewContext` too.
    unsafe { put(handles.new_context, handles.context.read_unaligned()) };
    Ok(status)
}

/// # Safety
/// As for [`converse`].
unsafe fn begin(
    theirs: &Theirs,
    handles: &Arguments,
    call: impl FnOnce(&System, PCredHandle, PCtxtHandle, PCtxtHandle) -> Result<SECURITY_STATUS>,
) -> Result<SECURITY_STATUS> {
    if handles.new_context.is_null() {
        return Err(Error::InvalidHandle("a first call has nowhere to put its context"));
    }
    let (mut credential, mut new) = (theirs.handle.words(), NO_HANDLE);
    gave_memory();
    let status = inside(|| call(theirs.system, &mut credential, null_mut(), &mut new))?;
    // Some errors leave a context, for more of a message to be read or to be deleted; whether one
    // does, the handle tells.
    match is_one(new) {
        // SAFETY: the caller's promise is this function's own.
        true => unsafe {
            hand_out(&CONTEXTS, new, config::current().limits.contexts, handles.new_context, |s| {
                s.unicode.DeleteSecurityContext
            })?
        },
        // SAFETY: likewise.
        false => unsafe { put(handles.new_context, NO_HANDLE) },
    }
    Ok(status)
}

/// Whether the system has written a handle.
fn is_one(handle: SecHandle) -> bool {
    handle != NO_HANDLE && handle != SecHandle { dwLower: 0, dwUpper: 0 }
}

/// Gives the program a handle of ours for the system's, which `ends` ends should there be none
/// left.
///
/// # Safety
/// `output` is NULL or points to a handle.
unsafe fn hand_out<T: Clone>(
    table: &Table<Object<T>>,
    handle: SecHandle,
    limit: u32,
    output: PSecHandle,
    ends: impl FnOnce(&System) -> FREE_CREDENTIALS_HANDLE_FN,
) -> Result<()> {
    let handle = Handle::new(handle);
    let Some(words) = table.insert(Object::Systems(handle.clone()), limit) else {
        end(&handle, ends);
        return Err(Error::OutOfMemory);
    };
    // SAFETY: the caller's promise is this function's own.
    unsafe { put(output, words.into()) };
    Ok(())
}
