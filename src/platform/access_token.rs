//! Access tokens as the operating system knows them, in plain types.

#[cfg(any(windows, test))]
use crate::principal::SidAndAttributes;
#[cfg(any(windows, test))]
use crate::types::error::Error;
#[cfg(any(windows, test))]
use crate::types::sid::Sid;
#[cfg(any(windows, test))]
use crate::types::time::FileTime;

/// How far a server may act as its client: SECURITY_IMPERSONATION_LEVEL, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Level {
    /// SecurityIdentification: query the client's identity and rights, but do nothing in its name.
    Identification = 1,
    /// SecurityImpersonation: act as the client on this machine.
    Impersonation = 2,
    /// SecurityDelegation: act as the client on other machines too, with its forwarded credentials.
    Delegation = 3,
}

/// Why a call of the operating system failed: an NTSTATUS, or a Win32 error code.
#[cfg(any(windows, test))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallError(pub(crate) u32);

#[cfg(any(windows, test))]
impl CallError {
    /// Logs the failed call, and returns `error`.
    pub(crate) fn log(self, call: &str, error: Error) -> Error {
        tracing::debug!("{call}: 0x{:08x}", self.0);
        error
    }
}

/// The result of a call of the operating system.
#[cfg(any(windows, test))]
pub(crate) type CallResult<T> = Result<T, CallError>;

/// A privilege that this process may hold, by its number, which is the same on every Windows.
#[cfg(any(windows, test))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Privilege {
    /// SeCreateTokenPrivilege: create tokens with any contents.
    CreateToken = 2,
    /// SeTcbPrivilege: act as part of the operating system.
    Tcb = 7,
    /// SeChangeNotifyPrivilege: bypass traverse checking. Every account has it.
    ChangeNotify = 23,
}

/// What is read of a token before it is used.
#[cfg(any(windows, test))]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenInfo {
    /// The SECURITY_IMPERSONATION_LEVEL; `None` for a primary token, that of a process.
    pub(crate) level: Option<u32>,
    /// TokenUser.
    pub(crate) user: Sid,
    /// TokenGroups.
    pub(crate) groups: Vec<SidAndAttributes>,
    /// The numbers of the enabled privileges.
    pub(crate) enabled: Vec<u64>,
}

/// The parts of a new token, as NtCreateToken takes them. Its owner is the user; its default DACL
/// gives access to the user and the system.
#[cfg(any(windows, test))]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) user: Sid,
    /// One of the groups.
    pub(crate) primary_group: Sid,
    /// Each of them once.
    pub(crate) groups: Vec<SidAndAttributes>,
    pub(crate) privilege: Privilege,
    pub(crate) level: Level,
    /// AuthenticationId: a logon session.
    pub(crate) session: u64,
    pub(crate) expiry: FileTime,
}

/// A logon without a password, for which this process vouches (S4U).
#[cfg(any(windows, test))]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Logon {
    /// KERB_S4U_LOGON: an account of a domain that the machine belongs to or trusts.
    Domain {
        /// `user@realm`, or the user alone.
        user: String,
        /// The realm; empty if the user's name contains it.
        realm: String,
        /// For an identification token only.
        identify: bool,
    },
    /// MSV1_0_S4U_LOGON: an account of this machine.
    Machine {
        /// Its name.
        user: String,
        /// The computer's name.
        computer: String,
    },
}
