//! Impersonation of the client, and its token.

use crate::entry::abi::*;
use crate::entry::boundary::guard::{guard, guard_always};
use crate::entry::boundary::pointers::{Copied, put};
use crate::entry::context::access_token;
use std::ptr;

/// Makes the calling thread impersonate the client: it opens files and other objects with the
/// client's rights. On Linux the other threads of the process are not affected.
///
/// \param phContext  A context that this process has accepted.
///
/// Returns SEC_E_OK; SEC_E_INVALID_HANDLE (also: not established, or the client's own side);
/// SEC_E_NO_IMPERSONATION: the client has no account here or allows only identification, or the
/// process may not impersonate. The thread is unchanged then. On Linux a process needs CAP_SETUID
/// and CAP_SETGID, which root has.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ImpersonateSecurityContext(
    phContext: PCtxtHandle,
) -> SECURITY_STATUS {
    guard("ImpersonateSecurityContext", || {
        forward!(context phContext, ImpersonateSecurityContext());
        // SAFETY: C caller's contract, handles.
        unsafe { access_token::impersonate(phContext) }
    })
}

/// Ends what ImpersonateSecurityContext began: the thread gets back the identity that it had
/// before. If the thread impersonates several clients, one within the other, this ends the
/// context's and those that began after it.
///
/// \param phContext  The context. It may have been deleted meanwhile.
///
/// Returns SEC_E_OK, also if the thread does not impersonate that client; SEC_E_INVALID_HANDLE;
/// SEC_E_NO_IMPERSONATION: the identity could not be restored.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn RevertSecurityContext(phContext: PCtxtHandle) -> SECURITY_STATUS {
    guard_always("RevertSecurityContext", || {
        forward!(context phContext, RevertSecurityContext());
        // SAFETY: C caller's contract, handles.
        unsafe { access_token::revert(phContext) }
    })
}

/// Makes a token of the client.
///
/// \param phContext  A context that this process has accepted. The token outlives it.
/// \param Token  Receives the token. On Windows it is an impersonation access token, to be closed
///     with CloseHandle; on Linux it is for NegosspQueryToken and to be closed with
///     NegosspCloseToken. NULL after an error.
///
/// Returns SEC_E_OK; SEC_E_INVALID_HANDLE (also: not established, or the client's own side);
/// SEC_E_INVALID_PARAMETER (NULL); SEC_E_NO_IMPERSONATION: there is no token, or it may not be
/// given.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QuerySecurityContextToken(
    phContext: PCtxtHandle,
    Token: *mut HANDLE,
) -> SECURITY_STATUS {
    // SAFETY: C caller's contract, handles and outputs.
    let mut context = unsafe {
        let context = Copied::new(phContext);
        put(Token, ptr::null_mut());
        context
    };
    let phContext = context.pointer();
    guard("QuerySecurityContextToken", || {
        forward!(context phContext, QuerySecurityContextToken(Token));
        // SAFETY: C caller's contract, handles and outputs.
        unsafe { access_token::query(phContext, Token) }
    })
}
