//! One line of an smbpasswd(5) file: `name:uid:LM hash:NT hash:[flags]:LCT-time:`.

use super::account::{AccountStatus, Entry};
use crate::ntlm::Account;
use zeroize::Zeroizing;

/// The longest line that is parsed, in bytes.
pub const LONGEST_LINE: usize = 1024;

/// The kind of a line.
pub enum Line<'a> {
    /// Blank, or a comment.
    Nothing,
    /// An account's line, of which only the name has been parsed.
    Account(&'a str),
}

/// Distinguishes accounts' lines, with their names, from comments. The line has no line end.
pub fn classify(line: &[u8]) -> Result<Line<'_>, &'static str> {
    let line = line.trim_ascii();
    if line.is_empty() || line.starts_with(b"#") {
        return Ok(Line::Nothing);
    }
    if line.len() > LONGEST_LINE {
        return Err("longer than 1024 bytes");
    }
    let name = line.split(|&b| b == b':').next().unwrap_or_default();
    let name = std::str::from_utf8(name).map_err(|_| "the name is not UTF-8")?;
    check_name(name)?;
    Ok(Line::Account(name))
}

/// A name that a line can contain and a client can send.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    match name {
        "" => Err("the name is empty"),
        _ if name.starts_with('#') => Err("the name begins with '#'"),
        _ if name.trim() != name => Err("the name begins or ends with a space"),
        _ if name.chars().any(char::is_control) => Err("the name has a control character"),
        _ if name.contains([':', '\\', '/']) => Err("the name has one of : \\ /"),
        _ if name.len() > 256 => Err("the name is longer than 256 bytes"),
        _ => Ok(()),
    }
}

/// `LMOWFv1` of the empty password. Dumps of Windows' accounts have it if no LM hash is stored.
const EMPTY_LM: [u8; 16] = 0xaad3b435b51404ee_aad3b435b51404ee_u128.to_be_bytes();

/// `NTOWFv1` of the empty password.
const EMPTY_NT: [u8; 16] = 0x31d6cfe0d16ae931_b73c59d7e0c089c0_u128.to_be_bytes();

/// Parses an account's line.
pub fn parse(line: &[u8]) -> Result<Option<Entry>, &'static str> {
    let Line::Account(name) = classify(line)? else { return Ok(None) };
    let mut fields = line.trim_ascii().split(|&b| b == b':').skip(1);
    let uid = fields.next().ok_or("the line ends after the name")?;
    if uid.is_empty() || !uid.iter().all(u8::is_ascii_digit) {
        return Err("the second field is not a number (uid)");
    }
    let lm = fields.next().ok_or("the line ends after the uid")?;
    let nt = fields.next().ok_or("the line ends after the LM hash")?;
    // Files of the oldest format have a full name in place of the flags; an account name that ends
    // in $ is a workstation's.
    let flags = match fields.next() {
        Some(field) if field.starts_with(b"[") => Flags::parse(field)?,
        _ => Flags { workstation_trust: name.ends_with('$'), ..Flags::default() },
    };
    let mut account = Account {
        user: name.to_owned(),
        domain: String::new(),
        nt_hash: None,
        lm_hash: None,
        disabled: flags.disabled,
    };
    account.nt_hash = hash(nt).map_err(|()| "the NT hash is not 32 hexadecimal digits")?;
    account.lm_hash = hash(lm)
        .map_err(|()| "the LM hash is not 32 hexadecimal digits")?
        .filter(|hash| *hash != EMPTY_LM);
    let no_password =
        flags.no_password | nt.starts_with(b"NO PASSWORD") | (account.nt_hash == Some(EMPTY_NT));
    let standing = if flags.disabled {
        AccountStatus::Disabled
    } else if flags.locked {
        AccountStatus::Locked
    } else if flags.workstation_trust || flags.server_trust || flags.domain_trust {
        AccountStatus::Trust
    } else if no_password || (account.nt_hash.is_none() && account.lm_hash.is_none()) {
        AccountStatus::NoPassword
    } else {
        AccountStatus::Normal
    };
    if no_password {
        account.nt_hash = None;
        account.lm_hash = None;
    }
    Ok(Some(Entry { account, standing }))
}

/// A hash field, but for that of the empty password: an account without one cannot log on.
pub(super) fn password_hash(field: &[u8]) -> Result<Option<[u8; 16]>, ()> {
    Ok(hash(field)?.filter(|hash| *hash != EMPTY_NT && *hash != EMPTY_LM))
}

/// A hash field: 32 hexadecimal digits, or 32 characters that mean none (`XXX...`, `***...`, `NO
/// PASSWORDXXX...`).
fn hash(field: &[u8]) -> Result<Option<[u8; 16]>, ()> {
    let field: &[u8; 32] = field.try_into().map_err(drop)?;
    if field.starts_with(b"NO PASSWORD")
        || field.iter().all(|&b| b == b'X')
        || field.iter().all(|&b| b == b'*')
    {
        return Ok(None);
    }
    let mut hash = Zeroizing::new([0u8; 16]);
    for (byte, pair) in hash.iter_mut().zip(field.chunks_exact(2)) {
        let [high, low] = pair else { return Err(()) };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Ok(Some(*hash))
}

fn digit(c: u8) -> Result<u8, ()> {
    char::from(c).to_digit(16).map(|d| d as u8).ok_or(())
}

/// The flags that matter for network logons.
#[derive(Default)]
struct Flags {
    no_password: bool,
    disabled: bool,
    locked: bool,
    workstation_trust: bool,
    server_trust: bool,
    domain_trust: bool,
}

impl Flags {
    fn parse(field: &[u8]) -> Result<Flags, &'static str> {
        let letters = field
            .strip_prefix(b"[")
            .and_then(|f| f.strip_suffix(b"]"))
            .ok_or("the flags are not closed with ]")?;
        let mut flags = Flags::default();
        for letter in letters {
            match letter {
                b'N' => flags.no_password = true,
                b'D' => flags.disabled = true,
                b'L' => flags.locked = true,
                b'W' => flags.workstation_trust = true,
                b'S' => flags.server_trust = true,
                b'I' => flags.domain_trust = true,
                // User, home directory required, temporary duplicate, MNS logon, password never
                // expires.
                b'U' | b'H' | b'T' | b'M' | b'X' | b' ' => {}
                _ => return Err("the flags have a letter that smbpasswd(5) does not know"),
            }
        }
        Ok(flags)
    }
}

/// The user number on an account's line.
pub fn uid(line: &[u8]) -> Option<u32> {
    let Ok(Line::Account(_)) = classify(line) else { return None };
    std::str::from_utf8(line.split(|&b| b == b':').nth(1)?).ok()?.parse().ok()
}

/// The field for a hash that is not stored.
const NO_HASH: &[u8; 32] = b"XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX";

/// Writes an account's line, without a line end. The LM hash is left out, since it reveals the
/// password.
pub fn format(name: &str, uid: u32, nt_hash: &[u8; 16], changed: u32) -> Zeroizing<Vec<u8>> {
    let mut fields =
        Fields(vec![Zeroizing::new(name.into()), Zeroizing::new(uid.to_string().into())]);
    fields.set_nt_hash(nt_hash, changed);
    fields.join()
}

/// A line split at its colons, to change some fields and keep the others.
pub struct Fields(Vec<Zeroizing<Vec<u8>>>);

impl Fields {
    /// Splits a line.
    pub fn split(line: &[u8]) -> Fields {
        Fields(line.split(|&b| b == b':').map(|field| Zeroizing::new(field.to_vec())).collect())
    }

    /// The joined line.
    pub fn join(&self) -> Zeroizing<Vec<u8>> {
        let mut line =
            Zeroizing::new(Vec::with_capacity(self.0.iter().map(|field| field.len() + 1).sum()));
        for (index, field) in self.0.iter().enumerate() {
            if index > 0 {
                line.push(b':');
            }
            line.extend_from_slice(field);
        }
        line
    }

    /// Sets the hash, and the time of the change in seconds since 1970; removes the LM hash, which
    /// is of the old password, and the flag for no password.
    pub fn set_nt_hash(&mut self, nt_hash: &[u8; 16], changed: u32) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let mut digits = Zeroizing::new(Vec::with_capacity(32));
        for byte in nt_hash {
            digits.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
        if self.0.len() < 2 {
            self.0.resize(2, Zeroizing::new(b"0".to_vec()));
        }
        if self.0.len() < 4 {
            self.0.resize(4, Zeroizing::new(Vec::new()));
        }
        self.0[2] = Zeroizing::new(NO_HASH.to_vec());
        self.0[3] = digits;
        self.set_flag(b'N', false);
        let time = Zeroizing::new(format!("LCT-{changed:08X}").into_bytes());
        match self.0.get_mut(5) {
            Some(field) if field.is_empty() || field.starts_with(b"LCT-") => *field = time,
            Some(_) => {}
            None => self.0.extend([time, Zeroizing::new(Vec::new())]),
        }
    }

    /// Sets or clears a flag.
    pub fn set_flag(&mut self, flag: u8, on: bool) {
        let at = FLAGS.min(self.0.len());
        let mut letters = match self.0.get(at).and_then(|field| field.strip_prefix(b"[")) {
            Some(field) => field.strip_suffix(b"]").unwrap_or(field).to_vec(),
            None => {
                self.0.insert(at, Zeroizing::new(Vec::new()));
                b"U".to_vec()
            }
        };
        letters.retain(|&letter| letter != flag && letter != b' ');
        if on {
            letters.push(flag);
        }
        letters.resize(letters.len().max(FLAG_WIDTH), b' ');
        self.0[at] = Zeroizing::new([b"[", &letters[..], b"]"].concat());
    }
}

/// The index of the flags field.
const FLAGS: usize = 4;

/// Flags are padded to this many characters.
const FLAG_WIDTH: usize = 11;

/// The file ends within this line, since it is being written or the disk was full. The missing part
/// may say that the account is disabled.
pub fn cut_short(line: &[u8], bytes: &[u8]) -> bool {
    !bytes.ends_with(b"\n")
        && bytes.ends_with(line)
        && line.split(|&b| b == b':').filter(|field| !field.is_empty()).count() < 5
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: [u8; 16] = [0xa5; 16];

    /// smbpasswd(5): name, uid, LM hash, NT hash, flags, time of the last change.
    #[test]
    fn a_new_hash_changes_its_fields_and_no_other() {
        let hashes = format!("{}:{}", "X".repeat(32), "A5".repeat(16));
        let line = |line: &[u8]| String::from_utf8(line.to_vec()).unwrap();
        assert_eq!(
            line(&format("alice", 1000, &HASH, 0x5f00)),
            format!("alice:1000:{hashes}:[U          ]:LCT-00005F00:")
        );
        for (old, new) in [
            ("bob:7:LM:NT:[NDU ]:LCT-00000001:Bob", "bob:7:HASHES:[DU         ]:LCT-00000002:Bob"),
            ("bob:7:LM:NT:[U]:", "bob:7:HASHES:[U          ]:LCT-00000002"),
            ("bob:7:LM:NT", "bob:7:HASHES:[U          ]:LCT-00000002:"),
            ("bob:7", "bob:7:HASHES:[U          ]:LCT-00000002:"),
            ("bob", "bob:0:HASHES:[U          ]:LCT-00000002:"),
            // The oldest form, with a full name.
            ("bob:7:LM:NT:Bob:/home", "bob:7:HASHES:[U          ]:Bob:/home"),
        ] {
            let mut fields = Fields::split(old.as_bytes());
            fields.set_nt_hash(&HASH, 2);
            assert_eq!(line(&fields.join()), new.replace("HASHES", &hashes), "{old}");
        }
    }

    #[test]
    fn flags_are_set_one_by_one() {
        let mut fields = Fields::split(b"bob:7:LM:NT:[NU]:LCT-00000001:");
        for (flag, on, flags) in [
            (b'D', true, "[NUD        ]"),
            (b'D', true, "[NUD        ]"),
            (b'N', false, "[UD         ]"),
            (b'D', false, "[U          ]"),
        ] {
            fields.set_flag(flag, on);
            assert_eq!(&**fields.0[FLAGS], flags.as_bytes());
        }
    }

    #[test]
    fn the_user_number_of_an_account() {
        assert_eq!(uid(b"bob:1007:LM:NT:[U]:"), Some(1007));
        for line in [&b"#bob:1007:LM"[..], b"bob:x:LM", b"bob", b"b/b:1007:LM"] {
            assert_eq!(uid(line), None);
        }
    }

    #[test]
    fn a_name_must_fit_into_a_line() {
        let longest = "n".repeat(256);
        for name in ["bob", "b b", "b#", &longest] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", "#b", " b", "b ", "b:b", "b\nb", "b/b", "b\\b", &(longest + "n")] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    /// A last line without its end counts as whole once its flags are there.
    #[test]
    fn what_is_missing_at_the_end_of_a_file_may_be_a_flag() {
        let cut = |file: &str, line: &str| cut_short(line.as_bytes(), file.as_bytes());
        assert!(cut("a:1:LM:NT:[U]:\nbob:1:LM:NT", "bob:1:LM:NT"));
        assert!(cut("bob:1", "bob:1"));
        assert!(!cut("bob:1:LM:NT:[D", "bob:1:LM:NT:[D"));
        assert!(!cut("bob:1:LM:NT\n", "bob:1:LM:NT"));
        assert!(!cut("bob:1:LM:NT\nalice:1", "bob:1:LM:NT"));
    }
}
