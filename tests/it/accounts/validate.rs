//! Which clients are accepted, under which name, and what rejected ones can learn.

use crate::support::accounts::*;
use negossp::config::Settings;
use negossp::ntlm::{Account, ResponseKind, Validated};
use negossp::server::credential::Credential;
use negossp::types::error::{Denial, Error};
use negossp::types::identity::Identity;

struct Server {
    settings: Settings,
    credential: Credential,
    _folder: Folder,
}

impl Server {
    /// A server called SRV with these lines in its account file.
    fn new(lines: &str) -> Server {
        let folder = Folder::new();
        let mut settings = Settings::default();
        settings.server.nb_computer = "SRV".into();
        settings.server.nb_domain = "SRV".into();
        settings.server.dns_computer = "srv.example.com".into();
        settings.server.dns_domain = "example.com".into();
        // Throttling is tested in tests/it/authority/policy.rs; here many wrong passwords are given
        // on purpose.
        settings.authorities.throttle = Vec::new();
        settings.accounts.file = Some(folder.write("accounts", lines));
        Server { settings, credential: credential(), _folder: folder }
    }

    fn without_accounts() -> Server {
        let mut server = Server::new("");
        server.settings.accounts.file = None;
        server
    }

    fn asked(&self, client: &Client) -> Result<Validated, Error> {
        validate(&self.credential, &self.settings, &client.logon())
    }

    /// The name under which the client is accepted.
    fn name(&self, client: &Client) -> Result<String, Error> {
        self.asked(client).map(|validated| validated.principal.display_name())
    }
}

fn identity(user: &str, domain: &str, password: &str) -> Identity {
    Identity { user: user.into(), domain: domain.into(), password: password.to_owned().into() }
}

#[test]
fn the_specification_s_example_is_accepted() {
    // [MS-NLMP] 4.2.4: User, Domain, Password.
    let client = Client::new("User", "Domain", &PASSWORD);
    assert_eq!(hex(client.nt_proof()), "68CD0AB851E51C96AABC927BEBEF6A1C");
    let validated = Server::new(&line("user", &PASSWORD, "U")).asked(&client).ok().unwrap();
    assert_eq!(hex(&*validated.session_base_key), "8DE40CCADBC14A82F15CB0AD0DE95CA3");
    assert_eq!(validated.response, ResponseKind::NtlmV2);
    assert_eq!(validated.principal.display_name(), "SRV\\user");
    assert!(!validated.principal.anonymous);
}

#[test]
fn wrong_password_and_unknown_user_differ_in_the_log_alone() {
    let server = Server::new(&line("alice", &PASSWORD, "U"));
    assert_eq!(
        server.name(&Client::new("alice", "", &SECRET01)),
        Err(Error::LogonDenied(Denial::WrongPassword))
    );
    assert_eq!(
        server.name(&Client::new("bob", "", &PASSWORD)),
        Err(Error::LogonDenied(Denial::UnknownUser))
    );
    assert_eq!(
        server.name(&Client::new("", "", &PASSWORD)),
        Err(Error::LogonDenied(Denial::UnknownUser))
    );
}

#[test]
fn a_disabled_account_is_known_only_to_its_owner() {
    let server = Server::new(
        &(line("d", &PASSWORD, "UD") + &line("w$", &PASSWORD, "W") + &line("l", &PASSWORD, "UL")),
    );
    assert_eq!(
        server.name(&Client::new("d", "", &PASSWORD)),
        Err(Error::LogonDenied(Denial::AccountDisabled))
    );
    for name in ["d", "w$", "l"] {
        assert_eq!(
            server.name(&Client::new(name, "", &SECRET01)),
            Err(Error::LogonDenied(Denial::WrongPassword))
        );
    }
    for name in ["w$", "l"] {
        let refused = server.name(&Client::new(name, "", &PASSWORD));
        assert!(
            matches!(refused, Err(Error::LogonDenied(Denial::Policy(_)))),
            "{name}: {refused:?}"
        );
    }
}

#[test]
fn no_client_is_accepted_without_a_password() {
    let none = "X".repeat(32);
    // MD4 of the empty string
    let empty = *b"\x31\xd6\xcf\xe0\xd1\x6a\xe9\x31\xb7\x3c\x59\xd7\xe0\xc0\x89\xc0";
    let lines =
        format!("x:1:{none}:{none}:[U          ]:\ny:1:{none}:{}:[NU         ]:\n", hex(&empty));
    let server = Server::new(&lines);
    for name in ["x", "y"] {
        for hash in [[0; 16], empty, PASSWORD] {
            let refused = server.name(&Client::new(name, "", &hash));
            assert!(matches!(refused, Err(Error::LogonDenied(_))), "{name}: {refused:?}");
        }
    }
}

#[test]
fn names_mean_what_they_mean_to_windows() {
    let mut server = Server::new(
        &(line("Alice", &PASSWORD, "U")
            + &line("bob@example.com", &SECRET01, "U")
            + &line("ünal", &PASSWORD, "U")),
    );
    server.settings.accounts.domain = Some("CORP".into());
    for (user, domain) in [
        ("alice", ""),
        ("ALICE", "."),
        ("Alice", "SRV"),
        ("alice", "srv"),
        ("alice", "CORP"),
        ("alice", "corp"),
        ("alice", "srv.example.com"),
        ("alice", "ELSEWHERE"),
        ("alice@example.com", ""),
        ("alice@corp", ""),
        ("alice@elsewhere.test", ""),
    ] {
        let client = Client::new(user, domain, &PASSWORD);
        assert_eq!(server.name(&client).as_deref(), Ok("CORP\\Alice"), "{domain}\\{user}");
        let client = Client::new(user, domain, &SECRET01);
        assert_eq!(
            server.name(&client),
            Err(Error::LogonDenied(Denial::WrongPassword)),
            "{domain}\\{user}"
        );
    }
    assert_eq!(server.name(&Client::new("ÜNAL", "", &PASSWORD)).as_deref(), Ok("CORP\\ünal"));
    // An entry for the whole name takes precedence over one for the part in front of its @.
    assert_eq!(
        server.name(&Client::new("bob@example.com", "", &SECRET01)).as_deref(),
        Ok("CORP\\bob@example.com")
    );
    for (user, domain) in [
        ("alice@example.com", "CORP"),
        ("@example.com", ""),
        ("CORP\\alice", ""),
        (" alice", ""),
        ("alice\0", ""),
    ] {
        let client = Client::new(user, domain, &PASSWORD);
        assert_eq!(
            server.name(&client),
            Err(Error::LogonDenied(Denial::UnknownUser)),
            "{domain}\\{user}"
        );
    }
}

#[test]
fn strict_domain_refuses_others() {
    let mut server = Server::new(&line("alice", &PASSWORD, "U"));
    server.settings.accounts.domain = Some("CORP".into());
    server.settings.accounts.strict_domain = true;
    for (user, domain, let_in) in [
        ("alice", "", true),
        ("alice", ".", true),
        ("alice", "corp", true),
        ("alice", "SRV", true),
        ("alice@example.com", "", true),
        ("alice", "ELSEWHERE", false),
        ("alice@elsewhere.test", "", false),
    ] {
        let expected = if let_in {
            Ok("CORP\\alice".to_owned())
        } else {
            Err(Error::LogonDenied(Denial::UnknownUser))
        };
        assert_eq!(
            server.name(&Client::new(user, domain, &PASSWORD)),
            expected,
            "{domain}\\{user}"
        );
    }
}

#[test]
fn the_credential_s_own_account_comes_first() {
    let mut server = Server::new(&(line("alice", &PASSWORD, "U") + &line("bob", &PASSWORD, "U")));
    server.credential.accounts =
        vec![Account::from_identity(&identity("alice", "LAB", "SecREt01"))];
    assert_eq!(server.name(&Client::new("Alice", "", &SECRET01)).as_deref(), Ok("LAB\\alice"));
    assert_eq!(
        server.name(&Client::new("alice", "", &PASSWORD)),
        Err(Error::LogonDenied(Denial::WrongPassword))
    );
    assert_eq!(server.name(&Client::new("bob", "", &PASSWORD)).as_deref(), Ok("SRV\\bob"));
    // It is sufficient by itself.
    server.settings.accounts.file = None;
    assert_eq!(server.name(&Client::new("alice", "", &SECRET01)).as_deref(), Ok("LAB\\alice"));
    assert_eq!(
        server.name(&Client::new("bob", "", &PASSWORD)),
        Err(Error::LogonDenied(Denial::UnknownUser))
    );
}

#[test]
fn an_identity_s_user_may_hold_the_domain() {
    for (user, domain, expected) in [
        ("bob", "", ("bob", "")),
        ("bob", "LAB", ("bob", "LAB")),
        ("LAB\\bob", "", ("bob", "LAB")),
        ("bob", ".", ("bob", "")),
        (".\\bob", "", ("bob", "")),
        ("bob@lab.test", "", ("bob@lab.test", "")),
    ] {
        let account = Account::from_identity(&identity(user, domain, "Password"));
        assert_eq!((account.user.as_str(), account.domain.as_str()), expected);
        assert_eq!(account.nt_hash, Some(PASSWORD));
    }
}

#[test]
fn without_any_account_there_is_no_authority() {
    let client = Client::new("alice", "", &PASSWORD);
    assert!(matches!(Server::without_accounts().name(&client), Err(Error::NoAuthority(_))));
    let mut server = Server::new("");
    assert_eq!(
        server.name(&client),
        Err(Error::LogonDenied(Denial::UnknownUser)),
        "an empty file is an authority"
    );
    server.settings.accounts.file = Some("/does/not/exist".into());
    assert!(matches!(server.name(&client), Err(Error::NoAuthority(_))));
}

#[test]
fn defaults_never_replace_a_broken_configuration() {
    let mut server = Server::new(&line("alice", &PASSWORD, "U"));
    server.credential.accounts = vec![Account::from_identity(&identity("bob", "", "Password"))];
    server.settings.defect = Some("line 3: unknown field".into());
    for name in ["alice", "bob"] {
        assert!(matches!(
            server.name(&Client::new(name, "", &PASSWORD)),
            Err(Error::NoAuthority(_))
        ));
    }
}

#[test]
fn every_changed_bit_of_the_response_is_refused() {
    let server = Server::new(&line("alice", &PASSWORD, "U"));
    let client = Client::new("alice", "", &PASSWORD);
    let response = client.logon().nt_response.to_vec();
    for bit in 0..response.len() * 8 {
        let mut changed = response.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let logon = negossp::ntlm::NetworkLogon { nt_response: &changed, ..client.logon() };
        assert_eq!(
            validate(&server.credential, &server.settings, &logon).err(),
            Some(Error::LogonDenied(Denial::WrongPassword))
        );
    }
    for length in 0..response.len() {
        let logon =
            negossp::ntlm::NetworkLogon { nt_response: &response[..length], ..client.logon() };
        assert!(validate(&server.credential, &server.settings, &logon).is_err(), "{length}");
    }
}

#[test]
fn identities_and_credentials_do_not_show_their_password() {
    let mut credential = credential();
    credential.identity = Some(identity("alice", "LAB", "Pa55word"));
    credential.accounts = vec![Account::from_identity(credential.identity.as_ref().unwrap())];
    let shown = format!("{credential:?} {:#?}", credential.identity);
    assert!(
        shown.contains("alice") && !shown.contains("Pa55word") && !shown.contains("hash"),
        "{shown}"
    );
}
