//! Who still uses NTLM: what must be known before it can be switched off.
//!
//! With `[ntlm] mode = "audit"` each logon is told to the log, as a warning of
//! `negossp::authority::audit`. `[ntlm] audit_file` has a line for each, whatever the mode:
//! tab-separated, time in UTC, `accepted` or `refused`, domain, user and workstation as the client
//! sent them, its address if known or `-`, and for a refusal the NTSTATUS.

use super::{NetworkLogon, restrictions};
use crate::config::{NtlmMode, Settings};
use crate::platform;
use crate::runtime::log_text::{Utc, escape_into};
use crate::types::error::Error;
use crate::types::time::FileTime;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// Tells of a logon and why it was refused, if it was.
pub(super) fn tell(refusal: Option<&Error>, settings: &Settings, logon: &NetworkLogon<'_>) {
    let NetworkLogon { user, domain, workstation, .. } = *logon;
    if settings.ntlm.mode == NtlmMode::Audit {
        let outcome = if refusal.is_some() { "refused" } else { "accepted" };
        tracing::warn!(user, domain, workstation, outcome, "NTLM is still in use");
    }
    if let Some(path) = &settings.ntlm.audit_file
        && let Err(error) = append(path, &line(refusal, logon, platform::now()))
    {
        tracing::error!(file = %path.display(), %error, "[ntlm] audit_file cannot be written");
    }
}

/// A line for one logon. Names are the client's own: what would end a field or a line is not left
/// in them.
fn line(refusal: Option<&Error>, logon: &NetworkLogon<'_>, now: FileTime) -> String {
    let plain = |text: &str| {
        let mut plain = String::new();
        escape_into(&mut plain, if text.is_empty() { "-" } else { text });
        plain
    };
    let address =
        restrictions::address(logon).map_or("-".to_owned(), |address| address.to_string());
    let status = refusal.map_or("-".to_owned(), |error| format!("{:#010x}", error.nt_status().0));
    let outcome = if refusal.is_some() { "refused" } else { "accepted" };
    let names = [logon.domain, logon.user, logon.workstation].map(plain).join("\t");
    format!("{}\t{outcome}\t{names}\t{address}\t{status}\n", Utc(now))
}

/// Opened for each line, so that whoever moves a full file away need not tell us.
fn append(path: &Path, line: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    platform::private(options.create(true).append(true));
    options.open(path)?.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::error::Denial;

    #[test]
    fn a_line_is_one_line_with_its_fields() {
        let logon = NetworkLogon {
            user: "al\tice\n",
            domain: "",
            workstation: "DESK",
            ..NetworkLogon::default()
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
    }
}
