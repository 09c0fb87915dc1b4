//! Acting as the client, and its token.

use crate::entry::abi::*;
use crate::entry::boundary::guard::guard;
use crate::entry::boundary::pointers::put;
use crate::entry::context::access_token;
use std::ptr;

/// Lets the calling thread act as the client: what it opens, it opens with the client's rights. On
/// Linux no other thread of the process is touched.
///
/// \param phContext  A context that this process has accepted.
///
/// Returns SEC_E_OK; SEC_E_INVALID_HANDLE (also: not established, or the client's own side);
/// SEC_E_NO_IMPERSONATION: the client has no account here, wants only to be identified, or the
/// process may not act as others. The thread is what it was then. On Linux a process may with
/// CAP_SETUID and CAP_SETGID, as root has them.
///
/// # Safety
/// `phContext` is NULL or points to a handle.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ImpersonateSecurityContext(
    phContext: PCtxtHandle,
) -> SECURITY_STATUS {
    guard("ImpersonateSecurityContext", || {
        forward!(context phContext, ImpersonateSecurityContext());
        // SAFETY: the caller's promise is this function's own.
        unsafe { access_token::impersonate(phContext) }
    })
}

/// Ends what ImpersonateSecurityContext began: the calling thread is what it was before that. Of
/// several clients, each begun within the one before, it is the context's and those begun after it
/// that end.
///
/// \param phContext  The context. It may have been deleted meanwhile.
///
/// Returns SEC_E_OK, also where the thread does not act as that client; SEC_E_INVALID_HANDLE;
/// SEC_E_NO_IMPERSONATION: the thread could not be made what it was.
///
/// # Safety
/// `phContext` is NULL or points to a handle.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn RevertSecurityContext(phContext: PCtxtHandle) -> SECURITY_STATUS {
    guard("RevertSecurityContext", || {
        forward!(context phContext, RevertSecurityContext());
        // SAFETY: the caller's promise is this function's own.
        unsafe { access_token::revert(phContext) }
    })
}

/// Gives a token of the client.
///
/// \param phContext A context that this process has accepted. The token outlives it. \param Token
/// Receives the token. On Windows it is an access token for impersonation, to be closed with
/// CloseHandle; on
///     Linux it is for NegosspQueryToken and to be closed with NegosspCloseToken. NULL after an error.
///
/// Returns SEC_E_OK; SEC_E_INVALID_HANDLE (also: not established, or the client's own side);
/// SEC_E_INVALID_PARAMETER (NULL); SEC_E_NO_IMPERSONATION: there is none that may be handed out.
///
/// # Safety
/// Every output that is not NULL points to what its type says.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn QuerySecurityContextToken(
    phContext: PCtxtHandle,
    Token: *mut HANDLE,
) -> SECURITY_STATUS {
    // SAFETY: the caller's promise is this function's own.
    unsafe { put(Token, ptr::null_mut()) };
    guard("QuerySecurityContextToken", || {
        forward!(context phContext, QuerySecurityContextToken(Token));
        // SAFETY: the caller's promise is this function's own.
        unsafe { access_token::query(phContext, Token) }
    })
}
