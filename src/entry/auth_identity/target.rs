//! Helpers: the host in a target, and the errors for which to ask the user for other credentials.

use crate::entry::abi::{SEC_E_LOGON_DENIED, SEC_E_NO_CREDENTIALS, ULONG};

/// The host of a service principal name, `service/host:port/name`, or of a plain host name; `None`
/// for a user name.
pub(super) fn host(target: &str) -> Option<&str> {
    let instance = match target.split_once('/') {
        Some((_, rest)) => rest.split('/').next().unwrap_or_default(),
        None => target,
    };
    let host = match instance.strip_prefix('[') {
        // An IPv6 address, which contains colons.
        Some(rest) => rest.split_once(']')?.0,
        None => instance.split(':').next().unwrap_or_default(),
    };
    (!host.is_empty() && !host.contains(['\\', '@'])).then_some(host)
}

/// Whether other credentials may help: the errors of CREDUI_IS_AUTHENTICATION_ERROR in <wincred.h>,
/// each as a Windows error, an NTSTATUS and an HRESULT.
pub(super) fn is_prompting_needed(error: ULONG) -> bool {
    /// ERROR_ACCESS_DENIED, ERROR_INVALID_PASSWORD, ERROR_DOWNGRADE_DETECTED, ERROR_LOGON_FAILURE,
    /// ERROR_PASSWORD_EXPIRED, ERROR_PASSWORD_MUST_CHANGE, NERR_PasswordExpired.
    const WINDOWS: [ULONG; 7] = [5, 86, 1265, 1326, 1330, 1907, 2242];
    /// STATUS_ACCESS_DENIED, STATUS_WRONG_PASSWORD, STATUS_LOGON_FAILURE, STATUS_PASSWORD_EXPIRED,
    /// STATUS_PASSWORD_MUST_CHANGE, STATUS_DOWNGRADE_DETECTED.
    const NT: [ULONG; 6] =
        [0xc000_0022, 0xc000_006a, 0xc000_006d, 0xc000_0071, 0xc000_0224, 0xc000_0388];
    const FACILITY_WIN32: ULONG = 0x8007_0000;
    const FACILITY_NT_BIT: ULONG = 0x1000_0000;
    match error {
        _ if [SEC_E_LOGON_DENIED, SEC_E_NO_CREDENTIALS].contains(&error.cast_signed()) => true,
        _ if error & 0xffff_0000 == FACILITY_WIN32 => WINDOWS.contains(&(error & 0xffff)),
        _ => WINDOWS.contains(&error) || NT.contains(&(error & !FACILITY_NT_BIT)),
    }
}

#[cfg(test)]
mod tests {
    /// The forms of [MS-KILE] 3.1.5.11 and of DsMakeSpn's page.
    #[test]
    fn hosts_of_targets() {
        for (target, host) in [
            ("HTTP/www.example.com", Some("www.example.com")),
            ("HTTP/www.example.com:8080", Some("www.example.com")),
            ("ldap/dc1.example.com:389/example.com", Some("dc1.example.com")),
            ("ldap/dc1.example.com/example.com", Some("dc1.example.com")),
            ("cifs/[fe80::1]:445", Some("fe80::1")),
            ("HOST/web1", Some("web1")),
            ("web1", Some("web1")),
            ("web1:80", Some("web1")),
            ("HTTP/", None),
            ("", None),
            ("HTTP/[fe80::1", None),
            (r"EXAMPLE\alice", None),
            ("alice@example.com", None),
        ] {
            assert_eq!(super::host(target), host, "{target}");
        }
    }
}
