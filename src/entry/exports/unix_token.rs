//! Tokens on Unix, where the system has none: what QuerySecurityContextToken gives there.

use crate::entry::abi::*;
use crate::entry::access_token::unix;
use crate::entry::boundary::guard::guard;
use crate::entry::boundary::pointers::put;
use std::ffi::c_void;

/// Tells about the client of a token.
///
/// \param Token  What QuerySecurityContextToken gave. It may be used by several threads at once.
/// \param Class  What is asked for. Text is UTF-8 and ends with a zero.
///     NEGOSSP_TOKEN_USER_NAME: the name of the client's account on this machine; empty if the configuration gives it by numbers.
///     NEGOSSP_TOKEN_USER_IDS: a NEGOSSP_TOKEN_IDS.
///     NEGOSSP_TOKEN_GROUPS: the IDs of the account's groups, an array of ULONG.
///     NEGOSSP_TOKEN_CLIENT_NAME: the client's name as SECPKG_ATTR_NAMES has it.
///     NEGOSSP_TOKEN_SID: the client's SID as text, `S-1-5-21-...`.
///     NEGOSSP_TOKEN_GROUP_SIDS: those of its groups that count, each followed by a line feed.
///     NEGOSSP_TOKEN_LEVEL: how far the server may act as the client, a ULONG: NEGOSSP_LEVEL_*.
///     NEGOSSP_TOKEN_PACKAGE: what authenticated the client, `Kerberos` or `NTLM`.
///     NEGOSSP_TOKEN_EXPIRY: when the client's context ends, a TimeStamp in local time.
///     NEGOSSP_TOKEN_ORIGINS: lines `logon=...`, `name=...`, `sid=...`, `groups=...`, `account=...` that say where each is known
///     from: `account file`, `PAC`, ...; the account by a way of `[tokens] map` in the configuration. Others may follow.
/// \param Buffer Receives it; not touched after an error. \param cbBuffer Bytes at Buffer; 0 to ask
/// for the number. \param pcbNeeded Receives the number of bytes that were written, or would have
/// been. May be NULL.
///
/// Returns SEC_E_OK; SEC_E_BUFFER_TOO_SMALL; SEC_E_INVALID_HANDLE; SEC_E_INVALID_PARAMETER (Buffer
/// is NULL); SEC_E_UNSUPPORTED_FUNCTION: no such class, or of the SIDs that nobody has told them.
///
/// # Safety
/// `Buffer` is NULL or points to `cbBuffer` bytes; `pcbNeeded` is NULL or points to a ULONG.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn NegosspQueryToken(
    Token: HANDLE,
    Class: ULONG,
    Buffer: *mut c_void,
    cbBuffer: ULONG,
    pcbNeeded: *mut ULONG,
) -> SECURITY_STATUS {
    // SAFETY: the caller's promise is this function's own.
    unsafe { put(pcbNeeded, 0) };
    guard("NegosspQueryToken", || {
        // SAFETY: the caller's promise is this function's own.
        unsafe { unix::query(Token, Class, Buffer, cbBuffer, pcbNeeded) }
    })
}

/// Ends a token. Threads that act as its client go on.
///
/// \param Token  What QuerySecurityContextToken gave.
///
/// Returns SEC_E_OK; SEC_E_INVALID_HANDLE: no token, or closed already.
#[unsafe(no_mangle)]
pub extern "system" fn NegosspCloseToken(Token: HANDLE) -> SECURITY_STATUS {
    guard("NegosspCloseToken", || unix::close(Token))
}

/// As ImpersonateSecurityContext, for the client of a token, whose context may be gone.
///
/// \param Token  What QuerySecurityContextToken gave.
///
/// Returns what ImpersonateSecurityContext does.
#[unsafe(no_mangle)]
pub extern "system" fn NegosspImpersonateToken(Token: HANDLE) -> SECURITY_STATUS {
    guard("NegosspImpersonateToken", || unix::impersonate(Token))
}

/// Ends what NegosspImpersonateToken began, as RevertSecurityContext does.
///
/// \param Token  The token. It may have been closed meanwhile.
///
/// Returns what RevertSecurityContext does.
#[unsafe(no_mangle)]
pub extern "system" fn NegosspRevertToken(Token: HANDLE) -> SECURITY_STATUS {
    guard("NegosspRevertToken", || unix::revert(Token))
}
