//! `squid-2.5-basic` and `squid-2.4-basic`: a line `USER PASSWORD`, answered with `OK` or `ERR`.

use super::lines::{Line, Lines};
use super::options::Options;
use super::setup::{NTLM, Setup};
use negossp::encoding::hex;
use negossp::platform;
use negossp::server::PasswordLogon;
use negossp::types::identity::Identity;
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

pub(super) fn serve<R: Read, W: Write>(
    options: &Options,
    encoded: bool,
    lines: &mut Lines<R, W>,
) -> io::Result<()> {
    let mut setup = Setup::new(options);
    while let Some(line) = lines.next()? {
        let accepted = match line {
            Line::TooLong => false,
            Line::Text(line) if line.is_empty() => {
                lines.complain();
                continue;
            }
            Line::Text(line) => {
                identity(&line, encoded).is_some_and(|identity| check(&mut setup, &identity))
            }
        };
        lines.answer(if accepted { "OK" } else { "ERR" })?;
    }
    Ok(())
}

fn check(setup: &mut Setup<'_>, identity: &Identity) -> bool {
    let configuration = setup.for_server();
    let credential = setup.server_credential(NTLM, &configuration);
    let groups = setup.required_groups(&configuration);
    let logon = PasswordLogon { identity, workstation: "" };
    credential.validate_password(&configuration, logon, groups.as_deref(), platform::now()).is_ok()
}

/// The user and the password of a line.
fn identity(line: &[u8], encoded: bool) -> Option<Identity> {
    let at = line.iter().position(|&byte| byte == b' ')?;
    let part = |bytes: &[u8]| -> Option<Zeroizing<String>> {
        let bytes = if encoded { unescape(bytes)? } else { Zeroizing::new(bytes.to_vec()) };
        let text = std::str::from_utf8(&bytes).ok().filter(|text| !text.contains('\0'))?;
        Some(Zeroizing::new(text.to_owned()))
    };
    Some(Identity {
        user: part(line.get(..at)?)?.to_string(),
        domain: String::new(),
        password: part(line.get(at + 1..)?)?,
    })
}

/// RFC 1738, 2.2: `%` and two hexadecimal digits. `None` for other digits, or a zero.
fn unescape(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (digits, after) = after.split_at_checked(2)?;
            out.push(*hex::decode(digits)?.first().filter(|byte| **byte != 0)?);
            rest = after;
        } else {
            out.push(byte);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_passwords_are_unescaped() {
        let of = |line: &[u8], encoded| {
            identity(line, encoded).map(|one| (one.user, one.password.to_string()))
        };
        let expected = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(of(b"a%20b c%25%3a d", true), expected("a b", "c%: d"));
        assert_eq!(of(b"EXAMPLE%5calice p%c3%a4ss", true), expected("EXAMPLE\\alice", "p\u{e4}ss"));
        assert_eq!(of(b"a%20b c", false), expected("a%20b", "c"));
        assert_eq!(of(b"alice ", true), expected("alice", ""));
        for wrong in
            [&b"alice"[..], b"a% b", b"a %", b"a %2", b"a %zz", b"a %00", b"a \0", b"\xff b"]
        {
            assert_eq!(of(wrong, true), None, "{wrong:?}");
        }
    }
}
