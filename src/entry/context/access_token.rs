//! ImpersonateSecurityContext, RevertSecurityContext and QuerySecurityContextToken.

use super::CONTEXTS;
use crate::access_token::{self, Token};
use crate::entry::abi::*;
use crate::entry::access_token::{new_handle, revert as revert_number};
use crate::entry::boundary::pointers::put;
use crate::entry::handles::{find, find_numbered, number};
use crate::server;
use crate::types::error::{Error, Result};
use std::sync::Arc;

/// ImpersonateSecurityContext.
///
/// # Safety
/// `context` is NULL or points to a handle.
pub(crate) unsafe fn impersonate(context: PCtxtHandle) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, handles.
    let (number, token) = unsafe { token_of(context)? };
    access_token::impersonate(number, &token)?;
    Ok(SEC_E_OK)
}

/// RevertSecurityContext. A thread can stop impersonating even if the context is deleted.
///
/// # Safety
/// `context` is NULL or points to a handle.
pub(crate) unsafe fn revert(context: PCtxtHandle) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, handles.
    unsafe {
        if !revert_number(number(context)?)? {
            find(&CONTEXTS, context)?;
        }
    }
    Ok(SEC_E_OK)
}

/// QuerySecurityContextToken.
///
/// # Safety
/// `context` is NULL or points to a handle; `token` is NULL or points to a HANDLE.
pub(crate) unsafe fn query(context: PCtxtHandle, token: *mut HANDLE) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract, handles.
    let (_, client_token) = unsafe { token_of(context)? };
    if token.is_null() {
        return Err(Error::InvalidParameter("Token is NULL"));
    }
    let given = new_handle(client_token)?;
    // SAFETY: C caller's contract, outputs.
    unsafe { put(token, given) };
    Ok(SEC_E_OK)
}

/// The number of an accepted context, and the token of its client.
///
/// # Safety
/// `context` is NULL or points to a handle.
unsafe fn token_of(context: PCtxtHandle) -> Result<(u64, Arc<Token>)> {
    // SAFETY: C caller's contract, handles.
    let (number, shared) = unsafe { find_numbered(&CONTEXTS, context)? };
    let mut object = shared.lock()?;
    Ok((number, object.token(number, &server::current().tokens)?))
}
