//! The command `negossp`: its effect on account files, its output, and its exit status.

use crate::support::accounts::*;
use negossp::stores::accounts::file::Accounts;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

const BIN: &str = env!("CARGO_BIN_EXE_negossp");

fn negossp(args: &[&str]) -> Command {
    let mut command = Command::new(BIN);
    command
        .args(args)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(command: &mut Command, input: &str) -> Output {
    let mut child = command.spawn().unwrap();
    // A command that needs no input may have ended by now.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Runs `negossp account ARGS --file FILE`; returns its exit status and all of its output.
fn account(file: &Path, args: &[&str], input: &str) -> (i32, String) {
    let output = run(negossp(&["account"]).args(args).arg("--file").arg(file), input);
    (output.status.code().unwrap(), text(&output))
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

fn accounts(file: &Path) -> Accounts {
    Accounts::parse(&std::fs::read(file).unwrap())
}

#[test]
fn an_account_s_life() {
    let folder = Folder::new();
    let file = folder.path("accounts");
    assert_eq!(account(&file, &["add", "alice"], "Password\n").0, 0);
    assert_eq!(accounts(&file).get("alice").unwrap().account.nt_hash, Some(PASSWORD));
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions())
            & 0o777,
        0o600
    );
    assert_eq!(account(&file, &["check", "Alice"], "Password").0, 0);
    assert_eq!(account(&file, &["check", "alice"], "password\n").0, 1);
    assert_eq!(account(&file, &["check", "bob"], "Password\n").0, 1);

    // Again: another password, one account.
    assert_eq!(account(&file, &["add", "ALICE"], "SecREt01\r\n").0, 0);
    assert_eq!(
        (accounts(&file).len(), account(&file, &["check", "alice"], "SecREt01\n").0),
        (1, 0)
    );

    assert_eq!(account(&file, &["disable", "alice"], "").0, 0);
    let (status, said) = account(&file, &["check", "alice"], "SecREt01\n");
    assert!(status == 1 && said.contains("disabled"), "{said}");
    assert!(account(&file, &["list"], "").1.contains("alice\tdisabled"));
    assert_eq!(account(&file, &["enable", "alice"], "").0, 0);
    assert_eq!(account(&file, &["check", "alice"], "SecREt01\n").0, 0);

    assert_eq!(account(&file, &["remove", "alice"], "").0, 0);
    assert_eq!(account(&file, &["remove", "alice"], "").0, 1);
    assert!(accounts(&file).is_empty() && accounts(&file).bad_lines.is_empty());
    let left: Vec<_> = std::fs::read_dir(folder.path("."))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), if cfg!(windows) { 2 } else { 1 }, "{left:?}");
}

#[test]
fn passwords_of_any_characters() {
    let folder = Folder::new();
    let file = folder.path("accounts");
    for (password, hash) in NT_HASHES {
        assert_eq!(account(&file, &["add", "x"], &format!("{password}\n")).0, 0);
        let stored = accounts(&file).get("x").unwrap().account.nt_hash.unwrap();
        assert_eq!(hex(&stored).to_lowercase(), hash, "{password}");
    }
    for refused in ["", "\n", "\r\n", &"x".repeat(5000)] {
        assert_ne!(account(&file, &["add", "y"], refused).0, 0, "{refused:?}");
    }
    let output = {
        let mut child = negossp(&["account", "add", "y", "--file"]).arg(&file).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"caf\xe9\n").unwrap();
        child.wait_with_output().unwrap()
    };
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(accounts(&file).len(), 1);
}

#[test]
fn other_lines_stay_as_they_are() {
    let folder = Folder::new();
    let other = "# kept\r\n\r\nbad line\r\nold:7:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:A4F49C406510BDCAB6824EE7C30FD852:Full Name:/home:\r\n";
    let alice = "alice:55:E52CAC67419A9A224A3B108F3FA6CB6D:A4F49C406510BDCAB6824EE7C30FD852:[NDUX       ]:LCT-00000001:kept too";
    let file = folder.write("accounts", format!("\u{feff}{other}{alice}\r\n# end"));
    let (status, said) = account(&file, &["add", "Alice"], "SecREt01\n");
    assert!(status == 0 && said.contains("disabled"), "{said}");
    let now = std::fs::read_to_string(&file).unwrap();
    assert!(
        now.starts_with(&format!(
            "\u{feff}{other}alice:55:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:CD06CA7C7E10C99B1D33B7485A2ED808:[DUX        ]:LCT-"
        )),
        "{now}"
    );
    assert!(now.ends_with(":kept too\r\n# end"), "{now}");

    assert_eq!(account(&file, &["add", "new"], "Password\n").0, 0);
    let now = std::fs::read_to_string(&file).unwrap();
    assert!(now.contains("# end\r\nnew:1000:XXXX"), "{now}");
    assert_eq!(account(&file, &["disable", "old"], "").0, 0);
    assert!(
        std::fs::read_to_string(&file).unwrap().contains("D852:[UD         ]:Full Name:/home:\r\n")
    );
    assert_eq!(account(&file, &["remove", "alice"], "").0, 0);
    assert_eq!(account(&file, &["remove", "new"], "").0, 0);
    assert_eq!(account(&file, &["remove", "old"], "").0, 0);
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        "\u{feff}# kept\r\n\r\nbad line\r\n# end\r\n"
    );
}

#[test]
fn removal_takes_every_line_of_the_name() {
    let folder = Folder::new();
    let file = folder.write(
        "accounts",
        line("alice", &PASSWORD, "U")
            + &line("ALICE", &SECRET01, "U")
            + &line("bob", &PASSWORD, "U"),
    );
    assert_eq!(account(&file, &["remove", "alice"], "").0, 0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), line("bob", &PASSWORD, "U"));
}

#[test]
fn a_broken_line_of_the_account_is_replaced() {
    let folder = Folder::new();
    for broken in
        ["alice\n", "alice:\n", "alice:x:y\n", "alice:1000:short:short:[U]:\n", "alice:1:2:3:[Q"]
    {
        let file = folder.write("accounts", broken);
        assert_eq!(account(&file, &["add", "alice"], "Password\n").0, 0, "{broken:?}");
        assert_eq!(account(&file, &["check"], "").0, 0, "{broken:?}");
        assert_eq!(account(&file, &["check", "alice"], "Password\n").0, 0, "{broken:?}");
    }
}

#[test]
fn concurrent_changes_lose_nothing() {
    let folder = Folder::new();
    let file = folder.path("accounts");
    let children: Vec<_> = (0..40)
        .map(|number| {
            let mut child = negossp(&["account", "add", &format!("user{number}"), "--file"])
                .arg(&file)
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(b"Password\n").unwrap();
            child
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let accounts = accounts(&file);
    assert_eq!((accounts.len(), accounts.bad_lines.len()), (40, 0));
}

#[test]
fn bad_lines_are_shown_with_their_numbers() {
    let folder = Folder::new();
    let file = folder.write(
        "accounts",
        format!("{}bad\n\n{}", line("alice", &PASSWORD, "U"), line("alice", &PASSWORD, "U")),
    );
    let (status, said) = account(&file, &["check"], "");
    assert_eq!(status, 1);
    assert!(
        said.contains("accounts:2: ")
            && said.contains("accounts:4: alice stands on an earlier line"),
        "{said}"
    );
    assert!(!said.contains("A4F4"));
    let (status, said) = account(&file, &["list"], "");
    assert!(status == 0 && said.contains("alice\tenabled\n") && !said.contains("A4F4"), "{said}");
}

#[test]
fn the_file_comes_from_the_configuration() {
    let folder = Folder::new();
    folder.write("one", line("one", &PASSWORD, "U"));
    let two = folder.write("two", line("two", &PASSWORD, "U"));
    let config = folder.write("negossp.toml", "[accounts]\nfile = \"one\"\n");
    let list = |variables: &[(&str, &Path)]| {
        let mut command = negossp(&["account", "list"]);
        command.envs(variables.iter().copied());
        let output = run(&mut command, "");
        (output.status.code().unwrap(), text(&output))
    };
    assert_eq!(list(&[("NEGOSSP_CONFIG", &config)]), (0, "one\tenabled\n".into()));
    assert_eq!(list(&[("NEGOSSP_ACCOUNTS", &two)]), (0, "two\tenabled\n".into()));
    assert_eq!(
        list(&[("NEGOSSP_ACCOUNTS", &two), ("NEGOSSP_CONFIG", &config)]),
        (0, "one\tenabled\n".into())
    );
    let broken = folder.write("broken.toml", "[accounts]\nfiles = \"one\"\n");
    let (status, said) = list(&[("NEGOSSP_ACCOUNTS", &two), ("NEGOSSP_CONFIG", &broken)]);
    assert!(status == 3 && said.contains("line 2") && said.contains("files"), "{said}");
    if !Path::new("/etc/negossp/negossp.toml").exists() {
        let (status, said) = list(&[]);
        assert!(status == 2 && said.contains("NEGOSSP_ACCOUNTS"), "{said}");
    }
}

#[test]
fn config_check_shows_what_is_in_force_and_what_is_wrong() {
    let folder = Folder::new();
    let check = |config: &Path| {
        let output = run(negossp(&["config", "check"]).env("NEGOSSP_CONFIG", config), "");
        (output.status.code().unwrap(), text(&output))
    };
    folder.write("accounts", line("alice", &PASSWORD, "U"));
    let good =
        folder.write("good.toml", "[ntlm]\nrequire_mic = true\n[accounts]\nfile = \"accounts\"\n");
    let (status, said) = check(&good);
    assert!(status == 0 && said.contains("require_mic = true"), "{said}");
    folder.write("accounts", "nonsense\n");
    let (status, said) = check(&good);
    assert!(status == 1 && said.contains("accounts:1: "), "{said}");
    let (status, said) = check(&folder.write("bad.toml", "[ntlm]\nrequire_mick = true\n"));
    assert!(
        status == 1 && said.contains("line 2: ") && said.contains("all clients are rejected"),
        "{said}"
    );
    // Secrets that others may read, whichever file they stand in.
    #[cfg(unix)]
    for (table, name) in [("export", "key_file"), ("domain", "machine_secret_file")] {
        use std::os::unix::fs::PermissionsExt;
        folder.write("accounts", line("alice", &PASSWORD, "U"));
        let secret = folder.write("secret", "nt-hash:".to_owned() + &"a".repeat(32));
        let more = if table == "domain" {
            "name = \"EXAMPLE\"\nrealm = \"EXAMPLE.TEST\"\nmachine_account = \"WEB1$\"\n"
        } else {
            ""
        };
        let config = folder.write(
            "secrets.toml",
            format!("[accounts]\nfile = \"accounts\"\n[{table}]\n{more}{name} = \"secret\"\n"),
        );
        for (mode, warned) in [(0o600, false), (0o644, true), (0o620, true)] {
            std::fs::set_permissions(&secret, PermissionsExt::from_mode(mode)).unwrap();
            let said = check(&config).1;
            let expected = "secret: others than its owner may read or write it";
            assert_eq!(said.contains(expected), warned, "{mode:o}: {said}");
        }
    }
    let (status, said) = check(&folder.path("missing.toml"));
    assert!(status == 1 && said.contains("no such file"), "{said}");
}

#[test]
fn config_check_tells_of_keys_for_exported_contexts_that_are_none() {
    let folder = Folder::new();
    folder.write("accounts", line("alice", &PASSWORD, "U"));
    let random: Vec<u8> = (1..=32u8).map(|byte| byte.wrapping_mul(167) ^ 0xa5).collect();
    // What is in the file, and what is said of it.
    let cases: [(&[u8], Option<&str>); 8] = [
        (&random, None),
        (b"bm90IHJhbmRvbSBidXQgYXMgbG9uZyBhcyBhIGtleSBpcw==\n", None),
        (&random[..31], Some("shorter than 32 bytes")),
        (b"", Some("shorter than 32 bytes")),
        (&[0; 32], Some("hardly any different bytes")),
        (&[b'x'; 64], Some("hardly any different bytes")),
        (b"0123456789abcdef0123456789abcdef\n", Some("too short for random text")),
        (b"the quick brown fox jumps over the lazy dog\n", Some("text with spaces")),
    ];
    for setting in ["key_file", "previous_key_file"] {
        let other = if setting == "key_file" { "" } else { "key_file = \"other\"\n" };
        folder.write("other", &random);
        let table =
            format!("[accounts]\nfile = \"accounts\"\n[export]\n{setting} = \"secret\"\n{other}");
        let config = folder.write("negossp.toml", table);
        let check = || {
            let output = run(negossp(&["config", "check"]).env("NEGOSSP_CONFIG", &config), "");
            (output.status.code().unwrap(), text(&output))
        };
        for (content, expected) in cases {
            folder.write("secret", content);
            let (status, said) = check();
            assert_eq!(status, i32::from(expected.is_some()), "{setting}: {said}");
            if let Some(expected) = expected {
                let told = |line: &str| line.contains("secret: ") && line.contains(expected);
                assert!(said.lines().any(told), "{setting}, {expected}: {said}");
            }
        }
        #[cfg(unix)]
        {
            let secret = folder.write("secret", &random);
            let readable = std::os::unix::fs::PermissionsExt::from_mode(0o604);
            std::fs::set_permissions(secret, readable).unwrap();
            let (status, said) = check();
            let expected = "secret: others than its owner may read or write it";
            assert!(status == 1 && said.contains(expected), "{setting}: {said}");
        }
        std::fs::remove_file(folder.path("secret")).unwrap();
        let (status, said) = check();
        assert!(status == 1 && said.contains("secret: no such file"), "{setting}: {said}");
    }
}

/// Warnings do not make the configuration wrong: MIT's KDC knows a client by one name.
#[test]
fn config_check_warns_of_names_that_clients_choose() {
    let folder = Folder::new();
    folder.write("accounts", line("alice", &PASSWORD, "U"));
    let rest = "[accounts]\nfile = \"accounts\"\n";
    let check = |tables: &str| {
        let config = folder.write("negossp.toml", format!("{tables}{rest}"));
        let output = run(negossp(&["config", "check"]).env("NEGOSSP_CONFIG", config), "");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        text(&output).matches("warning: ").count()
    };
    let tables = concat!(
        "names = [{ realm = \"AD.TEST\", name = \"x\" }]\n",
        "[tokens]\ndomains = [\"AD.TEST\", \"EXAMPLE\"]\n",
        "users = { \"alice@AD.TEST\" = \"alice\", bob = \"bob\" }\n",
    );
    assert_eq!(check(""), 0);
    assert_eq!(check(&format!("[kerberos]\n{tables}")), 3);
    assert_eq!(check(&format!("[kerberos]\nrequire_pac = true\n{tables}")), 0);
    let server = "[server]\nmember = true\ndns_domain = \"ad.test\"\n";
    assert_eq!(check(&format!("{server}[kerberos]\n{tables}")), 0);
    assert_eq!(check(&format!("{server}[kerberos]\nrequire_pac = false\n{tables}")), 3);
}

#[test]
fn what_is_not_understood_ends_with_2() {
    for args in [
        &["acount"][..],
        &["account"],
        &["account", "add"],
        &["account", "add", "a", "b"],
        &["account", "add", "a", "--password", "x"],
        &["account", "add", "a:b", "--file", "x"],
        &["account", "add", "", "--file", "x"],
        &["account", "list", "--file"],
        &["config"],
        &["--nonsense"],
    ] {
        let output = run(&mut negossp(args), "Password\n");
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output));
        assert!(output.stdout.is_empty() && text(&output).contains("--help"));
    }
    assert!(!Path::new("x").exists());
    for args in [&["--help"][..], &["-h"], &["help"], &[], &["account", "--help"], &["--version"]] {
        let output = run(&mut negossp(args), "");
        assert!(
            output.status.success()
                && output.stdout.starts_with(if args == ["--version"] {
                    b"negossp 0"
                } else {
                    b"Keeps the"
                })
        );
    }
}

#[test]
fn files_that_cannot_be_used_end_with_3() {
    let folder = Folder::new();
    for file in [folder.path("missing"), folder.path("no/such/folder"), folder.path(".")] {
        assert_eq!(account(&file, &["list"], "").0, 3, "{}", file.display());
        assert_eq!(account(&file, &["remove", "x"], "").0, 3, "{}", file.display());
    }
    assert_eq!(account(&folder.path("no/such/folder"), &["add", "x"], "Password\n").0, 3);
    assert_eq!(account(&folder.path("."), &["add", "x"], "Password\n").0, 3);
}

#[test]
#[cfg(unix)]
fn closed_pipes_and_full_disks_make_no_panic() {
    let folder = Folder::new();
    let text: String =
        (0..5000).map(|number| line(&format!("user{number}"), &PASSWORD, "U")).collect();
    let file = folder.write("accounts", text);
    for (redirection, expected) in [
        ("| head -1", "user0\tenabled\n"),
        (">&-", ""),
        (">/dev/full", ""),
        (">/dev/full 2>/dev/full", ""),
    ] {
        let script = format!("\"$0\" account list --file \"$1\" {redirection}");
        let output =
            Command::new("/bin/sh").args(["-c", &script, BIN]).arg(&file).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{redirection}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{output:?}");
    }
}

#[test]
#[cfg(unix)]
fn owner_permissions_and_links_survive_a_change() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let folder = Folder::new();
    let file = folder.write("accounts", line("alice", &PASSWORD, "U"));
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    let owned = std::os::unix::fs::chown(&file, Some(65534), Some(65534)).is_ok();
    let link = folder.path("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert_eq!(account(&link, &["add", "bob"], "Password\n").0, 0);
    let metadata = std::fs::metadata(&file).unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o640);
    assert!(!owned || (metadata.uid(), metadata.gid()) == (65534, 65534));
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(accounts(&file).len(), 2);
}

/// What the log and `config check` report about a file that the server may not read.
#[test]
#[cfg(unix)]
fn a_file_without_permissions_is_reported() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let folder = Folder::new();
    let file = folder.write("accounts", line("alice", &PASSWORD, "U"));
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o000)).unwrap();
    let mut command = negossp(&["config", "check"]);
    command.env("NEGOSSP_ACCOUNTS", &file).env("NEGOSSP_LOG", "error");
    if std::fs::read(&file).is_ok() {
        // Permissions do not apply to root, so the file is read as another user.
        command.uid(65534).gid(65534);
        if command.spawn().and_then(|child| child.wait_with_output()).is_err() {
            println!(
                "SKIPPED: a_file_without_permissions_is_reported: root, and nobody else may run the program"
            );
            return;
        }
    }
    let output = run(&mut command, "");
    let said = text(&output);
    assert!(
        output.status.code() == Some(1) && said.contains("cannot be read: Permission denied"),
        "{said}"
    );
    assert!(said.contains("ERROR negossp::"), "{said}");
}

/// Through a pseudo-terminal, made by script(1).
#[test]
#[cfg(target_os = "linux")]
fn the_terminal_is_asked_without_echo() {
    let folder = Folder::new();
    let file = folder.path("accounts");
    let talk = |command: &str, answers: &[(&str, &str)]| -> Option<(String, bool)> {
        let line = format!("{BIN} account {command} alice --file {}", file.display());
        let script = Command::new("script")
            .args(["-qec", &line, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut script) = script else {
            println!("SKIPPED: the_terminal_is_asked_without_echo: no script(1)");
            return None;
        };
        let (mut input, mut output) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
        let mut said = String::new();
        for (prompt, answer) in answers {
            while !said.ends_with(prompt) {
                let mut byte = [0];
                assert_eq!(output.read(&mut byte).unwrap(), 1, "no {prompt:?} in {said:?}");
                said.push(char::from(byte[0]));
            }
            input.write_all(answer.as_bytes()).unwrap();
        }
        output.read_to_string(&mut said).unwrap();
        Some((said, script.wait().unwrap().success()))
    };
    let (first, again) = ("Password of alice: ", "The same again: ");
    let Some((said, done)) =
        talk("add", &[(first, "Passworx\x7fd\r"), (again, "wrong\x15Password\r")])
    else {
        return;
    };
    assert!(done && !said.contains("assword\r"), "{said:?}");
    assert_eq!(accounts(&file).get("alice").unwrap().account.nt_hash, Some(PASSWORD));
    assert!(!talk("add", &[(first, "one\r"), (again, "two\r")]).unwrap().1, "they differ");
    assert!(!talk("add", &[(first, "one\x03")]).unwrap().1, "Ctrl-C");
    assert!(talk("check", &[(first, "Password\r")]).unwrap().1);
    assert!(!talk("check", &[(first, "password\r")]).unwrap().1);
}

#[test]
fn sids() {
    let folder = Folder::new();
    let details =
        "[[account]]\nname = 'bob'\nsid = 'S-1-5-21-9-9-9-1'\ngroups = ['S-1-5-32-551']\n";
    folder.write("details.toml", details);
    let config = folder.write(
        "negossp.toml",
        "[server]\nnetbios_computer = 'SRV'\n[accounts]\ndetails = 'details.toml'\n",
    );
    let sid = |args: &[&str]| {
        let output = run(negossp(&["sid"]).args(args).env("NEGOSSP_CONFIG", &config), "");
        (output.status.code().unwrap(), text(&output))
    };
    let (status, machine) = sid(&[]);
    assert_eq!(
        (status, machine.as_str()),
        (0, std::fs::read_to_string(folder.path("machine.sid")).unwrap().as_str())
    );
    let user = |name: &str| sid(&[name]).1.lines().next().unwrap().to_owned();
    // sha256(b"negossp user SID\0ALICE")
    let alice = format!("user\t{}-928204198-950549406-973561960-427054001", machine.trim());
    assert_eq!([user("alice"), user("srv\\Alice")], [alice.clone(), alice]);
    assert_eq!(
        user("OTHER\\Alice"),
        format!("user\t{}-4242575692-4255225650-1347185206-2435620118", machine.trim())
    );
    let admin = format!("user\t{}-3465331955-1368467790-3140506906-87858049", machine.trim());
    assert_eq!(user("alice/admin@EXAMPLE.COM"), admin);
    assert!(sid(&["bob"]).1.starts_with("user\tS-1-5-21-9-9-9-1\ngroup\tS-1-5-32-551\n"));
    folder.write("details.toml", "[");
    let (status, said) = sid(&["bob"]);
    assert!(status == 3 && said.contains("account details"), "{said}");
}
