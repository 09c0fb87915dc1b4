//! Export and import of contexts, between processes.

use crate::entry::abi::*;
use crate::entry::boundary::guard::guard;
use crate::entry::boundary::pointers::{Copied, put};
use crate::entry::boundary::text;
use crate::entry::context::{CONTEXTS, export_import};
use crate::entry::forward::{self, Form};
use crate::entry::handles::NO_HANDLE;
use crate::mechanism::Package;
use crate::types::error::{Error, Result};
use std::ffi::c_void;
use std::ptr;

/// Packs a context for another process, where ImportSecurityContext makes a context from it: a
/// forked child of this one, or any process that is configured with the same key (`[export]
/// key_file`), on any machine.
///
/// \param phContext  An established context, of either side.
/// \param fFlags  0, or of these
///     - SECPKG_CONTEXT_EXPORT_RESET_NEW: the new context starts in the state of this one when it
///       was established.
///     - SECPKG_CONTEXT_EXPORT_DELETE_OLD: this context is deleted; of several such calls one
///       succeeds. Use it. Without this flag there are two contexts: a program that seals with both
///       has messages rejected, and with NTLM encrypts different messages with the same RC4 key
///       stream, which reveals both to whoever sees them.
///     - NEGOSSP_CONTEXT_EXPORT_HALF_OPEN, an extension: a context that awaits the client's reply
///       to NTLM's challenge can be exported too.
/// \param pPackedContext  Receives the packed context: BufferType SECBUFFER_EMPTY, and cbBuffer
///     bytes at pvBuffer, which the caller frees with FreeContextBuffer. They are encrypted, and
///     can be imported for a few minutes, by servers with the same name or `[export] audience`, and
///     once in each process, or in all that share `[export] once_file`. Zeros after an error.
/// \param pToken  Receives NULL: the imported context has the client's token. May be NULL.
///
/// Returns SEC_E_OK; SEC_E_INVALID_HANDLE (also: not established, or failed); SEC_E_CANNOT_PACK
/// (Kerberos, or a client, in progress; a context in progress whose credential has an identity,
/// accounts or keys of its own; no key); SEC_E_UNSUPPORTED_FUNCTION
/// (SECPKG_CONTEXT_EXPORT_TO_KERNEL and other flags); SEC_E_INVALID_PARAMETER (NULL for
/// pPackedContext); SEC_E_INSUFFICIENT_MEMORY. For a context of another package, what the operating
/// system's secur32.dll returns.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ExportSecurityContext(
    phContext: PCtxtHandle,
    fFlags: ULONG,
    pPackedContext: PSecBuffer,
    pToken: *mut *mut c_void,
) -> SECURITY_STATUS {
    // SAFETY: C caller's contract, handles, buffers and outputs.
    let mut context = unsafe {
        let context = Copied::new(phContext);
        put(
            pPackedContext,
            SecBuffer { cbBuffer: 0, BufferType: SECBUFFER_EMPTY, pvBuffer: ptr::null_mut() },
        );
        put(pToken, ptr::null_mut());
        context
    };
    let phContext = context.pointer();
    guard("ExportSecurityContext", || {
        forward!(context phContext, ExportSecurityContext(fFlags, pPackedContext, pToken));
        // SAFETY: C caller's contract, handles and buffers.
        unsafe { export_import::export(phContext, fFlags, pPackedContext) }
    })
}

/// Makes a context from the bytes of ExportSecurityContext, in this process or another.
///
/// \param pszPackage  The package of the exported context: the credential's, or the one that
///     Negotiate has chosen. For a package of the operating system, its secur32.dll imports.
/// \param pPackedContext  The packed context. It stays the caller's.
/// \param Token  Ignored; may be NULL.
/// \param phContext  Receives the context's handle, which DeleteSecurityContext ends.
///
/// Returns SEC_E_OK; SEC_E_SECPKG_NOT_FOUND (no such package); SEC_E_BAD_PKGID (another package's
/// context); SEC_E_INVALID_TOKEN (not a packed context, changed, sealed with another key, for others or
/// by another version, too old, or imported before); SEC_E_LOGON_DENIED (this process would not have
/// let the client in); SEC_E_NO_CREDENTIALS (the configured key or `[export] once_file` is not
/// available); SEC_E_INVALID_HANDLE (NULL for phContext); SEC_E_INVALID_PARAMETER (NULL for
/// pPackedContext); SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ImportSecurityContextW(
    pszPackage: *mut SEC_WCHAR,
    pPackedContext: PSecBuffer,
    Token: *mut c_void,
    phContext: PCtxtHandle,
) -> SECURITY_STATUS {
    guard("ImportSecurityContextW", || {
        // SAFETY: C caller's contract, handles, strings and buffers.
        unsafe { import(pszPackage, pPackedContext, Token, phContext) }
    })
}

/// ImportSecurityContextW with ANSI text.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ImportSecurityContextA(
    pszPackage: *mut SEC_CHAR,
    pPackedContext: PSecBuffer,
    Token: *mut c_void,
    phContext: PCtxtHandle,
) -> SECURITY_STATUS {
    guard("ImportSecurityContextA", || {
        // SAFETY: C caller's contract, handles, strings and buffers.
        unsafe { import(pszPackage, pPackedContext, Token, phContext) }
    })
}

/// ImportSecurityContext in either form.
///
/// # Safety
/// As for ImportSecurityContextW.
unsafe fn import<Char: Form>(
    package: *mut Char,
    packed: PSecBuffer,
    token: *mut c_void,
    context: PCtxtHandle,
) -> Result<SECURITY_STATUS> {
    let mut made = NoHandle(context);
    if context.is_null() {
        return Err(Error::InvalidHandle("nowhere to put the context"));
    }
    // SAFETY: C caller's contract, strings.
    let name = unsafe { text::read(package)? }.ok_or(Error::PackageNotFound)?;
    // SAFETY: C caller's contract, which secur32.dll asks for too.
    let status = unsafe {
        match Package::from_name(&name) {
            Ok(package) => export_import::import(package, packed, context)?,
            Err(_) => forward::import(&CONTEXTS, &name, package, packed, token, context)?,
        }
    };
    if status >= 0 {
        made.0 = ptr::null_mut();
    }
    Ok(status)
}

/// Sets the place for a handle to none when dropped, unless it is NULL. Not at a call's start: what
/// the other arguments point to may be there.
struct NoHandle(PCtxtHandle);

impl Drop for NoHandle {
    fn drop(&mut self) {
        // SAFETY: C caller's contract, handles and outputs.
        unsafe { put(self.0, NO_HANDLE) };
    }
}
