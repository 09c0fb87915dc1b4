//! Tokens from QuerySecurityContextToken on Unix, where the operating system has none.

use crate::entry::abi::*;
use crate::entry::access_token::unix;
use crate::entry::boundary::guard::{guard, guard_always};
use crate::entry::boundary::pointers::put;
use std::ffi::c_void;

/// Queries a token's client.
///
/// \param Token  From QuerySecurityContextToken. Several threads may use it at once.
/// \param Class  The information to get. Text is UTF-8 and ends with a zero.
///     - NEGOSSP_TOKEN_USER_NAME: the name of the client's account on this machine; empty if the
///       configuration gives it by numbers.
///     - NEGOSSP_TOKEN_USER_IDS: a NEGOSSP_TOKEN_IDS.
///     - NEGOSSP_TOKEN_GROUPS: the IDs of the account's groups, an array of ULONG.
///     - NEGOSSP_TOKEN_CLIENT_NAME: the client's name as in SECPKG_ATTR_NAMES.
///     - NEGOSSP_TOKEN_SID: the client's SID as text, `S-1-5-21-...`.
///     - NEGOSSP_TOKEN_GROUP_SIDS: the SIDs of its enabled groups, each followed by a line feed.
///     - NEGOSSP_TOKEN_LEVEL: the impersonation level, a ULONG: NEGOSSP_LEVEL_*.
///     - NEGOSSP_TOKEN_PACKAGE: the package that authenticated the client, `Kerberos` or `NTLM`.
///     - NEGOSSP_TOKEN_EXPIRY: the time when the client's context ends, a TimeStamp in local time.
///     - NEGOSSP_TOKEN_ORIGINS: lines `logon=...`, `name=...`, `sid=...`, `groups=...`,
///       `account=...` with the source of each value: `account file`, `PAC`, ...; for the account
///       the method of `[tokens] map` in the configuration. Others may follow.
/// \param Buffer  Receives it; not touched after an error.
/// \param cbBuffer  Bytes at Buffer; 0 to ask for the number.
/// \param pcbNeeded  Receives the number of bytes that were, or would have been, written. May be
///     NULL.
///
/// Returns SEC_E_OK; SEC_E_BUFFER_TOO_SMALL; SEC_E_INVALID_HANDLE; SEC_E_INVALID_PARAMETER (Buffer
/// is NULL); SEC_E_UNSUPPORTED_FUNCTION: no such class, or the client's SID is not known.
///
/// # Safety
/// The [C caller's contract](crate::entry).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn NegosspQueryToken(
    Token: HANDLE,
    Class: ULONG,
    Buffer: *mut c_void,
    cbBuffer: ULONG,
    pcbNeeded: *mut ULONG,
) -> SECURITY_STATUS {
    // SAFETY: C caller's contract, outputs.
    unsafe { put(pcbNeeded, 0) };
    guard("NegosspQueryToken", || {
        // SAFETY: C caller's contract, outputs.
        unsafe { unix::query(Token, Class, Buffer, cbBuffer, pcbNeeded) }
    })
}

/// Closes a token. Threads that impersonate its client continue to do so.
///
/// \param Token  From QuerySecurityContextToken.
///
/// Returns SEC_E_OK; SEC_E_INVALID_HANDLE: not a token, or closed already.
#[unsafe(no_mangle)]
pub extern "system" fn NegosspCloseToken(Token: HANDLE) -> SECURITY_STATUS {
    guard_always("NegosspCloseToken", || unix::close(Token))
}

/// ImpersonateSecurityContext, for the client of a token, whose context may have been deleted.
///
/// \param Token  From QuerySecurityContextToken.
///
/// Returns what ImpersonateSecurityContext does.
#[unsafe(no_mangle)]
pub extern "system" fn NegosspImpersonateToken(Token: HANDLE) -> SECURITY_STATUS {
    guard("NegosspImpersonateToken", || unix::impersonate(Token))
}

/// The calling process becomes the client of a token, for good: for a child process between fork
/// and exec, whose program then has the client's rights and no others.
///
/// All its user and group numbers become the account's, its groups are the account's, and it keeps
/// no capability. ImpersonateSecurityContext does not suffice for that: the real user stays the
/// server's there, and a program may make it the effective one. Files that the parent has open and
/// did not mark close-on-exec are the program's too.
///
/// \param Token  From QuerySecurityContextToken, called before the fork. The thread that forks may
///     impersonate a client.
///
/// Returns SEC_E_OK; SEC_E_NO_IMPERSONATION: the child must end, since it may be partly the client;
/// SEC_E_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub extern "system" fn NegosspBecomeToken(Token: HANDLE) -> SECURITY_STATUS {
    guard("NegosspBecomeToken", || unix::become_client(Token))
}

/// Ends what NegosspImpersonateToken began, as RevertSecurityContext does.
///
/// \param Token  The token. It may have been closed meanwhile.
///
/// Returns what RevertSecurityContext does.
#[unsafe(no_mangle)]
pub extern "system" fn NegosspRevertToken(Token: HANDLE) -> SECURITY_STATUS {
    guard_always("NegosspRevertToken", || unix::revert(Token))
}
