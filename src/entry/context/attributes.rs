//! SetContextAttributes.

use super::{CONTEXTS, channel};
use crate::entry::abi::*;
use crate::entry::boundary::pointers;
use crate::entry::credentials::hash_callback;
use crate::entry::handles::find;
use crate::server::Context;
use crate::types::error::{Error, Result};
use std::ffi::c_void;
use std::sync::Arc;

/// The address of a context's peer; `negossp.h` documents its value.
const SECPKG_ATTR_NEGOSSP_PEER_ADDRESS: ULONG = 0x4e53_0004;

/// SetContextAttributes, of a context that awaits its client's next token.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn set(
    context: PCtxtHandle,
    attribute: ULONG,
    buffer: *mut c_void,
    length: ULONG,
) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, handles.
    let shared = unsafe { find(&CONTEXTS, context)? };
    let mut object = shared.lock()?;
    match object.context_mut() {
        Some(Context::Accepting(_)) if attribute == SECPKG_ATTR_NEGOSSP_PEER_ADDRESS => {
            // SAFETY: C caller's contract, attributes: it has `length` bytes.
            let bytes = unsafe { pointers::bytes(buffer, length)? };
            object.address = channel::socket_address(bytes)?;
            Ok(SEC_E_OK)
        }
        Some(Context::Accepting(accepting)) => {
            let credential = hash_callback::set(accepting.credential(), attribute, buffer)?;
            accepting.set_credential(Arc::new(credential));
            Ok(SEC_E_OK)
        }
        Some(Context::Established(_) | Context::Initiating(_)) => {
            Err(Error::Unsupported("this attribute can't be set now"))
        }
        Some(Context::Failed) | None => Err(Error::InvalidHandle("a context that failed")),
    }
}
