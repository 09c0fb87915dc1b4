//! Contexts that travel to another process: export, import.

use crate::entry::abi::*;
use crate::entry::boundary::guard::guard;
use crate::entry::boundary::pointers::put;
use crate::entry::boundary::text;
use crate::entry::context::{CONTEXTS, export_import};
use crate::entry::forward::{self, Form};
use crate::entry::handles::NO_HANDLE;
use crate::mechanism::Package;
use crate::types::error::{Error, Result};
use std::ffi::c_void;
use std::ptr;

/// Packs a context for another process, which ImportSecurityContext makes a context of again: a
/// forked child of this one, or any that is configured with the same key (`[export] key_file`), on
/// whichever machine.
///
/// \param phContext  An established context, of either side.
/// \param fFlags  0, or of these
///     - SECPKG_CONTEXT_EXPORT_RESET_NEW: the new context begins where this one was when it was established.
///     - SECPKG_CONTEXT_EXPORT_DELETE_OLD: this context is gone afterwards; of several calls one succeeds. Without it
///       there are two contexts: whoever goes on with both has messages refused, and encrypts different messages
///       with the same key stream.
///     - NEGOSSP_CONTEXT_EXPORT_HALF_OPEN, an extension: a context that awaits the client's answer to NTLM's challenge
///       can be exported too.
/// \param pPackedContext Receives the packed context: BufferType SECBUFFER_EMPTY, and cbBuffer
/// bytes at pvBuffer, which the
///     caller frees with FreeContextBuffer. They are encrypted, and good for a few minutes and once in each process.
///     Zeros after an error.
/// \param pToken  Receives NULL: the imported context has the client's token. May be NULL.
///
/// Returns SEC_E_OK; SEC_E_INVALID_HANDLE (also: not established, or over); SEC_E_CANNOT_PACK
/// (Kerberos, or a client, under way; a context under way whose credential has an identity,
/// accounts or keys of its own; no key); SEC_E_UNSUPPORTED_FUNCTION
/// (SECPKG_CONTEXT_EXPORT_TO_KERNEL and other flags); SEC_E_INVALID_PARAMETER (NULL for
/// pPackedContext); SEC_E_INSUFFICIENT_MEMORY. For a context of the system's, what the system
/// returns.
///
/// # Safety
/// `phContext` is NULL or points to a handle; every output that is not NULL points to what its type
/// says.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ExportSecurityContext(
    phContext: PCtxtHandle,
    fFlags: ULONG,
    pPackedContext: PSecBuffer,
    pToken: *mut *mut c_void,
) -> SECURITY_STATUS {
    // SAFETY: the caller's promise is this function's own.
    unsafe {
        put(
            pPackedContext,
            SecBuffer { cbBuffer: 0, BufferType: SECBUFFER_EMPTY, pvBuffer: ptr::null_mut() },
        );
        put(pToken, ptr::null_mut());
    }
    guard("ExportSecurityContext", || {
        forward!(context phContext, ExportSecurityContext(fFlags, pPackedContext, pToken));
        // SAFETY: the caller's promise is this function's own.
        unsafe { export_import::export(phContext, fFlags, pPackedContext) }
    })
}

/// Makes a context of what ExportSecurityContext has packed, in this process or another.
///
/// \param pszPackage The package of the context that was exported: the credential's, or the one
/// that Negotiate has chosen.
///     With the name of a package of the system's, the system imports.
/// \param pPackedContext  The packed context, as it was given. It stays the caller's.
/// \param Token  May be NULL; makes no difference.
/// \param phContext  Receives the context's handle, which DeleteSecurityContext ends.
///
/// Returns SEC_E_OK; SEC_E_SECPKG_NOT_FOUND (no such package); SEC_E_BAD_PKGID (another package's
/// context); SEC_E_INVALID_TOKEN (not a packed context, changed, sealed with another key or another
/// version, too old, or imported before in this process); SEC_E_NO_CREDENTIALS (the configured key
/// cannot be had); SEC_E_INVALID_HANDLE (NULL for phContext); SEC_E_INVALID_PARAMETER (NULL for
/// pPackedContext); SEC_E_INSUFFICIENT_MEMORY.
///
/// # Safety
/// Every pointer that is not NULL points to what its type says, and the buffer has cbBuffer bytes
/// at pvBuffer.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ImportSecurityContextW(
    pszPackage: *mut SEC_WCHAR,
    pPackedContext: PSecBuffer,
    Token: *mut c_void,
    phContext: PCtxtHandle,
) -> SECURITY_STATUS {
    // SAFETY: the caller's promise is this function's own.
    unsafe { put(phContext, NO_HANDLE) };
    guard("ImportSecurityContextW", || {
        // SAFETY: likewise.
        unsafe { import(pszPackage, pPackedContext, Token, phContext) }
    })
}

/// ImportSecurityContextW with ANSI text.
///
/// # Safety
/// As for ImportSecurityContextW.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ImportSecurityContextA(
    pszPackage: *mut SEC_CHAR,
    pPackedContext: PSecBuffer,
    Token: *mut c_void,
    phContext: PCtxtHandle,
) -> SECURITY_STATUS {
    // SAFETY: the caller's promise is this function's own.
    unsafe { put(phContext, NO_HANDLE) };
    guard("ImportSecurityContextA", || {
        // SAFETY: likewise.
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
    if context.is_null() {
        return Err(Error::InvalidHandle("nowhere to put the context"));
    }
    // SAFETY: C caller's contract, strings.
    let name = unsafe { text::read(package)? }.ok_or(Error::PackageNotFound)?;
    // SAFETY: C caller's contract, which secur32.dll asks for too.
    unsafe {
        match Package::from_name(&name) {
            Ok(package) => export_import::import(package, packed, context),
            Err(_) => forward::import(&CONTEXTS, &name, package, packed, token, context),
        }
    }
}
