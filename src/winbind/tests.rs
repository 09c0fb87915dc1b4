//! Fake helpers, well-behaved and not, made of shell scripts.

use super::ntlm_auth::Keys;
use super::ntlm_auth_pool::NtlmAuthPool;
use super::{MALFORMED, Names, SLOW, UNREACHABLE};
use super::{Options, WinbindWay};
use crate::authority::pass_through::PassThroughRequest;
use crate::ntlm::{NetworkLogon, ResponsePolicy};
use crate::types::error::{Denial, Error, Result};
use crate::types::ntstatus::NtStatus;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Reads a request into `$request`; 1 if there is no more.
const READ: &str = "read_request() { request=; while IFS= read -r line; do [ \"$line\" != . ] || return 0; \
                    request=\"$request$line\n\"; done; return 1; }\n";
const YES: &str = "Authenticated: Yes\\nUser-Session-Key: 000102030405060708090A0B0C0D0E0F\\n";

/// A folder with a program; Drop removes it, after the helpers have ended.
struct FakeHelper {
    helpers: Option<NtlmAuthPool>,
    settings: Options,
    folder: PathBuf,
}

impl FakeHelper {
    /// A program of these lines of shell.
    fn by(script: &str) -> FakeHelper {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("negossp-winbind-{}-{number}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let program = folder.join("ntlm_auth");
        let head = format!("#!/bin/sh\nhere={}\necho $$ >>$here/pids\n", folder.display());
        // Written under another name: a file that is open for writing in a child of another test's
        // cannot be run.
        fs::write(folder.join("new"), format!("{head}{READ}{script}\n")).unwrap();
        fs::set_permissions(folder.join("new"), fs::Permissions::from_mode(0o700)).unwrap();
        std::process::Command::new("cp").arg(folder.join("new")).arg(&program).status().unwrap();
        let settings = Options {
            way: WinbindWay::NtlmAuth,
            ntlm_auth: program,
            helpers: 2,
            timeout: Duration::from_secs(20),
            smb_conf: None,
            domain: "EXAMPLE".into(),
        };
        FakeHelper { helpers: Some(NtlmAuthPool::new(settings.helpers)), settings, folder }
    }

    /// One that answers each request with these lines, as printf has them.
    fn answering(lines: &str) -> FakeHelper {
        FakeHelper::by(&format!("while read_request; do printf '{lines}'; done"))
    }

    fn logon_of(&self, user: &str, workstation: &str, time: Duration) -> Result<Keys> {
        self.logon_in("", user, workstation, time)
    }

    fn logon_in(
        &self,
        domain: &str,
        user: &str,
        workstation: &str,
        time: Duration,
    ) -> Result<Keys> {
        let nt_response = [0xa5; 60];
        let logon = NetworkLogon {
            user,
            domain,
            address: None,
            machine_id: None,
            oem: None,
            workstation,
            server_challenge: [1, 2, 3, 4, 5, 6, 7, 0xff],
            nt_response: &nt_response,
            lm_response: &[0; 24],
            extended_session_security: true,
            allowed: ResponsePolicy::default(),
            mschapv2: false,
            messages: Default::default(),
        };
        let names = Names::of(&logon, &self.settings.domain)?;
        let question = PassThroughRequest::of(&logon)?;
        self.helpers.as_ref().unwrap().validate(
            &self.settings,
            &names,
            &question,
            Instant::now() + time,
        )
    }

    fn logon(&self) -> Result<Keys> {
        self.logon_of("alice", "", self.settings.timeout)
    }

    /// The error of a logon with a short deadline.
    fn hasty(&self) -> Error {
        self.logon_of("alice", "", Duration::from_millis(300)).err().unwrap()
    }

    /// The processes that were started.
    fn pids(&self) -> Vec<String> {
        let pids = fs::read_to_string(self.folder.join("pids")).unwrap_or_default();
        pids.lines().map(str::to_owned).collect()
    }
}

/// There is such a process, perhaps a zombie.
fn exists(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}

impl Drop for FakeHelper {
    fn drop(&mut self) {
        self.helpers = None;
        for pid in self.pids() {
            assert!(!exists(&pid), "helper {pid} is still there");
        }
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

#[test]
fn a_request_has_every_field_and_names_cannot_end_a_line() {
    let fake = FakeHelper::by(&format!(
        "while read_request; do printf '%s' \"$request\" >$here/request; printf '{YES}.\\n'; done"
    ));
    let keys =
        fake.logon_of("j\u{f6}rg\n.\nAuthenticated: Yes", "WS 1", Duration::from_secs(20)).unwrap();
    assert_eq!(*keys.user_session_key, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    let request = fs::read_to_string(fake.folder.join("request")).unwrap();
    let decoded = |name: &str| {
        let line = request
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_else(|| panic!("{name}: {request}"));
        let decode = format!("printf %s '{}' | base64 -d", line.trim());
        String::from_utf8(
            std::process::Command::new("sh").args(["-c", &decode]).output().unwrap().stdout,
        )
        .unwrap()
    };
    assert_eq!(decoded("Username::"), "j\u{f6}rg\n.\nAuthenticated: Yes");
    assert_eq!(decoded("NT-Domain::"), "EXAMPLE");
    let lines: Vec<&str> = request.lines().collect();
    let known = [
        "LANMAN-Challenge",
        "NT-Response",
        "Username",
        "NT-Domain",
        "Request-User-Session-Key",
        "Request-LanMan-Session-Key",
    ];
    assert!(lines.iter().all(|line| known.contains(&line.split(':').next().unwrap())), "{request}");
    assert!(lines.contains(&"LANMAN-Challenge: 01020304050607FF"), "{request}");
    assert!(lines.contains(&format!("NT-Response: {}", "A5".repeat(60)).as_str()), "{request}");
    assert!(
        lines.contains(&"Request-User-Session-Key: Yes")
            && lines.contains(&"Request-LanMan-Session-Key: Yes"),
        "{request}"
    );
    assert!(
        !request.contains("LANMAN-Response"),
        "beside NTLMv2 no other response is passed on: {request}"
    );
}

#[test]
fn names_that_winbindd_would_cut_off_are_unknown() {
    let fake = FakeHelper::answering(&format!("{YES}.\\n"));
    for name in ["a".repeat(256), "alice\0".into(), String::new()] {
        let refused = fake.logon_of(&name, "", Duration::from_secs(20)).err();
        assert_eq!(refused, Some(Error::LogonDenied(Denial::UnknownUser)));
    }
    fake.logon_of(&"a".repeat(255), "", Duration::from_secs(20)).unwrap();
}

#[test]
fn one_helper_serves_many_logons_and_the_second_dot_of_a_refusal_is_none_of_the_next() {
    let fake = FakeHelper::by(&format!(
        "n=0; while read_request; do n=$((n + 1))\ncase $n in 2|3|5) printf 'Authenticated: No\\n'\n\
         printf 'Authentication-Error: Account disabled\\n.\\n'; printf '.\\n';; *) printf '{YES}.\\n';; esac; done"
    ));
    let refused = Error::LogonDenied(Denial::Controller(NtStatus::ACCOUNT_DISABLED));
    for turn in 1..=6 {
        match turn {
            2 | 3 | 5 => assert_eq!(fake.logon().err(), Some(refused), "turn {turn}"),
            _ => drop(fake.logon().unwrap()),
        }
    }
    assert_eq!(fake.pids().len(), 1);
}

#[test]
fn refusals_are_known_by_their_text() {
    // As Samba 4.17 has them, then as others have had them.
    for (text, status) in [
        (
            "When trying to update a password, this return status indicates that the value provided as the current password \
             is not correct.",
            NtStatus::WRONG_PASSWORD,
        ),
        ("The specified account does not exist.", NtStatus::NO_SUCH_USER),
        (
            "The referenced account is currently disabled and cannot be logged on to.",
            NtStatus::ACCOUNT_DISABLED,
        ),
        (
            "The user account has been automatically locked because too many invalid logon attempts or password change \
             attempts have been requested.",
            NtStatus::ACCOUNT_LOCKED_OUT,
        ),
        (
            "The referenced account is currently locked out and cannot be logged on to.",
            NtStatus::ACCOUNT_LOCKED_OUT,
        ),
        ("The user account has expired.", NtStatus::ACCOUNT_EXPIRED),
        ("The user account password has expired.", NtStatus::PASSWORD_EXPIRED),
        (
            "The user password must be changed before logging on the first time.",
            NtStatus::PASSWORD_MUST_CHANGE,
        ),
        (
            "The user account has time restrictions and cannot be logged onto at this time.",
            NtStatus::INVALID_LOGON_HOURS,
        ),
        (
            "The user account is restricted so that it cannot be used to log on from the source workstation.",
            NtStatus::INVALID_WORKSTATION,
        ),
        ("Wrong Password", NtStatus::WRONG_PASSWORD),
        ("NT_STATUS_ACCOUNT_LOCKED_OUT", NtStatus::ACCOUNT_LOCKED_OUT),
        ("something of a later version", NtStatus::LOGON_FAILURE),
    ] {
        let fake = FakeHelper::answering(&format!(
            "Authenticated: No\\nAuthentication-Error: {text}\\n.\\n.\\n"
        ));
        assert_eq!(
            fake.logon().err(),
            Some(Error::LogonDenied(Denial::Controller(status))),
            "{text}"
        );
    }
    for text in ["NT_STATUS_NO_LOGON_SERVERS", "Reading winbind reply failed! (0x01)"] {
        let fake = FakeHelper::answering(&format!(
            "Authenticated: No\\nAuthentication-Error: {text}\\n.\\n.\\n"
        ));
        assert!(matches!(fake.logon(), Err(Error::NoAuthority(_))), "{text}");
    }
}

/// Malformed answers; each helper is ended and the next logon starts another.
#[test]
fn a_malformed_answer_rejects_the_logon_and_ends_the_helper() {
    let long = "x".repeat(8192);
    for lines in [
        "garbage\\n.\\n",
        ".\\n.\\n",
        "Authenticated: Yes\\nAuthentication-Error: Account disabled\\n.\\n",
        "Authenticated: No\\nAuthenticated: Yes\\n.\\n",
        "Authenticated: yes\\n.\\n",
        "User-Session-Key: 000102030405060708090A0B0C0D0E0F\\n.\\n",
        "Authenticated: Yes\\nUser-Session-Key: 0001\\n.\\n",
        "Authenticated: Yes\\nUser-Session-Key: 000102030405060708090A0B0C0D0E0G\\n.\\n",
        "Error: what was that\\n.\\n",
        &format!("Authenticated: {long}\\n.\\n"),
        &format!("{YES}.\\n{YES}.\\n"),
        "Authenticated: Yes\\nUser-Se",
    ] {
        let end = if lines.ends_with("Se") { "; exit" } else { "" };
        let fake = FakeHelper::by(&format!("while read_request; do printf '{lines}'{end}; done"));
        let expected = if end.is_empty() { MALFORMED } else { UNREACHABLE };
        for _ in 0..2 {
            assert_eq!(fake.logon().err(), Some(expected), "{lines}");
        }
        let pids = fake.pids();
        assert_eq!(pids.len(), 2, "{lines}");
        assert!(pids.iter().all(|pid| !exists(pid)), "{lines}");
    }
}

#[test]
fn an_endless_answer_is_cut_off_and_silence_ends_with_the_time() {
    let endless =
        FakeHelper::by("read_request; while :; do printf 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'; done");
    assert_eq!(endless.logon().err(), Some(MALFORMED));
    for script in
        ["exec sleep 1000", "read_request; printf 'Authenticated: Yes\\n'; exec sleep 1000"]
    {
        let silent = FakeHelper::by(script);
        assert_eq!(silent.hasty(), SLOW, "{script}");
        assert!(silent.pids().iter().all(|pid| !exists(pid)), "{script}");
    }
}

#[test]
fn a_helper_that_has_ended_meanwhile_or_speaks_unasked_is_replaced() {
    let leaves = FakeHelper::by(&format!("read_request; printf '{YES}.\\n'"));
    let speaks = FakeHelper::by(&format!(
        "read_request; printf '{YES}.\\n'; sleep 0.2; printf '{YES}.\\n'; exec sleep 1000"
    ));
    for fake in [leaves, speaks] {
        for turn in 1..=3 {
            fake.logon().unwrap();
            assert_eq!(fake.pids().len(), turn);
            // By then it has done all that it does afterwards.
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}

#[test]
fn a_missing_program_is_no_authority() {
    let mut fake = FakeHelper::answering("");
    fake.settings.ntlm_auth = fake.folder.join("absent");
    assert_eq!(fake.logon().err(), Some(UNREACHABLE));
}

#[test]
fn many_logons_share_a_few_helpers_and_each_gets_its_own_answer() {
    // The key tells whose it is: the user's name in base64 begins with one of two letters.
    let fake = FakeHelper::by(
        "while read_request; do case $request in *'Username:: Y'*) k=AA;; *) k=BB;; esac\n\
         printf \"Authenticated: Yes\\nUser-Session-Key: $k$k$k$k$k$k$k$k$k$k$k$k$k$k$k$k\\n.\\n\"; done",
    );
    std::thread::scope(|scope| {
        for number in 0..8 {
            let fake = &fake;
            scope.spawn(move || {
                for turn in 0..25 {
                    let (user, key) =
                        if (number + turn) % 2 == 0 { ("alice", 0xaa) } else { ("zoe", 0xbb) };
                    assert_eq!(
                        *fake.logon_of(user, "", Duration::from_secs(60)).unwrap().user_session_key,
                        [key; 16]
                    );
                }
            });
        }
    });
    assert!(fake.pids().len() <= 2, "{:?}", fake.pids());
}

/// winbindd asks the controllers of other domains, which need not answer it.
#[test]
fn logons_of_another_domain_leave_a_helper_to_the_own() {
    // NT-Domain is EVIL.
    let fake = FakeHelper::by(&format!(
        "while read_request; do case $request in *'NT-Domain:: RVZJTA=='*) exec sleep 1000;; esac\n\
         printf '{YES}.\\n'; done"
    ));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (fake, time) = (&fake, Duration::from_secs(3));
            scope.spawn(move || assert!(fake.logon_in("EVIL", "alice", "", time).is_err()));
        }
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(fake.pids().len(), 1);
        let start = Instant::now();
        for domain in ["", "EXAMPLE", "example"] {
            fake.logon_in(domain, "alice", "", Duration::from_secs(2)).unwrap();
        }
        assert!(start.elapsed() < Duration::from_secs(1));
    });
}
