//! The two parties that tests of SPNEGO use: configurations for both, and either side's mechanism
//! by itself, so that a test can wrap its tokens in any way.

use super::caller::acceptor_config;
use super::ntlm::NOW;
use super::random::COUNTED;
use negossp_core::kerberos;
use negossp_core::mechanism::Mechanism;
use negossp_core::negotiate::{
    AcceptCall, Acceptor, AcceptorConfig, Established, InitiateCall, Initiator, InitiatorConfig,
    MechAcceptor, MechInitiator, Session, Step,
};
use negossp_core::ntlm::{self, Account};
use negossp_core::types::error::Failure;
use negossp_core::types::flags::ContextFlags;
use negossp_core::types::identity::Identity;
use std::sync::Arc;

pub(crate) const FLAGS: ContextFlags = ContextFlags::INTEGRITY
    .union(ContextFlags::CONFIDENTIALITY)
    .union(ContextFlags::REPLAY_DETECT)
    .union(ContextFlags::SEQUENCE_DETECT);

/// Everything that calls on both sides borrow.
pub(crate) struct Fixture {
    pub(crate) server: Arc<AcceptorConfig>,
    pub(crate) client: Arc<InitiatorConfig>,
    pub(crate) requirements: ContextFlags,
}

impl Fixture {
    /// A server that has alice's account, and a client with this password.
    pub(crate) fn new(password: &str) -> Fixture {
        let identity = |password: &str| Identity {
            user: "alice".into(),
            domain: "EXAMPLE".into(),
            password: password.to_owned().into(),
        };
        let server = AcceptorConfig {
            mechanisms: vec![Mechanism::Ntlm],
            ..acceptor_config(vec![Account::from_identity(&identity("Passw0rd!"))])
        };
        let client = InitiatorConfig {
            mechanisms: vec![Mechanism::Ntlm],
            max_token: server.max_token,
            kerberos: kerberos::InitiatorConfig::without_client(&COUNTED),
            ntlm: ntlm::InitiatorConfig {
                policy: ntlm::Policy::default(),
                workstation: "CLIENT".into(),
                machine_id: None,
                identity: Some(identity(password)),
                sign: true,
                context_lifetime: None,
                random: &COUNTED,
            },
        };
        Fixture { server: Arc::new(server), client: Arc::new(client), requirements: FLAGS }
    }

    /// The server's configuration, to be changed before it is used.
    pub(crate) fn server_mut(&mut self) -> &mut AcceptorConfig {
        Arc::get_mut(&mut self.server).expect("not in use")
    }

    /// The client's, likewise.
    pub(crate) fn client_mut(&mut self) -> &mut InitiatorConfig {
        Arc::get_mut(&mut self.client).expect("not in use")
    }

    pub(crate) fn accept_call(&self) -> AcceptCall<'_> {
        AcceptCall {
            config: &self.server,
            requirements: self.requirements,
            bindings: None,
            address: None,
            now: NOW,
        }
    }

    pub(crate) fn initiate_call(&self) -> InitiateCall<'_> {
        InitiateCall {
            config: &self.client,
            requirements: self.requirements,
            target: "HTTP/server.example.test",
            bindings: None,
            now: NOW,
        }
    }

    pub(crate) fn accept(
        &self,
        acceptor: &Acceptor,
        token: &[u8],
    ) -> Result<Step<Acceptor>, Failure> {
        acceptor.step(token, &self.accept_call())
    }

    pub(crate) fn initiate(
        &self,
        initiator: &Initiator,
        token: Option<&[u8]>,
    ) -> Result<Step<Initiator>, Failure> {
        initiator.step(token, &self.initiate_call())
    }

    /// NTLM's NEGOTIATE_MESSAGE and the state that awaits CHALLENGE_MESSAGE.
    pub(crate) fn ntlm_negotiate(&self) -> (MechInitiator, Vec<u8>) {
        go_on(MechInitiator::new(Mechanism::Ntlm).step(None, &self.initiate_call()))
    }

    /// NTLM's AUTHENTICATE_MESSAGE and the client's context.
    pub(crate) fn ntlm_authenticate(
        &self,
        client: &MechInitiator,
        challenge: &[u8],
    ) -> (Box<Established>, Vec<u8>) {
        let (established, token) = finish(client.step(Some(challenge), &self.initiate_call()));
        (established, token.expect("AUTHENTICATE_MESSAGE"))
    }

    /// NTLM's CHALLENGE_MESSAGE and the state that awaits AUTHENTICATE_MESSAGE.
    pub(crate) fn ntlm_challenge(&self, negotiate: &[u8]) -> (MechAcceptor, Vec<u8>) {
        go_on(MechAcceptor::new(Mechanism::Ntlm).step(negotiate, &self.accept_call()))
    }

    /// The server's context.
    pub(crate) fn ntlm_accept(
        &self,
        server: &MechAcceptor,
        authenticate: &[u8],
    ) -> Box<Established> {
        finish(server.step(authenticate, &self.accept_call())).0
    }
}

/// The next state and the token, of a step that must not be the last.
#[track_caller]
pub(crate) fn go_on<S>(step: Result<Step<S>, Failure>) -> (S, Vec<u8>) {
    match step {
        Ok(Step::Continue { next, token, .. }) => (next, token),
        Ok(Step::Done { .. }) => panic!("done too early"),
        Err(failure) => panic!("failed: {}", failure.error),
    }
}

/// The context and the token, of a step that must be the last.
#[track_caller]
pub(crate) fn finish<S>(step: Result<Step<S>, Failure>) -> (Box<Established>, Option<Vec<u8>>) {
    match step {
        Ok(Step::Done { established, token, .. }) => (established, token),
        Ok(Step::Continue { .. }) => panic!("not done"),
        Err(failure) => panic!("failed: {}", failure.error),
    }
}

/// The failure of a step that must fail.
#[track_caller]
pub(crate) fn fail<S>(step: Result<Step<S>, Failure>) -> Failure {
    match step {
        Ok(_) => panic!("must fail"),
        Err(failure) => failure,
    }
}

/// Exchanges messages in both directions.
#[track_caller]
pub(crate) fn talk(client: &Established, server: &Established) {
    let (mut client, mut server) = (client.session.clone(), server.session.clone());
    assert_eq!(client.session_key(), server.session_key());
    fn say(from: &mut Session, to: &mut Session, message: &[u8]) {
        let mut token = vec![0; from.sizes().max_signature as usize];
        let n = from.sign(&[message], 0, &mut token).unwrap();
        to.verify(&[message], 0, &token[..n]).unwrap();
    }
    for message in [&b"one"[..], b"two"] {
        say(&mut client, &mut server, message);
        say(&mut server, &mut client, message);
    }
}
