//! A parent that sends rubbish, half lines or too much, or dies.

use super::*;
use std::time::{Duration, Instant};

const CONVERSATIONS: [&str; 4] =
    ["squid-2.5-ntlmssp", "ntlmssp-client-1", "gss-spnego", "gss-spnego-client"];

/// Samba's answers, observed of 4.17.
#[test]
fn rubbish_is_answered_with_bh() {
    let folder = server("");
    for protocol in CONVERSATIONS {
        let mut helper = Helper::start(&folder, protocol, &["--username=alice", "--password=x"]);
        for (line, answer) in [
            (&b"X"[..], "BH Query invalid"),
            (b"\0", "BH Query invalid"),
            (b"YR\0AAAA", "BH Query invalid"),
            (b"XX", "BH SPNEGO request invalid prefix"),
            (b"LL", "BH SPNEGO request invalid prefix"),
            (b"LF", "BH SPNEGO request invalid prefix"),
            (b"yr", "BH SPNEGO request invalid prefix"),
            (b"TT", "BH SPNEGO request invalid prefix"),
            (b"KK", "BH SPNEGO request invalid prefix"),
            (b"AF", "BH SPNEGO request invalid prefix"),
            (b"NA", "BH SPNEGO request invalid prefix"),
            (b"BH x", "BH SPNEGO request invalid prefix"),
            (b"ERR", "BH SPNEGO request invalid prefix"),
            (b"SF", "BH SPNEGO request invalid prefix"),
            (b"SF ", "BH SPNEGO request invalid prefix"),
            (b"PW", "BH SPNEGO request invalid prefix"),
            (b"\xff\xfe\xfd", "BH SPNEGO request invalid prefix"),
            (b"OK", "BH Command expected"),
            (b"OK x", "BH Command expected"),
            (b"GK", "BH No session key"),
            (b"SF nonsense \xff", "OK"),
        ] {
            assert_eq!(helper.ask(line), answer, "{protocol}: {}", line.escape_ascii());
        }
        let invalid = match protocol {
            "gss-spnego" => "NA * NT_STATUS_INVALID_PARAMETER",
            _ => "NA NT_STATUS_INVALID_PARAMETER",
        };
        for line in
            ["YR !!!!", "KK AAAA", "TT AAAA", "NA AAAA", "YR AAAA", "KK AAAA", "AF TlRMTVNTUAA="]
        {
            assert_eq!(helper.ask(line), invalid, "{protocol}: {line}");
        }
        assert_eq!(helper.end(), (0, String::new()));
    }
}

#[test]
fn a_long_line_costs_an_answer_and_no_memory() {
    let folder = server("");
    for (protocol, answers) in [
        ("squid-2.5-ntlmssp", &["BH Oversized message"][..]),
        ("gss-spnego-client", &["BH Oversized message"]),
        ("squid-2.5-basic", &["ERR"]),
        ("ntlm-server-1", &["Error: Oversized message!", "."]),
    ] {
        let mut helper = Helper::start(&folder, protocol, &["--username=alice", "--password=x"]);
        let mut long = b"YR ".to_vec();
        long.resize(1 << 20, b'A');
        for _ in 0..3 {
            helper.send(&long);
            if protocol == "ntlm-server-1" {
                helper.send(".");
            }
            let answer = helper.read();
            assert_eq!(answer, answers[0], "{protocol}");
            answers[1..].iter().for_each(|more| assert_eq!(helper.read(), *more));
        }
        #[cfg(target_os = "linux")]
        {
            let status = format!("/proc/{}/status", helper.child.id());
            let status = std::fs::read_to_string(status).unwrap();
            let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
            let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
            assert!(kilobytes < 40_000, "{kilobytes} kB");
        }
    }
    // As long as may be: a token that is no message.
    let mut helper = Helper::start(&folder, "squid-2.5-ntlmssp", &[]);
    let mut long = b"YR ".to_vec();
    long.resize(3 + 400_000, b'A');
    assert_eq!(helper.ask(&long), "NA NT_STATUS_INVALID_PARAMETER");
}

/// Samba gives no answer to these, and says ERR on standard error.
#[test]
fn an_empty_line_has_no_answer() {
    let folder = server("");
    for protocol in CONVERSATIONS {
        let mut helper = Helper::start(&folder, protocol, &["--username=alice", "--password=x"]);
        helper.send("");
        helper.send("");
        assert_eq!(helper.ask("OK"), "BH Command expected");
    }
}

#[test]
fn a_helper_ends_with_its_parent() {
    let folder = server("");
    for protocol in CONVERSATIONS.into_iter().chain(["squid-2.5-basic", "ntlm-server-1"]) {
        let start = || Helper::start(&folder, protocol, &["--username=alice", "--password=x"]);
        // Half a line is none.
        let mut helper = start();
        helper.to.as_mut().unwrap().write_all(b"alice Passw").unwrap();
        assert_eq!(helper.end(), (0, String::new()), "{protocol}");
        // Nobody reads the answers.
        let mut command = command(
            &folder,
            &[&format!("--helper-protocol={protocol}"), "--username=alice", "--password=x"],
        );
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let mut to = child.stdin.take().unwrap();
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            let _ = to.write_all(b"x y\n.\n");
            assert!(begun.elapsed() < Duration::from_secs(20), "{protocol} does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(child.wait().unwrap().code(), Some(0), "{protocol}");
    }
}

/// Each request has one answer, at its dot: Samba's first, observed of 4.17. It answers some lines
/// at once and the request again, so that what a client can put into a value moves its answers.
#[test]
fn requests_and_answers_of_ntlm_server_1_are_one_to_one() {
    let folder = server("");
    let mut helper = Helper::start(&folder, "ntlm-server-1", &[]);
    let long = [b"x: ", &vec![b'x'; 700_000][..]].concat();
    let response = b"NT-Response: 000000000000000000000000000000000000000000000000";
    let no = "Authenticated: No";
    let right = |helper: &mut Helper| {
        ["Username: alice", "Password: Password", "."].iter().for_each(|line| helper.send(line));
        assert_eq!((helper.read(), helper.read()), ("Authenticated: Yes".into(), ".".into()));
        ["Username: bob", "Password: wrong", "."].iter().for_each(|line| helper.send(line));
        assert_eq!((helper.read(), helper.read()), (no.into(), ".".into()));
    };
    for (lines, answer) in [
        (&[&b"x"[..]][..], "Error: Parameter not found!"),
        (&[b"\xff: x"], "Error: Parameter not found!"),
        (&[b"NT-Response:: !"], "Error: Parameter not found!"),
        (&[b"x: y"], "Error: Unknown request x"),
        (&[b"x\x1b\xc2\x85: y"], "Error: Unknown request x\\u{1b}\\u{85}"),
        (&[&long], "Error: Oversized message!"),
        (&[b"LANMAN-Challenge: 00"], "Error: hex decode of 00 failed! (got 1 bytes, expected 8)"),
        (&[b"LANMAN-Challenge: zz"], "Error: hex decode of zz failed! (got 0 bytes, expected 8)"),
        (
            &[b"NT-Response: 00"],
            "Error: hex decode of 00 failed! (only got 1 bytes, needed at least 24)",
        ),
        (&[b"LANMAN-Response: 11"], "Error: hex decode of 11 failed! (got 1 bytes, expected 24)"),
        // The first thing that is wrong.
        (&[b"x: y", b"x", b"Username: \xff", b"z: y"], "Error: Unknown request x"),
        // No text is nobody's name or password.
        (&[b"Username:: /2Fi"], no),
        (&[b"Username:: YQBi"], no),
        (&[b"Username:: YWxpY2UKLgo="], no),
        (&[b"Username:: !"], no),
        (&[b"Username: \xff"], no),
        (&[b"Username: alice\0"], no),
        (&[b"Full-Username: \xff"], no),
        (&[b"NT-Domain:: /2Fi"], no),
        (&[b"Password:: /2Fi"], no),
        (&[b"Password: Password\0"], no),
        // A value is what follows the name.
        (&[b"Username: alice:: x"], no),
        (&[b"Password: x:: YWxpY2U="], no),
        (&[b"Password:: UGFzc3dvcmQ="], "Authenticated: Yes"),
    ] {
        let shown: Vec<_> = lines
            .iter()
            .map(|line| line[..line.len().min(40)].escape_ascii().to_string())
            .collect();
        let request = [&[&b"Username: alice"[..], b"Password: Password"][..], lines].concat();
        request.iter().for_each(|line| helper.send(line));
        assert_eq!(helper.ask("."), answer, "{shown:?}");
        assert_eq!(helper.read(), ".");
        right(&mut helper);
    }
    // Responses of such a name are rejected as others are.
    for name in [&b"Username:: /2Fi"[..], b"Username: nobody"] {
        let challenge = b"LANMAN-Challenge: 0102030405060708";
        [name, challenge, response].iter().for_each(|line| helper.send(line));
        assert_eq!(helper.ask("."), no);
        assert!(helper.read().starts_with("Authentication-Error: The attempted logon is invalid."));
        assert_eq!((helper.read(), helper.read()), (".".into(), ".".into()));
        right(&mut helper);
    }
    for (lines, error) in [
        (&[][..], "No username supplied!"),
        (&[&b"Username: alice"[..]], "No password supplied!"),
        (&[b"Username: alice", response], "No lanman-challenge supplied!"),
    ] {
        lines.iter().for_each(|line| helper.send(line));
        assert_eq!(helper.ask("."), format!("Error: {error}"));
        assert_eq!(helper.read(), ".");
    }
    assert_eq!(helper.end(), (0, String::new()));
}

/// A chain of programs that each start the next would have no end.
#[cfg(target_os = "linux")]
#[test]
fn a_helper_that_would_ask_itself_ends() {
    let own = env!("CARGO_BIN_EXE_negossp");
    for (program, status) in [(own, 1), ("/usr/bin/ntlm_auth", 0)] {
        let folder = server(&format!("[winbind]\nuse = 'ntlm_auth'\nntlm_auth = '{program}'\n"));
        let helper = Helper::start(&folder, "squid-2.5-basic", &[]);
        assert_eq!(helper.end(), (status, String::new()), "{program}");
    }
}

/// Nor may the program that is started be a script that runs this one.
#[cfg(target_os = "linux")]
#[test]
fn a_helper_that_would_ask_itself_by_a_script_ends() {
    use std::os::unix::fs::PermissionsExt;
    let folder = server("");
    let (script, config) = (folder.path("wrap.sh"), folder.path("negossp.toml"));
    let more = format!(
        "[authorities]\norder = ['winbind']\n[winbind]\nuse = 'ntlm_auth'\nntlm_auth = '{}'\ntimeout_ms = 3000\n",
        script.display()
    );
    folder.write("negossp.toml", std::fs::read_to_string(&config).unwrap() + &more);
    let started = folder.path("started");
    folder.write(
        "wrap.sh",
        format!(
            "#!/bin/sh\necho >>{started}\n[ $(wc -l <{started}) -lt 20 ] || exit 1\n\
             export NEGOSSP_CONFIG={config}\n{own} ntlm-auth \"$@\"\necho $? >>{ended}\n",
            started = started.display(),
            config = config.display(),
            own = env!("CARGO_BIN_EXE_negossp"),
            ended = folder.path("ended").display(),
        ),
    );
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut helper = Helper::start(&folder, "squid-2.5-ntlmssp", &[]);
    let plain = server("");
    let arguments = ["--username=alice", "--domain=OTHER", "--password=Password"];
    let mut client = Helper::start(&plain, "ntlmssp-client-1", &arguments);
    let challenge = helper.ask(client.ask("YR"));
    let answer = helper.ask(client.ask(challenge).replace("AF ", "KK "));
    assert!(answer.starts_with("BH NT_STATUS_UNSUCCESSFUL"), "{answer}");
    // It has been started, and tried again at most once; none of them has started a further one.
    let ended = std::fs::read_to_string(folder.path("ended")).unwrap_or_default();
    assert!(ended.lines().all(|status| status == "1"), "{ended}");
    let starts = std::fs::read_to_string(&started).unwrap_or_default().lines().count();
    assert!((1..=2).contains(&starts), "{starts} starts");
}

#[test]
fn options_that_are_wrong_end_it() {
    let folder = server("");
    for arguments in [
        &[][..],
        &["--helper-protocol=nonsense"],
        &["--helper-protocol=ntlm-change-password-1"],
        &["--nonsense"],
        &["--diagnostics", "--username=alice", "--password=x"],
        &["--username=alice", "--challenge=01", "--nt-response=00"],
        &["--challenge=0102030405060708"],
        &["--username=A\\alice", "--domain=B", "--password=x"],
        &["--username="],
    ] {
        assert_eq!(run(&folder, arguments, "").0, 1, "{arguments:?}");
    }
}
