//! Which accounts are the domain's, and how guesses at them are counted: with a domain that has
//! every account with the password "Password".

use crate::support::accounts::*;
use negossp::authority::throttle::Throttle;
use negossp::authority::{
    Application, AuthorityKind, Chain, LocalAccounts, Options, PassThrough, Proofs,
};
use negossp::ntlm::crypto::Key;
use negossp::ntlm::{Authority, NetworkLogon, ResponseKind, ServerNames, Validated};
use negossp::platform;
use negossp::principal::{Origin, Principal};
use negossp::types::error::{Denial, Error, Result};
use std::sync::Arc;

/// The domain EXAMPLE, example.test.
#[derive(Debug)]
struct Example;

impl PassThrough for Example {
    fn is_named(&self, domain: &str) -> bool {
        ["EXAMPLE", "EXAMPLE.TEST"].contains(&&*domain.to_uppercase())
    }

    fn validate(&self, logon: &NetworkLogon<'_>) -> Result<Validated> {
        let right = Client::new(logon.user, logon.domain, &PASSWORD);
        if logon.nt_response != right.logon().nt_response {
            return Err(Error::LogonDenied(Denial::WrongPassword));
        }
        Ok(Validated {
            principal: Principal::of_account(logon.user.into(), "EXAMPLE".into(), Origin::Netlogon),
            session_base_key: [1; 16].into(),
            lm_session_key: [0; 8].into(),
            response: ResponseKind::NtlmV2,
            receipt: None,
        })
    }
}

/// The authorities of the machine SRV, a member of the domain.
fn member() -> Chain {
    Chain {
        options: Options { throttle: vec![AuthorityKind::Domain], ..Options::default() },
        throttle: Arc::new(Throttle::new()),
        audited: false,
        audit_file: None,
        credential: Vec::new(),
        application: None,
        local: LocalAccounts {
            file: None,
            details: None,
            domain: None,
            strict_domain: false,
            names: ServerNames::from_host_name("srv.example.test"),
        },
        domain: Some(Arc::new(Example)),
        winbind: None,
    }
}

fn asked(chain: &Chain, domain: &str, user: &str, hash: &[u8; 16]) -> Result<Validated> {
    chain.validate(&Client::new(user, domain, hash).logon(), platform::now())
}

fn denial(result: Result<Validated>) -> Denial {
    match result {
        Err(Error::LogonDenied(denial)) => denial,
        other => panic!("{:?}", other.map(|client| client.principal)),
    }
}

/// `.` and the machine's own names mean its accounts alone: those of the domain have its name, no
/// name or another domain's.
#[test]
fn who_names_the_machine_means_none_of_the_domain_s_accounts() {
    let mut chain = member();
    for domain in ["EXAMPLE", "example.test", "", "PARTNER"] {
        let client = asked(&chain, domain, "alice", &PASSWORD).expect(domain);
        assert_eq!(client.principal.origins.logon, Origin::Netlogon, "{domain}");
    }
    for domain in ["SRV", "srv.example.test", "."] {
        let denial = denial(asked(&chain, domain, "alice", &PASSWORD));
        assert_eq!(denial, Denial::UnknownUser, "{domain}");
    }
    // The accounts' own domain, unless it is called as the machine's.
    chain.local.domain = Some("SHOP".into());
    assert_eq!(denial(asked(&chain, "SHOP", "alice", &PASSWORD)), Denial::UnknownUser);
    chain.local.domain = Some("EXAMPLE".into());
    assert!(asked(&chain, "EXAMPLE", "alice", &PASSWORD).is_ok());
}

#[test]
fn with_a_domain_the_account_file_is_for_those_who_name_the_machine() {
    let folder = Folder::new();
    let mut settings = negossp::config::Settings::default();
    settings.accounts.file = Some(folder.write("accounts", line("alice", &SECRET01, "U")));
    let configuration = negossp::server::Configuration::open(settings, None);
    let mut chain = member();
    chain.local.file = configuration.accounts.file.clone();
    let origin = |chain: &Chain, domain| {
        asked(chain, domain, "alice", &SECRET01).map(|client| client.principal.origins.logon)
    };
    for (of_accounts, domain, in_file) in [
        (None, "SRV", true),
        (None, "EXAMPLE", false),
        (Some("SHOP"), "SHOP", true),
        (Some("SHOP"), "OTHER", false),
        (Some("EXAMPLE"), "EXAMPLE", false),
        (Some("EXAMPLE"), "SRV", true),
    ] {
        chain.local.domain = of_accounts.map(str::to_owned);
        let expected = if in_file {
            Ok(Origin::AccountFile)
        } else {
            Err(Error::LogonDenied(Denial::WrongPassword))
        };
        assert_eq!(origin(&chain, domain), expected, "{of_accounts:?} {domain}");
    }
}

/// One account has one count, whichever way its name is written, and another account another.
#[test]
fn guesses_at_an_account_of_the_domain_are_counted_together() {
    let chain = member();
    let names = [
        ("EXAMPLE", "alice"),
        ("example.test", "ALICE"),
        ("", "alice"),
        ("", "alice@example.test"),
    ];
    let guess = |(domain, user): &(&str, &str)| denial(asked(&chain, domain, user, &SECRET01));
    let checked = names.iter().cycle().map(guess).take(50);
    assert_eq!(checked.take_while(|denial| *denial != Denial::Throttled).count(), 10);
    for other in [
        ("EXAMPLE", "bob"),
        ("PARTNER", "alice"),
        ("", "alice@partner.test"),
        // Not a user principal name.
        ("PARTNER", "alice@example.test"),
    ] {
        assert_eq!(guess(&other), Denial::WrongPassword, "{other:?}");
    }
}

/// A server program with the same accounts.
#[derive(Debug)]
struct Program;

impl Application for Program {
    fn ntowf_v2(&self, logon: &NetworkLogon<'_>, _proofs: &Proofs) -> Option<Key> {
        let names = format!("{}{}", logon.user.to_uppercase(), logon.domain);
        let names: Vec<u8> = names.encode_utf16().flat_map(u16::to_le_bytes).collect();
        Some(Key::new(hmac(&PASSWORD, &[&names])))
    }
}

/// The throttle gets back with it from where the account has logged on.
#[test]
fn a_throttled_account_s_logon_has_a_receipt() {
    for (kind, application) in [
        (AuthorityKind::Domain, None),
        (AuthorityKind::Application, Some(Arc::new(Program) as Arc<dyn Application>)),
    ] {
        let mut chain = Chain { application, ..member() };
        chain.options.throttle = vec![kind];
        assert!(asked(&chain, "EXAMPLE", "alice", &PASSWORD).unwrap().receipt.is_some());
        chain.options.throttle.clear();
        assert!(asked(&chain, "EXAMPLE", "alice", &PASSWORD).unwrap().receipt.is_none());
    }
}

/// Else the answer would tell who exists.
#[test]
fn a_response_of_a_forbidden_kind_is_told_to_unknown_users_too() {
    let chain = Chain { domain: None, credential: vec![alice()], ..member() };
    for user in ["alice", "nobody"] {
        let client = Client::new(user, "SRV", &PASSWORD);
        let logon = NetworkLogon { nt_response: &[7; 24], ..client.logon() };
        let result = chain.validate(&logon, platform::now());
        assert_eq!(denial(result), Denial::ResponseNotAllowed, "{user}");
    }
}

fn alice() -> negossp::ntlm::Account {
    negossp::ntlm::Account::from_identity(&negossp::types::identity::Identity {
        user: "alice".into(),
        domain: String::new(),
        password: "Password".to_owned().into(),
    })
}
