//! The tokens that threads wear.

use super::{answer, impersonation, opened, process_token};
use crate::access_token::Level;
use crate::access_token::windows::{Answer, Privilege, Refusal};
use crate::types::error::{Error, Result};
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};
use windows_sys::Win32::Foundation::{ERROR_NO_TOKEN, LUID};
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, LUID_AND_ATTRIBUTES, SE_PRIVILEGE_ENABLED, TOKEN_ADJUST_PRIVILEGES,
    TOKEN_DUPLICATE, TOKEN_IMPERSONATE, TOKEN_PRIVILEGES, TOKEN_QUERY,
};
use windows_sys::Win32::System::Threading::{GetCurrentThread, OpenThreadToken, SetThreadToken};

/// The calling thread's token; `None` if it acts as the process.
pub(crate) fn worn() -> Answer<Option<OwnedHandle>> {
    let mut token = null_mut();
    // SAFETY: the thread's own pseudo handle is good for ever, `token` is live, and what is opened
    // is this function's. As the process: a client may not be allowed to open its own token.
    unsafe {
        match answer(OpenThreadToken(
            GetCurrentThread(),
            TOKEN_IMPERSONATE | TOKEN_QUERY,
            1,
            &mut token,
        )) {
            Ok(()) => opened(token).map(Some),
            Err(Refusal(ERROR_NO_TOKEN)) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }
}

/// The calling thread acts under this token from now on, or as the process.
pub(crate) fn wear(token: Option<&OwnedHandle>) -> Answer<()> {
    let token = token.map_or(null_mut(), |token| token.as_raw_handle());
    // SAFETY: NULL stands for the calling thread; the token is open, or NULL for none.
    answer(unsafe { SetThreadToken(null(), token) })
}

/// Does something as the process, whoever the thread acts as.
///
/// Errors: `NoImpersonation` if the thread cannot stop, or cannot go on, acting as it did.
pub(crate) fn as_process<R>(work: impl FnOnce() -> R) -> Result<R> {
    let undressed = || -> Answer<R> {
        let Some(before) = worn()? else { return Ok(work()) };
        wearing(None, Some(before), work)
    };
    undressed().map_err(|refusal| {
        refusal
            .log("SetThreadToken", Error::NoImpersonation("the thread cannot act as the process"))
    })
}

/// Does something with a privilege that the process holds, enabled for this thread and no other.
/// The thread acts as the process.
pub(crate) fn with_privilege<R>(
    privilege: Option<Privilege>,
    work: impl FnOnce() -> R,
) -> Answer<R> {
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
    // SAFETY: the token is open, and the new state is live; the old one is not asked for. A
    // privilege that is not there shows when it is needed.
    answer(unsafe {
        AdjustTokenPrivileges(own.as_raw_handle(), 0, &state, 0, null_mut(), null_mut())
    })?;
    wearing(Some(&own), None, work)
}

/// Does something under a token, and has the thread wear what it wore before, even if that panics.
fn wearing<R>(
    token: Option<&OwnedHandle>,
    before: Option<OwnedHandle>,
    work: impl FnOnce() -> R,
) -> Answer<R> {
    struct Before(Option<OwnedHandle>);
    impl Drop for Before {
        fn drop(&mut self) {
            if std::thread::panicking() {
                let _ = wear(self.0.as_ref());
            }
        }
    }
    wear(token)?;
    let before = Before(before);
    let result = work();
    wear(before.0.as_ref()).map(|()| result)
}
