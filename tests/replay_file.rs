//! The replay cache in a file: shared by processes, including MIT's library, after the death of a
//! process and after a crash. The processes are this program again: a test starts it with
//! `NEGOSSP_TEST_FILE` set, and it then does the other process' part.
#![cfg(unix)]

#[path = "it/support/accounts.rs"]
#[allow(dead_code)] // a part is used
mod accounts;

use accounts::Folder;
use negossp::kerberos::crypto::Enctype;
use negossp::replay::{Refusal, ReplayCache as _};
use negossp::stores::replay_cache::{self, ReplayCache, default_file};
use negossp::stores::replay_restart;
use negossp::types::time::FileTime;
use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

const SKEW: Duration = Duration::from_secs(300);
/// 2026-11-24, in seconds since 1970.
const NOON: i64 = 1_795_521_617;

fn at(unix: i64) -> FileTime {
    FileTime(116_444_736_000_000_000).shifted(unix)
}

/// The ciphertext of an authenticator, random for the cache's purposes, long enough for any tag.
fn cipher(number: u64) -> Vec<u8> {
    (1..=5u64)
        .flat_map(|word| {
            (8 * number + word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).to_be_bytes()
        })
        .collect()
}

fn claim(cache: &ReplayCache, number: u64, ctime: i64, now: i64) -> Result<(), Refusal> {
    cache.claim(Enctype::Aes256Sha1.tag_of(&cipher(number)), ctime, at(now), SKEW).map(|_| ())
}

fn cache_in(folder: &Folder) -> ReplayCache {
    ReplayCache::File(folder.path("replay"))
}

/// Starts this program again to run one test.
fn start(test: &str, file: &Path) -> Command {
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "--nocapture", test]).env("NEGOSSP_TEST_FILE", file);
    again.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    again
}

/// The cache to use in a process that a test has started; `None` in the test itself.
fn given() -> Option<ReplayCache> {
    Some(ReplayCache::File(std::env::var_os("NEGOSSP_TEST_FILE")?.into()))
}

#[test]
fn the_same_authenticator_passes_once() {
    let folder = Folder::new();
    let cache = cache_in(&folder);
    for number in 0..5000 {
        assert_eq!(claim(&cache, number, NOON, NOON), Ok(()));
        assert_eq!(claim(&cache, number, NOON, NOON), Err(Refusal::Replayed));
    }
    for number in 0..5000 {
        assert_eq!(claim(&cache, number, NOON, NOON + 300), Err(Refusal::Replayed));
    }
    assert_eq!(claim(&cache, 1, NOON, NOON + 301), Err(Refusal::Stale));
    assert_eq!(claim(&cache, 9999, NOON + 301, NOON), Err(Refusal::Stale));
    // Tags of any length; shorter ones are padded and longer ones truncated.
    for tag in [&[1u8; 4][..], &[2; 12], &[3; 24]] {
        assert!(cache.claim(tag, NOON, at(NOON), SKEW).is_ok());
        assert_eq!(cache.claim(tag, NOON, at(NOON), SKEW), Err(Refusal::Replayed));
    }
}

#[test]
fn it_is_remembered_as_long_as_it_could_pass() {
    for offset in [-300, -1, 0, 1, 300] {
        let folder = Folder::new();
        let cache = cache_in(&folder);
        assert_eq!(claim(&cache, 1, NOON + offset, NOON), Ok(()));
        for now in (NOON..=NOON + offset + 300).step_by(if offset == 300 { 7 } else { 1 }) {
            // Other authenticators are claimed too, so that expired records are overwritten.
            for other in 0..10 {
                assert_eq!(claim(&cache, 1_000_000 + 10 * now as u64 + other, now, now), Ok(()));
            }
            assert_eq!(
                claim(&cache, 1, NOON + offset, now),
                Err(Refusal::Replayed),
                "{offset}, {}",
                now - NOON
            );
        }
    }
}

/// Expired records are overwritten: the file does not grow with time.
#[test]
fn the_file_does_not_grow_for_ever() {
    let folder = Folder::new();
    let cache = cache_in(&folder);
    let length = || std::fs::metadata(folder.path("replay")).unwrap().len();
    let mut first = 0;
    for round in 0..20 {
        let now = NOON + 1000 * round;
        for number in 0..1000 {
            assert_eq!(claim(&cache, 1000 * round as u64 + number, now, now), Ok(()));
        }
        first = if round == 0 { length() } else { first };
    }
    assert!(length() <= 4 * first, "{first} bytes, then {}", length());
}

/// Otherwise a client could make tags that fall on one another's places.
#[test]
fn each_file_has_a_seed_of_its_own() {
    let seed = || {
        let folder = Folder::new();
        assert_eq!(claim(&cache_in(&folder), 1, NOON, NOON), Ok(()));
        std::fs::read(folder.path("replay")).unwrap()[..16].to_vec()
    };
    let (one, other) = (seed(), seed());
    assert!(one != other && one != [0; 16] && other != [0; 16]);
}

#[test]
fn a_claim_can_be_taken_back() {
    let folder = Folder::new();
    let cache = cache_in(&folder);
    let place =
        |number| cache.claim(Enctype::Aes256Sha1.tag_of(&cipher(number)), NOON, at(NOON), SKEW);
    let claims: Vec<_> = (0..3000).map(|number| place(number).unwrap()).collect();
    for (number, claim) in claims.into_iter().enumerate() {
        if number % 2 == 0 {
            cache.release(claim);
        }
    }
    // A record in a later table is found even after the table before it is gone.
    for number in (0..3000).rev() {
        assert_eq!(place(number).is_ok(), number % 2 == 0);
        assert!(place(number).is_err());
    }
    // Releasing a claim in a file that no longer exists does not affect the next file.
    let old = place(5000).unwrap();
    std::fs::remove_file(folder.path("replay")).unwrap();
    assert_eq!(claim(&cache, 5000, NOON, NOON), Ok(()));
    cache.release(old);
    assert_eq!(claim(&cache, 1, NOON, NOON), Ok(()));
}

#[test]
fn the_file_is_the_owners_alone() {
    let folder = Folder::new();
    let (cache, path) = (cache_in(&folder), folder.path("replay"));
    let unavailable = |why: &str| {
        assert!(matches!(claim(&cache, 1, NOON, NOON), Err(Refusal::Unavailable(_))), "{why}");
    };
    assert_eq!(claim(&cache, 1, NOON, NOON), Ok(()));
    assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);

    let mode =
        |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    for open in [0o620, 0o602, 0o666] {
        mode(open);
        unavailable("others may write to it");
    }
    mode(0o600);
    std::fs::hard_link(&path, folder.path("other")).unwrap();
    unavailable("it has two names");
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(folder.path("other"), &path).unwrap();
    unavailable("a symbolic link");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    unavailable("a folder");
    std::fs::remove_dir(&path).unwrap();
    let name = CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: the name ends with a zero and lives for the call.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    unavailable("a pipe");
    std::fs::remove_file(&path).unwrap();
    let nowhere = ReplayCache::File(folder.path("no/such/folder"));
    assert!(matches!(claim(&nowhere, 1, NOON, NOON), Err(Refusal::Unavailable(_))));

    // SAFETY: reads the process' identity.
    if unsafe { libc::geteuid() } == 0 {
        std::fs::copy(folder.path("other"), &path).unwrap();
        std::os::unix::fs::chown(&path, Some(12345), None).unwrap();
        unavailable("it belongs to another user");
        std::fs::remove_file(&path).unwrap();
    } else {
        println!("SKIPPED: kerberos_replay_file: a file of another user: needs root");
    }
    assert_eq!(claim(&cache, 1, NOON, NOON), Ok(()));
}

/// After a crash: complete records count, and the file remains in use.
#[test]
fn a_torn_file_is_used_on() {
    let folder = Folder::new();
    let (cache, path) = (cache_in(&folder), folder.path("replay"));
    for length in [0, 1, 15] {
        std::fs::write(&path, vec![7; length]).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(claim(&cache, 1, NOON, NOON), Ok(()));
        assert_eq!(claim(&cache, 1, NOON, NOON), Err(Refusal::Replayed));
    }
    std::fs::remove_file(&path).unwrap();
    for number in 0..200 {
        assert_eq!(claim(&cache, number, NOON, NOON), Ok(()));
    }
    // The last record is truncated, byte by byte: nothing else is lost.
    let file = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let whole = file.metadata().unwrap().len();
    for cut in 1..=16 {
        let mut last = [0; 16];
        file.read_exact_at(&mut last, whole - 16).unwrap();
        file.set_len(whole - cut).unwrap();
        let lost: Vec<u64> =
            (0..200).filter(|&number| claim(&cache, number, NOON, NOON).is_ok()).collect();
        assert_eq!(lost.len(), 1);
        assert_eq!(
            lost.iter().map(|&number| cipher(number)[28..].to_vec()).next().unwrap(),
            last[..12]
        );
        assert_eq!(file.metadata().unwrap().len(), whole);
    }
    // A file full of random bytes causes no panic and no second acceptance.
    let mut noise: Vec<u8> = (0..50_000).flat_map(cipher).collect();
    noise.truncate(1_999_999);
    std::fs::write(&path, &noise).unwrap();
    for number in 1_000_000..1_001_000 {
        assert_eq!(claim(&cache, number, NOON, NOON), Ok(()));
        assert_eq!(claim(&cache, number, NOON, NOON), Err(Refusal::Replayed));
    }
}

/// A process that holds the lock and stops is waited for only for a limited time, and no client is
/// accepted meanwhile. In a process of its own, since a process uses its files one after the other.
#[test]
fn a_lock_that_is_kept_refuses() {
    if let Some(cache) = given() {
        assert!(matches!(claim(&cache, 2, NOON, NOON), Err(Refusal::Unavailable(_))));
        println!("refused");
        return;
    }
    let folder = Folder::new();
    let (cache, path) = (cache_in(&folder), folder.path("replay"));
    assert_eq!(claim(&cache, 1, NOON, NOON), Ok(()));
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    // SAFETY: all zeros is a valid flock, which the call reads.
    unsafe {
        let mut lock: libc::flock = std::mem::zeroed();
        lock.l_type = libc::F_WRLCK as _;
        assert_eq!(
            libc::fcntl(std::os::fd::AsRawFd::as_raw_fd(&file), libc::F_OFD_SETLK, &lock),
            0
        );
    }
    let output = start("a_lock_that_is_kept_refuses", &path).output().unwrap();
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("refused"));
    drop(file);
    assert_eq!(claim(&cache, 2, NOON, NOON), Ok(()));
}

const SHARED: u64 = 3000;

/// Claims all, and reports which claims succeeded.
fn claim_all(cache: &ReplayCache) {
    println!("ready");
    std::io::stdin().read_exact(&mut [0]).unwrap();
    for number in 0..SHARED {
        match claim(cache, number, NOON, NOON) {
            Ok(()) => println!("won {number}"),
            Err(refusal) => assert_eq!(refusal, Refusal::Replayed),
        }
    }
    println!("done");
}

#[test]
fn four_processes_share_it_and_exactly_one_wins() {
    if let Some(cache) = given() {
        return claim_all(&cache);
    }
    // Exactly one succeeds in any case; several attempts may be needed until they really run at the
    // same time.
    assert!((0..20).any(|_| processes_that_won() > 1), "they did not run at the same time");
}

/// Has four processes claim the same numbers; returns how many of them succeeded with some.
fn processes_that_won() -> usize {
    let folder = Folder::new();
    let spawn = || {
        start("four_processes_share_it_and_exactly_one_wins", &folder.path("replay"))
            .spawn()
            .unwrap()
    };
    let mut children: Vec<(Child, BufReader<_>)> = (0..4)
        .map(|_| {
            let mut child = spawn();
            let mut lines = BufReader::new(child.stdout.take().unwrap());
            let mut line = String::new();
            while !line.ends_with("ready\n") {
                line.clear();
                assert_ne!(lines.read_line(&mut line).unwrap(), 0, "a child did not start");
            }
            (child, lines)
        })
        .collect();
    for (child, _) in &mut children {
        child.stdin.take().unwrap().write_all(b"!").unwrap();
    }
    let mut won = Vec::new();
    let mut winners = 0;
    for (mut child, lines) in children {
        let text: Vec<String> = lines.lines().map(Result::unwrap).collect();
        assert!(child.wait().unwrap().success() && text.iter().any(|line| line == "done"));
        let numbers: Vec<u64> =
            text.iter().filter_map(|line| line.strip_prefix("won ")?.parse().ok()).collect();
        winners += usize::from(!numbers.is_empty());
        won.extend(numbers);
    }
    won.sort();
    assert_eq!(won, (0..SHARED).collect::<Vec<_>>());
    winners
}

/// Claims continuously, and reports which claims succeeded.
fn claim_until_killed(cache: &ReplayCache) {
    let first: u64 = std::env::var("NEGOSSP_TEST_FIRST").unwrap().parse().unwrap();
    for number in first.. {
        claim(cache, number, NOON, NOON).unwrap();
        println!("won {number}");
    }
}

#[test]
fn a_writer_that_is_killed_does_no_harm() {
    if let Some(cache) = given() {
        return claim_until_killed(&cache);
    }
    let folder = Folder::new();
    let cache = cache_in(&folder);
    let mut won = BTreeSet::new();
    for round in 0..20u64 {
        let mut command = start("a_writer_that_is_killed_does_no_harm", &folder.path("replay"));
        let mut child =
            command.env("NEGOSSP_TEST_FIRST", (round * 1_000_000).to_string()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut read = |wanted: u64| {
            let mut line = String::new();
            let mut found = 0;
            while found < wanted {
                line.clear();
                if lines.read_line(&mut line).unwrap() == 0 {
                    break;
                }
                if let Some(number) = line.strip_prefix("won ") {
                    won.insert(number.trim_end().parse::<u64>().unwrap());
                    found += 1;
                }
            }
        };
        read(50 + 13 * round);
        // SIGKILL at any point: the lock is released with the process.
        child.kill().unwrap();
        child.wait().unwrap();
        read(u64::MAX);
        assert_eq!(claim(&cache, round * 1_000_000 + 999_999, NOON, NOON), Ok(()));
    }
    assert!(won.len() > 1000);
    for number in won {
        assert_eq!(claim(&cache, number, NOON, NOON), Err(Refusal::Replayed));
    }
}

/// MIT's library, or why there is none. Its replay cache has no header, but its functions are
/// exported.
struct Mit {
    context: *mut c_void,
    resolve: Resolve,
    store: Store,
    set_time: SetTime,
}

type Init = unsafe extern "C" fn(*mut *mut c_void) -> i32;
type Resolve = unsafe extern "C" fn(*mut c_void, *const c_char, *mut *mut c_void) -> i32;
type Store = unsafe extern "C" fn(*mut c_void, *mut c_void, *const EncData) -> i32;
type SetTime = unsafe extern "C" fn(*mut c_void, i32, i32) -> i32;

/// `krb5_enc_data`.
#[repr(C)]
struct EncData {
    magic: i32,
    enctype: i32,
    kvno: c_int,
    ciphertext: Data,
}

/// `krb5_data`.
#[repr(C)]
struct Data {
    magic: i32,
    length: u32,
    data: *const u8,
}

/// `KRB5KRB_AP_ERR_REPEAT`.
const REPEAT: i32 = -1_765_328_350;

impl Mit {
    fn load() -> Option<Mit> {
        // SAFETY: the functions are MIT's, with the types of their headers (`krb5.h`, and
        // `rc-int.h` in its sources).
        unsafe {
            let library = libc::dlopen(c"libkrb5.so.3".as_ptr(), libc::RTLD_NOW);
            let find = |name: &CStr| libc::dlsym(library, name.as_ptr());
            let needed = [
                c"krb5_init_context",
                c"k5_rc_resolve",
                c"k5_rc_store",
                c"krb5_set_debugging_time",
            ];
            if library.is_null() || needed.iter().any(|name| find(name).is_null()) {
                println!(
                    "SKIPPED: kerberos_replay_file: MIT's replay cache: needs libkrb5.so.3 of MIT krb5 1.18 or later"
                );
                return None;
            }
            let init = std::mem::transmute::<*mut c_void, Init>(find(needed[0]));
            let mut context = std::ptr::null_mut();
            assert_eq!(init(&mut context), 0);
            Some(Mit {
                context,
                resolve: std::mem::transmute::<*mut c_void, Resolve>(find(needed[1])),
                store: std::mem::transmute::<*mut c_void, Store>(find(needed[2])),
                set_time: std::mem::transmute::<*mut c_void, SetTime>(find(needed[3])),
            })
        }
    }

    /// MIT's result for an authenticator at that time: `Ok` or [`REPEAT`].
    fn claim(&self, name: &str, enctype: Enctype, cipher: &[u8], now: i64) -> Result<(), i32> {
        let name = CString::new(name).unwrap();
        let data = Data { magic: 0, length: cipher.len() as u32, data: cipher.as_ptr() };
        let sealed = EncData { magic: 0, enctype: enctype.number(), kvno: 0, ciphertext: data };
        let mut cache = std::ptr::null_mut();
        // SAFETY: all that is pointed to lives for the calls. The cache's name is leaked, which is
        // small.
        let status = unsafe {
            assert_eq!((self.set_time)(self.context, now as i32, 1), 0);
            assert_eq!((self.resolve)(self.context, name.as_ptr(), &mut cache), 0);
            (self.store)(self.context, cache, &sealed)
        };
        if status == 0 { Ok(()) } else { Err(status) }
    }
}

#[test]
fn mit_sees_what_we_saw_and_we_what_mit_saw() {
    let Some(mit) = Mit::load() else { return };
    let folder = Folder::new();
    let (cache, path) = (cache_in(&folder), folder.path("replay"));
    let theirs = format!("file2:{}", path.display());
    let ours = |enctype: Enctype, number| {
        cache.claim(enctype.tag_of(&cipher(number)), NOON, at(NOON), SKEW).map(|_| ())
    };
    let mits = |enctype, number| mit.claim(&theirs, enctype, &cipher(number), NOON);
    // Enough numbers for three tables, from both in turn, in a file made by either.
    for maker in 0..2 {
        for number in 0..6000u64 {
            let enctype = Enctype::ALL[number as usize % 6];
            if number % 2 == maker {
                assert_eq!(ours(enctype, number), Ok(()), "{enctype:?}");
                assert_eq!(mits(enctype, number), Err(REPEAT), "{enctype:?}");
            } else {
                assert_eq!(mits(enctype, number), Ok(()), "{enctype:?}");
                assert_eq!(ours(enctype, number), Err(Refusal::Replayed), "{enctype:?}");
            }
        }
        for number in 0..6000u64 {
            let enctype = Enctype::ALL[number as usize % 6];
            assert_eq!(mits(enctype, number), Err(REPEAT));
            assert_eq!(ours(enctype, number), Err(Refusal::Replayed));
        }
        std::fs::remove_file(&path).unwrap();
    }
    // A claim that was released can be claimed by MIT.
    for number in 0..2000 {
        let claimed =
            cache.claim(Enctype::Aes256Sha1.tag_of(&cipher(number)), NOON, at(NOON), SKEW).unwrap();
        if number % 3 == 0 {
            cache.release(claimed);
        }
    }
    for number in 0..2000 {
        assert_eq!(mits(Enctype::Aes256Sha1, number).is_ok(), number % 3 == 0);
        assert_eq!(ours(Enctype::Aes256Sha1, number), Err(Refusal::Replayed));
    }
}

/// An authenticator from a clock that is ahead is valid for up to twice the skew. MIT overwrites a
/// record when the skew has passed since its time. It must not overwrite ours within that time, nor
/// we MIT's.
#[test]
fn neither_overwrites_what_the_other_needs() {
    let Some(mit) = Mit::load() else { return };
    let folder = Folder::new();
    let cache = cache_in(&folder);
    let theirs = format!("file2:{}", folder.path("replay").display());
    let (ahead, later) = (NOON + 299, NOON + 590);
    for number in 0..500 {
        assert_eq!(claim(&cache, number, ahead, NOON), Ok(()));
        assert_eq!(mit.claim(&theirs, Enctype::Aes256Sha1, &cipher(1000 + number), NOON), Ok(()));
    }
    let whole: Vec<u8> = std::fs::read(folder.path("replay")).unwrap();
    for number in 0..500 {
        assert_eq!(
            mit.claim(&theirs, Enctype::Aes256Sha1, &cipher(10_000 + number), later),
            Ok(())
        );
    }
    assert_ne!(
        std::fs::read(folder.path("replay")).unwrap()[..whole.len()],
        whole,
        "MIT wrote over nothing"
    );
    for number in 0..500 {
        assert_eq!(claim(&cache, number, ahead, later), Err(Refusal::Replayed));
    }

    std::fs::remove_file(folder.path("replay")).unwrap();
    for number in 0..500 {
        assert_eq!(mit.claim(&theirs, Enctype::Aes256Sha1, &cipher(number), NOON), Ok(()));
    }
    for number in 0..2000 {
        assert_eq!(claim(&cache, 10_000 + number, later, later), Ok(()));
    }
    for number in 0..500 {
        assert_eq!(claim(&cache, number, ahead, later), Err(Refusal::Replayed));
    }
}

/// Both use their defaults.
fn share_the_default(mit: &Mit) {
    let cache = ReplayCache::File(default_file().unwrap());
    assert_eq!(std::env::var_os("NEGOSSP_TEST_FILE").unwrap(), default_file().unwrap());
    let name = std::env::var("KRB5RCACHENAME").unwrap_or_else(|_| "dfl:".into());
    assert_eq!(claim(&cache, 1, NOON, NOON), Ok(()));
    assert_eq!(mit.claim(&name, Enctype::Aes256Sha1, &cipher(1), NOON), Err(REPEAT));
    assert_eq!(mit.claim(&name, Enctype::Aes256Sha1, &cipher(2), NOON), Ok(()));
    assert_eq!(claim(&cache, 2, NOON, NOON), Err(Refusal::Replayed));
    println!("shared");
}

#[test]
fn the_default_file_is_mits() {
    let Some(mit) = Mit::load() else { return };
    if given().is_some() {
        return share_the_default(&mit);
    }
    let folder = Folder::new();
    // SAFETY: reads the process' identity.
    let usual = format!("krb5_{}.rcache2", unsafe { libc::geteuid() });
    std::fs::create_dir(folder.path("a")).unwrap();
    std::fs::create_dir(folder.path("b")).unwrap();
    let (a, b) = (folder.path("a"), folder.path("b"));
    let named = format!("file2:{}", folder.path("named").display());
    let share = |file: &Path, variables: &[(&str, &Path)]| {
        let mut command = start("the_default_file_is_mits", file);
        for name in ["KRB5RCACHENAME", "KRB5RCACHEDIR", "KRB5RCACHETYPE", "TMPDIR"] {
            command.env_remove(name);
        }
        let output = command.envs(variables.iter().copied()).output().unwrap();
        assert!(
            output.status.success() && String::from_utf8_lossy(&output.stdout).contains("shared"),
            "{variables:?}"
        );
    };
    share(&a.join(&usual), &[("KRB5RCACHEDIR", &a), ("TMPDIR", &b)]);
    share(&b.join(&usual), &[("TMPDIR", &b)]);
    share(&folder.path("named"), &[("KRB5RCACHENAME", Path::new(&named)), ("KRB5RCACHEDIR", &a)]);
}

/// Forks, and returns the result of `work` in the child. `while_forking` runs in other threads
/// until then.
fn in_child(while_forking: impl Fn() + Sync, work: impl FnOnce() -> bool) -> bool {
    let (running, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let child = std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    while_forking();
                    running.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        while running.load(Ordering::Relaxed) < 10 {
            std::thread::yield_now();
        }
        // SAFETY: the child does nothing but `work`, in which a lock is all that it could lack, and
        // ends without running anything of its parent's.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let done = work();
            // SAFETY: as above.
            unsafe { libc::_exit(if done { 0 } else { 1 }) };
        }
        stop.store(true, Ordering::Relaxed);
        child
    });
    assert!(child > 0, "no fork");
    let mut status = 0;
    // SAFETY: waits for the child made above.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

/// Servers fork workers, at times while another thread uses the cache.
#[test]
fn a_forked_process_uses_the_file_too() {
    let folder = Folder::new();
    let cache = cache_in(&folder);
    assert_eq!(claim(&cache, 0, NOON, NOON), Ok(()));
    let number = AtomicU64::new(1000);
    let at_it =
        || assert_eq!(claim(&cache, number.fetch_add(1, Ordering::Relaxed), NOON, NOON), Ok(()));
    for child in 1..=5 {
        let work = || {
            claim(&cache, 0, NOON, NOON) == Err(Refusal::Replayed)
                && claim(&cache, child, NOON, NOON) == Ok(())
        };
        assert!(in_child(at_it, work), "child {child}");
        assert_eq!(
            claim(&cache, child, NOON, NOON),
            Err(Refusal::Replayed),
            "what child {child} claimed"
        );
    }
}

/// What a killed process has claimed, the next one does not accept (RFC 4120 3.2.3), and it accepts
/// everybody else. A claim that was taken back is none.
#[test]
fn a_restarted_process_remembers_what_memory_held() {
    const TEST: &str = "a_restarted_process_remembers_what_memory_held";
    let now = negossp::platform::now().unix_seconds();
    if let Some(path) = std::env::var_os("NEGOSSP_TEST_FILE") {
        let cache = ReplayCache::Memory { entries: 1 << 20, restarts: Some(path.into()) };
        let ctime = std::env::var("NEGOSSP_TEST_TIME").unwrap().parse().unwrap();
        let first = claim(&cache, 0, ctime, now);
        let taken = cache.claim(Enctype::Aes256Sha1.tag_of(&cipher(1)), ctime, at(now), SKEW);
        let slow = claim(&cache, u64::from(std::process::id()), now - 299, now);
        println!("results: {first:?} {} {slow:?}", taken.is_ok());
        cache.release(taken.unwrap());
        // It ends by a signal: nothing more is written.
        std::process::abort();
    }
    let folder = Folder::new();
    let path = folder.path("restart");
    let results = || {
        let output = start(TEST, &path).env("NEGOSSP_TEST_TIME", (now - 10).to_string()).output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        let line = text.lines().find_map(|line| line.split_once("results: ")).unwrap();
        line.1.to_owned()
    };
    assert_eq!(results(), "Ok(()) true Ok(())");
    assert_eq!(results(), "Err(Replayed) true Ok(())");
    assert_eq!(results(), "Err(Replayed) true Ok(())");
}

/// Where nobody else can make a file first, if there is such a folder; beside MIT's replay cache if
/// that has a place.
#[test]
fn the_file_for_restarts_is_in_a_folder_of_the_service_s() {
    const TEST: &str = "the_file_for_restarts_is_in_a_folder_of_the_service_s";
    if given().is_some() {
        println!("file: {}", replay_restart::default_file().unwrap().display());
        return;
    }
    let folder = Folder::new();
    let (a, b) = (folder.path("a"), folder.path("b"));
    [&a, &b].into_iter().for_each(|folder| std::fs::create_dir(folder).unwrap());
    // SAFETY: reads the process' identity.
    let name = format!("negossp_{}.replay", unsafe { libc::geteuid() });
    let file = |variables: &[(&str, &Path)]| {
        let mut command = start(TEST, &a);
        for name in ["KRB5RCACHEDIR", "STATE_DIRECTORY", "RUNTIME_DIRECTORY", "TMPDIR"] {
            command.env_remove(name);
        }
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let line = text.lines().find_map(|line| line.split_once("file: ")).unwrap();
        line.1.to_owned()
    };
    let in_folder = |folder: &Path| folder.join(&name).display().to_string();
    assert_eq!(file(&[("KRB5RCACHEDIR", &a), ("STATE_DIRECTORY", &b)]), in_folder(&a));
    assert_eq!(file(&[("KRB5RCACHEDIR", Path::new("")), ("STATE_DIRECTORY", &b)]), in_folder(&b));
    if !Path::new("/run/negossp").exists() {
        assert_eq!(file(&[("TMPDIR", &b)]), in_folder(&b));
    }
}

/// RFC 4120 3.2.3: a server that serves a name by several processes must not accept an
/// authenticator in each of them. Memory is shared from the load of the library on.
#[test]
fn a_forked_process_shares_the_memory() {
    let cache = ReplayCache::Memory { entries: 1 << 20, restarts: None };
    assert_eq!(claim(&cache, 0, NOON, NOON), Ok(()));
    let in_the_child = || {
        claim(&cache, 0, NOON, NOON) == Err(Refusal::Replayed)
            && claim(&cache, 1, NOON, NOON) == Ok(())
    };
    assert!(in_child(std::thread::yield_now, in_the_child));
    assert_eq!(claim(&cache, 0, NOON, NOON), Err(Refusal::Replayed));
    assert_eq!(claim(&cache, 1, NOON, NOON), Err(Refusal::Replayed), "what the child claimed");
    // And another child, which has never seen its sibling.
    let sibling = || claim(&cache, 1, NOON, NOON) == Err(Refusal::Replayed);
    assert!(in_child(std::thread::yield_now, sibling));
}

/// A parent that leaves all clients to its children has claimed nothing before it forks.
#[test]
fn children_share_the_memory_that_was_made_at_load() {
    const TEST: &str = "children_share_the_memory_that_was_made_at_load";
    if given().is_none() {
        let output = start(TEST, Path::new("unused")).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).contains("shared by children"));
        return;
    }
    // As at load: the test has no other use of the cache in this process.
    replay_cache::prepare();
    let cache = ReplayCache::Memory { entries: 1 << 20, restarts: None };
    assert!(in_child(std::thread::yield_now, || claim(&cache, 0, NOON, NOON) == Ok(())));
    let again = || claim(&cache, 0, NOON, NOON) == Err(Refusal::Replayed);
    assert!(in_child(std::thread::yield_now, again));
    println!("shared by children");
}
