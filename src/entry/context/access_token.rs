//! ImpersonateSecurityContext, RevertSecurityContext and QuerySecurityContextToken.

use super::CONTEXTS;
use crate::access_token::{self, ActAs, Token};
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
    let (number, token, act_as) = unsafe { token_of(context)? };
    access_token::impersonate(number, &token, act_as)?;
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
    let (_, client_token, _) = unsafe { token_of(context)? };
    if token.is_null() {
        return Err(Error::InvalidParameter("Token is NULL"));
    }
    let given = new_handle(client_token)?;
    // SAFETY: C caller's contract, outputs.
    unsafe { put(token, given) };
    Ok(SEC_E_OK)
}

/// How a server acts as the client of an accepted context elsewhere.
///
/// # Safety
/// `context` is NULL or points to a handle.
pub(crate) unsafe fn act_as(context: PCtxtHandle) -> Result<ActAs> {
    // SAFETY: C caller's contract, handles.
    let shared = unsafe { find(&CONTEXTS, context)? };
    let act_as = shared.lock()?.act_as();
    act_as.ok_or(Error::NoCredentials("the client has delegated none"))
}

/// The number of an accepted context, the token of its client, and how to act as the client elsewhere.
///
/// # Safety
/// `context` is NULL or points to a handle.
unsafe fn token_of(context: PCtxtHandle) -> Result<(u64, Arc<Token>, Option<ActAs>)> {
    // SAFETY: C caller's contract, handles.
    let (number, shared) = unsafe { find_numbered(&CONTEXTS, context)? };
    let mut object = shared.lock()?;
    let token = object.token(number, &server::current().tokens)?;
    Ok((number, token, object.act_as()))
}
