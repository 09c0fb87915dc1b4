//! The Kerberos keys of the accounts, in a file beside the account file, which has NT hashes only.
//!
//! ```text
//! # negossp account keys 1 salt=5f0c9a17d2b4e680
//! alice:18=<64 hexadecimal digits>,17=<32 digits>:<16 digits>
//! ```
//!
//! The salt of a key is the file's random prefix and the account's name in one spelling for all
//! letter cases, so that it does not tell whether there is such an account, and a key of one file is
//! of no use with another. The last field ties a line to the account's present NT hash: a line from
//! before the password was changed by another program is not used.

use super::file::BadLine;
use crate::kerberos::crypto::{Enctype, Key, string_to_key};
use crate::kerberos::kdc::{ENCTYPES, Tie};
use crate::ntlm::Account;
use crate::stores::text_file;
use crate::types::account_name;
use crate::types::error::Result;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::HashMap;
use std::fmt;
use std::fmt::Write;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The first line, up to the salt.
const HEAD: &str = "# negossp account keys 1 salt=";

/// The length of the salt's prefix, in hexadecimal digits.
const PREFIX: usize = 16;

/// The keys of one account.
#[derive(Debug, Clone)]
pub struct AccountKeys {
    /// One of each encryption type of a local realm, in its order.
    pub keys: Vec<Key>,
    /// Ties the keys to the account's NT hash.
    pub tie: Tie,
}

/// The keys of one version of a file.
#[derive(Default)]
pub struct KeyLines {
    /// The prefix of all salts.
    prefix: String,
    by_name: HashMap<Box<str>, AccountKeys>,
    /// Lines that were skipped.
    pub bad_lines: Vec<BadLine>,
}

impl KeyLines {
    /// Parses a file. Bad lines are skipped. Of two lines with the same name the first counts.
    ///
    /// Errors: why it is no such file.
    pub fn parse(bytes: &[u8]) -> std::result::Result<KeyLines, &'static str> {
        let first = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default().trim_ascii();
        let prefix = std::str::from_utf8(first)
            .ok()
            .and_then(|first| first.strip_prefix(HEAD))
            .filter(|prefix| is_prefix(prefix))
            .ok_or("the first line is not that of account keys")?;
        let mut lines = KeyLines { prefix: prefix.to_owned(), ..KeyLines::default() };
        for (number, line) in text_file::lines(bytes) {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            match parse_line(line) {
                Ok((name, keys)) => {
                    lines.by_name.entry(account_name::fold(name).into()).or_insert(keys);
                }
                Err(why) => lines.bad_lines.push(BadLine { number, why: why.to_owned() }),
            }
        }
        Ok(lines)
    }

    /// The keys of an account, if they were made from its present password.
    pub fn of(&self, account: &Account) -> Option<&AccountKeys> {
        let keys = account_name::with_folded(&account.user, |name| self.by_name.get(name))?;
        let present = tie(keys.keys.first()?, &account.nt_hash?);
        bool::from(present.ct_eq(&keys.tie)).then_some(keys)
    }

    /// The salt of the keys of a name, whether there is such an account or not.
    pub fn salt(&self, name: &str) -> String {
        salt(&self.prefix, name)
    }
}

impl fmt::Debug for KeyLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyLines({} accounts)", self.by_name.len())
    }
}

/// The first line of a new file whose salts have this random prefix of eight bytes.
pub fn head(prefix: [u8; PREFIX / 2]) -> String {
    let mut line = HEAD.to_owned();
    push_hex(&prefix, &mut line);
    line
}

/// The line of an account with this password, in the file with this first line; its NT hash is
/// derived as well.
///
/// Errors: `InvalidParameter` for another first line.
pub fn line(head: &str, name: &str, password: &str) -> Result<Zeroizing<String>> {
    let prefix = head.strip_prefix(HEAD).filter(|prefix| is_prefix(prefix)).ok_or(
        crate::types::error::Error::InvalidParameter("no first line of a file of account keys"),
    )?;
    let salt = salt(prefix, name);
    let key = |enctype| string_to_key(enctype, password, salt.as_bytes(), None);
    let keys: Vec<Key> = ENCTYPES.into_iter().map(key).collect::<Result<_>>()?;
    let mut line = Zeroizing::new(String::with_capacity(160 + name.len()));
    line.push_str(name);
    for (at, key) in keys.iter().enumerate() {
        let separator = if at == 0 { ':' } else { ',' };
        let _ = write!(line, "{separator}{}=", key.enctype().number());
        push_hex(key.bytes(), &mut line);
    }
    line.push(':');
    let nt_hash = Zeroizing::new(crate::primitives::nt_hash::nt_hash(password));
    if let Some(first) = keys.first() {
        push_hex(&tie(first, &nt_hash), &mut line);
    }
    Ok(line)
}

fn salt(prefix: &str, name: &str) -> String {
    format!("{prefix}{}", account_name::fold(name))
}

/// The first 8 bytes of HMAC-SHA-256 over the NT hash, by the key.
fn tie(key: &Key, nt_hash: &[u8; 16]) -> Tie {
    let mut tie = Tie::default();
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.bytes()) {
        mac.update(b"nt");
        mac.update(nt_hash);
        for (byte, made) in tie.iter_mut().zip(mac.finalize().into_bytes()) {
            *byte = made;
        }
    }
    tie
}

fn is_prefix(text: &str) -> bool {
    text.len() == PREFIX && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn push_hex(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
}

fn parse_line(line: &[u8]) -> std::result::Result<(&str, AccountKeys), &'static str> {
    let text = std::str::from_utf8(line).map_err(|_| "not UTF-8")?;
    let mut fields = text.split(':');
    let name = fields.next().filter(|name| !name.is_empty()).ok_or("the name is empty")?;
    let list = fields.next().ok_or("the line ends after the name")?;
    let tie_text = fields.next().ok_or("the line ends after the keys")?;
    let mut given: Vec<Key> = Vec::new();
    for item in list.split(',') {
        let (number, digits) = item.split_once('=').ok_or("a key without its number")?;
        let enctype = number.parse().ok().and_then(Enctype::from_number);
        // Keys of encryption types that this version does not have are left for others.
        let Some(enctype) = enctype else { continue };
        let mut bytes = Zeroizing::new([0u8; 32]);
        let bytes = bytes.get_mut(..enctype.key_length()).ok_or("a key too long")?;
        read_hex(digits, bytes)?;
        given.push(Key::new(enctype, bytes).map_err(|_| "a key of another length")?);
    }
    let wanted = ENCTYPES.into_iter();
    let keys: Option<Vec<Key>> =
        wanted.map(|enctype| given.iter().find(|key| key.enctype() == enctype).cloned()).collect();
    let keys = keys.ok_or("a key of an encryption type is missing")?;
    let mut tie = Tie::default();
    read_hex(tie_text, &mut tie)?;
    Ok((name, AccountKeys { keys, tie }))
}

fn read_hex(digits: &str, into: &mut [u8]) -> std::result::Result<(), &'static str> {
    if digits.len() != 2 * into.len() || !digits.is_ascii() {
        return Err("not as many hexadecimal digits as there must be");
    }
    for (byte, pair) in into.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| "not hexadecimal")?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| "not hexadecimal")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "Passw0rd!";

    fn account(user: &str, password: &str) -> Account {
        Account {
            user: user.into(),
            domain: String::new(),
            nt_hash: Some(crate::primitives::nt_hash::nt_hash(password)),
            lm_hash: None,
            disabled: false,
        }
    }

    fn file(lines: &[&str]) -> KeyLines {
        KeyLines::parse(lines.join("\n").as_bytes()).unwrap()
    }

    #[test]
    fn keys_are_those_of_the_password_and_the_salt() {
        let head = head(*b"\x5f\x0c\x9a\x17\xd2\xb4\xe6\x80");
        assert_eq!(head, "# negossp account keys 1 salt=5f0c9a17d2b4e680");
        let lines = file(&[&head, "", "# a comment", &line(&head, "Alice", PASSWORD).unwrap()]);
        assert_eq!(lines.bad_lines, []);
        let keys = lines.of(&account("aLICE", PASSWORD)).unwrap();
        assert_eq!(lines.salt("alice"), "5f0c9a17d2b4e680ALICE");
        for (key, enctype) in keys.keys.iter().zip(ENCTYPES) {
            let made = string_to_key(enctype, PASSWORD, b"5f0c9a17d2b4e680ALICE", None).unwrap();
            assert_eq!((key.enctype(), key.bytes()), (enctype, made.bytes()));
        }
    }

    /// Another program has changed the password, in the account file only.
    #[test]
    fn keys_of_an_old_password_are_not_used() {
        let head = head([1; 8]);
        let lines = file(&[&head, &line(&head, "alice", PASSWORD).unwrap()]);
        assert!(lines.of(&account("alice", PASSWORD)).is_some());
        assert!(lines.of(&account("alice", "another")).is_none());
        assert!(lines.of(&account("bob", PASSWORD)).is_none());
        let mut none = account("alice", PASSWORD);
        none.nt_hash = None;
        assert!(lines.of(&none).is_none());
    }

    #[test]
    fn bad_lines_are_skipped_and_bad_files_refused() {
        let head = head([1; 8]);
        let good = line(&head, "alice", PASSWORD).unwrap();
        let (start, end) = good.split_at(good.len() - 1);
        for bad in [
            "alice",
            "alice:",
            ":18=00:00",
            "alice:18=00,17=00:0000000000000000",
            start,
            &format!("{start}\u{e9}{end}"),
            &good.replace("18=", "23="),
            &good.replace("17=", "17"),
        ] {
            let lines = file(&[&head, bad]);
            assert_eq!(lines.bad_lines.len(), 1, "{bad}");
            assert!(!format!("{:?}", lines.bad_lines).contains(&good[20..40]), "keys are not told");
        }
        let more = good.replacen(":18=", ":26=00,18=", 1);
        assert!(file(&[&head, &more]).of(&account("alice", PASSWORD)).is_some());
        for bad in ["", "alice", "# negossp account keys 2 salt=0101010101010101", &head[..40]] {
            assert!(KeyLines::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(line("# no head", "alice", PASSWORD).is_err());
    }
}
