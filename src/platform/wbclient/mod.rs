//! winbindd, Samba's daemon for domain members, by its client library, which is loaded on first
//! use.

#[cfg(unix)]
mod library;
#[cfg(not(unix))]
mod none;

use crate::principal::SidAndAttributes;
use crate::types::sid::Sid;
use std::ffi::CStr;
use zeroize::Zeroizing;

#[cfg(unix)]
pub use library::Connection;
#[cfg(not(unix))]
pub use none::Connection;

/// A network logon to validate.
#[derive(Debug, Clone, Copy)]
pub struct Logon<'a> {
    /// The user, as the client sent it.
    pub user: &'a CStr,
    /// The domain, as the client sent it.
    pub domain: &'a CStr,
    /// The workstation, as the client sent it.
    pub workstation: &'a CStr,
    /// The challenge that the responses answer.
    pub challenge: [u8; 8],
    /// The NT response.
    pub nt_response: &'a [u8],
    /// The LM response, or nothing.
    pub lm_response: &'a [u8],
    /// ParameterControl, [MS-NRPC] 2.2.1.4.15.
    pub parameter_control: u32,
}

/// The client's account. Times are seconds since 1970.
#[derive(Debug, Default)]
pub struct Account {
    /// The account's name.
    pub user: String,
    /// Its domain's NetBIOS name.
    pub domain: String,
    /// Its user principal name; may be empty.
    pub upn: String,
    /// Its domain's DNS name; may be empty.
    pub dns_domain: String,
    /// The display name; may be empty.
    pub full_name: String,
    /// The domain controller that validated the logon.
    pub logon_server: String,
    /// UserFlags
    pub user_flags: u32,
    /// UserAccountControl, as [MS-SAMR] numbers it.
    pub user_account_control: u32,
    /// UserSessionKey
    pub user_session_key: Zeroizing<[u8; 16]>,
    /// LMKey
    pub lm_key: Zeroizing<[u8; 8]>,
    /// When it logged on.
    pub logon_time: u64,
    /// When its session should end.
    pub logoff_time: u64,
    /// When its password expires.
    pub password_must_change: u64,
    /// The account, its primary group, its other groups.
    pub sids: Vec<SidAndAttributes>,
}

/// An account by its name.
#[derive(Debug)]
pub struct Named {
    /// The account's name.
    pub user: String,
    /// Its domain's NetBIOS name.
    pub domain: String,
    /// Its SID.
    pub sid: Sid,
    /// The SIDs of its groups.
    pub groups: Vec<Sid>,
}

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WbcError {
    /// winbindd does not answer.
    Unavailable,
    /// It knows nobody of this SID, or gives them no number.
    Unknown,
    /// The logon is rejected, with this NTSTATUS.
    Refused(u32),
    /// The library's answer is malformed.
    Malformed(&'static str),
    /// Another error of the library, by its number.
    Failed(i32),
}

/// The machine is set up for winbindd: its name service asks it (nsswitch.conf(5)), or it has run
/// since the machine was started. Elsewhere its silence is no outage.
pub fn is_configured() -> bool {
    let switch = std::fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default();
    let names = |line: &str| {
        let services = line.split('#').next().and_then(|line| line.trim().strip_prefix("passwd:"));
        services.is_some_and(|services| services.split_whitespace().any(|name| name == "winbind"))
    };
    switch.lines().any(names)
        || ["/run/samba/winbindd", "/var/run/samba/winbindd", "/var/lib/samba/winbindd"]
            .iter()
            .any(|folder| std::path::Path::new(folder).exists())
}
