//! `[domain]`: its keys, its effect on the server's names, which controller is asked for which
//! account, and the output of `negossp`.

use crate::support::accounts::*;
use crate::support::domain::{ACCESS_DENIED, Character, Dc, Event};
use negossp::config::Settings;
use negossp::principal::Origin;
use negossp::server::{Environment, Store};
use negossp::types::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

fn open(folder: &Folder, text: &str) -> Store {
    folder.write("machine.secret", "Password\n");
    let config = Some(folder.write("negossp.toml", text));
    Store::open(Environment { config, ..Environment::default() })
}

fn read(text: &str) -> Settings {
    open(&Folder::new(), text).current().settings.clone()
}

const LEAST: &str = "[domain]\nname = \"EXAMPLE\"\nrealm = \"AD.EXAMPLE.TEST\"\nmachine_account = \"web1$\"\nmachine_secret_file = \"machine.secret\"\n";

#[test]
fn every_key() {
    let text = r#"
[domain]
name = "EXAMPLE"
realm = "AD.EXAMPLE.TEST"
controllers = ["dc1.ad.example.test", "192.0.2.1:49152", "[2001:db8::1]:49153"]
site = "Berlin"
name_servers = ["192.0.2.53", "[2001:db8::53]:5353"]
machine_account = "WEB1"
machine_keytab = "FILE:machine.keytab"
timeout_ms = 1500
connections = 4
"#;
    let configuration = open(&Folder::new(), text).current();
    let settings = &configuration.settings;
    let domain = configuration.domain.as_ref().unwrap();
    let ours = &domain.settings;
    let shown: Vec<String> = ours.controllers.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["dc1.ad.example.test", "192.0.2.1:49152", "[2001:db8::1]:49153"]);
    let servers: [SocketAddr; 2] =
        ["192.0.2.53:53".parse().unwrap(), "[2001:db8::53]:5353".parse().unwrap()];
    assert_eq!(ours.name_servers, servers);
    assert_eq!(
        (ours.site.as_deref(), ours.timeout, ours.connections),
        (Some("Berlin"), Duration::from_millis(1500), 4)
    );
    assert_eq!((domain.machine().account(), domain.machine().computer()), ("WEB1$", "WEB1"));
    assert!(settings.to_string().contains("[domain]\nname = \"EXAMPLE\""), "{settings}");
    let plain = read(LEAST);
    let ours = plain.domain.as_ref().unwrap();
    assert_eq!(
        (ours.timeout, ours.connections, ours.controllers.len()),
        (Duration::from_secs(5), 3, 0)
    );
}

#[test]
fn the_server_is_called_as_its_account_in_the_domain() {
    let settings = read(LEAST);
    let server = &settings.server;
    assert_eq!((server.nb_computer.as_str(), server.nb_domain.as_str()), ("WEB1", "EXAMPLE"));
    assert!(server.in_domain && server.dns_domain == "ad.example.test");
    // The names in [server] apply, but a domain controller does not accept another computer's name.
    let settings = read(&format!(
        "{LEAST}[server]\nnetbios_computer = \"WEB1\"\ndns_computer = \"www.example.test\"\n"
    ));
    assert_eq!(settings.server.dns_computer, "www.example.test");
    let wrong = read(&format!("{LEAST}[server]\nnetbios_computer = \"OTHER\"\n"));
    assert!(wrong.defect.as_deref().unwrap().contains("machine_account"), "{:?}", wrong.defect);
}

#[test]
fn what_is_wrong_with_it_is_reported() {
    for (text, about) in [
        (LEAST.replace("name = \"EXAMPLE\"\n", ""), "name"),
        (LEAST.replace("\"EXAMPLE\"", "\"A-NAME-OF-SIXTEEN\""), "name"),
        (LEAST.replace("AD.EXAMPLE.TEST", ""), "realm"),
        (LEAST.replace("AD.EXAMPLE.TEST", "a b"), "realm"),
        (LEAST.replace("web1$", "$"), "machine_account"),
        (
            LEAST.replace("machine_secret_file = \"machine.secret\"\n", ""),
            "machine_secret_file or machine_keytab",
        ),
        (format!("{LEAST}machine_keytab = \"x\"\n"), "both"),
        (format!("{LEAST}timeout_ms = 0\n"), "timeout_ms"),
        (format!("{LEAST}timeout_ms = 600001\n"), "timeout_ms"),
        (format!("{LEAST}connections = 0\n"), "connections"),
        (format!("{LEAST}controllers = [\"dc 1\"]\n"), "controller"),
        (format!("{LEAST}name_servers = [\"dns.example.test\"]\n"), "DNS server"),
        (format!("{LEAST}misspelt = 1\n"), "misspelt"),
    ] {
        let defect = read(&text).defect.clone().unwrap_or_default();
        assert!(defect.contains(about), "{text}: {defect}");
    }
}

/// The configuration of a domain whose only controller is at that address, with an account file
/// beside it.
fn configuration(address: SocketAddr) -> String {
    format!(
        "[accounts]\nfile = \"accounts\"\n{LEAST}controllers = [\"{address}\"]\ntimeout_ms = 3000\n"
    )
}

#[test]
fn who_is_asked_for_whom() {
    let folder = Folder::new();
    folder.write("accounts", line("local", &PASSWORD, "U"));
    let dc = Dc::start(Character::default());
    let configuration = open(&folder, &self::configuration(dc.address)).current();
    let origin = |user: &str, domain: &str| {
        let client = Client::new(user, domain, &PASSWORD);
        validate_under(&credential(), &configuration, &client.logon())
            .map(|validated| validated.principal.origins.logon)
    };
    for domain in ["", ".", "WEB1", "web1"] {
        assert_eq!(origin("local", domain), Ok(Origin::AccountFile), "{domain}");
    }
    assert_eq!(dc.count(Event::Logon), 0);
    for (user, domain) in [
        ("local", "EXAMPLE"),
        ("local", "ad.example.test"),
        ("local", "TRUSTED"),
        ("alice", ""),
        ("alice@ad.example.test", ""),
    ] {
        assert_eq!(origin(user, domain), Ok(Origin::Netlogon), "{domain}\\{user}");
    }
    assert_eq!(dc.count(Event::Logon), 5);
}

#[test]
fn the_machines_own_accounts_need_no_domain_controller() {
    let folder = Folder::new();
    folder.write("accounts", line("local", &PASSWORD, "U"));
    let configuration =
        open(&folder, &self::configuration("127.0.0.1:1".parse().unwrap())).current();
    let logon = |user| {
        validate_under(&credential(), &configuration, &Client::new(user, "", &PASSWORD).logon())
    };
    assert!(logon("local").is_ok());
    assert!(matches!(logon("alice"), Err(Error::NoAuthority(_))));
}

#[test]
fn a_domain_that_stays_as_it_was_keeps_its_connections() {
    let folder = Folder::new();
    let dc = Dc::start(Character::default());
    let store = open(&folder, &configuration(dc.address));
    let logon = || {
        validate_under(
            &credential(),
            &store.current(),
            &Client::new("alice", "EXAMPLE", &PASSWORD).logon(),
        )
    };
    assert!(logon().is_ok());
    folder.replace(
        "negossp.toml",
        format!("{}\n[limits]\ncontexts = 77\n", configuration(dc.address)),
    );
    eventually("the configuration is read again", || {
        store.current().settings.limits.contexts == 77
    });
    assert!(logon().is_ok());
    assert_eq!(dc.count(Event::Authenticate3), 1);
    // Another secret requires another channel.
    folder.replace("machine.secret", "Password2\n");
    eventually("the secret is read again", || logon().is_err());
    assert!(dc.count(Event::Authenticate3) > 1);
}

/// Runs `negossp ARGS` with that configuration; returns its exit status and all of its output.
fn negossp(folder: &Folder, args: &[&str], input: &str) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_negossp"));
    command.args(args).env_clear().env("NEGOSSP_CONFIG", folder.path("negossp.toml"));
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    )
}

#[test]
fn domain_check_says_step_by_step_what_works() {
    let folder = Folder::new();
    let check = |character: Character, args: &[&str]| {
        let dc = Dc::start(character);
        open(&folder, &configuration(dc.address));
        negossp(&folder, &[&["domain", "check"], args].concat(), "a password\n")
    };
    let refusing = || Character { status: 0xc000_0064, ..Character::default() };
    let (status, said) = check(refusing(), &[]);
    assert_eq!(status, 0, "{said}");
    for step in [
        "ok: configuration: ",
        "ok: secret of web1$: ",
        "ok: domain controllers of ",
        ": secure channel with ",
        "a logon is judged",
    ] {
        assert!(said.contains(step), "{step}: {said}");
    }
    let (status, said) = check(refusing(), &["--user", "alice"]);
    assert!(
        status == 1 && said.contains("FAILED") && said.contains("STATUS_NO_SUCH_USER"),
        "{said}"
    );
    // A controller that accepts everything does not have the password.
    let (status, said) = check(Character::default(), &["--user", "alice"]);
    assert!(status == 1 && said.contains("another session key"), "{said}");
    let (status, said) = check(Character { status: ACCESS_DENIED, ..Character::default() }, &[]);
    assert!(status == 1 && said.contains("STATUS_ACCESS_DENIED"), "{said}");
    let (status, said) = check(Character { flags: 0x400f_ffff, ..Character::default() }, &[]);
    assert!(status == 1 && said.contains("no AES"), "{said}");
    open(&folder, &configuration("127.0.0.1:1".parse().unwrap()));
    let (status, said) = negossp(&folder, &["domain", "check"], "");
    assert!(status == 1 && said.contains("FAILED: 127.0.0.1:1: secure channel"), "{said}");
    assert_eq!(negossp(&folder, &["domain", "check", "--user"], "").0, 2);
    folder.write("negossp.toml", "");
    assert_eq!(negossp(&folder, &["domain", "check"], "").0, 2);
}
