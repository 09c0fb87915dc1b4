//! The impersonation tokens of threads.

use super::{checked, impersonation, opened, process_token};
use crate::platform::access_token::{CallError, CallResult, Level, Privilege};
use crate::types::error::{Error, Result};
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};
use windows_sys::Win32::Foundation::{ERROR_NO_TOKEN, LUID};
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, LUID_AND_ATTRIBUTES, SE_PRIVILEGE_ENABLED, TOKEN_ADJUST_PRIVILEGES,
    TOKEN_DUPLICATE, TOKEN_IMPERSONATE, TOKEN_PRIVILEGES, TOKEN_QUERY,
};
use windows_sys::Win32::System::Threading::{GetCurrentThread, OpenThreadToken, SetThreadToken};

/// The calling thread's impersonation token; `None` if it has none.
pub(crate) fn thread_token() -> CallResult<Option<OwnedHandle>> {
    let mut token = null_mut();
    // SAFETY: the thread's own pseudo handle is always valid, `token` is live, and what is opened
    // is this function's. As the process: a client may not be allowed to open its own token.
    unsafe {
        match checked(OpenThreadToken(
            GetCurrentThread(),
            TOKEN_IMPERSONATE | TOKEN_QUERY,
            1,
            &mut token,
        )) {
            Ok(()) => opened(token).map(Some),
            Err(CallError(ERROR_NO_TOKEN)) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }
}

/// Sets the calling thread's impersonation token; `None` makes it act as the process.
pub(crate) fn set_thread_token(token: Option<&OwnedHandle>) -> CallResult<()> {
    let token = token.map_or(null_mut(), |token| token.as_raw_handle());
    // SAFETY: NULL stands for the calling thread; the token is open, or NULL for none.
    checked(unsafe { SetThreadToken(null(), token) })
}

/// Runs `work` as the process, whatever token the thread has.
///
/// Errors: `NoImpersonation` if the thread's token cannot be removed or restored.
pub(crate) fn as_process<R>(work: impl FnOnce() -> R) -> Result<R> {
    let unimpersonated = || -> CallResult<R> {
        let Some(before) = thread_token()? else { return Ok(work()) };
        with_thread_token(None, Some(before), work)
    };
    unimpersonated().map_err(|refusal| {
        refusal
            .log("SetThreadToken", Error::NoImpersonation("the thread cannot act as the process"))
    })
}

/// Runs `work` with one of the process's privileges enabled for this thread only. The thread acts
/// as the process before and after.
pub(crate) fn with_privilege<R>(
    privilege: Option<Privilege>,
    work: impl FnOnce() -> R,
) -> CallResult<R> {
    let Some(privilege) = privilege else { return Ok(work()) };
    let process = process_token(TOKEN_QUERY | TOKEN_DUPLICATE)?;
    let own = impersonation(
        &process,
        Level::Impersonation,
        TOKEN_QUERY | TOKEN_IMPERSONATE | TOKEN_ADJUST_PRIVILEGES,
    )?;
    let luid = LUID { LowPart: privilege as u32, HighPart: 0 };
    let enabled = LUID_AND_ATTRIBUTES { Luid: luid, Attributes: SE_PRIVILEGE_ENABLED };
    let state = TOKEN_PRIVILEGES { PrivilegeCount: 1, Privileges: [enabled] };
    // SAFETY: the token is open, and the new state is live; the old one is not
    // requested. If the privilege is missing, the call that needs it fails.
    checked(unsafe {
        AdjustTokenPrivileges(own.as_raw_handle(), 0, &state, 0, null_mut(), null_mut())
    })?;
    with_thread_token(Some(&own), None, work)
}

/// Runs `work` under a token and then restores the thread's token, even after a panic.
fn with_thread_token<R>(
    token: Option<&OwnedHandle>,
    before: Option<OwnedHandle>,
    work: impl FnOnce() -> R,
) -> CallResult<R> {
    struct Before(Option<OwnedHandle>);
    impl Drop for Before {
        fn drop(&mut self) {
            if std::thread::panicking() {
                let _ = set_thread_token(self.0.as_ref());
            }
        }
    }
    set_thread_token(token)?;
    let before = Before(before);
    let result = work();
    set_thread_token(before.0.as_ref()).map(|()| result)
}
