//! The account file changes while a server runs: every logon uses one version of it, and soon the
//! newest.

use crate::support::accounts::*;
use crate::support::configured;
use negossp::config::Settings;
use negossp::runtime::watched_file::Problem;
use negossp::stores::accounts::file::{AccountFile, Accounts};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const NAMES: usize = 500;

/// Accounts that all have the same password.
fn version(hash: &[u8; 16]) -> String {
    (0..NAMES).map(|number| line(&format!("user{number}"), hash, "U")).collect()
}

fn hash_of(accounts: &Accounts, name: &str) -> Option<[u8; 16]> {
    accounts.get(name).and_then(|entry| entry.account.nt_hash)
}

#[test]
fn eight_threads_see_the_old_accounts_or_the_new_and_nothing_between() {
    let folder = Folder::new();
    let mut settings = Settings::default();
    settings.accounts.file = Some(folder.write("accounts", version(&PASSWORD)));
    // Wrong passwords are given on purpose, many times, so throttling is off.
    settings.authorities.throttle = Vec::new();
    let configuration = configured(settings);
    let file = configuration.accounts.file.clone().unwrap();
    let credential = credential();
    let old = Client::new("user1", "", &PASSWORD);
    let new = Client::new("user1", "", &SECRET01);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let accounts = file.current();
                    let first = hash_of(&accounts, "user0").expect("an account is missing");
                    assert!(first == PASSWORD || first == SECRET01);
                    assert!(
                        accounts.iter().all(|entry| entry.account.nt_hash == Some(first)),
                        "two versions mixed"
                    );
                    assert_eq!(accounts.len(), NAMES);
                    let old = validate_under(&credential, &configuration, &old.logon()).is_ok();
                    let new = validate_under(&credential, &configuration, &new.logon()).is_ok();
                    // The file may change between the two, but only one way at a time.
                    assert!(old || new || hash_of(&file.current(), "user1") != Some(first));
                }
            });
        }
        for round in 0..4 {
            let (hash, expected) =
                if round % 2 == 0 { (&SECRET01, &new) } else { (&PASSWORD, &old) };
            folder.replace("accounts", version(hash));
            eventually("the new password counts", || {
                validate_under(&credential, &configuration, &expected.logon()).is_ok()
            });
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_file_written_in_place_counts_once_it_is_whole() {
    let folder = Folder::new();
    let path = folder.write("accounts", line("old", &PASSWORD, "U"));
    let file = AccountFile::open(path.clone());
    let text = line("first", &PASSWORD, "U") + &line("second", &PASSWORD, "U");
    // Half a line at the end: a program that pauses in the middle of writing.
    let (head, tail) = text.split_at(text.len() - 40);
    let mut writer = std::fs::OpenOptions::new().write(true).truncate(true).open(&path).unwrap();
    writer.write_all(head.as_bytes()).unwrap();
    eventually("the first half counts", || file.current().get("first").is_some());
    let half = file.current();
    assert_eq!((half.len(), half.bad_lines.len()), (1, 1));
    writer.write_all(tail.as_bytes()).unwrap();
    drop(writer);
    eventually("the whole file counts", || file.current().get("second").is_some());
    assert!(file.current().bad_lines.is_empty());
}

#[test]
fn two_changes_within_one_tick_of_the_file_system_s_clock_both_count() {
    let folder = Folder::new();
    let path = folder.write("accounts", line("a", &PASSWORD, "U"));
    let file = AccountFile::open(path.clone());
    // Same length, same file, and the time stamp set back: only the content differs.
    let stamp = std::fs::metadata(&path).unwrap().modified().unwrap();
    let changed = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    (&changed).write_all(line("b", &PASSWORD, "U").as_bytes()).unwrap();
    changed.set_modified(stamp).unwrap();
    drop(changed);
    eventually("the second version counts", || file.current().get("b").is_some());
    assert!(file.current().get("a").is_none());
}

#[test]
fn a_file_that_appears_later_is_read() {
    let folder = Folder::new();
    let file = AccountFile::open(folder.path("accounts"));
    assert_eq!(file.current().problem, Some(Problem::Missing));
    folder.replace("accounts", line("alice", &PASSWORD, "U"));
    eventually("the file is read", || file.current().get("alice").is_some());
    assert_eq!(file.current().problem, None);
}

/// A server that root starts, and that goes on as the user whose file it is, needs it at once.
#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read_at_first_is_tried_again_at_the_first_use() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.write("accounts", line("alice", &PASSWORD, "U"));
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(60);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
    let allow = |mode| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    allow(0o666); // others may write
    let file = AccountFile::open(path.clone());
    allow(0o600);
    assert!(file.current().get("alice").is_some());
    assert_eq!(file.current().problem, None);
}

#[test]
fn a_file_that_is_removed_accepts_no_client_until_it_is_back() {
    let folder = Folder::new();
    let path = folder.write("accounts", line("alice", &PASSWORD, "U"));
    let file = AccountFile::open(path.clone());
    assert!(file.current().get("alice").is_some());
    std::fs::remove_file(&path).unwrap();
    eventually("its accounts are gone", || file.current().is_empty());
    assert_eq!(file.current().problem, Some(Problem::Missing));
    folder.replace("accounts", line("alice", &PASSWORD, "U"));
    eventually("they are back", || file.current().get("alice").is_some());
}

#[test]
fn what_becomes_unreadable_stays_as_it_was() {
    let folder = Folder::new();
    let path = folder.write("accounts", line("alice", &PASSWORD, "U"));
    let file = AccountFile::open(path.clone());
    // A directory in its place, which root cannot read either.
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    std::thread::sleep(Duration::from_millis(2500));
    // Between the two calls a check may have found no file; that counts as a removal.
    let accounts = file.current();
    assert!(
        accounts.get("alice").is_some() || accounts.problem == Some(Problem::Missing),
        "{accounts:?}"
    );
    std::fs::remove_dir(&path).unwrap();
    folder.replace("accounts", line("bob", &PASSWORD, "U"));
    eventually("the next good version counts", || file.current().get("bob").is_some());
}
