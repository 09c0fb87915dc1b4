//! The client's token, and threads that act as the client.

#[cfg(unix)]
pub(crate) mod unix;

use super::abi::*;
use super::context::step::put;
use super::handles::{CONTEXTS, find, find_numbered, number};
use crate::access_token;
use crate::access_token::Token;
use crate::config;
use crate::types::error::{Error, Result};
use std::sync::Arc;

/// ImpersonateSecurityContext.
///
/// # Safety
/// `context` is NULL or points to a handle.
pub(super) unsafe fn impersonate(context: PCtxtHandle) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    let (number, token) = unsafe { of(context)? };
    access_token::impersonate(number, &token)?;
    Ok(SEC_E_OK)
}

/// RevertSecurityContext. Whoever acts as a client can stop, even if the context is gone.
///
/// # Safety
/// `context` is NULL or points to a handle.
pub(super) unsafe fn revert(context: PCtxtHandle) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    unsafe {
        if !access_token::revert(number(context)?)? {
            find(&CONTEXTS, context)?;
        }
    }
    Ok(SEC_E_OK)
}

/// QuerySecurityContextToken.
///
/// # Safety
/// `context` is NULL or points to a handle; `token` is NULL or points to a HANDLE.
pub(super) unsafe fn query(context: PCtxtHandle, token: *mut HANDLE) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    let (_, of) = unsafe { of(context)? };
    if token.is_null() {
        return Err(Error::InvalidParameter("Token is NULL"));
    }
    let given = give(of)?;
    // SAFETY: not NULL, so it points to a HANDLE by the caller's promise.
    unsafe { put(token, given) };
    Ok(SEC_E_OK)
}

/// A HANDLE of the caller's.
#[cfg(windows)]
pub(super) fn give(token: Arc<Token>) -> Result<HANDLE> {
    token.give()
}
#[cfg(unix)]
pub(super) use unix::give;

/// A HANDLE that the caller may use as long as the context lasts, and that is closed with it:
/// SECPKG_ATTR_ACCESS_TOKEN.
pub(super) struct Lent(usize);

impl Lent {
    /// One more handle for the token.
    pub(super) fn new(token: Arc<Token>) -> Result<Lent> {
        give(token).map(|handle| Lent(handle.expose_provenance()))
    }

    /// The handle.
    pub(super) fn handle(&self) -> HANDLE {
        std::ptr::with_exposed_provenance_mut(self.0)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        close(self.handle());
    }
}

#[cfg(windows)]
fn close(handle: HANDLE) {
    use std::os::windows::io::{FromRawHandle, OwnedHandle};
    // SAFETY: `give` has made it, and nobody else closes it.
    drop(unsafe { OwnedHandle::from_raw_handle(handle) });
}
#[cfg(unix)]
fn close(handle: HANDLE) {
    // The caller has closed it, who should not have.
    let _ = unix::close(handle);
}

/// The number of an accepted context, and the token of its client.
///
/// # Safety
/// `context` is NULL or points to a handle.
unsafe fn of(context: PCtxtHandle) -> Result<(u64, Arc<Token>)> {
    // SAFETY: the caller's promise is this function's own.
    let (number, shared) = unsafe { find_numbered(&CONTEXTS, context)? };
    let mut conversation = shared.lock()?;
    Ok((number, conversation.token(number, &config::current())?))
}
