//! The throttle on password guessing, as a client meets it.
//!
//! The caller always gets the same status, [`Error::LogonDenied`]. Most tests look at the reason in
//! the log. The throttle without a file is the process', so that each test has accounts of its own.

use crate::support::accounts::*;
use negossp::authority::{Application, AuthorityKind, PasswordChange, PasswordChanger, Proofs};
use negossp::config::Settings;
use negossp::ntlm::NetworkLogon;
use negossp::ntlm::crypto::Key;
use negossp::platform;
use negossp::server::Configuration;
use negossp::server::credential::Credential;
use negossp::types::address::Address;
use negossp::types::error::{Denial, Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A server called SRV.
struct Server {
    settings: Settings,
    credential: Credential,
    folder: Folder,
}

/// Wrong passwords that are checked by default.
const CHECKED: usize = 10;

impl Server {
    /// With an account file of these lines.
    fn with(lines: impl IntoIterator<Item = String>) -> Server {
        let folder = Folder::new();
        let mut settings = Settings::default();
        settings.server.nb_computer = "SRV".into();
        settings.accounts.file =
            Some(folder.write("accounts", lines.into_iter().collect::<String>()));
        Server { settings, credential: credential(), folder }
    }

    fn new(user: &str) -> Server {
        Server::with([line(user, &PASSWORD, "U")])
    }

    fn open(&self) -> Configuration {
        Configuration::open(self.settings.clone(), None)
    }

    fn judge(&self, logon: &NetworkLogon<'_>) -> Result<(), Error> {
        validate_under(&self.credential, &self.open(), logon).map(|_| ())
    }

    fn asked(&self, domain: &str, user: &str, nt_hash: &[u8; 16]) -> Result<(), Error> {
        self.judge(&Client::new(user, domain, nt_hash).logon())
    }

    /// How many wrong passwords are checked, for these spellings of a name in turn.
    fn checked(&self, names: &[(&str, &str)]) -> usize {
        let guess = |(domain, user): &(&str, &str)| denial(self.asked(domain, user, &SECRET01));
        let guesses = names.iter().cycle().map(guess);
        guesses.take(5 * CHECKED).take_while(|denial| *denial != Denial::Throttled).count()
    }
}

fn denial(result: Result<(), Error>) -> Denial {
    match result {
        Err(Error::LogonDenied(denial)) => denial,
        other => panic!("{other:?}"),
    }
}

#[test]
fn guessing_is_throttled_whether_or_not_there_is_such_an_account() {
    let no_password = "throttled-4:1000:NO PASSWORDXXXXXXXXXXXXXXXXXXXXX:\
        NO PASSWORDXXXXXXXXXXXXXXXXXXXXX:[NU         ]:LCT-00000000:\n";
    let disabled = line("throttled-5", &PASSWORD, "DU");
    let lines = [line("throttled-1", &PASSWORD, "U"), no_password.to_owned(), disabled];
    let server = Server::with(lines);
    for user in ["throttled-1", "nobody-1", "throttled-4", "throttled-5"] {
        assert_eq!(server.checked(&[("SRV", user)]), CHECKED, "{user}");
        assert_eq!(denial(server.asked("SRV", user, &PASSWORD)), Denial::Throttled);
    }
    // Not where it is off.
    let mut server = Server::new("throttled-2");
    server.settings.authorities.throttle = vec![AuthorityKind::Credential];
    assert_eq!(server.checked(&[("SRV", "throttled-2")]), 5 * CHECKED);
    assert!(server.asked("SRV", "throttled-2", &PASSWORD).is_ok());
}

/// Otherwise each spelling would give ten guesses more.
#[test]
fn all_spellings_of_a_name_are_one_account() {
    let server = Server::new("throttled-6");
    for user in ["throttled-6", "nobody-6"] {
        let (upper, suffixed) = (user.to_uppercase(), format!("{user}@srv"));
        let (other, at) = (format!("{user}@elsewhere.example.com"), format!("{user}@"));
        let names = [
            ("SRV", user),
            ("", user),
            (".", &*upper),
            ("ELSEWHERE", user),
            ("", &*suffixed),
            ("", &*other),
            ("", &*at),
        ];
        assert_eq!(server.checked(&names), CHECKED, "{user}");
    }
}

/// Has the account `app-7` with the password SecREt01, computed as in [MS-NLMP] 3.3.2.
#[derive(Debug)]
struct Program;

impl Application for Program {
    fn ntowf_v2(&self, logon: &NetworkLogon<'_>, _proofs: &Proofs) -> Option<Key> {
        let names = format!("{}{}", logon.user.to_uppercase(), logon.domain);
        let names: Vec<u8> = names.encode_utf16().flat_map(u16::to_le_bytes).collect();
        logon.user.starts_with("app-7").then(|| Key::new(hmac(&PASSWORD, &[&names])))
    }
}

#[test]
fn the_applications_accounts_are_throttled_wherever_the_client_says_it_is() {
    let mut server = Server::new("throttled-7");
    server.credential.application = Some(Arc::new(Program));
    server.settings.authorities.throttle.push(AuthorityKind::Application);
    let guess = |number: usize| {
        let workstation = format!("PLACE{number}");
        let client = Client::new(["app-7", "app-7@srv"][number % 2], "", &SECRET01);
        denial(server.judge(&NetworkLogon { workstation: &workstation, ..client.logon() }))
    };
    let checked = (0..50).take_while(|number| guess(*number) != Denial::Throttled).count();
    assert_eq!(checked, CHECKED);
    // The program may ignore what stands behind an `@`; its other accounts are others.
    let mail = |number: usize| {
        let user = format!("app-7m@{}.example.com", ["one", "two"][number % 2]);
        denial(server.judge(&Client::new(&user, "", &SECRET01).logon()))
    };
    let checked = (0..50).take_while(|number| mail(*number) != Denial::Throttled).count();
    assert_eq!(checked, CHECKED);
    let other = Client::new("app-7n", "", &SECRET01);
    assert_eq!(denial(server.judge(&other.logon())), Denial::WrongPassword);
}

#[test]
fn guesses_from_elsewhere_lock_no_client_out() {
    let server = Server::new("throttled-3");
    let from = |address: [u8; 4], hash: &[u8; 16]| {
        let client = Client::new("throttled-3", "SRV", hash);
        server.judge(&NetworkLogon { address: Some(Address::V4(address)), ..client.logon() })
    };
    assert!(from([192, 0, 2, 1], &PASSWORD).is_ok());
    while denial(from([192, 0, 2, 66], &SECRET01)) != Denial::Throttled {}
    assert_eq!(denial(from([192, 0, 2, 2], &PASSWORD)), Denial::Throttled);
    assert!(from([192, 0, 2, 1], &PASSWORD).is_ok());
}

/// Clients that send no workstation name (impacket, Go's libraries) are many, and so are those that
/// send one that somebody else has sent before.
#[test]
fn a_workstation_name_is_held_against_no_client_and_protects_none() {
    let server =
        Server::with([line("throttled-8", &PASSWORD, "U"), line("throttled-9", &PASSWORD, "U")]);
    let from = |workstation: &str, user: &str, hash: &[u8; 16]| {
        let client = Client::new(user, "SRV", hash);
        server.judge(&NetworkLogon { workstation, ..client.logon() })
    };
    for number in 0..20 * CHECKED {
        for workstation in ["", "DESK"] {
            let _ = from(workstation, &format!("nobody-8-{number}"), &SECRET01);
        }
    }
    for workstation in ["", "DESK"] {
        assert!(from(workstation, "throttled-8", &PASSWORD).is_ok());
        assert!(from(workstation, "throttled-9", &PASSWORD).is_ok());
    }
    while denial(from("OTHER", "throttled-9", &SECRET01)) != Denial::Throttled {}
    assert_eq!(denial(from("DESK", "throttled-9", &SECRET01)), Denial::Throttled);
}

#[test]
fn a_windows_client_that_has_logged_on_is_known_after_a_restart() {
    let mut server = Server::new("throttled-10");
    server.settings.authorities.throttle_file = Some(server.folder.path("places"));
    let machine = |machine_id: u8, configuration: &Configuration, hash: &[u8; 16]| {
        let client = Client::new("throttled-10", "SRV", hash);
        let logon = NetworkLogon { machine_id: Some([machine_id; 32]), ..client.logon() };
        validate_under(&server.credential, configuration, &logon).map(|_| ())
    };
    assert!(machine(1, &server.open(), &PASSWORD).is_ok());
    let restarted = server.open();
    while denial(machine(2, &restarted, &SECRET01)) != Denial::Throttled {}
    assert_eq!(denial(machine(2, &restarted, &PASSWORD)), Denial::Throttled);
    assert!(machine(1, &restarted, &PASSWORD).is_ok());
}

#[test]
fn changes_of_a_password_are_throttled_too() {
    let server = Server::new("throttled-11");
    let configuration = server.open();
    let changer = PasswordChanger {
        accounts: &configuration.accounts,
        throttle: &configuration.throttle,
        options: &configuration.settings.authorities,
    };
    let change = |user: &str, old: &str| {
        let change = PasswordChange { domain: "SRV", user, old, new: "another" };
        changer.change(&change, platform::now())
    };
    for user in ["throttled-11", "nobody-11"] {
        let checked =
            (0..50).take_while(|_| denial(change(user, "wrong")) != Denial::Throttled).count();
        assert_eq!(checked, CHECKED, "{user}");
        assert_eq!(denial(change(user, "Password")), Denial::Throttled);
        // It is the same count as that of logons.
        assert_eq!(denial(server.asked("SRV", user, &PASSWORD)), Denial::Throttled);
    }
}

/// Otherwise whoever guesses at an account keeps its owner from changing the password.
#[test]
fn who_has_changed_a_password_here_can_change_it_while_others_guess() {
    let server = Server::new("throttled-12");
    let configuration = server.open();
    let changer = PasswordChanger {
        accounts: &configuration.accounts,
        throttle: &configuration.throttle,
        options: &configuration.settings.authorities,
    };
    let change = |old: &str, new: &str| {
        let change = PasswordChange { domain: "SRV", user: "throttled-12", old, new };
        changer.change(&change, platform::now())
    };
    assert_eq!(change("Password", "second"), Ok(()));
    while denial(server.asked("SRV", "throttled-12", &SECRET01)) != Denial::Throttled {}
    assert_eq!(change("second", "third"), Ok(()));
    // Guesses made here count by themselves.
    while denial(change("wrong", "another")) != Denial::Throttled {}
    assert_eq!(denial(change("third", "another")), Denial::Throttled);
}

/// The time would tell who is throttled.
#[test]
fn a_throttled_change_waits_for_the_file_as_others_do() {
    let server = Server::new("throttled-13");
    let configuration = server.open();
    let change = || {
        let changer = PasswordChanger {
            accounts: &configuration.accounts,
            throttle: &configuration.throttle,
            options: &configuration.settings.authorities,
        };
        let (user, old) = ("throttled-13", "wrong");
        changer.change(&PasswordChange { domain: "SRV", user, old, new: "new" }, platform::now())
    };
    while denial(change()) != Denial::Throttled {}
    // As another program that changes the file.
    server.folder.write("accounts.lock", "");
    let lock = std::fs::File::open(server.folder.path("accounts.lock")).unwrap();
    lock.lock().unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        let changes = threads.spawn(|| {
            let denial = denial(change());
            (denial, over.load(Ordering::SeqCst))
        });
        std::thread::sleep(Duration::from_millis(200));
        over.store(true, Ordering::SeqCst);
        lock.unlock().unwrap();
        assert_eq!(changes.join().unwrap(), (Denial::Throttled, true));
    });
}
