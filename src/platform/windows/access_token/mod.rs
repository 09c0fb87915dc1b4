//! Access tokens: the calls behind [`System`](crate::access_token::windows::System).

mod access;
mod create;
mod logon;
mod query;
mod restrict;
mod sids;
mod thread;

pub(crate) use thread::{as_process, wear, worn};

use super::is_wine;
use crate::access_token::Level;
use crate::access_token::windows::{Answer, Contents, Logon, Look, Privilege, Refusal, System};
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

/// What a client's token is good for: to be read, worn and copied.
const RIGHTS: TOKEN_ACCESS_MASK = TOKEN_QUERY | TOKEN_IMPERSONATE | TOKEN_DUPLICATE;

/// The system that this process runs on.
pub(crate) struct Machine;

impl System for Machine {
    type Handle = OwnedHandle;

    fn is_wine(&self) -> bool {
        is_wine()
    }

    fn can_create(&self) -> bool {
        create::function().is_some()
    }

    fn holds(&self, privilege: Privilege) -> bool {
        process_token(TOKEN_QUERY)
            .and_then(|token| query::privileges(&token))
            .is_ok_and(|held| held.iter().any(|held| query::number(held.Luid) == privilege as u64))
    }

    fn create(&self, contents: &Contents, with: Option<Privilege>) -> Answer<OwnedHandle> {
        let own_user = query::user(&process_token(TOKEN_QUERY)?)?;
        thread::with_privilege(with, || create::create(contents, own_user))?
    }

    fn own(&self) -> Answer<Look> {
        query::look(&process_token(TOKEN_QUERY)?)
    }

    fn restricted(&self, deny_only: &[Sid]) -> Answer<OwnedHandle> {
        restrict::restrict(&process_token(TOKEN_QUERY | TOKEN_DUPLICATE)?, deny_only)
    }

    fn at_level(&self, token: &OwnedHandle, level: Level) -> Answer<OwnedHandle> {
        impersonation(token, level, RIGHTS)
    }

    fn look(&self, token: &OwnedHandle) -> Answer<Look> {
        query::look(token)
    }

    fn computer(&self) -> String {
        let mut name = [0u16; 64];
        let mut length = name.len() as u32;
        // SAFETY: `length` is the buffer's length in characters, which the call does not exceed.
        let ok = unsafe { GetComputerNameExW(ComputerNameNetBIOS, name.as_mut_ptr(), &mut length) };
        let length = if ok == 0 { 0 } else { length as usize };
        String::from_utf16_lossy(name.get(..length).unwrap_or_default())
    }

    fn log_on(&self, logon: &Logon, with: Option<Privilege>) -> Answer<OwnedHandle> {
        thread::with_privilege(with, || logon::log_on(logon, with.is_some()))?
    }
}

/// Another handle of the same token, the caller's to close.
pub(crate) fn give(token: &OwnedHandle) -> Answer<HANDLE> {
    let mut given = null_mut();
    // SAFETY: the process's own pseudo handle is good for ever, the token is open, and `given` is
    // live.
    let ok = unsafe {
        let process = GetCurrentProcess();
        DuplicateHandle(process, token.as_raw_handle(), process, &mut given, RIGHTS, 0, 0)
    };
    answer(ok)?;
    Ok(given)
}

/// Sets a variable of the process's environment: of the one that Win32's functions read, of which C
/// libraries have copies.
pub(crate) fn set_environment(name: &str, value: &str) {
    let wide = |text: &str| -> Vec<u16> {
        text.encode_utf16().filter(|&unit| unit != 0).chain([0]).collect()
    };
    // SAFETY: both end with zeros.
    unsafe { SetEnvironmentVariableW(wide(name).as_ptr(), wide(value).as_ptr()) };
}

/// What a function of Win32's has answered with.
fn answer(ok: BOOL) -> Answer<()> {
    // SAFETY: reads the thread's number.
    if ok != 0 { Ok(()) } else { Err(Refusal(unsafe { GetLastError() })) }
}

/// The handle that a function has opened.
///
/// # Safety
/// `handle` is open and nobody else's.
unsafe fn opened(handle: HANDLE) -> Answer<OwnedHandle> {
    const STATUS_NO_TOKEN: Refusal = Refusal(0xc000_007c);
    // Wine's LsaLogonUser succeeds without one.
    if handle.is_null() {
        return Err(STATUS_NO_TOKEN);
    }
    // SAFETY: the caller's promise is this function's own.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// The process's own token.
fn process_token(access: TOKEN_ACCESS_MASK) -> Answer<OwnedHandle> {
    let mut token = null_mut();
    // SAFETY: `token` is live, and what is opened is this function's.
    unsafe {
        answer(OpenProcessToken(GetCurrentProcess(), access, &mut token))?;
        opened(token)
    }
}

/// A copy of a token, for threads. Its user may open it, and this process's; as it is by default, a
/// thread that wears it may not find out so on Wine 10, where its groups no longer count.
fn impersonation(
    token: &OwnedHandle,
    level: Level,
    rights: TOKEN_ACCESS_MASK,
) -> Answer<OwnedHandle> {
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
        answer(ok)?;
        opened(copy)
    }
}
