//! The log: what it contains, what it must not contain, and that a peer cannot inject lines.

#[path = "it/support/accounts.rs"]
#[allow(dead_code)] // a part is used
mod accounts;

use accounts::*;
use negossp::config::Settings;
use negossp::context;
use negossp::ntlm::Account;
use negossp::platform;
use negossp::runtime::log::{Call, Filter, Log, about};
use negossp::server::credential::{Credential, Usage};
use negossp::server::{Accepting, Configuration, Context, Initiating};
use negossp::stores::accounts::file::AccountFile;
use negossp::types::flags::ContextFlags;
use negossp::types::identity::Identity;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

/// What is logged while `work` runs.
fn logged(filter: &str, work: impl FnOnce()) -> String {
    let text = Arc::new(Mutex::new(Vec::new()));
    let writer = text.clone();
    let log = Log::new(Filter::parse(filter).0, move |line: &[u8]| {
        writer.lock().unwrap().extend_from_slice(line)
    });
    tracing::subscriber::with_default(log, work);
    let bytes = text.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn settings(folder: &Folder) -> Settings {
    let path =
        folder.write("accounts", line("alice", &PASSWORD, "U") + &line("dora", &PASSWORD, "UD"));
    let mut settings = Settings::default();
    settings.accounts.file = Some(path);
    settings
}

#[test]
fn a_refusal_is_one_line_with_its_reason_and_the_handle() {
    let folder = Folder::new();
    let settings = settings(&folder);
    for (user, password, reason) in [
        ("alice", "SecREt01", "wrong password"),
        ("nobody", "Password", "unknown user"),
        ("dora", "SecREt01", "wrong password"),
        ("dora", "Password", "account disabled"),
    ] {
        let text = logged("warn", || {
            let _call = Call::begin();
            about(0x1234);
            assert!(!conversation(&settings, user, "LAB", password));
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(
            text.contains(reason)
                && text.contains(&format!("user={user:?}"))
                && text.contains("domain=\"LAB\""),
            "{text}"
        );
        assert!(text.contains(" WARN ") && text.contains(" handle=0x1234: "), "{text}");
    }
    let configuration = Arc::new(Configuration::open(settings, None));
    let text = logged("info", || {
        assert!(conversation_with(&configuration, "ALICE", "", "Password"));
    });
    assert!(
        text.lines().count() == 1 && text.contains("user=\"ALICE\"") && text.contains("\\\\alice"),
        "{text}"
    );
    assert!(!text.contains("handle="), "{text}");
}

#[test]
fn without_authority_the_log_says_what_is_missing() {
    let none = logged("error", || {
        assert!(!conversation(&Settings::default(), "alice", "", "Password"));
    });
    assert!(none.contains("[accounts] file") && none.contains("NEGOSSP_ACCOUNTS"), "{none}");
    let missing = logged("error", || drop(AccountFile::open("/no/such/accounts".into())));
    assert!(missing.contains("/no/such/accounts") && missing.contains("no such file"), "{missing}");
}

#[test]
fn names_from_the_peer_cannot_forge_lines() {
    let folder = Folder::new();
    let settings = settings(&folder);
    let names = [
        "a\n2026-01-01T00:00:00.000000Z INFO  negossp: client accepted",
        "a\r\nb",
        "a\u{1b}[2J\u{1b}]0;title\u{7}",
        "a\u{2028}b\u{2029}c\u{85}d",
        "a\u{202e}evil\u{2066}",
        "a\" domain=\"CORP\" reason=\"none",
        "a\0b\u{7f}\u{9b}31m",
    ];
    for name in names {
        for (user, domain) in [(name, "LAB"), ("alice", name)] {
            let text = logged("warn", || {
                assert!(!conversation(&settings, user, domain, "SecREt01"));
            });
            let line = text.strip_suffix('\n').unwrap();
            assert!(!line.chars().any(char::is_control), "{text:?}");
            assert!(!line.contains(['\u{2028}', '\u{2029}', '\u{202e}', '\u{2066}']), "{text:?}");
            assert!(!line.contains(" domain=\"CORP\""), "{text:?}");
        }
    }
}

/// Otherwise a client could fill the disk with several times what it sends.
#[test]
fn what_a_client_sends_is_cut() {
    let folder = Folder::new();
    let settings = settings(&folder);
    let name = "\u{1}".repeat(256);
    let text = logged("warn", || {
        assert!(!conversation(&settings, &name, &name, "SecREt01"));
    });
    assert!(text.contains("unknown user") && text.contains("\"...("), "{text}");
    assert!(text.len() < 1200, "{text}");
    // Windows has no longer names.
    let text = logged("warn", || {
        assert!(!conversation(&settings, "alice", &"x".repeat(257), "SecREt01"));
    });
    assert!(text.contains("a name longer than any in Windows") && text.len() < 300, "{text}");
}

#[test]
fn a_flood_of_refusals_is_summed_up() {
    let folder = Folder::new();
    let settings = settings(&folder);
    let configuration = Arc::new(Configuration::open(settings, None));
    let server = Accepting::new(Arc::new(credential()), configuration);
    let token = vec![0; 1 << 20];
    let call = || context::Call {
        requirements: ContextFlags::empty(),
        bindings: None,
        address: None,
        now: platform::now(),
    };
    let text = logged("warn", || {
        for _ in 0..5000 {
            assert!(server.step(&token, call()).is_err());
        }
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert!(server.step(&token, call()).is_err());
    });
    let similar: u64 = text
        .split(" similar=")
        .skip(1)
        .map(|rest| {
            rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse::<u64>().unwrap()
        })
        .sum();
    let lines = text.lines().count();
    assert!((101..200).contains(&lines), "{lines} lines");
    assert_eq!(similar + lines as u64, 5001);
}

#[test]
fn in_audit_mode_too_a_refusal_is_one_line() {
    let folder = Folder::new();
    let mut settings = settings(&folder);
    settings.ntlm.mode = negossp::ntlm::Mode::Audit;
    let text = logged("warn", || {
        assert!(!conversation(&settings, "alice", "", "SecREt01"));
    });
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(
        text.contains("negossp::authority::audit") && text.contains("wrong password"),
        "{text}"
    );
    let text = logged("info", || assert!(conversation(&settings, "alice", "", "Password")));
    assert_eq!(text.matches("NTLM is still in use").count(), 1, "{text}");
}

#[test]
fn secrets_are_not_logged_at_any_level() {
    let folder = Folder::new();
    let path = folder
        .write("accounts", line("alice", &PASSWORD, "U") + "bad:1:CD06CA7C:A4F49C406510BDCA:\n");
    let client = Client::new("alice", "", &PASSWORD);
    let text = logged("trace", || {
        let mut settings = Settings::default();
        settings.accounts.file = Some(path);
        let mut credential = credential();
        let identity = Identity {
            user: "bob".into(),
            domain: String::new(),
            password: "Pa55word".to_owned().into(),
        };
        credential.accounts = vec![Account::from_identity(&identity)];
        assert!(validate(&credential, &settings, &client.logon()).is_ok());
        tracing::error!(?credential, ?settings, "everything");
    });
    let text = text.to_uppercase();
    for secret in [
        "Pa55word",
        &hex(&PASSWORD),
        &hex(&PASSWORD[..4]),
        "CD06",
        &hex(&client.session_base_key),
        &hex(client.nt_proof()),
    ] {
        assert!(!text.contains(&secret.to_uppercase()), "{secret} in {text}");
    }
    assert!(text.contains("LINE=2"), "{text}");
}

/// A whole exchange; true if the server has accepted the client.
fn conversation(settings: &Settings, user: &str, domain: &str, password: &str) -> bool {
    let configuration = Arc::new(Configuration::open(settings.clone(), None));
    conversation_with(&configuration, user, domain, password)
}

fn conversation_with(
    configuration: &Arc<Configuration>,
    user: &str,
    domain: &str,
    password: &str,
) -> bool {
    let identity =
        Identity { user: user.into(), domain: domain.into(), password: password.to_owned().into() };
    let outbound = Credential {
        usage: Usage { inbound: false, outbound: true },
        identity: Some(identity),
        ..credential()
    };
    let call = |requirements| context::Call {
        requirements,
        bindings: None,
        address: None,
        now: platform::now(),
    };
    // Its own name: both sides are one process.
    let target = format!("HTTP/{}", configuration.settings.server.nb_computer);
    let mut client = Initiating::new(Arc::new(outbound), configuration.clone(), target);
    let mut server = Accepting::new(Arc::new(credential()), configuration.clone());
    let mut accepted = false;
    let mut answer: Option<Vec<u8>> = None;
    for _ in 0..6 {
        let output = client.step(answer.as_deref(), call(ContextFlags::INTEGRITY)).unwrap();
        match output.context {
            Context::Initiating(next) => client = *next,
            _ => break,
        }
        let token = output.token.unwrap();
        let Ok(mut output) = server.step(&token, call(ContextFlags::empty())) else {
            break;
        };
        output.conclude();
        answer = output.token;
        match output.context {
            Context::Accepting(next) => server = *next,
            Context::Established(_) => accepted = true,
            _ => break,
        }
    }
    accepted
}

#[test]
fn a_conversation_is_logged_with_its_outcome_and_no_secret() {
    let folder = Folder::new();
    let settings = settings(&folder);
    let text = logged("trace", || {
        assert!(conversation(&settings, "alice", "LAB", "Password"));
    });
    let outcome: Vec<_> = text.lines().filter(|line| line.contains("client accepted")).collect();
    assert!(
        matches!(outcome[..], [line] if line.contains("alice") && line.contains("mechanism=\"NTLM\"")),
        "{text}"
    );
    assert!(
        !text.contains("Password") && !text.to_uppercase().contains(&hex(&PASSWORD[..4])),
        "{text}"
    );

    let text = logged("trace", || {
        assert!(!conversation(&settings, "alice", "LAB", "Pa55word"));
    });
    assert_eq!(text.lines().filter(|line| line.contains("client refused")).count(), 1, "{text}");
    assert!(text.contains("logon denied: wrong password") && !text.contains("Pa55word"), "{text}");
}

#[test]
fn filters_choose_by_level_and_path() {
    let both = || {
        tracing::warn!(target: "negossp::ntlm", "first");
        tracing::debug!(target: "negossp::negotiate", "second");
    };
    assert_eq!(logged("off", both), "");
    assert!(logged("warn", both).contains("first") && !logged("warn", both).contains("second"));
    let chosen = logged("error,negossp::negotiate=debug", both);
    assert!(!chosen.contains("first") && chosen.contains("second"));
}

/// The protocol crate's messages have the targets that README documents.
#[test]
fn the_protocol_crate_goes_by_the_library_s_name() {
    let both = || {
        tracing::warn!(target: "negossp_core::ntlm::acceptor", "first");
        tracing::debug!(target: "negossp_core", "second");
        tracing::warn!(target: "negossp_corex", "third");
    };
    let text = logged("error,negossp::ntlm=warn", both);
    assert!(text.contains(" negossp::ntlm::acceptor: first"), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    let text = logged("error,negossp=debug", both);
    assert!(text.contains(" negossp: second") && text.lines().count() == 2, "{text}");
}

/// `negossp config check` with a missing account file, which logs a message.
fn negossp() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_negossp"));
    command.args(["config", "check"]).env_clear().env("NEGOSSP_ACCOUNTS", "/no/such/accounts");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn stderr(command: &mut Command) -> String {
    String::from_utf8(command.output().unwrap().stderr).unwrap()
}

const LOGGED: &str = "ERROR negossp::";

#[test]
fn the_log_is_off_until_the_environment_asks_for_it() {
    assert!(!stderr(&mut negossp()).contains(LOGGED));
    assert!(!stderr(negossp().env("NEGOSSP_LOG", "")).contains(LOGGED));
    assert!(!stderr(negossp().env("NEGOSSP_LOG", "off")).contains(LOGGED));
    let text = stderr(negossp().env("NEGOSSP_LOG", "error"));
    assert!(text.contains(LOGGED) && text.contains("/no/such/accounts"), "{text}");
    assert!(!text.contains('\u{1b}'));
    let text = stderr(negossp().env("NEGOSSP_LOG", "verbose"));
    assert!(
        text.contains("not a level") && text.contains("verbose") && text.contains(LOGGED),
        "{text}"
    );
}

#[test]
fn the_log_goes_to_the_file_that_is_named() {
    let folder = Folder::new();
    let path = folder.path("log");
    for count in 1..=2 {
        let text = stderr(negossp().env("NEGOSSP_LOG", "error").env("NEGOSSP_LOG_FILE", &path));
        assert!(!text.contains(LOGGED), "{text}");
        assert_eq!(
            std::fs::read_to_string(&path).unwrap().matches(LOGGED).count(),
            count,
            "appended"
        );
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let text = stderr(
        negossp()
            .env("NEGOSSP_LOG", "error")
            .env("NEGOSSP_LOG_FILE", folder.path("no/such/folder")),
    );
    assert!(text.contains(LOGGED), "{text}");
}

#[test]
#[cfg(unix)]
fn a_closed_or_broken_standard_error_does_no_harm() {
    for redirection in ["2>&-", "2>/dev/full", "2>&1 >/dev/null | true"] {
        let script =
            format!("trap - PIPE; \"$0\" config check >/dev/null {redirection}; echo done");
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_negossp")]).env_clear();
        shell
            .env("PATH", "/usr/bin:/bin")
            .env("NEGOSSP_ACCOUNTS", "/no/such/accounts")
            .env("NEGOSSP_LOG", "trace");
        let output = shell.output().unwrap();
        assert!(output.status.success() && output.stdout == b"done\n", "{redirection}: {output:?}");
    }
}

/// A process that leaves SIGPIPE at its default, as C programs do, must survive when the reader of
/// its log is gone.
#[test]
#[cfg(target_os = "linux")]
fn a_log_without_reader_does_not_kill_the_host() {
    use std::os::unix::process::ExitStatusExt;
    if std::env::var_os("NEGOSSP_TEST_SIGPIPE").is_none() {
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "a_log_without_reader_does_not_kill_the_host", "--nocapture"]);
        let status = again.env("NEGOSSP_TEST_SIGPIPE", "1").stdout(Stdio::null()).status().unwrap();
        assert!(status.success(), "ended by signal {:?}", status.signal());
        return;
    }
    // SAFETY: sets a signal's default action, as every C program starts with.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let file = std::fs::File::from(std::os::fd::OwnedFd::from(writer));
    negossp::platform::write_line(&file, b"nobody reads this\n");
    negossp::platform::write_line(&file, b"nor this\n");
}
