//! What the NTLM tests share: both sides with changeable settings, and a whole exchange between
//! them.

use super::caller::{Accounts, acceptor_config};
use super::random::COUNTED;
use negossp_core::mechanism::{self, AcceptCall, InitiateCall};
use negossp_core::ntlm::flags::NegotiateFlags;
use negossp_core::ntlm::{
    Acceptor, AcceptorConfig, Account, Initiator, InitiatorConfig, Policy, ResponsePolicy,
    ServerNames, Session,
};
use negossp_core::types::channel_bindings::ChannelBindings;
use negossp_core::types::error::Error;
use negossp_core::types::flags::ContextFlags;
use negossp_core::types::identity::Identity;
use negossp_core::types::protection::{Part, Qop};
use negossp_core::types::time::FileTime;
use std::sync::Arc;
use std::time::Duration;

/// An established NTLM context.
pub(crate) type Established = mechanism::Established<Session>;

/// The result of a step.
pub(crate) type Step<S> = mechanism::Step<S, Established>;

pub(crate) const USER: &str = "alice";
pub(crate) const DOMAIN: &str = "EXAMPLE";
pub(crate) const PASSWORD: &str = "Passw0rd!";
/// 2026-11-22, about when the recorded exchanges were made.
pub(crate) const NOW: FileTime = FileTime(134_398_234_000_000_000);

pub(crate) fn every_response() -> ResponsePolicy {
    ResponsePolicy { lmv2: true, ntlmv1: true, ntlmv1_ess: true, lm: true, mschapv2: false }
}

pub(crate) fn identity(user: &str, domain: &str, password: &str) -> Identity {
    Identity { user: user.into(), domain: domain.into(), password: password.to_owned().into() }
}

/// One side of an exchange and its caller's requirements.
#[derive(Clone)]
pub(crate) struct Party {
    pub(crate) identity: Option<Identity>,
    pub(crate) policy: Policy,
    pub(crate) names: ServerNames,
    /// The lifetime of a context.
    pub(crate) context_lifetime: Option<Duration>,
    pub(crate) requirements: ContextFlags,
    pub(crate) target: String,
    pub(crate) bindings: Option<ChannelBindings>,
    pub(crate) now: FileTime,
    /// The account has an LM hash.
    pub(crate) lm_hash: bool,
    /// The MachineID of its process.
    pub(crate) machine_id: Option<[u8; 32]>,
}

impl Party {
    /// Alice, or the server that has her account.
    pub(crate) fn alice() -> Party {
        Party {
            identity: Some(identity(USER, DOMAIN, PASSWORD)),
            policy: Policy::default(),
            names: ServerNames::from_host_name("server.example.test"),
            context_lifetime: None,
            requirements: ContextFlags::empty(),
            target: "HTTP/server.example.test".into(),
            bindings: None,
            now: NOW,
            lm_hash: true,
            machine_id: None,
        }
    }

    /// The same, which does not compare the target information that clients return.
    pub(crate) fn taking_any_target_info(&self) -> Party {
        let mut party = self.clone();
        party.policy.require_target_info = false;
        party
    }

    pub(crate) fn requiring(requirements: ContextFlags) -> Party {
        Party { requirements, ..Party::alice() }
    }

    pub(crate) fn accept(
        &self,
        acceptor: &Acceptor,
        token: &[u8],
    ) -> Result<Step<Acceptor>, Error> {
        let mut accounts: Vec<_> = self.identity.iter().map(Account::from_identity).collect();
        if let (Some(account), false) = (accounts.first_mut(), self.lm_hash) {
            account.lm_hash = None;
        }
        let Party { policy, names, context_lifetime, requirements, bindings, now, .. } = self;
        let config = AcceptorConfig {
            policy: policy.clone(),
            names: names.clone(),
            machine_id: self.machine_id,
            context_lifetime: *context_lifetime,
            authority: Arc::new(Accounts(accounts)),
            ..acceptor_config(vec![]).ntlm
        };
        let (requirements, bindings, now) = (*requirements, bindings.as_ref(), *now);
        let call = AcceptCall { config: &config, requirements, bindings, address: None, now };
        acceptor.step(token, &call).map_err(|failure| failure.error)
    }

    pub(crate) fn initiate(
        &self,
        initiator: &Initiator,
        token: Option<&[u8]>,
    ) -> Result<Step<Initiator>, Error> {
        let Party { policy, context_lifetime, requirements, bindings, now, target, .. } = self;
        let config = InitiatorConfig {
            policy: policy.clone(),
            workstation: self.names.nb_computer.clone(),
            machine_id: self.machine_id,
            identity: self.identity.clone(),
            sign: false,
            context_lifetime: *context_lifetime,
            random: &COUNTED,
        };
        let (requirements, bindings, now) = (*requirements, bindings.as_ref(), *now);
        let call = InitiateCall { config: &config, requirements, target, bindings, now };
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

/// An exchange up to its last message, which the acceptor has not received.
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
    let server = server.taking_any_target_info();
    let (acceptor, mut challenge) = going_on(server.accept(&Acceptor::new(), &negotiate)?);
    // Without its timestamp the challenge asks for no MIC, which would reveal the change of the
    // messages.
    let timestamp = challenge.len() - 16;
    challenge[timestamp] = 0xff;
    let (client, authenticate) = done(client.initiate(&initiator, Some(&challenge))?);
    let (server, _) = done(server.accept(&acceptor, &authenticate.unwrap())?);
    Ok((client, server))
}

/// Signs and seals a few messages in each direction.
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
