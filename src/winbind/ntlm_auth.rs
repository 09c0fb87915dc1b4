//! The protocol of `ntlm_auth --helper-protocol=ntlm-server-1`: lines `Name: value`, or `Name::
//! value in base64`, and a line with a single dot that ends a request or an answer. A rejection
//! ends with a second such line.

use super::Names;
use crate::authority::pass_through::PassThroughRequest;
use crate::encoding::{base64, hex};
use crate::platform::helper_process::Helper;
use crate::types::ntstatus::NtStatus;
use std::fmt;
use std::io;
use std::time::Instant;
use zeroize::Zeroizing;

/// The longest answer read; it has a few short lines.
const LONGEST_ANSWER: usize = 4096;

/// The line that ends an answer, and once more a rejection.
const DOT: &[u8] = b".\n";

/// The session keys of an accepted logon.
pub(super) struct Keys {
    pub(super) user_session_key: Zeroizing<[u8; 16]>,
    pub(super) lm_key: Zeroizing<[u8; 8]>,
}

/// The helper's answer to a logon.
pub(super) enum Answer {
    /// The logon is accepted.
    Yes(Keys),
    /// The logon is rejected.
    No(NtStatus),
    /// winbindd is unreachable.
    Unavailable(String),
    /// winbindd may not be used, or cannot validate the logon.
    Unable(String),
}

/// Why the helper can no longer be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HelperError {
    /// It has ended.
    Ended,
    /// It does not answer in time.
    Silent,
    /// Its answer is malformed.
    Malformed(&'static str),
}

impl fmt::Display for HelperError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HelperError::Ended => f.write_str("has ended"),
            HelperError::Silent => f.write_str("does not answer in time"),
            HelperError::Malformed(why) => write!(f, "answers with {why}"),
        }
    }
}

impl From<io::Error> for HelperError {
    fn from(error: io::Error) -> HelperError {
        if error.kind() == io::ErrorKind::TimedOut {
            HelperError::Silent
        } else {
            HelperError::Ended
        }
    }
}

/// The request. Names are in base64, so may contain any bytes. There is no field for the client's
/// workstation.
pub(super) fn request(names: &Names, question: &PassThroughRequest<'_>) -> Zeroizing<Vec<u8>> {
    let capacity =
        512 + 2 * (question.nt_response.len() + question.lm_response.len()) + 2 * (2 * 256);
    let mut out = Zeroizing::new(Vec::with_capacity(capacity));
    let mut line = |name: &str, encode: fn(&[u8], &mut Vec<u8>), value: &[u8]| {
        if !value.is_empty() {
            out.extend_from_slice(name.as_bytes());
            out.push(b' ');
            encode(value, &mut out);
            out.push(b'\n');
        }
    };
    line("LANMAN-Challenge:", hex::encode_into, &question.challenge);
    line("NT-Response:", hex::encode_into, question.nt_response);
    line("LANMAN-Response:", hex::encode_into, question.lm_response);
    line("Username::", base64::encode_into, names.user.as_bytes());
    line("NT-Domain::", base64::encode_into, names.domain.as_bytes());
    out.extend_from_slice(b"Request-User-Session-Key: Yes\nRequest-LanMan-Session-Key: Yes\n.\n");
    out
}

/// The helper is running and has no pending output but a rejection's last line.
pub(super) fn is_ready(helper: &Helper) -> bool {
    let mut unread = [0; DOT.len() + 1];
    match helper.unread(&mut unread) {
        Some(length) => length == 0 || unread.get(..length) == Some(DOT),
        None => false,
    }
}

/// Sends a request to the helper and reads the answer.
pub(super) fn ask(
    helper: &Helper,
    request: &[u8],
    deadline: Instant,
) -> Result<Answer, HelperError> {
    helper.send(request, deadline)?;
    let mut buffer = Zeroizing::new([0; LONGEST_ANSWER]);
    let mut length = 0;
    loop {
        let free = buffer
            .get_mut(length..)
            .filter(|free| !free.is_empty())
            .ok_or(HelperError::Malformed("too much"))?;
        length += match helper.receive(free, deadline)? {
            0 => return Err(HelperError::Ended),
            read => read,
        };
        let mut received = buffer.get(..length).unwrap_or_default();
        // The second dot of the previous rejection.
        received = received.strip_prefix(DOT).unwrap_or(received);
        if let Some((lines, rest)) = whole(received) {
            let answer = parse(lines)?;
            return match (&answer, rest) {
                (_, []) | (Answer::No(_) | Answer::Unavailable(_) | Answer::Unable(_), DOT) => {
                    Ok(answer)
                }
                _ => Err(HelperError::Malformed("more than one answer")),
            };
        }
    }
}

/// The lines before the dot, each with its line end, and what follows the dot; `None` if the dot
/// has not arrived yet.
fn whole(received: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut start = 0;
    for line in received.split_inclusive(|&byte| byte == b'\n') {
        if line == DOT {
            return received
                .split_at_checked(start)
                .map(|(lines, rest)| (lines, rest.get(DOT.len()..).unwrap_or_default()));
        }
        start += line.len();
    }
    None
}

/// Parses an answer's lines.
fn parse(lines: &[u8]) -> Result<Answer, HelperError> {
    let (mut authenticated, mut error) = (None, None);
    let mut user_session_key = None;
    let mut lm_key = None;
    for line in lines.split_inclusive(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let at = line
            .iter()
            .position(|&byte| byte == b':')
            .ok_or(HelperError::Malformed("a line without a name"))?;
        let (name, value) = line.split_at(at);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let twice = match name {
            b"Authenticated" => authenticated.replace(value).is_some(),
            b"Authentication-Error" => error.replace(value).is_some(),
            b"User-Session-Key" => user_session_key.replace(key(value)?).is_some(),
            b"LANMAN-Session-Key" => lm_key.replace(key(value)?).is_some(),
            // It did not understand the request.
            b"Error" => return Err(HelperError::Malformed("an error")),
            _ => false,
        };
        if twice {
            return Err(HelperError::Malformed("the same line twice"));
        }
    }
    match (authenticated, error) {
        (Some(b"Yes"), None) => Ok(Answer::Yes(Keys {
            user_session_key: user_session_key.unwrap_or_default(),
            lm_key: lm_key.unwrap_or_default(),
        })),
        (Some(b"No"), error) => Ok(refusal(&String::from_utf8_lossy(error.unwrap_or_default()))),
        _ => Err(HelperError::Malformed("neither yes nor no")),
    }
}

/// Parts of Samba's messages, which differ between versions, and their NTSTATUS.
const TEXTS: [(&str, NtStatus); 20] = [
    ("current password is not correct", NtStatus::WRONG_PASSWORD),
    ("wrong password", NtStatus::WRONG_PASSWORD),
    ("account does not exist", NtStatus::NO_SUCH_USER),
    ("no such user", NtStatus::NO_SUCH_USER),
    ("disabled", NtStatus::ACCOUNT_DISABLED),
    ("locked out", NtStatus::ACCOUNT_LOCKED_OUT),
    ("automatically locked", NtStatus::ACCOUNT_LOCKED_OUT),
    ("account locked", NtStatus::ACCOUNT_LOCKED_OUT),
    ("password has expired", NtStatus::PASSWORD_EXPIRED),
    ("password expired", NtStatus::PASSWORD_EXPIRED),
    ("password must be changed", NtStatus::PASSWORD_MUST_CHANGE),
    ("must change password", NtStatus::PASSWORD_MUST_CHANGE),
    ("account has expired", NtStatus::ACCOUNT_EXPIRED),
    ("account expired", NtStatus::ACCOUNT_EXPIRED),
    ("time restrictions", NtStatus::INVALID_LOGON_HOURS),
    ("source workstation", NtStatus::INVALID_WORKSTATION),
    ("account restriction", NtStatus::ACCOUNT_RESTRICTION),
    ("no logon servers", NtStatus::NO_LOGON_SERVERS),
    ("could not find the domain controller", NtStatus::DOMAIN_CONTROLLER_NOT_FOUND),
    ("trust relationship", NtStatus::TRUSTED_RELATIONSHIP_FAILURE),
];

fn refusal(text: &str) -> Answer {
    let status = text
        .split(['(', ')', ' '])
        .find_map(|word| NtStatus::named(word.strip_prefix("NT_STATUS_")?));
    let text = text.to_ascii_lowercase();
    let by_text =
        || TEXTS.iter().find(|(words, _)| text.contains(words)).map(|(_, status)| *status);
    if let Some(status) = status.or_else(by_text) {
        return Answer::No(status);
    }
    if text.contains("reading winbind reply failed") {
        return Answer::Unavailable(text);
    }
    if text.contains("not authorized to use winbindd") {
        return Answer::Unable(text);
    }
    tracing::warn!("winbind: refused: {text}");
    Answer::No(NtStatus::LOGON_FAILURE)
}

/// A key in hexadecimal, of exactly its length.
fn key<const N: usize>(value: &[u8]) -> Result<Zeroizing<[u8; N]>, HelperError> {
    const BAD: HelperError = HelperError::Malformed("a key of another length");
    let bytes = hex::decode(value).ok_or(BAD)?;
    let mut key = Zeroizing::new([0; N]);
    key.copy_from_slice(bytes.first_chunk::<N>().filter(|_| bytes.len() == N).ok_or(BAD)?);
    Ok(key)
}
