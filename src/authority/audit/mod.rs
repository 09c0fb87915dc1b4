//! The audit of NTLM logons: which clients still use NTLM, before it is disabled.
//!
//! With `[ntlm] mode = "audit"` each logon is logged as a warning of `negossp::authority::audit`.
//! `[ntlm] audit_file` has a line for each, whatever the mode: tab-separated, time in UTC,
//! `accepted` or `refused`, domain, user and workstation as the client sent them, its address if
//! known or `-`, and for a refusal the NTSTATUS. A name is cut at 256 characters; `...` follows.

mod file;

pub use file::AuditFile;

use super::restrictions::ip_address;
use crate::runtime::log_text::{Utc, cut, escape_into};
use crate::types::error::Error;
use crate::types::logon_names::LogonNames;
use crate::types::time::FileTime;

/// A line for one logon. Names are the client's own: characters that would end a field or a line
/// are escaped.
pub(super) fn line(rejection: Option<&Error>, logon: &LogonNames, now: FileTime) -> String {
    let plain = |text: &String| {
        let (text, left_out) = cut(text);
        let mut plain = String::new();
        escape_into(&mut plain, if text.is_empty() { "-" } else { text });
        plain.push_str(if left_out > 0 { "..." } else { "" });
        plain
    };
    let address = logon.address.as_ref().map(ip_address);
    let address = address.map_or("-".to_owned(), |address| address.to_string());
    let status = rejection.map_or("-".to_owned(), |error| format!("{:#010x}", error.nt_status().0));
    let outcome = if rejection.is_some() { "refused" } else { "accepted" };
    let names = [&logon.domain, &logon.user, &logon.workstation].map(plain).join("\t");
    format!("{}\t{outcome}\t{names}\t{address}\t{status}\n", Utc(now))
}

/// A line for refusals that have no line each: how many, and their NTSTATUS.
pub(super) fn more(refusal: &Error, number: u64, now: FileTime) -> String {
    let status = refusal.nt_status().0;
    format!("{}\tomitted\t-\t{number}\t-\t-\t{status:#010x}\n", Utc(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::error::Denial;

    #[test]
    fn a_line_is_one_line_with_its_fields() {
        let logon = LogonNames {
            user: "al\tice\n".to_owned(),
            workstation: "DESK".to_owned(),
            ..LogonNames::default()
        };
        let at = FileTime::from_unix_seconds(1_700_000_000);
        assert_eq!(
            line(None, &logon, at),
            "2023-11-14T22:13:20.000000Z\taccepted\t-\tal\\u{9}ice\\u{a}\tDESK\t-\t-\n"
        );
        let refusal = Error::LogonDenied(Denial::WrongPassword);
        assert_eq!(
            line(Some(&refusal), &logon, at),
            "2023-11-14T22:13:20.000000Z\trefused\t-\tal\\u{9}ice\\u{a}\tDESK\t-\t0xc000006a\n"
        );
        assert_eq!(
            more(&refusal, 7, at),
            "2023-11-14T22:13:20.000000Z\tomitted\t-\t7\t-\t-\t0xc000006a\n"
        );
    }

    #[test]
    fn a_long_name_is_cut_and_says_so() {
        let user = |length| {
            let logon = LogonNames { user: "x".repeat(length), ..LogonNames::default() };
            let line = line(None, &logon, FileTime::from_unix_seconds(1_700_000_000));
            line.split('\t').nth(3).map(str::to_owned)
        };
        assert_eq!(user(256), Some("x".repeat(256)));
        assert_eq!(user(257), Some("x".repeat(256) + "..."));
    }
}
