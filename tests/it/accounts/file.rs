//! The account file's format, smbpasswd(5), and the handling of malformed lines.

use crate::support::accounts::*;
use negossp::ntlm::response::{lm_hash, nt_hash};
use negossp::runtime::watched_file::Problem;
use negossp::stores::accounts::account::AccountStatus;
use negossp::stores::accounts::file::{AccountFile, Accounts};

fn standing(accounts: &Accounts, name: &str) -> Option<AccountStatus> {
    accounts.get(name).map(|entry| entry.standing)
}

fn bad(text: impl AsRef<[u8]>) -> Vec<(usize, String)> {
    Accounts::parse(text.as_ref()).bad_lines.into_iter().map(|bad| (bad.number, bad.why)).collect()
}

#[test]
fn hashes_are_those_of_the_published_vectors() {
    for (password, hash) in NT_HASHES {
        assert_eq!(hex(&nt_hash(password)).to_lowercase(), hash, "{password}");
    }
    // [MS-NLMP] 4.2.2.1.1
    assert_eq!(hex(&lm_hash("Password").unwrap()), "E52CAC67419A9A224A3B108F3FA6CB6D");
}

#[test]
fn a_line_of_sambas_is_read() {
    // The example of smbpasswd(5), with the hashes of "Password".
    let text = "# comment\n\nalice:1001:E52CAC67419A9A224A3B108F3FA6CB6D:a4f49c406510bdcab6824ee7c30fd852:[U          ]:LCT-5C9B3C46:\n";
    let accounts = Accounts::parse(text.as_bytes());
    assert!(accounts.bad_lines.is_empty());
    let entry = accounts.get("ALICE").unwrap();
    assert_eq!(entry.account.user, "alice");
    assert_eq!(entry.account.nt_hash, Some(PASSWORD));
    assert_eq!(hex(&entry.account.lm_hash.unwrap()), "E52CAC67419A9A224A3B108F3FA6CB6D");
    assert_eq!(entry.standing, AccountStatus::Normal);
}

#[test]
fn line_ends_and_byte_order_mark_do_not_matter() {
    let unix = line("alice", &PASSWORD, "U") + &line("bob", &SECRET01, "U");
    let dos = format!("\u{feff}{}", unix.replace('\n', "\r\n"));
    for text in [unix.as_str(), &dos, unix.trim_end(), dos.trim_end()] {
        let accounts = Accounts::parse(text.as_bytes());
        assert_eq!((accounts.len(), accounts.bad_lines.len()), (2, 0), "{text:?}");
        assert!(accounts.get("alice").is_some());
    }
}

#[test]
fn flags_say_who_may_log_on() {
    for (flags, expected) in [
        ("U", AccountStatus::Normal),
        ("UX", AccountStatus::Normal),
        ("", AccountStatus::Normal),
        ("UD", AccountStatus::Disabled),
        ("DU", AccountStatus::Disabled),
        ("UL", AccountStatus::Locked),
        ("W", AccountStatus::Trust),
        ("S", AccountStatus::Trust),
        ("I", AccountStatus::Trust),
        ("NU", AccountStatus::NoPassword),
    ] {
        let accounts = Accounts::parse(line("x", &PASSWORD, flags).as_bytes());
        assert_eq!(standing(&accounts, "x"), Some(expected), "[{flags}]");
    }
    let no_password = "NO PASSWORDXXXXXXXXXXXXXXXXXXXXX";
    let stars = "*".repeat(32);
    let none = "X".repeat(32);
    for nt in [no_password, &stars, &none] {
        let accounts = Accounts::parse(format!("x:1:{none}:{nt}:[U          ]:LCT-0:").as_bytes());
        let entry = accounts.get("x").unwrap();
        assert_eq!(
            (entry.standing, entry.account.nt_hash),
            (AccountStatus::NoPassword, None),
            "{nt}"
        );
    }
    // The oldest format has no flags.
    let old =
        format!("ws$:1:{none}:{0}:Full Name:/home:/bin/sh\njoe:2:{none}:{0}\n", hex(&PASSWORD));
    let accounts = Accounts::parse(old.as_bytes());
    assert_eq!(standing(&accounts, "ws$"), Some(AccountStatus::Trust));
    assert_eq!(standing(&accounts, "joe"), Some(AccountStatus::Normal));
}

#[test]
fn the_hash_of_no_password_is_no_hash() {
    // Dumps of Windows' accounts contain these where no LM hash is stored, and for an empty
    // password.
    let (lm, nt) = ("AAD3B435B51404EEAAD3B435B51404EE", "31d6cfe0d16ae931b73c59d7e0c089c0");
    assert_eq!((lm, nt), (&*hex(&lm_hash("").unwrap()), &*hex(&nt_hash("")).to_lowercase()));
    let accounts = Accounts::parse(
        format!("lm:1:{lm}:{}:[U]:\nempty:1:{lm}:{nt}:[U]:\n", hex(&PASSWORD)).as_bytes(),
    );
    assert_eq!(accounts.get("lm").unwrap().account.lm_hash, None);
    assert_eq!(standing(&accounts, "lm"), Some(AccountStatus::Normal));
    assert_eq!(accounts.get("empty").unwrap().account.nt_hash, None);
    assert_eq!(standing(&accounts, "empty"), Some(AccountStatus::NoPassword));
}

#[test]
fn a_line_whose_flags_are_not_written_yet_accepts_no_client() {
    let whole = format!(
        "x:1:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:{}:[DU         ]:LCT-00000000:",
        hex(&PASSWORD)
    );
    for length in 0..=whole.len() {
        let accounts = Accounts::parse(&whole.as_bytes()[..length]);
        assert!(
            matches!(standing(&accounts, "x"), None | Some(AccountStatus::Disabled)),
            "{length}"
        );
    }
    // The oldest format has no flags; its lines end.
    let old = format!("x:1:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:{}\n", hex(&PASSWORD));
    assert_eq!(standing(&Accounts::parse(old.as_bytes()), "x"), Some(AccountStatus::Normal));
}

#[test]
fn a_bad_line_is_reported_by_its_number_and_the_others_count() {
    let good = line("good", &PASSWORD, "U");
    for (text, why) in [
        (&b":1000:X:X:[U]:"[..], "name is empty"),
        (b"x", "ends after the name"),
        (b"x:", "not a number"),
        (b"x:12a:", "not a number"),
        (b"x:1000", "ends after the uid"),
        (b"x:1000:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", "ends after the LM hash"),
        (b"x:1000:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:a4f4", "NT hash"),
        (
            b"x:1000:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:a4f49c406510bdcab6824ee7c30fd85g:[U]:",
            "NT hash",
        ),
        (
            b"x:1000:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:+4f49c406510bdcab6824ee7c30fd852:[U]:",
            "NT hash",
        ),
        (b"x:1000:short:a4f49c406510bdcab6824ee7c30fd852:[U]:", "LM hash"),
        (
            b"x:1000:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:a4f49c406510bdcab6824ee7c30fd852:[U",
            "not closed",
        ),
        (
            b"x:1000:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:a4f49c406510bdcab6824ee7c30fd852:[Q]:",
            "does not know",
        ),
        (
            b"caf\xe9:1000:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:a4f49c406510bdcab6824ee7c30fd852:[U]:",
            "not UTF-8",
        ),
        (
            b"a\\b:1000:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:a4f49c406510bdcab6824ee7c30fd852:[U]:",
            "one of",
        ),
        (
            b"a\x1bb:1000:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:a4f49c406510bdcab6824ee7c30fd852:[U]:",
            "control",
        ),
        (
            b"GOOD:1000:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:cd06ca7c7e10c99b1d33b7485a2ed808:[U]:",
            "earlier line",
        ),
        (&[b'y'; 5000], "longer than"),
        (&[0; 100], "control"),
    ] {
        let file = [good.as_bytes(), text, b"\n", line("last", &PASSWORD, "U").as_bytes()].concat();
        let bad = bad(&file);
        assert!(
            matches!(&bad[..], [(2, found)] if found.contains(why)),
            "{}: {bad:?}",
            String::from_utf8_lossy(text)
        );
        let accounts = Accounts::parse(&file);
        assert_eq!(accounts.get("good").unwrap().account.nt_hash, Some(PASSWORD));
        assert!(accounts.get("last").is_some());
    }
}

/// What one line may cost is bounded; Windows has no longer names.
#[test]
fn lines_and_names_have_a_greatest_length() {
    let text = line("alice", &PASSWORD, "U").trim_end().to_owned();
    let padded = |length: usize| bad(format!("{text}{}", "x".repeat(length - text.len())));
    assert!(padded(1024).is_empty());
    assert!(!padded(1025).is_empty() && !padded(1026).is_empty());
    let named = |length: usize| bad(line(&"n".repeat(length), &PASSWORD, "U"));
    assert!(named(256).is_empty());
    assert!(!named(257).is_empty() && !named(258).is_empty());
}

#[test]
fn reasons_do_not_repeat_hashes() {
    let text = "x:1:CD06CA7C7E10C99B1D33B7485A2ED8:A4F49C406510BDCAB6824EE7C30FD852:[U]:\n";
    let shown = format!("{:?}", bad(text));
    assert!(!shown.contains("CD06") && !shown.contains("A4F4"), "{shown}");
}

#[test]
fn no_bytes_make_the_parser_panic() {
    // Every prefix and every single-byte change of a good file.
    let text = (line("alice", &PASSWORD, "U") + &line("bob", &SECRET01, "UD")).into_bytes();
    for end in 0..text.len() {
        Accounts::parse(&text[..end]);
    }
    for index in 0..text.len() {
        for byte in [0, b'\n', b'\r', b':', b'[', b']', b'#', 0x80, 0xff] {
            let mut changed = text.clone();
            changed[index] = byte;
            Accounts::parse(&changed);
        }
    }
}

#[test]
fn a_million_lines_are_read() {
    let mut text = String::with_capacity(110 << 20);
    for number in 0..1_000_000 {
        text.push_str(&line(&format!("user{number}"), &PASSWORD, "U"));
    }
    let accounts = Accounts::parse(text.as_bytes());
    assert_eq!((accounts.len(), accounts.bad_lines.len()), (1_000_000, 0));
    assert!(accounts.get("USER999999").is_some());
}

#[test]
fn what_is_no_file_is_a_problem_and_has_no_accounts() {
    let folder = Folder::new();
    let missing = AccountFile::open(folder.path("missing")).current();
    assert_eq!((missing.len(), &missing.problem), (0, &Some(Problem::Missing)));
    let directory = AccountFile::open(folder.path(".")).current();
    assert!(matches!(directory.problem, Some(Problem::Unreadable(_))), "{directory:?}");
}

#[test]
#[cfg(unix)]
fn a_file_that_others_can_read_is_warned_about() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.write("accounts", line("alice", &PASSWORD, "U"));
    assert!(!AccountFile::open(path.clone()).current().exposed);
    for mode in [0o640, 0o604, 0o620, 0o644] {
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        assert!(AccountFile::open(path.clone()).current().exposed, "{mode:o}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_cannot_be_opened_is_a_problem() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.write("accounts", line("alice", &PASSWORD, "U"));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).unwrap();
    // SAFETY: no memory is touched. Root may read any file; this thread, which is the test's own,
    // reads as nobody.
    unsafe { libc::syscall(libc::SYS_setfsuid, 65534) };
    assert!(std::fs::read(&path).is_err());
    let accounts = AccountFile::open(path).current();
    assert!(matches!(accounts.problem, Some(Problem::Unreadable(_))));
    assert!(accounts.is_empty());
}

#[test]
fn debug_output_has_no_secret() {
    let accounts = Accounts::parse(line("alice", &PASSWORD, "U").as_bytes());
    let entry = accounts.get("alice").unwrap();
    for shown in [format!("{accounts:?}"), format!("{entry:?}"), format!("{:#?}", entry.account)] {
        assert!(!shown.to_uppercase().contains("A4F4") && !shown.contains("164"), "{shown}");
    }
}
