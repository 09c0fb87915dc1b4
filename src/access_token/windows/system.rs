//! What is asked of the system: the seam between what is decided here and the calls in `platform`,
//! at which tests play a system.

use super::{Contents, Logon};
use crate::access_token::Level;
use crate::principal::SidAndAttributes;
use crate::types::error::Error;
use crate::types::sid::Sid;

/// Why the system did not do it: an NTSTATUS, or an error of Win32's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) u32);

impl Refusal {
    /// Notes in the log what was refused, and is that error.
    pub(crate) fn log(self, call: &str, error: Error) -> Error {
        tracing::debug!("{call}: 0x{:08x}", self.0);
        error
    }
}

/// What the system answers.
pub(crate) type Answer<T> = Result<T, Refusal>;

/// A privilege that this process may hold. Its number is the same on every Windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Privilege {
    /// SeCreateTokenPrivilege: make tokens out of nothing.
    CreateToken = 2,
    /// SeTcbPrivilege: be a part of the operating system.
    Tcb = 7,
    /// SeChangeNotifyPrivilege: pass through folders that one may not list. Everybody has it.
    ChangeNotify = 23,
}

/// What a token says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    /// How far a thread may act under it; `None` for a primary token, which is a process's.
    pub(crate) level: Option<u32>,
    /// TokenUser.
    pub(crate) user: Sid,
    /// TokenGroups.
    pub(crate) groups: Vec<SidAndAttributes>,
    /// The privileges that are enabled, by their numbers.
    pub(crate) enabled: Vec<u64>,
}

/// The operating system.
pub(crate) trait System {
    /// A token, closed when dropped.
    type Handle;

    /// This is Wine.
    fn is_wine(&self) -> bool;

    /// NtCreateToken is there, whoever may use it.
    fn can_create(&self) -> bool;

    /// The process holds that privilege, enabled or not.
    fn holds(&self, privilege: Privilege) -> bool;

    /// NtCreateToken, with that privilege enabled for this one call.
    fn create(&self, contents: &Contents, with: Option<Privilege>) -> Answer<Self::Handle>;

    /// The process's own token.
    fn own(&self) -> Answer<Look>;

    /// The process's own token less all privileges, and with these groups good for denying only.
    fn restricted(&self, deny_only: &[Sid]) -> Answer<Self::Handle>;

    /// The same as a token that threads may wear, up to that level.
    fn at_level(&self, token: &Self::Handle, level: Level) -> Answer<Self::Handle>;

    /// What a token says of itself.
    fn look(&self, token: &Self::Handle) -> Answer<Look>;

    /// The computer's name: the domain of its own accounts.
    fn computer(&self) -> String;

    /// Has the system log an account on without its password (S4U), as a part of it if that
    /// privilege is given.
    fn log_on(&self, logon: &Logon, with: Option<Privilege>) -> Answer<Self::Handle>;
}
