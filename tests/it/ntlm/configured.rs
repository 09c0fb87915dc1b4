//! Logons with accounts of the credential, and a configured limit.

use crate::support::accounts::credential;
use crate::support::{call, configured};
use negossp::config::Settings;
use negossp::mechanism::{Mechanism, Package};
use negossp::ntlm::{Account, ServerNames};
use negossp::server::credential::{Credential, Usage};
use negossp::server::{Accepting, Context, Initiating, StepOutput};
use negossp::types::error::{Denial, Error};
use negossp::types::flags::ContextFlags;
use negossp::types::identity::Identity;
use std::sync::Arc;

const USER: &str = "alice";
const DOMAIN: &str = "EXAMPLE";
const PASSWORD: &str = "Passw0rd!";

fn identity(user: &str, domain: &str, password: &str) -> Identity {
    Identity { user: user.into(), domain: domain.into(), password: password.to_owned().into() }
}

pub(super) fn alice() -> Identity {
    identity(USER, DOMAIN, PASSWORD)
}

/// The identity as a client, and as an account of the server's.
pub(super) fn ntlm(identity: Option<Identity>) -> Arc<Credential> {
    Arc::new(Credential {
        package: Package::Only(Mechanism::Ntlm),
        usage: Usage { inbound: true, outbound: true },
        accounts: identity.iter().map(Account::from_identity).collect(),
        identity,
        mechanisms: vec![Mechanism::Ntlm],
        ..credential()
    })
}

fn initiating(client: Identity, settings: &Settings) -> Initiating {
    let target = "HTTP/server.example.test".to_owned();
    Initiating::new(ntlm(Some(client)), configured(settings.clone()), target)
}

fn token(output: StepOutput) -> (Context, Vec<u8>) {
    (output.context, output.token.expect("a token"))
}

/// The name of the account that `client` logs on as, where `account` is the server's only one.
fn logs_on(client: Identity, account: Identity) -> Result<String, Error> {
    let names = ServerNames::from_host_name("server.example.test");
    let settings = Settings { server: names, ..Settings::default() };
    let call = call(ContextFlags::empty());
    let client = initiating(client, &settings);
    let server = Accepting::new(ntlm(Some(account)), configured(settings));
    let (client, negotiate) = token(client.step(None, call).expect("NEGOTIATE_MESSAGE"));
    let (server, challenge) = token(server.step(&negotiate, call).expect("CHALLENGE_MESSAGE"));
    let (Context::Initiating(client), Context::Accepting(server)) = (client, server) else {
        panic!("done too early")
    };
    let (_, authenticate) =
        token(client.step(Some(&challenge), call).expect("AUTHENTICATE_MESSAGE"));
    let output = server.step(&authenticate, call).map_err(|failure| failure.error)?;
    assert_eq!(output.token, None);
    let Context::Established(context) = output.context else { panic!("not done") };
    Ok(context.established.client.user.clone())
}

#[test]
fn names_are_compared_as_windows_does() {
    for (user, domain) in [
        ("ALICE", DOMAIN),
        ("Alice", ""),
        ("EXAMPLE\\alice", ""),
        ("alice@example.test", ""),
        ("aLiCe", "elsewhere"),
    ] {
        let name = logs_on(identity(user, domain, PASSWORD), alice())
            .unwrap_or_else(|error| panic!("{user} of {domain}: {error}"));
        assert_eq!(name, USER);
    }
    for user in ["jörg", "ÉTIENNE", "straße", "漢字", "σίσυφος", "𐐨"] {
        let both = identity(user, "BÜRO", "pässwörd€");
        logs_on(both.clone(), both).unwrap_or_else(|error| panic!("{user}: {error}"));
    }
}

#[test]
fn a_wrong_password_and_an_unknown_name_are_denied() {
    let denied = |client, denial| {
        assert_eq!(logs_on(client, alice()), Err(Error::LogonDenied(denial)));
    };
    denied(identity(USER, DOMAIN, "wrong"), Denial::WrongPassword);
    denied(identity("bob", DOMAIN, PASSWORD), Denial::UnknownUser);
}

#[test]
fn a_token_over_the_limit_is_refused() {
    let mut settings = Settings::default();
    let call = call(ContextFlags::empty());
    let (_, mut token) = token(initiating(alice(), &settings).step(None, call).unwrap());
    settings.limits.max_token = 40;
    let server = Accepting::new(ntlm(None), configured(settings));
    assert!(token.len() <= 40);
    let step = |token: &[u8]| server.step(token, call).map(|output| output.complete());
    token.resize(40, 0);
    assert!(matches!(step(&token), Ok(false)));
    token.push(0);
    assert!(matches!(step(&token).unwrap_err().error, Error::InvalidToken(_)));
}
