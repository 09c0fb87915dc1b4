//! `ntlm-server-1`: requests of lines `Name: value`, or `Name:: value in base64`, each ended by a
//! line with a dot, as are the answers. An answer that is a rejection has a second such line, as
//! Samba's has.

use super::lines::{Line, Lines};
use super::one_shot::keys;
use super::options::Options;
use super::setup::{NTLM, Setup};
use super::status;
use negossp::encoding::{base64, hex};
use negossp::ntlm::Validated;
use negossp::platform;
use negossp::server::{PasswordLogon, ResponseLogon};
use negossp::types::error::Error;
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
}

pub(super) fn serve<R: Read, W: Write>(
    options: &Options,
    lines: &mut Lines<R, W>,
) -> io::Result<()> {
    let mut setup = Setup::new(options);
    let mut request = Request::default();
    while let Some(line) = lines.next()? {
        let answer = match line {
            Line::TooLong => Some("Error: Oversized message!\n.".to_owned()),
            Line::Text(line) if line.is_empty() => {
                lines.complain();
                None
            }
            Line::Text(line) if line.as_slice() == b"." => {
                let request = std::mem::take(&mut request);
                Some(format!("{}.", &*request.answer(options, &mut setup)))
            }
            Line::Text(line) => request.add(&line).err().map(|why| format!("Error: {why}\n.")),
        };
        if let Some(answer) = answer.map(Zeroizing::new) {
            lines.answer(&answer)?;
        }
    }
    Ok(())
}

/// A line's name and value.
fn parameter(line: &[u8]) -> Option<(&str, Zeroizing<Vec<u8>>)> {
    let find = |what: &[u8]| line.windows(what.len()).position(|bytes| bytes == what);
    let name = |at: usize| std::str::from_utf8(line.get(..at)?).ok();
    if let Some(at) = find(b":: ") {
        return Some((name(at)?, base64::decode(line.get(at + 3..)?)?));
    }
    let at = find(b": ")?;
    Some((name(at)?, Zeroizing::new(line.get(at + 2..)?.to_vec())))
}

impl Request {
    /// Adds a line. The error is Samba's text for it.
    fn add(&mut self, line: &[u8]) -> Result<(), String> {
        let Some((name, value)) = parameter(line) else {
            return Err("Parameter not found!".to_owned());
        };
        let text = || {
            let text = std::str::from_utf8(&value).ok().filter(|text| !text.contains(['\0', '\n']));
            text.map(|text| Zeroizing::new(text.to_owned()))
                .ok_or_else(|| "Parameter not found!".to_owned())
        };
        let named = |known: &str| name.eq_ignore_ascii_case(known);
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
        } else if named("Password") {
            self.password = Some(text()?);
        } else if named("NT-Domain") {
            self.domain = Some(text()?.to_string());
        } else if named("Username") {
            self.username = Some(text()?.to_string());
        } else if named("Full-Username") {
            self.full_username = Some(text()?.to_string());
        } else if named("Request-User-Session-Key") {
            self.user_session_key = value.eq_ignore_ascii_case(b"Yes");
        } else if named("Request-LanMan-Session-Key") {
            self.lm_session_key = value.eq_ignore_ascii_case(b"Yes");
        } else {
            return Err(format!("Unknown request {}", name.escape_debug()));
        }
        Ok(())
    }

    /// The lines of the answer, without its last dot.
    fn answer(mut self, options: &Options, setup: &mut Setup<'_>) -> Zeroizing<String> {
        let error = |why: &str| Zeroizing::new(format!("Error: {why}\n"));
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
            let yes = if validated.is_ok() { "Yes" } else { "No" };
            return Zeroizing::new(format!("Authenticated: {yes}\n"));
        }
        if self.nt_response.is_none() && self.lm_response.is_none() {
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

fn authenticated(validated: Result<Validated, Error>, lm: bool, user: bool) -> Zeroizing<String> {
    let mut lines = Zeroizing::new(String::with_capacity(256));
    match validated {
        Ok(validated) => {
            lines.push_str("Authenticated: Yes\n");
            keys(&mut lines, ["LANMAN-Session-Key: ", "User-Session-Key: "], lm, user, &validated);
        }
        Err(error) => {
            let text = match status::of(&error) {
                NtStatus::UNSUCCESSFUL => "Reading winbind reply failed!".to_owned(),
                status => status::text(status),
            };
            lines.push_str(&format!("Authenticated: No\nAuthentication-Error: {text}\n.\n"));
        }
    }
    lines
}

fn bad_hex(value: &[u8], why: &str) -> String {
    let value = String::from_utf8_lossy(value);
    format!("hex decode of {} failed! ({why})", value.escape_debug())
}
