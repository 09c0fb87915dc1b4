//! The machine's secret: the password of its account in the domain.

use crate::kerberos::crypto::Enctype;
use crate::ntlm::response::nt_hash;
use crate::runtime::watched_file::{Content, Format, Problem, WatchedFile};
use crate::stores::keytab_file::KeytabFile;
use std::cmp::Reverse;
use std::path::Path;
use zeroize::Zeroizing;

/// An NT hash, which Netlogon's keys are derived from.
pub type NtHash = Zeroizing<[u8; 16]>;

/// Where the secret is. The file is read again when it changes, since other programs change the
/// machine's password.
#[derive(Debug, PartialEq)]
pub enum Secret {
    /// `machine_secret_file`.
    File(SecretFile),
    /// `machine_keytab`.
    Keytab(KeytabFile),
}

/// Keys that are tried: the newest, and older ones that a controller without the latest change may
/// still have.
const MOST_KEYS: usize = 3;

impl Secret {
    /// The NT hashes that the account may have, likeliest first. The error is the reason for none.
    pub fn nt_hashes(&self, account: &str) -> Result<Vec<NtHash>, &'static str> {
        match self {
            Secret::File(file) => match &**file.peek() {
                Some(hash) => Ok(vec![hash.clone()]),
                None => Err("[domain] machine_secret_file cannot be used"),
            },
            Secret::Keytab(file) => of_keytab(file, account),
        }
    }

    /// The file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Secret::File(file) => file.path(),
            Secret::Keytab(file) => file.path(),
        }
    }
}

fn of_keytab(file: &KeytabFile, account: &str) -> Result<Vec<NtHash>, &'static str> {
    let keys = file.peek();
    if keys.problem.is_some() {
        return Err("[domain] machine_keytab cannot be read");
    }
    let entries = keys.keytab.entries().iter();
    let entries = entries.filter(
        |entry| matches!(&entry.components[..], [name] if name.eq_ignore_ascii_case(account)),
    );
    let mut found: Vec<_> = entries.collect();
    if found.is_empty() {
        return Err("[domain] machine_keytab has no key of the machine's account");
    }
    // An RC4 key is the NT hash; from an AES key it cannot be derived.
    found.retain(|entry| entry.key.enctype() == Enctype::Rc4Hmac);
    found.sort_by_key(|entry| Reverse((entry.kvno, entry.timestamp)));
    let mut hashes: Vec<NtHash> = found
        .iter()
        .filter_map(|entry| entry.key.bytes().try_into().ok())
        .map(Zeroizing::new)
        .collect();
    hashes.dedup();
    hashes.truncate(MOST_KEYS);
    match hashes.is_empty() {
        true => Err(
            "[domain] machine_keytab has no rc4-hmac key of the machine's account, and Netlogon's channel needs that one",
        ),
        false => Ok(hashes),
    }
}

/// A file whose first line is the machine's password, or `nt-hash:` and 32 hexadecimal digits.
pub type SecretFile = WatchedFile<SecretFormat>;

/// The format of a [`SecretFile`].
#[derive(Debug, Default)]
pub struct SecretFormat;

const PREFIX: &str = "nt-hash:";

impl Format for SecretFormat {
    type Value = Option<NtHash>;
    const WHAT: &'static str = "machine secret";

    fn read(
        &self,
        content: &Content<'_>,
        _previous: Option<&Option<NtHash>>,
    ) -> Result<Option<NtHash>, String> {
        let file = content.path.display();
        if content.exposed {
            tracing::warn!(%file, "machine secret: others than its owner may read or write it");
        }
        let hash = parse(content.bytes)?;
        tracing::info!(%file, "machine secret read");
        Ok(Some(hash))
    }

    fn without(&self, _problem: Option<&Problem>) -> Option<NtHash> {
        None
    }
}

/// The NT hash that the first line gives. The error contains nothing of the file.
fn parse(bytes: &[u8]) -> Result<NtHash, String> {
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = std::str::from_utf8(line).map_err(|_| "the first line is not UTF-8")?;
    let line = line.strip_prefix('\u{feff}').unwrap_or(line);
    if line.is_empty() {
        return Err("the first line is empty".into());
    }
    match line.strip_prefix(PREFIX) {
        None => Ok(Zeroizing::new(nt_hash(line))),
        Some(digits) => of_digits(digits)
            .ok_or_else(|| format!("{PREFIX} is not followed by 32 hexadecimal digits")),
    }
}

fn of_digits(digits: &str) -> Option<NtHash> {
    let digits: &[u8; 32] = digits.trim().as_bytes().try_into().ok()?;
    let mut hash = Zeroizing::new([0; 16]);
    for (byte, [high, low]) in hash.iter_mut().zip(digits.as_chunks().0) {
        let digit = |c: u8| char::from(c).to_digit(16);
        *byte = (digit(*high)? << 4 | digit(*low)?) as u8;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_a_password_or_a_hash() {
        // NTOWFv1 of "Password": [MS-NLMP] 4.2.2.1.2.
        let expected = [
            0xa4, 0xf4, 0x9c, 0x40, 0x65, 0x10, 0xbd, 0xca, 0xb6, 0x82, 0x4e, 0xe7, 0xc3, 0x0f,
            0xd8, 0x52,
        ];
        for text in [
            "Password",
            "Password\n",
            "Password\r\nsomething else\n",
            "\u{feff}Password\n",
            "nt-hash:a4f49c406510bdcab6824ee7c30fd852\n",
            "nt-hash: A4F49C406510BDCAB6824EE7C30FD852",
        ] {
            assert_eq!(*parse(text.as_bytes()).unwrap(), expected, "{text:?}");
        }
        for bad in [
            &b""[..],
            b"\n",
            b"\r\nPassword",
            b"\xff\n",
            b"nt-hash:",
            b"nt-hash:a4f49c406510bdcab6824ee7c30fd85",
            b"nt-hash:zz",
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
