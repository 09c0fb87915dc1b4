//! What the NTLM tests share: both sides with settings to play with, and a whole exchange between them.

#![allow(dead_code)] // each test uses a part

use negossp::authority::{Account, ResponsePolicy};
use negossp::channel_bindings::ChannelBindings;
use negossp::config::{Server, Settings};
use negossp::credential::{Credential, Identity, Package, Usage};
use negossp::error::Error;
use negossp::flags::ContextFlags;
use negossp::mechanism::{AcceptCall, Established, InitiateCall, Mechanism, Step};
use negossp::ntlm::{Acceptor, Initiator};
use negossp::time::FileTime;

pub(crate) const USER: &str = "alice";
pub(crate) const DOMAIN: &str = "EXAMPLE";
pub(crate) const PASSWORD: &str = "Passw0rd!";
/// 2026-11-22, about when the recorded exchanges were made.
pub(crate) const NOW: FileTime = FileTime(134_398_234_000_000_000);

pub(crate) fn settings() -> Settings {
    Settings { server: Server::from_host_name("server.example.test"), ..Settings::default() }
}

pub(crate) fn every_response() -> ResponsePolicy {
    ResponsePolicy { lmv2: true, ntlmv1: true, ntlmv1_ess: true, lm: true }
}

pub(crate) fn identity(user: &str, domain: &str, password: &str) -> Identity {
    Identity { user: user.into(), domain: domain.into(), password: password.to_owned().into() }
}

pub(crate) fn credential(identity: Option<Identity>) -> Credential {
    Credential {
        package: Package::Only(Mechanism::Ntlm),
        usage: Usage { inbound: true, outbound: true },
        principal: None,
        account: identity.as_ref().map(Account::from_identity),
        identity,
        mechanisms: vec![Mechanism::Ntlm],
    }
}

/// One side of an exchange and what its caller wants.
#[derive(Clone)]
pub(crate) struct Party {
    pub(crate) identity: Option<Identity>,
    pub(crate) settings: Settings,
    pub(crate) requirements: ContextFlags,
    pub(crate) target: String,
    pub(crate) bindings: Option<ChannelBindings>,
    pub(crate) now: FileTime,
}

impl Party {
    /// Alice, or the server that knows her.
    pub(crate) fn alice() -> Party {
        Party {
            identity: Some(identity(USER, DOMAIN, PASSWORD)),
            settings: settings(),
            requirements: ContextFlags::empty(),
            target: "HTTP/server.example.test".into(),
            bindings: None,
            now: NOW,
        }
    }

    pub(crate) fn requiring(requirements: ContextFlags) -> Party {
        Party { requirements, ..Party::alice() }
    }

    pub(crate) fn accept(&self, acceptor: &Acceptor, token: &[u8]) -> Result<Step<Acceptor>, Error> {
        let credential = credential(self.identity.clone());
        let Party { settings, requirements, bindings, now, .. } = self;
        let call =
            AcceptCall { credential: &credential, settings, requirements: *requirements, bindings: bindings.as_ref(), now: *now };
        acceptor.step(token, &call).map_err(|failure| failure.error)
    }

    pub(crate) fn initiate(&self, initiator: &Initiator, token: Option<&[u8]>) -> Result<Step<Initiator>, Error> {
        let credential = credential(self.identity.clone());
        let Party { settings, requirements, bindings, now, target, .. } = self;
        let call = InitiateCall {
            credential: &credential,
            settings,
            requirements: *requirements,
            target,
            bindings: bindings.as_ref(),
            now: *now,
        };
        initiator.step(token, &call).map_err(|failure| failure.error)
    }
}

pub(crate) fn going_on<S>(step: Step<S>) -> (S, Vec<u8>) {
    match step {
        Step::Continue { next, token } => (next, token),
        Step::Done { .. } => panic!("done too early"),
    }
}

pub(crate) fn done<S>(step: Step<S>) -> (Box<Established>, Option<Vec<u8>>) {
    match step {
        Step::Done { established, token } => (established, token),
        Step::Continue { .. } => panic!("not done"),
    }
}

/// An exchange up to its last message, which the acceptor has not seen.
pub(crate) struct Exchange {
    pub(crate) client: Box<Established>,
    pub(crate) acceptor: Acceptor,
    pub(crate) negotiate: Vec<u8>,
    pub(crate) challenge: Vec<u8>,
    pub(crate) authenticate: Vec<u8>,
}

pub(crate) fn exchange(client: &Party, server: &Party) -> Result<Exchange, Error> {
    let (initiator, negotiate) = going_on(client.initiate(&Initiator::new(), None)?);
    let (acceptor, challenge) = going_on(server.accept(&Acceptor::new(), &negotiate)?);
    let (client, authenticate) = done(client.initiate(&initiator, Some(&challenge))?);
    Ok(Exchange { client, acceptor, negotiate, challenge, authenticate: authenticate.expect("AUTHENTICATE_MESSAGE") })
}

/// A whole exchange: the client's context and the server's.
pub(crate) fn establish(client: &Party, server: &Party) -> Result<(Box<Established>, Box<Established>), Error> {
    let Exchange { client, acceptor, authenticate, .. } = exchange(client, server)?;
    let (server, token) = done(server.accept(&acceptor, &authenticate)?);
    assert_eq!(token, None);
    Ok((client, server))
}
