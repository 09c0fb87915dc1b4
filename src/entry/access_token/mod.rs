//! Handles of client tokens that the caller gets.

#[cfg(unix)]
pub(crate) mod unix;

use super::abi::HANDLE;
use crate::access_token::{self, Token};
use crate::server;
use crate::types::error::Result;
use std::sync::Arc;

/// The calling thread no longer impersonates the client with this number; returns whether it did.
pub(super) fn revert(number: u64) -> Result<bool> {
    access_token::revert(number).inspect_err(|_| {
        if server::current().settings.tokens.abort_on_failed_revert {
            std::process::abort();
        }
    })
}

/// A HANDLE for the caller.
#[cfg(windows)]
pub(super) fn new_handle(token: Arc<Token>) -> Result<HANDLE> {
    token.give()
}
#[cfg(unix)]
pub(super) use unix::new_handle;

/// A HANDLE that the caller may use until the context ends, which closes it:
/// SECPKG_ATTR_ACCESS_TOKEN.
pub(super) struct BorrowedTokenHandle(usize);

impl BorrowedTokenHandle {
    /// One more handle for the token.
    pub(super) fn new(token: Arc<Token>) -> Result<BorrowedTokenHandle> {
        new_handle(token).map(|handle| BorrowedTokenHandle(handle.expose_provenance()))
    }

    /// The handle.
    pub(super) fn handle(&self) -> HANDLE {
        std::ptr::with_exposed_provenance_mut(self.0)
    }
}

impl Drop for BorrowedTokenHandle {
    fn drop(&mut self) {
        close(self.handle());
    }
}

#[cfg(windows)]
fn close(handle: HANDLE) {
    use std::os::windows::io::{FromRawHandle, OwnedHandle};
    // SAFETY: `new_handle` made it, and only this closes it.
    drop(unsafe { OwnedHandle::from_raw_handle(handle) });
}
#[cfg(unix)]
fn close(handle: HANDLE) {
    // It fails if the caller has closed the handle, which is an error of the caller's.
    let _ = unix::close(handle);
}
