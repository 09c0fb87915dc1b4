//! What the NTLM tests share: both sides with settings to play with, and a whole exchange between
//! them.

use negossp::config::Settings;
use negossp::mechanism::Package;
use negossp::mechanism::{self, AcceptCall, InitiateCall, Mechanism};
use negossp::ntlm::flags::NegotiateFlags;
use negossp::ntlm::{Acceptor, Initiator, ServerNames, Session};
use negossp::ntlm::{Account, ResponsePolicy};
use negossp::server::Configuration;
use negossp::server::credential::{Credential, Usage};
use negossp::types::channel_bindings::ChannelBindings;
use negossp::types::error::Error;
use negossp::types::flags::ContextFlags;
use negossp::types::identity::Identity;
use negossp::types::protection::{Part, Qop};
use negossp::types::time::FileTime;
use std::sync::Arc;

/// An established NTLM context.
pub(crate) type Established = mechanism::Established<Session>;

/// What a step leads to.
pub(crate) type Step<S> = mechanism::Step<S, Established>;

pub(crate) const USER: &str = "alice";
pub(crate) const DOMAIN: &str = "EXAMPLE";
pub(crate) const PASSWORD: &str = "Passw0rd!";
/// 2026-11-22, about when the recorded exchanges were made.
pub(crate) const NOW: FileTime = FileTime(134_398_234_000_000_000);

pub(crate) fn settings() -> Settings {
    Settings { server: ServerNames::from_host_name("server.example.test"), ..Settings::default() }
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
        accounts: identity.iter().map(Account::from_identity).collect(),
        application: None,
        identity,
        mechanisms: vec![Mechanism::Ntlm],
        service: Default::default(),
        assembled: Default::default(),
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
    /// The account has an LM hash.
    pub(crate) lm_hash: bool,
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
            lm_hash: true,
        }
    }

    pub(crate) fn requiring(requirements: ContextFlags) -> Party {
        Party { requirements, ..Party::alice() }
    }

    pub(crate) fn accept(
        &self,
        acceptor: &Acceptor,
        token: &[u8],
    ) -> Result<Step<Acceptor>, Error> {
        let mut credential = credential(self.identity.clone());
        if let (Some(account), false) = (credential.accounts.first_mut(), self.lm_hash) {
            account.lm_hash = None;
        }
        let Party { settings, requirements, bindings, now, .. } = self;
        let configuration = Arc::new(Configuration::open(settings.clone(), None));
        let call = AcceptCall {
            config: &credential.acceptor_config(&configuration).ntlm,
            requirements: *requirements,
            bindings: bindings.as_ref(),
            now: *now,
        };
        acceptor.step(token, &call).map_err(|failure| failure.error)
    }

    pub(crate) fn initiate(
        &self,
        initiator: &Initiator,
        token: Option<&[u8]>,
    ) -> Result<Step<Initiator>, Error> {
        let credential = credential(self.identity.clone());
        let Party { settings, requirements, bindings, now, target, .. } = self;
        let configuration = Configuration::open(settings.clone(), None);
        let call = InitiateCall {
            config: &credential.initiator_config(&configuration).ntlm,
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
        Step::Continue { next, token, .. } => (next, token),
        Step::Done { .. } => panic!("done too early"),
    }
}

pub(crate) fn done<S>(step: Step<S>) -> (Established, Option<Vec<u8>>) {
    match step {
        Step::Done { established, token, .. } => (established, token),
        Step::Continue { .. } => panic!("not done"),
    }
}

/// An exchange up to its last message, which the acceptor has not seen.
pub(crate) struct Exchange {
    pub(crate) client: Established,
    pub(crate) acceptor: Acceptor,
    pub(crate) negotiate: Vec<u8>,
    pub(crate) challenge: Vec<u8>,
    pub(crate) authenticate: Vec<u8>,
}

pub(crate) fn exchange(client: &Party, server: &Party) -> Result<Exchange, Error> {
    let (initiator, negotiate) = going_on(client.initiate(&Initiator::new(), None)?);
    let (acceptor, challenge) = going_on(server.accept(&Acceptor::new(), &negotiate)?);
    let (client, authenticate) = done(client.initiate(&initiator, Some(&challenge))?);
    Ok(Exchange {
        client,
        acceptor,
        negotiate,
        challenge,
        authenticate: authenticate.expect("AUTHENTICATE_MESSAGE"),
    })
}

/// A whole exchange: the client's context and the server's.
pub(crate) fn establish(
    client: &Party,
    server: &Party,
) -> Result<(Established, Established), Error> {
    let Exchange { client, acceptor, authenticate, .. } = exchange(client, server)?;
    let (server, token) = done(server.accept(&acceptor, &authenticate)?);
    assert_eq!(token, None);
    Ok((client, server))
}

/// The flags of a NEGOTIATE_MESSAGE or (at 20) CHALLENGE_MESSAGE.
pub(crate) fn flags_at(message: &mut [u8], at: usize) -> &mut [u8; 4] {
    (&mut message[at..at + 4]).try_into().unwrap()
}

/// An exchange in which NEGOTIATE_MESSAGE offers `keep` at most, as a weaker client would.
pub(crate) fn weaker(
    client: &Party,
    server: &Party,
    keep: NegotiateFlags,
) -> Result<(Established, Established), Error> {
    let (initiator, mut negotiate) = going_on(client.initiate(&Initiator::new(), None)?);
    let flags = flags_at(&mut negotiate, 12);
    *flags = (u32::from_le_bytes(*flags) & keep.bits()).to_le_bytes();
    let (acceptor, mut challenge) = going_on(server.accept(&Acceptor::new(), &negotiate)?);
    // Without its timestamp the challenge asks for no MIC, which would tell the messages' change.
    let timestamp = challenge.len() - 16;
    challenge[timestamp] = 0xff;
    let (client, authenticate) = done(client.initiate(&initiator, Some(&challenge))?);
    let (server, _) = done(server.accept(&acceptor, &authenticate.unwrap())?);
    Ok((client, server))
}

/// Signs and seals a few messages each way.
pub(crate) fn both_ways(client: &mut Established, server: &mut Established) {
    for round in 0..3u8 {
        for client_sends in [true, false] {
            let (from, to) = if client_sends {
                (&mut *client, &mut *server)
            } else {
                (&mut *server, &mut *client)
            };
            let mut token = [0; 16];
            let header = [round; 3];
            assert_eq!(from.session.sign(&[b"a", &header], 7, &mut token), Ok(16));
            assert_eq!(to.session.verify(&[b"a", &header], 7, &token), Ok(()));
            let (mut first, mut second, mut readable) =
                (vec![round; 100], vec![b'x'; 20_000], vec![b'h'; 5]);
            let mut parts = [
                Part { data: &mut readable, seal: false },
                Part { data: &mut first, seal: true },
                Part { data: &mut second, seal: true },
            ];
            assert_eq!(from.session.seal(Qop::Encrypt, &mut parts, 8, &mut token), Ok(16));
            assert_eq!(readable, b"hhhhh");
            assert_ne!(first, [round; 100]);
            let mut parts = [
                Part { data: &mut readable, seal: false },
                Part { data: &mut first, seal: true },
                Part { data: &mut second, seal: true },
            ];
            assert_eq!(to.session.unseal(&mut parts, 8, &token), Ok(Qop::Encrypt));
            assert_eq!((first, second), (vec![round; 100], vec![b'x'; 20_000]));
        }
    }
}

/// What a context that signs reports.
pub(crate) const SIGNED: ContextFlags =
    ContextFlags::INTEGRITY.union(ContextFlags::REPLAY_DETECT).union(ContextFlags::SEQUENCE_DETECT);
