//! `ntlm-server-1`: requests of lines `Name: value`, or `Name:: value in base64`, each ended by a
//! line with a dot, as are the answers. A request has one answer, at its dot, whatever is wrong in
//! it: values are a client's, and one that moved the answers would give it another client's. A
//! rejected response has a second dot, as Samba's has.

use super::lines::{Line, Lines};
use super::one_shot::keys;
use super::options::Options;
use super::setup::{NTLM, Setup};
use super::status;
use negossp::encoding::{base64, hex};
use negossp::ntlm::Validated;
use negossp::platform;
use negossp::server::{PasswordLogon, ResponseLogon};
use negossp::types::error::{Denial, Error};
use negossp::types::identity::Identity;
use negossp::types::ntstatus::NtStatus;
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

/// A request as far as it has been read.
#[derive(Default)]
struct Request {
    challenge: Option<[u8; 8]>,
    nt_response: Option<Vec<u8>>,
    lm_response: Option<Vec<u8>>,
    full_username: Option<String>,
    username: Option<String>,
    domain: Option<String>,
    password: Option<Zeroizing<String>>,
    user_session_key: bool,
    lm_session_key: bool,
    /// A password is given, even if it is none.
    has_password: bool,
    /// What was wrong first.
    wrong: Option<Wrong>,
}

/// Why a request is not checked.
enum Wrong {
    /// The text of the answer, which is an error.
    Malformed(String),
    /// A name or a password that is no text: nobody's.
    NotText,
}

pub(super) fn serve<R: Read, W: Write>(
    options: &Options,
    lines: &mut Lines<R, W>,
) -> io::Result<()> {
    let mut setup = Setup::new(options);
    let mut request = Request::default();
    while let Some(line) = lines.next()? {
        match line {
            Line::TooLong => request.note(Wrong::Malformed("Oversized message!".to_owned())),
            Line::Text(line) if line.is_empty() => lines.complain(),
            Line::Text(line) if line.as_slice() == b"." => {
                let request = std::mem::take(&mut request);
                let mut answer = request.answer(options, &mut setup);
                answer.push('.');
                lines.answer(&answer)?;
            }
            Line::Text(line) => {
                if let Err(wrong) = request.add(&line) {
                    request.note(wrong);
                }
            }
        }
    }
    Ok(())
}

/// A line's name and value; the value is `None` if it is not base64 where it should be.
fn parameter(line: &[u8]) -> Option<(&str, Option<Zeroizing<Vec<u8>>>)> {
    let at = line.windows(2).position(|bytes| bytes == b": ")?;
    let (name, value) = (line.get(..at)?, line.get(at + 2..)?);
    let (name, value) = match name.strip_suffix(b":") {
        Some(name) => (name, base64::decode(value)),
        None => (name, Some(Zeroizing::new(value.to_vec()))),
    };
    Some((std::str::from_utf8(name).ok()?, value))
}

impl Request {
    fn note(&mut self, wrong: Wrong) {
        self.wrong.get_or_insert(wrong);
    }

    /// Adds a line.
    ///
    /// Errors: what is wrong, in Samba's words.
    fn add(&mut self, line: &[u8]) -> Result<(), Wrong> {
        let not_found = || Wrong::Malformed("Parameter not found!".to_owned());
        let (name, value) = parameter(line).ok_or_else(not_found)?;
        let text = || {
            let text = value.as_ref().and_then(|value| std::str::from_utf8(value).ok());
            text.filter(|text| !text.contains(['\0', '\n']))
                .map(|text| Zeroizing::new(text.to_owned()))
                .ok_or(Wrong::NotText)
        };
        let named = |known: &str| name.eq_ignore_ascii_case(known);
        if named("Password") {
            self.has_password = true;
            self.password = Some(text()?);
            return Ok(());
        } else if named("NT-Domain") {
            self.domain = Some(text()?.to_string());
            return Ok(());
        } else if named("Username") {
            self.username = Some(text()?.to_string());
            return Ok(());
        } else if named("Full-Username") {
            self.full_username = Some(text()?.to_string());
            return Ok(());
        }
        let value = value.ok_or_else(not_found)?;
        if named("LANMAN-Challenge") {
            let bytes = hex::decode(&value).unwrap_or_default();
            self.challenge = bytes.as_slice().try_into().ok();
            if self.challenge.is_none() {
                return Err(bad_hex(&value, &format!("got {} bytes, expected 8", bytes.len())));
            }
        } else if named("NT-Response") {
            let bytes = hex::decode(&value).unwrap_or_default();
            self.nt_response = Some(bytes.to_vec()).filter(|bytes| bytes.len() >= 24);
            if self.nt_response.is_none() {
                let why = format!("only got {} bytes, needed at least 24", bytes.len());
                return Err(bad_hex(&value, &why));
            }
        } else if named("LANMAN-Response") {
            let bytes = hex::decode(&value).unwrap_or_default();
            self.lm_response = Some(bytes.to_vec()).filter(|bytes| bytes.len() == 24);
            if self.lm_response.is_none() {
                return Err(bad_hex(&value, &format!("got {} bytes, expected 24", bytes.len())));
            }
        } else if named("Request-User-Session-Key") {
            self.user_session_key = value.eq_ignore_ascii_case(b"Yes");
        } else if named("Request-LanMan-Session-Key") {
            self.lm_session_key = value.eq_ignore_ascii_case(b"Yes");
        } else {
            return Err(Wrong::Malformed(format!("Unknown request {}", name.escape_debug())));
        }
        Ok(())
    }

    /// The lines of the answer, without its last dot.
    fn answer(mut self, options: &Options, setup: &mut Setup<'_>) -> Zeroizing<String> {
        let error = |why: &str| Zeroizing::new(format!("Error: {why}\n"));
        let responses = self.nt_response.is_some() || self.lm_response.is_some();
        match self.wrong {
            None => {}
            Some(Wrong::Malformed(why)) => return error(&why),
            Some(Wrong::NotText) if responses && !self.has_password => {
                return rejected(&Error::LogonDenied(Denial::UnknownUser));
            }
            Some(Wrong::NotText) => return password_checked(false),
        }
        if let (None, Some(full)) = (&self.username, &self.full_username) {
            match full.split_once('\\') {
                Some((domain, user)) => {
                    (self.domain, self.username) = (Some(domain.to_owned()), Some(user.to_owned()));
                }
                None => self.username = Some(full.clone()),
            }
        }
        let Some(user) = self.username.filter(|user| !user.is_empty()) else {
            return error("No username supplied!");
        };
        let domain = self.domain.unwrap_or_default();
        let configuration = setup.for_server();
        let credential = setup.server_credential(NTLM, &configuration);
        let groups = setup.required_groups(&configuration);
        let (groups, now) = (groups.as_deref(), platform::now());
        if let Some(password) = self.password {
            let identity = Identity { user, domain, password };
            let logon = PasswordLogon { identity: &identity, workstation: "" };
            let validated = credential.validate_password(&configuration, logon, groups, now);
            return password_checked(validated.is_ok());
        }
        if !responses {
            return error("No password supplied!");
        }
        let Some(challenge) = self.challenge else {
            return error("No lanman-challenge supplied!");
        };
        let logon = ResponseLogon {
            user: &user,
            domain: &domain,
            workstation: "",
            challenge,
            nt_response: self.nt_response.as_deref().unwrap_or_default(),
            lm_response: self.lm_response.as_deref().unwrap_or_default(),
            mschapv2: options.allow_mschapv2,
        };
        let validated = credential.validate_response(&configuration, logon, groups, now);
        authenticated(validated, self.lm_session_key, self.user_session_key)
    }
}

/// The answer to a request with a password.
fn password_checked(accepted: bool) -> Zeroizing<String> {
    let yes = if accepted { "Yes" } else { "No" };
    Zeroizing::new(format!("Authenticated: {yes}\n"))
}

/// The answer to a request with responses.
fn authenticated(validated: Result<Validated, Error>, lm: bool, user: bool) -> Zeroizing<String> {
    let validated = match validated {
        Ok(validated) => validated,
        Err(error) => return rejected(&error),
    };
    let mut lines = Zeroizing::new(String::with_capacity(256));
    lines.push_str("Authenticated: Yes\n");
    keys(&mut lines, ["LANMAN-Session-Key: ", "User-Session-Key: "], lm, user, &validated);
    lines
}

/// The answer to responses that are rejected, with Samba's first dot.
fn rejected(error: &Error) -> Zeroizing<String> {
    let text = match status::of(error) {
        NtStatus::UNSUCCESSFUL => "Reading winbind reply failed!".to_owned(),
        status => status::text(status),
    };
    Zeroizing::new(format!("Authenticated: No\nAuthentication-Error: {text}\n.\n"))
}

fn bad_hex(value: &[u8], why: &str) -> Wrong {
    let value = String::from_utf8_lossy(value);
    Wrong::Malformed(format!("hex decode of {} failed! ({why})", value.escape_debug()))
}
