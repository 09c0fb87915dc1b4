//! Files and folders in which somebody else may have a hand: what the tool and a server do with
//! them. Most cases are root's, since root has what others want.

use crate::support::accounts::*;
use std::ffi::CString;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const BIN: &str = env!("CARGO_BIN_EXE_negossp");
/// A user who is not root, nor the tests'.
const BOB: u32 = 12345;

/// Runs the tool for at most ten seconds.
fn negossp(args: &[&str], environment: &[(&str, &Path)], user: Option<u32>) -> Output {
    run(Command::new(BIN), args, environment, user)
}

/// Runs a command that is or starts the tool.
fn run(
    mut command: Command,
    args: &[&str],
    environment: &[(&str, &Path)],
    user: Option<u32>,
) -> Output {
    command.args(args).env_clear().env("NEGOSSP_LOG", "warn").envs(environment.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    let mut child = command.spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(b"Password\n");
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("{args:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

fn add(file: &Path) -> Output {
    negossp(&["account", "add", "alice", "--file", file.to_str().unwrap()], &[], None)
}

fn check(config: &Path, user: Option<u32>) -> Output {
    negossp(&["config", "check"], &[("NEGOSSP_CONFIG", config)], user)
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

fn fifo(path: &Path) {
    let name = CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: the name ends with a zero and lives for the call.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
}

/// Whether the case can be run.
fn is_root(case: &str) -> bool {
    // SAFETY: reads the process' identity.
    let root = unsafe { libc::geteuid() } == 0;
    if !root {
        println!("SKIPPED: {case}: needs root");
    }
    root
}

/// What bob may do in his folder while root edits an account file there.
#[test]
fn root_edits_nothing_in_a_folder_of_another_user() {
    if !is_root("root_edits_nothing_in_a_folder_of_another_user") {
        return;
    }
    let (folder, his) = (Folder::new(), Folder::new());
    let target = folder.write("target", "of root's\n");
    mode(&target, 0o4755);
    chown(his.path("."), Some(BOB), Some(BOB)).unwrap();
    let account = line("bob", &PASSWORD, "U");
    type Prepare = fn(&Path, &Path);
    let cases: [(&str, Prepare); 4] = [
        ("a file of his", |_, _| {}),
        ("a link", |path, target| {
            std::fs::remove_file(path).unwrap();
            symlink(target, path).unwrap();
        }),
        ("a lock that is a link", |path, target| {
            symlink(target.with_file_name("made"), path.with_file_name("users.lock")).unwrap();
        }),
        ("a lock that is a FIFO", |path, _| fifo(&path.with_file_name("users.lock"))),
    ];
    for (case, prepare) in cases {
        for name in ["users", "users.lock"] {
            let _ = std::fs::remove_file(his.path(name));
        }
        let path = his.write("users", &account);
        chown(&path, Some(BOB), Some(BOB)).unwrap();
        prepare(&path, &target);
        let output = add(&path);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(3), "{case}: {said}");
        assert!(said.contains("chown root"), "{case}: {said}");
        assert_eq!(std::fs::read(&target).unwrap(), b"of root's\n", "{case}");
        assert!(!folder.path("made").exists(), "{case}");
        let metadata = std::fs::metadata(&target).unwrap();
        assert_eq!((metadata.uid(), metadata.mode() & 0o7777), (0, 0o4755), "{case}");
    }
}

/// A link of bob's in a folder of root's, as in a sticky one.
#[test]
fn root_follows_no_link_of_another_user() {
    if !is_root("root_follows_no_link_of_another_user") {
        return;
    }
    let folder = Folder::new();
    let target = folder.write("target", "of root's\n");
    let link = folder.path("users");
    symlink(&target, &link).unwrap();
    std::os::unix::fs::lchown(&link, Some(BOB), Some(BOB)).unwrap();
    mode(&folder.path("."), 0o1777);
    let output = add(&link);
    assert!(said(&output).contains("a link of another user"), "{}", said(&output));
    assert_eq!(std::fs::read(&target).unwrap(), b"of root's\n");
    // Nor one that leads on to a folder.
    let inner = folder.path("inner");
    std::fs::create_dir(&inner).unwrap();
    let through = folder.path("through");
    symlink(&inner, &through).unwrap();
    std::os::unix::fs::lchown(&through, Some(BOB), Some(BOB)).unwrap();
    let output = add(&through.join("users"));
    assert!(said(&output).contains("a link of another user"), "{}", said(&output));
    assert!(!inner.join("users").exists());
    // An administrator's own is followed, and stays.
    let own = folder.path("own");
    symlink("target", &own).unwrap();
    assert_eq!(add(&own).status.code(), Some(0));
    assert!(std::fs::symlink_metadata(&own).unwrap().is_symlink());
    assert!(std::fs::read_to_string(&target).unwrap().contains("alice:"));
}

#[test]
fn an_edit_keeps_the_owner_and_gives_no_program_rights() {
    let folder = Folder::new();
    let file = folder.write("users", line("bob", &PASSWORD, "U"));
    let root = is_root("an_edit_keeps_the_owner_and_gives_no_program_rights");
    if root {
        chown(&file, Some(BOB), Some(BOB)).unwrap();
    }
    mode(&file, 0o6750);
    assert_eq!(add(&file).status.code(), Some(0));
    let metadata = std::fs::metadata(&file).unwrap();
    assert_eq!(metadata.mode() & 0o7777, 0o750);
    assert!(!root || (metadata.uid(), metadata.gid()) == (BOB, BOB));
    let names: Vec<_> = std::fs::read_dir(folder.path(".")).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

/// What is written to a file of bob's in a folder of everybody's is bob's.
#[test]
fn nothing_is_written_to_what_others_put_into_a_sticky_folder() {
    if !is_root("nothing_is_written_to_what_others_put_into_a_sticky_folder") {
        return;
    }
    let folder = Folder::new();
    mode(&folder.path("."), 0o1777);
    let his = folder.write("users", line("bob", &PASSWORD, "U"));
    chown(&his, Some(BOB), Some(BOB)).unwrap();
    assert_eq!(add(&his).status.code(), Some(3));
    assert!(!std::fs::read_to_string(&his).unwrap().contains("alice"));
    // A FIFO that he reads, as the log.
    let pipe = folder.path("log");
    fifo(&pipe);
    mode(&pipe, 0o622);
    chown(&pipe, Some(BOB), Some(BOB)).unwrap();
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || {
            use std::os::unix::fs::OpenOptionsExt;
            let mut options = std::fs::OpenOptions::new();
            let mut end = options.read(true).custom_flags(libc::O_NONBLOCK).open(pipe).unwrap();
            std::thread::sleep(Duration::from_secs(1));
            let mut text = String::new();
            let _ = std::io::Read::read_to_string(&mut end, &mut text);
            text
        }
    });
    std::thread::sleep(Duration::from_millis(200));
    let config = folder.write("missing.toml", "[accounts]\nfile = 7");
    let environment = [("NEGOSSP_CONFIG", &*config), ("NEGOSSP_LOG_FILE", &*pipe)];
    negossp(&["config", "check"], &environment, None);
    assert_eq!(reader.join().unwrap(), "");
}

/// A kill between two steps leaves what was there, or what is new, and no lock that holds.
#[test]
fn a_lock_that_was_left_behind_holds_nobody_up() {
    let folder = Folder::new();
    let file = folder.path("users");
    folder.write("users.lock", "");
    folder.write("users.new", "half");
    assert_eq!(add(&file).status.code(), Some(0));
    let names: Vec<_> = std::fs::read_dir(folder.path(".")).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

/// An access control list as acl(5) and the kernel have it: version 2, then tag, rights and user.
fn list_for(user: u32) -> Vec<u8> {
    let entries: [(u16, u16, u32); 5] =
        [(1, 6, u32::MAX), (2, 4, user), (4, 0, u32::MAX), (16, 4, u32::MAX), (32, 0, u32::MAX)];
    let mut list = 2u32.to_le_bytes().to_vec();
    for (tag, rights, id) in entries {
        list.extend([&tag.to_le_bytes()[..], &rights.to_le_bytes(), &id.to_le_bytes()].concat());
    }
    list
}

const ACCESS: &std::ffi::CStr = c"system.posix_acl_access";
const DEFAULT: &std::ffi::CStr = c"system.posix_acl_default";

fn set_list(path: &Path, name: &std::ffi::CStr, list: &[u8]) -> bool {
    let path = CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: strings that end with zeros, and a buffer of this length.
    unsafe {
        libc::setxattr(path.as_ptr(), name.as_ptr(), list.as_ptr().cast(), list.len(), 0) == 0
    }
}

fn list_of(path: &Path) -> Option<Vec<u8>> {
    let path = CString::new(path.to_str().unwrap()).unwrap();
    let mut list = vec![0; 1024];
    // SAFETY: strings that end with zeros, and a buffer of this length.
    let length = unsafe {
        libc::getxattr(path.as_ptr(), ACCESS.as_ptr(), list.as_mut_ptr().cast(), list.len())
    };
    list.truncate(usize::try_from(length).ok()?);
    Some(list)
}

#[test]
fn an_edit_keeps_the_access_control_list() {
    let folder = Folder::new();
    let file = folder.write("users", line("bob", &PASSWORD, "U"));
    if !set_list(&file, ACCESS, &list_for(BOB)) {
        println!("SKIPPED: an_edit_keeps_the_access_control_list: the file system has none");
        return;
    }
    let before = std::fs::metadata(&file).unwrap().ino();
    assert_eq!(add(&file).status.code(), Some(0), "{}", said(&add(&file)));
    assert_ne!(std::fs::metadata(&file).unwrap().ino(), before);
    assert_eq!(list_of(&file), Some(list_for(BOB)));
    // A file without a list does not get its folder's for new files.
    assert!(set_list(&folder.path("."), DEFAULT, &list_for(BOB)));
    std::fs::remove_file(&file).unwrap();
    let file = folder.write("users", line("bob", &PASSWORD, "U"));
    let name = CString::new(file.to_str().unwrap()).unwrap();
    // SAFETY: strings that end with zeros.
    unsafe { libc::removexattr(name.as_ptr(), ACCESS.as_ptr()) };
    mode(&file, 0o600);
    assert_eq!(add(&file).status.code(), Some(0));
    assert_eq!(list_of(&file), None);
    assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
}

/// The mask of a list stands where the group's permissions are.
#[test]
fn a_list_that_lets_others_write_is_seen() {
    let folder = Folder::new();
    folder.write("users", line("bob", &PASSWORD, "U"));
    let config = folder.write("negossp.toml", "[accounts]\nfile = \"users\"");
    let mut list = list_for(BOB);
    // Bob's entry and the mask: read and write.
    list[4 + 8 + 2] = 6;
    list[4 + 3 * 8 + 2] = 6;
    if !set_list(&config, ACCESS, &list) {
        println!("SKIPPED: a_list_that_lets_others_write_is_seen: the file system has none");
        return;
    }
    assert!(said(&check(&config, None)).contains("others may write to it"));
}

#[test]
fn a_fifo_is_no_file_and_makes_nobody_wait() {
    let folder = Folder::new();
    let pipe = folder.path("pipe");
    fifo(&pipe);
    assert_eq!(add(&pipe).status.code(), Some(3));
    assert!(said(&check(&pipe, None)).contains("not a regular file"));
    let accounts = folder.write("users", line("bob", &PASSWORD, "U"));
    for (place, setting) in [
        ("accounts", "[accounts]\nfile = \"pipe\""),
        ("the keytab", "[kerberos]\nkeytab = \"pipe\""),
        ("the audit", "[accounts]\nfile = \"users\"\n[ntlm]\naudit_file = \"pipe\""),
    ] {
        let config = folder.write("negossp.toml", setting);
        let output = check(&config, None);
        let expected = if place == "the audit" { 0 } else { 1 };
        assert_eq!(output.status.code(), Some(expected), "{place}: {}", said(&output));
    }
    // And as the log.
    let config = folder.write("negossp.toml", "[accounts]\nfile = \"users\"");
    let environment = [("NEGOSSP_CONFIG", &*config), ("NEGOSSP_LOG_FILE", &*pipe)];
    assert_eq!(negossp(&["config", "check"], &environment, None).status.code(), Some(0));
    assert!(accounts.exists());
}

/// What decides who is let in is read only if nobody else can have written it.
#[test]
fn a_configuration_that_others_may_write_is_not_read() {
    let folder = Folder::new();
    let accounts = folder.write("users", line("bob", &PASSWORD, "U"));
    let config = folder.write("negossp.toml", "[accounts]\nfile = \"users\"");
    assert_eq!(check(&config, None).status.code(), Some(0));
    for path in [&config, &accounts] {
        mode(path, 0o666);
        let output = check(&config, None);
        assert_eq!(output.status.code(), Some(1), "{path:?}");
        let (said, name) = (said(&output), path.display());
        assert!(said.contains(&format!("others may write to it (chmod go-w {name})")), "{said}");
        mode(path, 0o600);
    }
    // Root's group may, if it is that.
    mode(&config, 0o660);
    // SAFETY: reads the process' identity.
    let group_is_own =
        [0, unsafe { libc::geteuid() }].contains(&std::fs::metadata(&config).unwrap().gid());
    assert_eq!(check(&config, None).status.success(), group_is_own);
    mode(&config, 0o600);
    mode(&folder.path("."), 0o777);
    assert!(said(&check(&config, None)).contains("others may replace files in its folder"));
    mode(&folder.path("."), 0o755);
    assert_eq!(check(&config, None).status.code(), Some(0));
}

#[test]
fn root_reads_no_configuration_of_another_user_and_others_are_warned() {
    if !is_root("root_reads_no_configuration_of_another_user_and_others_are_warned") {
        return;
    }
    let folder = Folder::new();
    let users = folder.write("users", line("bob", &PASSWORD, "U"));
    let config = folder.write("negossp.toml", "[accounts]\nfile = \"users\"");
    mode(&users, 0o644);
    mode(&config, 0o644);
    for path in [&users, &config] {
        chown(path, Some(BOB), Some(BOB)).unwrap();
        let output = check(&config, None);
        assert_eq!(output.status.code(), Some(1));
        let expected = format!("it belongs to user {BOB} (chown root {}", path.display());
        assert!(said(&output).contains(&expected), "{}", said(&output));
        // For a server that runs as a third user they are the application's files.
        let output = check(&config, Some(54321));
        assert!(said(&output).contains(&expected), "{}", said(&output));
        assert!(!said(&output).contains("cannot be read"), "{}", said(&output));
        chown(path, Some(0), Some(0)).unwrap();
    }
}

/// Each file that says who is let in, as whom, or with which keys: an owner who is another user of the
/// machine than root and the server's can replace it.
/// Constrained delegation needs the server's own ticket.
#[test]
fn config_check_warns_of_delegation_without_a_ticket() {
    let folder = Folder::new();
    folder.write("users", line("bob", &PASSWORD, "U"));
    let check = |more: &str| {
        let accounts = "[accounts]\nfile = \"users\"\n";
        let text = format!("[kerberos]\ndelegation = \"constrained\"\n{more}{accounts}");
        said(&check(&folder.write("negossp.toml", text), None))
    };
    assert!(check("").contains("needs tgt_ccache"));
    assert!(check("tgt_ccache = \"none\"\n").contains("no valid ticket-granting ticket"));
}

#[test]
fn config_check_warns_of_the_owner_of_each_file() {
    if !is_root("config_check_warns_of_the_owner_of_each_file") {
        return;
    }
    let folder = Folder::new();
    let domain = "name = \"R\"\nrealm = \"R.TEST\"\nmachine_account = \"WEB1$\"\n";
    for (table, setting, more) in [
        ("accounts", "file", ""),
        ("accounts", "details", "file = \"users\"\n"),
        ("accounts", "sid_file", "file = \"users\"\n"),
        ("kerberos", "keytab", ""),
        ("kerberos", "krbtgt_keytab", ""),
        ("export", "key_file", ""),
        ("export", "previous_key_file", "key_file = \"secret\"\n"),
        ("domain", "machine_secret_file", domain),
        ("domain", "machine_keytab", domain),
    ] {
        let named = folder.write("named", line("bob", &PASSWORD, "U"));
        let config =
            folder.write("negossp.toml", format!("[{table}]\n{more}{setting} = \"named\"\n"));
        for path in [&named, &config] {
            mode(path, 0o644);
        }
        let warning =
            format!("negossp: warning: {}: it belongs to user {BOB} (chown root", named.display());
        for (owner, warned) in [(BOB, true), (0, false)] {
            chown(&named, Some(owner), Some(owner)).unwrap();
            let said = said(&check(&config, Some(54321)));
            assert_eq!(said.contains(&warning), warned, "{setting} of {owner}: {said}");
        }
    }
}

/// Whoever starts the server may name further owners, such as a container's host has.
#[test]
fn owners_that_the_environment_names_are_trusted() {
    if !is_root("owners_that_the_environment_names_are_trusted") {
        return;
    }
    let folder = Folder::new();
    let users = folder.write("users", line("bob", &PASSWORD, "U"));
    let config = folder.write("negossp.toml", "[accounts]\nfile = \"users\"");
    for (owners, uid, read) in [
        ("12345", BOB, true),
        ("1, 12345,7", BOB, true),
        ("1 12345", BOB, true),
        ("1,2345", BOB, false),
        ("0,1", BOB, false),
        ("", BOB, false),
        // Stands for all whom a user namespace does not have, but this process is in none.
        ("", 65534, false),
    ] {
        chown(&users, Some(uid), Some(uid)).unwrap();
        let environment =
            [("NEGOSSP_CONFIG", &*config), ("NEGOSSP_FILE_OWNERS", Path::new(owners))];
        let output = negossp(&["config", "check"], &environment, None);
        assert_eq!(output.status.success(), read, "{owners:?}: {}", said(&output));
    }
}

/// A service with rights over files or users reads others' files no more than root does.
#[test]
fn a_user_with_capabilities_reads_no_file_of_another_user() {
    if !is_root("a_user_with_capabilities_reads_no_file_of_another_user") {
        return;
    }
    let folder = Folder::new();
    let users = folder.write("users", line("bob", &PASSWORD, "U"));
    let config = folder.write("negossp.toml", "[accounts]\nfile = \"users\"");
    mode(&users, 0o644);
    mode(&config, 0o644);
    chown(&config, Some(BOB), Some(BOB)).unwrap();
    for (capability, read) in [("net_bind_service", true), ("dac_override", false)] {
        let with = format!("+{capability}");
        let args = ["--reuid=54321", "--regid=54321", "--clear-groups", "--inh-caps", &with];
        let args = [&args[..], &["--ambient-caps", &with, BIN, "config", "check"]].concat();
        let environment = [("NEGOSSP_CONFIG", &*config)];
        let output = run(Command::new("/usr/bin/setpriv"), &args, &environment, None);
        assert_eq!(
            !said(&output).contains("cannot be read"),
            read,
            "{capability}: {}",
            said(&output)
        );
    }
}

/// The root of a container: its files may belong to a user whom its namespace does not have.
#[test]
fn files_from_outside_of_a_user_namespace_are_read_in_it() {
    if !is_root("files_from_outside_of_a_user_namespace_are_read_in_it") {
        return;
    }
    let inside = |program: &str, config: &Path| {
        let args = ["--user", "--map-root-user", program, "config", "check"];
        run(Command::new("/usr/bin/unshare"), &args, &[("NEGOSSP_CONFIG", config)], None)
    };
    let folder = Folder::new();
    folder.write("users", line("bob", &PASSWORD, "U"));
    let config = folder.write("negossp.toml", "[accounts]\nfile = \"users\"");
    if !inside("/bin/true", &config).status.success() {
        println!("SKIPPED: files_from_outside_of_a_user_namespace_are_read_in_it: no namespaces");
        return;
    }
    mode(&config, 0o644);
    chown(&config, Some(BOB), Some(BOB)).unwrap();
    let output = inside(BIN, &config);
    assert!(output.status.success(), "{}", said(&output));
    assert!(!check(&config, None).status.success());
}
