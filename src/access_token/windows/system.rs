//! The calls of the operating system that making a token needs; tests replace them.

use crate::access_token::Level;
use crate::platform::access_token::{CallResult, Contents, Logon, Privilege, TokenInfo};
#[cfg(windows)]
use crate::platform::{self, access_token_calls as calls};
use crate::types::sid::Sid;
#[cfg(windows)]
use std::os::windows::io::OwnedHandle;

/// The operating system.
pub(crate) trait System {
    /// A token, closed when dropped.
    type Handle;

    /// This is Wine.
    fn is_wine(&self) -> bool;

    /// NtCreateToken exists, whether or not the process may use it.
    fn can_create(&self) -> bool;

    /// The process holds that privilege, enabled or not.
    fn holds(&self, privilege: Privilege) -> bool;

    /// NtCreateToken, with that privilege enabled for this call only.
    fn create(&self, contents: &Contents, with: Option<Privilege>) -> CallResult<Self::Handle>;

    /// The process's own token.
    fn own_info(&self) -> CallResult<TokenInfo>;

    /// A copy of the process's token without privileges and with these groups for deny only.
    fn restricted(&self, deny_only: &[Sid]) -> CallResult<Self::Handle>;

    /// A copy as an impersonation token of that level.
    fn at_level(&self, token: &Self::Handle, level: Level) -> CallResult<Self::Handle>;

    /// What is read of a token before it is used.
    fn info(&self, token: &Self::Handle) -> CallResult<TokenInfo>;

    /// The computer's NetBIOS name: the domain of its own accounts.
    fn computer(&self) -> String;

    /// Has the system log an account on without its password (S4U); `with` is the privilege to
    /// enable for that.
    fn log_on(&self, logon: &Logon, with: Option<Privilege>) -> CallResult<Self::Handle>;
}

/// The system that this process runs on.
#[cfg(windows)]
pub(crate) struct Machine;

#[cfg(windows)]
impl System for Machine {
    type Handle = OwnedHandle;

    fn is_wine(&self) -> bool {
        platform::is_wine()
    }

    fn can_create(&self) -> bool {
        calls::can_create()
    }

    fn holds(&self, privilege: Privilege) -> bool {
        calls::process_holds(privilege)
    }

    fn create(&self, contents: &Contents, with: Option<Privilege>) -> CallResult<OwnedHandle> {
        calls::create(contents, with)
    }

    fn own_info(&self) -> CallResult<TokenInfo> {
        calls::process_token_info()
    }

    fn restricted(&self, deny_only: &[Sid]) -> CallResult<OwnedHandle> {
        calls::restricted_process_token(deny_only)
    }

    fn at_level(&self, token: &OwnedHandle, level: Level) -> CallResult<OwnedHandle> {
        calls::impersonation_token(token, level)
    }

    fn info(&self, token: &OwnedHandle) -> CallResult<TokenInfo> {
        calls::token_info(token)
    }

    fn computer(&self) -> String {
        calls::computer_name()
    }

    fn log_on(&self, logon: &Logon, with: Option<Privilege>) -> CallResult<OwnedHandle> {
        calls::log_on(logon, with)
    }
}
