//! The Win32 and native calls on access tokens.

mod access;
mod create;
mod logon;
mod query;
mod restrict;
mod sids;
mod thread;

pub(crate) use query::token_info;
pub(crate) use thread::{as_process, set_thread_token, thread_token};

use crate::platform::access_token::{
    CallError, CallResult, Contents, Level, Logon, Privilege, TokenInfo,
};
use crate::types::sid::Sid;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::null_mut;
use windows_sys::Win32::Foundation::{DuplicateHandle, GetLastError, HANDLE};
use windows_sys::Win32::Security::{
    DuplicateTokenEx, SECURITY_ATTRIBUTES, TOKEN_ACCESS_MASK, TOKEN_DUPLICATE, TOKEN_IMPERSONATE,
    TOKEN_QUERY, TokenImpersonation,
};
use windows_sys::Win32::System::Environment::SetEnvironmentVariableW;
use windows_sys::Win32::System::SystemInformation::{ComputerNameNetBIOS, GetComputerNameExW};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};
use windows_sys::core::BOOL;

/// The rights in a handle of a client's token: query, impersonate, duplicate.
const RIGHTS: TOKEN_ACCESS_MASK = TOKEN_QUERY | TOKEN_IMPERSONATE | TOKEN_DUPLICATE;

/// NtCreateToken exists, whether or not the process may use it.
pub(crate) fn can_create() -> bool {
    create::function().is_some()
}

/// The process holds that privilege, enabled or not.
pub(crate) fn process_holds(privilege: Privilege) -> bool {
    process_token(TOKEN_QUERY)
        .and_then(|token| query::privileges(&token))
        .is_ok_and(|held| held.iter().any(|held| query::number(held.Luid) == privilege as u64))
}

/// NtCreateToken, with that privilege enabled for this call only.
pub(crate) fn create(contents: &Contents, with: Option<Privilege>) -> CallResult<OwnedHandle> {
    let own_user = query::user(&process_token(TOKEN_QUERY)?)?;
    thread::with_privilege(with, || create::create(contents, own_user))?
}

/// The user that the process runs as.
pub(crate) fn process_user() -> CallResult<Sid> {
    query::user(&process_token(TOKEN_QUERY)?)
}

/// What is read of the process's own token.
pub(crate) fn process_token_info() -> CallResult<TokenInfo> {
    token_info(&process_token(TOKEN_QUERY)?)
}

/// A copy of the process's token without privileges and with these groups for deny only.
pub(crate) fn restricted_process_token(deny_only: &[Sid]) -> CallResult<OwnedHandle> {
    restrict::restrict(&process_token(TOKEN_QUERY | TOKEN_DUPLICATE)?, deny_only)
}

/// A copy as an impersonation token of that level.
pub(crate) fn impersonation_token(token: &OwnedHandle, level: Level) -> CallResult<OwnedHandle> {
    impersonation(token, level, RIGHTS)
}

/// The computer's NetBIOS name.
pub(crate) fn computer_name() -> String {
    let mut name = [0u16; 64];
    let mut length = name.len() as u32;
    // SAFETY: `length` is the buffer's length in characters, which the call does not exceed.
    let ok = unsafe { GetComputerNameExW(ComputerNameNetBIOS, name.as_mut_ptr(), &mut length) };
    let length = if ok == 0 { 0 } else { length as usize };
    String::from_utf16_lossy(name.get(..length).unwrap_or_default())
}

/// Has the system log an account on without its password (S4U); `with` is the privilege to enable
/// for that.
pub(crate) fn log_on(logon: &Logon, with: Option<Privilege>) -> CallResult<OwnedHandle> {
    thread::with_privilege(with, || logon::log_on(logon, with.is_some()))?
}

/// Another handle of the same token, which the caller closes.
pub(crate) fn duplicate(token: &OwnedHandle) -> CallResult<HANDLE> {
    let mut given = null_mut();
    // SAFETY: the process's own pseudo handle is always valid, the token is open, and `given` is
    // live.
    let ok = unsafe {
        let process = GetCurrentProcess();
        DuplicateHandle(process, token.as_raw_handle(), process, &mut given, RIGHTS, 0, 0)
    };
    checked(ok)?;
    Ok(given)
}

/// Sets a variable of the process's Win32 environment, of which C libraries have copies.
pub(crate) fn set_environment(name: &str, value: &str) {
    let wide = |text: &str| -> Vec<u16> {
        text.encode_utf16().filter(|&unit| unit != 0).chain([0]).collect()
    };
    // SAFETY: both end with zeros.
    unsafe { SetEnvironmentVariableW(wide(name).as_ptr(), wide(value).as_ptr()) };
}

/// The result of a Win32 function.
fn checked(ok: BOOL) -> CallResult<()> {
    // SAFETY: reads the thread's number.
    if ok != 0 { Ok(()) } else { Err(CallError(unsafe { GetLastError() })) }
}

/// The handle that a function opened.
///
/// # Safety
/// `handle` is open and owned by the caller.
unsafe fn opened(handle: HANDLE) -> CallResult<OwnedHandle> {
    const STATUS_NO_TOKEN: CallError = CallError(0xc000_007c);
    // Wine's LsaLogonUser succeeds without one.
    if handle.is_null() {
        return Err(STATUS_NO_TOKEN);
    }
    // SAFETY: the caller's promise is this function's own.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// The process's own token.
fn process_token(access: TOKEN_ACCESS_MASK) -> CallResult<OwnedHandle> {
    let mut token = null_mut();
    // SAFETY: `token` is live, and what is opened is this function's.
    unsafe {
        checked(OpenProcessToken(GetCurrentProcess(), access, &mut token))?;
        opened(token)
    }
}

/// A copy as an impersonation token, which its own user and this process's user may open. With the
/// default DACL an impersonating thread cannot open its own token on Wine 10, which ignores the
/// token's groups there.
fn impersonation(
    token: &OwnedHandle,
    level: Level,
    rights: TOKEN_ACCESS_MASK,
) -> CallResult<OwnedHandle> {
    let mut descriptor =
        access::descriptor(&[query::user(token)?, query::user(&process_token(TOKEN_QUERY)?)?]);
    let attributes = SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: descriptor.as_mut_ptr().cast(),
        bInheritHandle: 0,
    };
    let mut copy = null_mut();
    // SAFETY: the token is open, `attributes` and what it points to and `copy` are live, and what
    // is opened is this function's.
    unsafe {
        let ok = DuplicateTokenEx(
            token.as_raw_handle(),
            rights,
            &attributes,
            level as i32,
            TokenImpersonation,
            &mut copy,
        );
        checked(ok)?;
        opened(copy)
    }
}
