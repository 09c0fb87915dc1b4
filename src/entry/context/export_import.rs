//! ExportSecurityContext and ImportSecurityContext.

use super::lock::Lock;
use super::{CONTEXTS, ContextObject};
use crate::entry::abi::*;
use crate::entry::boundary::memory;
use crate::entry::boundary::pointers::{self, put};
use crate::entry::handles::{Object, find, take};
use crate::mechanism::{Mechanism, Package};
use crate::platform;
use crate::runtime::log;
use crate::server::export_import::{self, ExportOptions, Imported};
use crate::server::{self, Context};
use crate::types::error::{Error, Result};
use std::sync::Arc;

/// ExportSecurityContext, for a context of this library.
///
/// # Safety
/// `context` is NULL or points to a handle, `packed` is NULL or points to a buffer.
pub(crate) unsafe fn export(
    context: PCtxtHandle,
    flags: ULONG,
    packed: PSecBuffer,
) -> Result<SECURITY_STATUS> {
    const KNOWN: ULONG = SECPKG_CONTEXT_EXPORT_RESET_NEW
        | SECPKG_CONTEXT_EXPORT_DELETE_OLD
        | NEGOSSP_CONTEXT_EXPORT_HALF_OPEN;
    if packed.is_null() {
        return Err(Error::InvalidParameter("NULL for the packed context"));
    }
    // SAFETY: C caller's contract, handles.
    let shared = unsafe { find(&CONTEXTS, context)? };
    let half_open = flags & NEGOSSP_CONTEXT_EXPORT_HALF_OPEN == NEGOSSP_CONTEXT_EXPORT_HALF_OPEN;
    if flags & !KNOWN != 0 || flags & NEGOSSP_CONTEXT_EXPORT_HALF_OPEN != 0 && !half_open {
        return Err(Error::Unsupported("a flag of ExportSecurityContext"));
    }
    let options = ExportOptions { reset: flags & SECPKG_CONTEXT_EXPORT_RESET_NEW != 0, half_open };
    let mut held = shared.lock()?;
    let awaited = Error::InvalidHandle("CompleteAuthToken has not been called");
    let sealed = {
        let context = held.context().ok_or(awaited)?;
        let (state, configuration) = (held.call_state(), server::current());
        export_import::export(context, &state, options, &configuration, platform::now())?
    };
    let length = ULONG::try_from(sealed.len()).map_err(|_| Error::CannotPack("too long"))?;
    let copy = memory::copy(&sealed)?;
    if flags & SECPKG_CONTEXT_EXPORT_DELETE_OLD != 0 {
        // Only one of the calls that export or delete it removes it. Calls that wait for its lock
        // find it failed.
        // SAFETY: C caller's contract, handles.
        if let Err(gone) = unsafe { take(&CONTEXTS, context) } {
            memory::free(copy.as_ptr().cast())?;
            return Err(gone);
        }
        held.fail();
    }
    tracing::debug!(bytes = sealed.len(), ?options, "context exported");
    // SAFETY: C caller's contract, buffers and outputs.
    unsafe {
        put(
            packed,
            SecBuffer {
                cbBuffer: length,
                BufferType: SECBUFFER_EMPTY,
                pvBuffer: copy.as_ptr().cast(),
            },
        )
    };
    Ok(SEC_E_OK)
}

/// ImportSecurityContext, for a package of this library. `context` is not NULL.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn import(
    package: Package,
    packed: PSecBuffer,
    context: PCtxtHandle,
) -> Result<SECURITY_STATUS> {
    if packed.is_null() {
        return Err(Error::InvalidParameter("NULL for the packed context"));
    }
    // SAFETY: C caller's contract, buffers: it is not NULL.
    let SecBuffer { cbBuffer, pvBuffer, .. } = unsafe { packed.read_unaligned() };
    if pvBuffer.is_null() || cbBuffer == 0 {
        return Err(Error::InvalidToken("an empty packed context"));
    }
    // SAFETY: C caller's contract, buffers.
    let sealed = unsafe { pointers::bytes(pvBuffer, cbBuffer)? };
    let configuration = server::current();
    let settings = &configuration.settings;
    let imported = export_import::import(sealed, &configuration)
        .and_then(|imported| belongs(&imported, package).map(|()| imported));
    let refused = |error: &Error| {
        tracing::warn!(bytes = sealed.len(), "context not imported: {error}");
        log::explained();
    };
    let imported = imported.inspect_err(refused)?;
    let claim = imported.claim(&settings.export, platform::now()).inspect_err(refused)?;
    let shared = Arc::new(Lock::new(ContextObject::imported(imported)));
    let object = Object::Ours(shared.clone());
    let Some(words) = CONTEXTS.insert(object, settings.limits.contexts) else {
        claim.release();
        return Err(Error::OutOfMemory);
    };
    let mut object = shared.lock()?;
    if object.is_half_open() {
        let now = platform::now();
        let waits =
            object.wait_for_client(&shared, words.slot(), sealed.len(), &settings.limits, now);
        if let Err(error) = waits {
            drop(object);
            CONTEXTS.remove(words);
            claim.release();
            return Err(error);
        }
    }
    tracing::debug!(bytes = sealed.len(), "context imported");
    // SAFETY: C caller's contract, outputs.
    unsafe { put(context, words.into()) };
    Ok(SEC_E_OK)
}

/// Whether this package names this context: the credential's package, or the negotiated one, which
/// SECPKG_ATTR_PACKAGE_INFO returns.
fn belongs(imported: &Imported, package: Package) -> Result<()> {
    let (of_credential, negotiated) = match &imported.context {
        Context::Established(secured) => (secured.package, Some(secured.established.mechanism)),
        Context::Accepting(accepting) => (accepting.credential().package, Some(Mechanism::Ntlm)),
        Context::Initiating(_) | Context::Failed => {
            return Err(Error::Internal("a context that is never exported"));
        }
    };
    match package == of_credential
        || negotiated.is_some_and(|mechanism| package == Package::Only(mechanism))
    {
        true => Ok(()),
        false => Err(Error::WrongPackage),
    }
}
