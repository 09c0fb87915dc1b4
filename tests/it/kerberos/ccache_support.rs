//! What the tests of credential caches share: tickets of MIT's KDC, and MIT's programs.

use crate::support::accounts::Folder;
use negossp::kerberos::Principal;
use negossp::kerberos::client::Credentials;
use negossp::stores::ccache::{Ccache, Contents, Name, Settings};
use negossp::types::time::FileTime;
use std::process::Command;
use std::time::Duration;

/// `kinit` and `kvno` of MIT's wrote it (tests/data/kerberos/README.md).
pub(super) const MITS: &[u8] = include_bytes!("../../data/kerberos/version4.ccache");

pub(super) const REALM: &str = "EXAMPLE.TEST";

pub(super) fn mits() -> Contents {
    Contents::parse(MITS, "version4.ccache").unwrap()
}

/// The same, with tickets that end in an hour: keyrings forget those that have ended.
pub(super) fn fresh() -> Contents {
    let mut contents = mits();
    for credentials in &mut contents.credentials {
        credentials.endtime = now().unix_seconds() + 3600;
        credentials.authtime = now().unix_seconds();
        credentials.starttime = credentials.authtime;
    }
    contents
}

/// The same for another client.
pub(super) fn fresh_of(client: &str) -> Contents {
    let mut contents = fresh();
    contents.principal = Principal::new(1, &[client], REALM);
    for credentials in &mut contents.credentials {
        credentials.client = contents.principal.clone();
    }
    contents
}

pub(super) fn now() -> FileTime {
    negossp::platform::now()
}

pub(super) fn http() -> Principal {
    Principal::new(2, &["HTTP", "server.example.test"], REALM)
}

pub(super) fn krbtgt() -> Principal {
    Principal::krbtgt(REALM, REALM)
}

pub(super) fn settings() -> Settings {
    Settings { patience: Duration::from_secs(5), ..Settings::default() }
}

pub(super) fn open(name: &str) -> Box<dyn Ccache> {
    settings().open(&Name::parse(name).unwrap()).unwrap()
}

/// They are the same, in their keys too, which are not printed.
pub(super) fn assert_same(a: &Credentials, b: &Credentials) {
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
    assert_eq!(a.key.bytes(), b.key.bytes());
    assert_eq!((&a.ticket, &a.second_ticket), (&b.ticket, &b.second_ticket));
}

/// The names of the services in a cache.
pub(super) fn services(cache: &dyn Ccache) -> Vec<String> {
    let contents = cache.read().unwrap();
    contents.credentials.iter().map(|credentials| credentials.server.to_text()).collect()
}

/// The output of one of MIT's programs; its success, and both streams. `None` without the program.
pub(super) fn program(arguments: &[&str], cache: &str) -> Option<(bool, String)> {
    let folder = Folder::new();
    let config = folder.write("krb5.conf", "[libdefaults]\ndefault_realm = EXAMPLE.TEST\n");
    run(arguments, &[("KRB5CCNAME", cache), ("KRB5_CONFIG", config.to_str().unwrap())])
}

pub(super) fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Option<(bool, String)> {
    let (program, rest) = arguments.split_first().unwrap();
    let mut command = Command::new(program);
    command.args(rest).env("LC_ALL", "C").envs(environment.iter().copied());
    match command.output() {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            Some((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
        }
        Err(error) => {
            println!("SKIPPED: {program}: {error}");
            None
        }
    }
}

/// klist shows the tickets of a cache, and nothing else of them.
pub(super) fn klist_shows(cache: &str, owner: &str, services: &[&str]) {
    let Some((success, text)) = program(&["klist", "-c", cache], cache) else { return };
    assert!(success, "{cache}: {text}");
    assert!(text.contains(&format!("Default principal: {owner}@{REALM}")), "{text}");
    for service in ["krbtgt/", "HTTP/"] {
        assert_eq!(text.contains(service), services.contains(&service), "{service}: {text}");
    }
}
