//! Which authorities are asked about an NTLM client and in which order, how failed logons are
//! throttled, and which clients may use NTLM at all.

use crate::support::accounts::*;
use negossp::authority::{AccountName, Application, AuthorityKind, Proofs};
use negossp::config::Settings;
use negossp::ntlm::crypto::Key;
use negossp::ntlm::{Account, Mode, NetworkLogon};
use negossp::principal::{Origin, Principal};
use negossp::server::credential::Credential;
use negossp::types::address::Address;
use negossp::types::error::{Denial, Error, Result};
use negossp::types::identity::Identity;
use std::fs;
use std::sync::Arc;

struct Server {
    settings: Settings,
    credential: Credential,
    folder: Folder,
}

impl Server {
    /// A server called SRV whose account file has `users` with PASSWORD.
    fn new(users: &[&str]) -> Server {
        let folder = Folder::new();
        let lines: String = users.iter().map(|user| line(user, &PASSWORD, "U")).collect();
        let mut settings = Settings::default();
        settings.server.nb_computer = "SRV".into();
        settings.accounts.file = Some(folder.write("accounts", lines));
        Server { settings, credential: credential(), folder }
    }

    fn judge(&self, logon: &NetworkLogon<'_>) -> Result<Principal> {
        validate(&self.credential, &self.settings, logon).map(|validated| validated.principal)
    }

    fn asked(&self, user: &str, nt_hash: &[u8; 16]) -> Result<Principal> {
        self.judge(&Client::new(user, "SRV", nt_hash).logon())
    }

    fn own(&mut self, user: &str, password: &str) {
        let identity = Identity {
            user: user.into(),
            domain: String::new(),
            password: password.to_owned().into(),
        };
        self.credential.accounts.push(Account::from_identity(&identity));
    }
}

fn denial(result: Result<Principal>) -> Denial {
    match result {
        Err(Error::LogonDenied(denial)) => denial,
        other => panic!("{other:?}"),
    }
}

/// Has the account `app` with the password SecREt01, computed as in [MS-NLMP] 3.3.2.
#[derive(Debug)]
struct Program;

impl Application for Program {
    fn ntowf_v2(&self, logon: &NetworkLogon<'_>, _proofs: &Proofs) -> Option<Key> {
        let names = format!("{}{}", logon.user.to_uppercase(), logon.domain);
        let names: Vec<u8> = names.encode_utf16().flat_map(u16::to_le_bytes).collect();
        (logon.user == "app").then(|| Key::new(hmac(&SECRET01, &[&names])))
    }
}

#[test]
fn the_first_who_knows_the_client_decides() {
    let mut server = Server::new(&["alice", "app"]);
    server.own("alice", "SecREt01");
    server.credential.application = Some(Arc::new(Program));
    let logon = |server: &Server, user: &str, hash: &[u8; 16]| {
        server.asked(user, hash).map(|client| client.origins.logon)
    };
    // The nearer one first.
    assert_eq!(logon(&server, "alice", &SECRET01).unwrap(), Origin::Credential);
    assert_eq!(denial(server.asked("alice", &PASSWORD)), Denial::WrongPassword);
    assert_eq!(logon(&server, "app", &SECRET01).unwrap(), Origin::Application);
    // The other way round, by configuration.
    server.settings.authorities.order =
        vec![AuthorityKind::AccountFile, AuthorityKind::Application, AuthorityKind::Credential];
    assert_eq!(logon(&server, "alice", &PASSWORD).unwrap(), Origin::AccountFile);
    assert_eq!(logon(&server, "app", &PASSWORD).unwrap(), Origin::AccountFile);
    assert_eq!(denial(server.asked("alice", &SECRET01)), Denial::WrongPassword);
    // An authority that is not listed is not asked.
    server.settings.authorities.order = vec![AuthorityKind::Application];
    assert_eq!(denial(server.asked("alice", &PASSWORD)), Denial::UnknownUser);
    server.credential.application = None;
    assert!(matches!(server.asked("alice", &PASSWORD), Err(Error::NoAuthority(_))));
    server.settings.authorities.order = vec![AuthorityKind::Domain];
    assert!(matches!(server.asked("alice", &PASSWORD), Err(Error::NoAuthority(_))));
}

/// `DOMAIN\user` of a result.
fn called(result: Result<Principal>) -> String {
    result.map(|client| format!("{}\\{}", client.domain, client.user)).unwrap()
}

/// The user principal name in `[accounts] details` is a name of the account ([MS-ADTS] 5.1.1.1.1:
/// userPrincipalName), whatever its suffix.
#[test]
fn a_listed_principal_name_is_a_way_to_log_on() {
    let mut server = Server::new(&["alice", "bob", "carol"]);
    let details = "[[account]]\nname = \"Alice\"\nupn = \"a.liddell@corp.example.com\"\n\
        [[account]]\nname = \"carol\"\nupn = \"bob@example.com\"\n\
        [[account]]\nname = \"bob\"\nupn = \"two@example.com\"\n\
        [[account]]\nname = \"alice2\"\nupn = \"TWO@example.com\"\n";
    server.settings.accounts.details = Some(server.folder.write("details.toml", details));
    server.settings.accounts.sid_file = Some(server.folder.path("sid"));
    let by_upn = |server: &Server, upn: &str| {
        server.judge(&Client::new(upn, "", &PASSWORD).logon()).map(|client| client.user)
    };
    for strict in [false, true] {
        server.settings.accounts.strict_domain = strict;
        for upn in ["a.liddell@corp.example.com", "A.Liddell@CORP.example.com"] {
            assert_eq!(by_upn(&server, upn).unwrap(), "alice", "{upn}, {strict}");
        }
        // The listed name goes before the implicit one.
        assert_eq!(by_upn(&server, "bob@example.com").unwrap(), "carol");
        assert_eq!(
            denial(by_upn(&server, "a.liddell@corp.example.org").map(|_| unreachable!())),
            Denial::UnknownUser
        );
        // A name that several accounts have means none of them.
        assert!(by_upn(&server, "two@example.com").is_err());
        // With a domain beside it, it is no principal name.
        let client = Client::new("a.liddell@corp.example.com", "SRV", &PASSWORD);
        assert!(server.judge(&client.logon()).is_err());
    }
}

#[test]
fn of_two_accounts_of_one_name_that_of_the_named_domain_is_meant() {
    let mut server = Server::new(&[]);
    for (domain, password) in [("CORP", "SecREt01"), ("LAB", "Password"), ("", "pässwörd")] {
        let identity = Identity {
            user: "alice".into(),
            domain: domain.into(),
            password: password.to_owned().into(),
        };
        server.credential.accounts.push(Account::from_identity(&identity));
    }
    let hash: [u8; 16] = 0x0553_1522_50ac_01ad_b421_3cb9_9386_63e4_u128.to_be_bytes();
    for strict in [false, true] {
        server.settings.accounts.strict_domain = strict;
        for (user, domain, hash, name) in [
            ("alice", "CORP", SECRET01, r"CORP\alice"),
            ("Alice", "lab", PASSWORD, r"LAB\alice"),
            ("alice@LAB", "", PASSWORD, r"LAB\alice"),
            ("alice", "", hash, r"SRV\alice"),
            ("alice", "SRV", hash, r"SRV\alice"),
        ] {
            let client = Client::new(user, domain, &hash);
            assert_eq!(called(server.judge(&client.logon())), name, "{user} {domain}");
        }
        let client = Client::new("alice", "LAB", &SECRET01);
        assert_eq!(denial(server.judge(&client.logon())), Denial::WrongPassword);
        let elsewhere = Client::new("alice", "WORKGROUP", &hash);
        assert_eq!(server.judge(&elsewhere.logon()).is_ok(), !strict);
    }
}

/// Has an account whichever way its name is written, as programs have that look at the last part of
/// it. One with `mail` calls it by a name of its own.
#[derive(Debug)]
struct Lenient {
    mail: bool,
}

impl Application for Lenient {
    fn ntowf_v2(&self, logon: &NetworkLogon<'_>, _proofs: &Proofs) -> Option<Key> {
        let names = format!("{}{}", logon.user.to_uppercase(), logon.domain);
        let names: Vec<u8> = names.encode_utf16().flat_map(u16::to_le_bytes).collect();
        Some(Key::new(hmac(&SECRET01, &[&names])))
    }

    fn account_name(&self, logon: &NetworkLogon<'_>, account: AccountName) -> Option<AccountName> {
        if !self.mail {
            return Some(account);
        }
        let known = logon.user.to_lowercase().contains("alice");
        known.then(|| AccountName { domain: "SHOP".into(), user: "Alice.Liddell".into() })
    }
}

/// Names in another domain are not the program's to give, and one account has one name.
#[test]
fn an_application_s_account_has_one_name_whatever_the_client_writes() {
    let mut server = Server::new(&[]);
    server.settings.accounts.domain = Some("SHOP".into());
    server.credential.application = Some(Arc::new(Lenient { mail: false }));
    let spellings = [
        ("aLiCe", "CORP"),
        (r"CORP\alice", "CORP"),
        ("alice@shop", ""),
        ("ALICE", ""),
        ("alice", "SHOP"),
    ];
    let named = |server: &Server, (user, domain): (&str, &str)| {
        server.judge(&Client::new(user, domain, &SECRET01).logon())
    };
    for spelling in spellings {
        assert_eq!(called(named(&server, spelling)), r"SHOP\alice", "{spelling:?}");
    }
    // Mail addresses are names of their own.
    assert_eq!(called(named(&server, ("Alice@example.com", ""))), r"SHOP\alice@example.com");
    // A Kelvin sign is no k: names that Windows tells apart stay apart.
    assert_eq!(called(named(&server, ("\u{212a}ate", ""))), "SHOP\\\u{212a}ate");
    // The program may say it.
    server.credential.application = Some(Arc::new(Lenient { mail: true }));
    for spelling in spellings {
        assert_eq!(called(named(&server, spelling)), r"SHOP\Alice.Liddell", "{spelling:?}");
    }
    assert_eq!(denial(named(&server, ("bob", ""))), Denial::UnknownUser);
}

#[test]
fn ntlm_for_those_on_the_lists() {
    let mut server = Server::new(&["alice", "bob"]);
    let who = |server: &Server| ["alice", "bob"].map(|user| server.asked(user, &PASSWORD).is_ok());
    server.settings.authorities.users = vec!["carol".into(), r"srv\ALICE".into()];
    assert_eq!(who(&server), [true, false]);
    // Not before the password has been verified.
    assert_eq!(denial(server.asked("bob", &SECRET01)), Denial::WrongPassword);
    assert_eq!(denial(server.asked("nobody", &SECRET01)), Denial::UnknownUser);
    server.settings.authorities.users = vec!["Bob".into(), r"OTHER\alice".into()];
    assert_eq!(who(&server), [false, true]);
    server.settings.authorities.users = vec![];
    server.settings.authorities.domains = vec!["OTHER".into()];
    assert_eq!(who(&server), [false, false]);
    server.settings.authorities.domains = vec!["srv".into()];
    assert_eq!(who(&server), [true, true]);
    server.settings.authorities.workstations = vec!["192.0.2.7".into(), "2001:db8::7".into()];
    assert_eq!(who(&server), [false, false]);
    let client = Client::new("alice", "SRV", &PASSWORD);
    let six = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
    for (address, admitted) in [
        (Address::V4([192, 0, 2, 7]), true),
        (Address::V6(six), true),
        (Address::V4([192, 0, 2, 8]), false),
    ] {
        let logon = NetworkLogon { address: Some(address), ..client.logon() };
        assert_eq!(server.judge(&logon).is_ok(), admitted, "{address:?}");
    }
    server.settings.authorities.workstations = vec!["client".into()];
    assert_eq!(who(&server), [true, true]);
}

#[test]
fn an_audit_tells_who_still_uses_ntlm() {
    let mut server = Server::new(&["alice"]);
    let path = server.folder.path("ntlm.tsv");
    server.settings.ntlm.mode = Mode::Audit;
    server.settings.authorities.audit_file = Some(path.clone());
    assert!(server.asked("alice", &PASSWORD).is_ok());
    assert!(server.asked("alice", &SECRET01).is_err());
    assert!(server.asked("mallory", &SECRET01).is_err());
    // Another process moves it away.
    let text = fs::read_to_string(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert!(server.asked("alice", &PASSWORD).is_ok());
    let fields = |line: &str| line.split('\t').skip(1).map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = text.lines().map(fields).collect();
    assert_eq!(lines[0], ["accepted", "SRV", "alice", "CLIENT", "-", "-"]);
    assert_eq!(lines[1], ["refused", "SRV", "alice", "CLIENT", "-", "0xc000006a"]);
    assert_eq!(lines[2], ["refused", "SRV", "mallory", "CLIENT", "-", "0xc0000064"]);
    assert_eq!((lines.len(), fs::read_to_string(&path).unwrap().lines().count()), (3, 1));
    // A file that cannot be written does not prevent logons.
    server.settings.authorities.audit_file = Some(server.folder.path("no/such/folder/ntlm.tsv"));
    assert!(server.asked("alice", &PASSWORD).is_ok());
}
