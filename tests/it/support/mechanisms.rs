//! The two parties that tests of SPNEGO put on either side: credentials for both, and either side's
//! mechanism by itself, so that a test can wrap its tokens as it pleases.

use negossp::config::Settings;
use negossp::mechanism::Mechanism;
use negossp::mechanism::Package;
use negossp::negotiate::{
    AcceptCall, Acceptor, Established, InitiateCall, Initiator, MechAcceptor, MechInitiator,
    Session, Step,
};
use negossp::ntlm::Account;
use negossp::platform;
use negossp::server::Configuration;
use negossp::server::credential::{Credential, Usage};
use negossp::types::error::Failure;
use negossp::types::flags::ContextFlags;
use negossp::types::identity::Identity;
use std::sync::Arc;
use zeroize::Zeroizing;

pub(crate) const FLAGS: ContextFlags = ContextFlags::INTEGRITY
    .union(ContextFlags::CONFIDENTIALITY)
    .union(ContextFlags::REPLAY_DETECT)
    .union(ContextFlags::SEQUENCE_DETECT);

/// Everything that calls on both sides borrow.
pub(crate) struct Fixture {
    pub(crate) server: Credential,
    pub(crate) client: Credential,
    pub(crate) settings: Settings,
    pub(crate) requirements: ContextFlags,
}

impl Fixture {
    /// A server that knows alice, and a client that says this password.
    pub(crate) fn new(password: &str) -> Fixture {
        let identity = |password: &str| Identity {
            user: "alice".into(),
            domain: "EXAMPLE".into(),
            password: Zeroizing::new(password.into()),
        };
        let credential = |password: &str, inbound: bool| Credential {
            package: Package::Negotiate,
            usage: Usage { inbound, outbound: !inbound },
            principal: None,
            identity: Some(identity(password)),
            mechanisms: vec![Mechanism::Ntlm],
            accounts: inbound
                .then(|| Account::from_identity(&identity(password)))
                .into_iter()
                .collect(),
            application: None,
            service: Default::default(),
            assembled: Default::default(),
        };
        Fixture {
            server: credential("Passw0rd!", true),
            client: credential(password, false),
            settings: Settings::default(),
            requirements: FLAGS,
        }
    }

    /// The configuration, which is never freed.
    fn configuration(&self) -> &'static Arc<Configuration> {
        Box::leak(Box::new(Arc::new(Configuration::open(self.settings.clone(), None))))
    }

    pub(crate) fn accept_call(&self) -> AcceptCall<'_> {
        AcceptCall {
            config: Box::leak(Box::new(self.server.acceptor_config(self.configuration()))),
            requirements: self.requirements,
            bindings: None,
            now: platform::now(),
        }
    }

    pub(crate) fn initiate_call(&self) -> InitiateCall<'_> {
        InitiateCall {
            config: Box::leak(Box::new(self.client.initiator_config(self.configuration()))),
            requirements: self.requirements,
            target: "HTTP/server.example.test",
            bindings: None,
            now: platform::now(),
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
        go_on(MechInitiator::new(Mechanism::Ntlm).unwrap().step(None, &self.initiate_call()))
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

/// Messages go both ways.
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
