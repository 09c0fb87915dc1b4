//! The audit of NTLM logons: which clients still use NTLM, before it is disabled.
//!
//! With `[ntlm] mode = "audit"` each logon is logged as a warning of `negossp::authority::audit`.
//! `[ntlm] audit_file` has a line for each, whatever the mode: tab-separated, time in UTC,
//! `accepted` or `refused`, domain, user and workstation as the client sent them, its address if
//! known or `-`, and for a refusal the NTSTATUS.

use super::Options;
use super::restrictions::ip_address;
use crate::platform;
use crate::runtime::log_text::{Utc, escape_into};
use crate::types::error::Error;
use crate::types::logon_names::LogonNames;
use crate::types::time::FileTime;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// Records the outcome of a logon: why it was rejected, if it was.
pub(super) fn record(
    rejection: Option<&Error>,
    logon: &LogonNames,
    audited: bool,
    options: &Options,
    now: FileTime,
) {
    if audited {
        let LogonNames { user, domain, workstation, .. } = logon;
        let outcome = outcome(rejection);
        tracing::warn!(user, domain, workstation, outcome, "NTLM is still in use");
    }
    if let Some(path) = &options.audit_file
        && let Err(error) = append(path, &line(rejection, logon, now))
    {
        tracing::error!(file = %path.display(), %error, "[ntlm] audit_file cannot be written");
    }
}

fn outcome(rejection: Option<&Error>) -> &'static str {
    if rejection.is_some() { "refused" } else { "accepted" }
}

/// A line for one logon. Names are the client's own: characters that would end a field or a line
/// are escaped.
fn line(rejection: Option<&Error>, logon: &LogonNames, now: FileTime) -> String {
    let plain = |text: &String| {
        let mut plain = String::new();
        escape_into(&mut plain, if text.is_empty() { "-" } else { text });
        plain
    };
    let address = logon.address.as_ref().map(ip_address);
    let address = address.map_or("-".to_owned(), |address| address.to_string());
    let status = rejection.map_or("-".to_owned(), |error| format!("{:#010x}", error.nt_status().0));
    let outcome = outcome(rejection);
    let names = [&logon.domain, &logon.user, &logon.workstation].map(plain).join("\t");
    format!("{}\t{outcome}\t{names}\t{address}\t{status}\n", Utc(now))
}

/// Opened for each line, so that the file can be rotated at any time.
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
    }
}
