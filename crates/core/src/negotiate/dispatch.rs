//! Dispatch to the mechanisms behind SPNEGO: the one module that knows both.

use super::session::Session;
use super::{AcceptCall, InitiateCall};
use crate::kerberos;
use crate::mechanism::{self, LastToken, Mechanism};
use crate::ntlm;
use crate::persist::{Persist, Reader, Writer};
use crate::types::error::{Error, Result};

/// An established context of either mechanism.
pub type Established = mechanism::Established<Session>;

/// The result of a successful step of either mechanism.
pub type Step<S> = mechanism::Step<S, Box<Established>>;

/// The result of a step.
pub type StepResult<S> = mechanism::StepResult<S, Box<Established>>;

/// Whether the server can offer `mechanism` to a client; `token` is the client's first token, if it
/// is that mechanism's. Kerberos needs a key. NTLM is offered unless it is switched off; without
/// accounts it rejects every client in the same way.
pub(super) fn acceptable(
    mechanism: Mechanism,
    token: Option<&[u8]>,
    call: &AcceptCall<'_>,
) -> bool {
    match mechanism {
        Mechanism::Kerberos => kerberos::can_accept(token, &call.with(&call.config.kerberos)),
        Mechanism::Ntlm => call.config.ntlm.policy.mode != ntlm::Mode::Off,
    }
}

/// The acceptor of the chosen mechanism, between two of its tokens.
#[derive(Debug)]
pub enum MechAcceptor {
    /// Kerberos.
    Kerberos(kerberos::Acceptor),
    /// NTLM.
    Ntlm(ntlm::Acceptor),
}

impl MechAcceptor {
    /// The mechanism.
    pub fn mechanism(&self) -> Mechanism {
        match self {
            MechAcceptor::Kerberos(_) => Mechanism::Kerberos,
            MechAcceptor::Ntlm(_) => Mechanism::Ntlm,
        }
    }

    /// The state before the mechanism's first token.
    pub fn new(mechanism: Mechanism) -> MechAcceptor {
        match mechanism {
            Mechanism::Kerberos => MechAcceptor::Kerberos(kerberos::Acceptor::new()),
            Mechanism::Ntlm => MechAcceptor::Ntlm(ntlm::Acceptor::new()),
        }
    }

    /// Processes the client's next token.
    pub fn step(&self, token: &[u8], call: &AcceptCall<'_>) -> StepResult<MechAcceptor> {
        Ok(match self {
            MechAcceptor::Kerberos(acceptor) => acceptor
                .step(token, &call.with(&call.config.kerberos))?
                .map(MechAcceptor::Kerberos, |context| Box::new(context.map(Session::Kerberos))),
            MechAcceptor::Ntlm(acceptor) => acceptor
                .step(token, &call.with(&call.config.ntlm))?
                .map(MechAcceptor::Ntlm, |context| Box::new(context.map(Session::Ntlm))),
        })
    }
}

/// Only an NTLM acceptor can be exported during the exchange.
impl Persist for MechAcceptor {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        match self {
            MechAcceptor::Ntlm(acceptor) => acceptor.pack(out),
            MechAcceptor::Kerberos(_) => Err(Error::CannotPack("a Kerberos exchange in progress")),
        }
    }

    fn unpack(from: &mut Reader<'_>) -> Result<MechAcceptor> {
        Persist::unpack(from).map(MechAcceptor::Ntlm)
    }
}

/// The initiator of the chosen mechanism, between two of its tokens.
#[derive(Debug)]
pub enum MechInitiator {
    /// Kerberos.
    Kerberos(kerberos::Initiator),
    /// NTLM.
    Ntlm(ntlm::Initiator),
}

impl MechInitiator {
    /// The mechanism.
    pub fn mechanism(&self) -> Mechanism {
        match self {
            MechInitiator::Kerberos(_) => Mechanism::Kerberos,
            MechInitiator::Ntlm(_) => Mechanism::Ntlm,
        }
    }

    /// Whether the token made last is the mechanism's last. NTLM's before AUTHENTICATE_MESSAGE never
    /// is, and with that the mechanism is done.
    pub fn last_token(&self) -> LastToken {
        match self {
            MechInitiator::Kerberos(initiator) => initiator.last_token(),
            MechInitiator::Ntlm(_) => LastToken::No,
        }
    }

    /// The state before the mechanism's first token.
    pub fn new(mechanism: Mechanism) -> MechInitiator {
        match mechanism {
            Mechanism::Kerberos => MechInitiator::Kerberos(kerberos::Initiator::new()),
            Mechanism::Ntlm => MechInitiator::Ntlm(ntlm::Initiator::new()),
        }
    }

    /// As [`kerberos::Initiator::user_to_user_ticket`].
    pub fn user_to_user_ticket(&self, token: &[u8]) -> Option<Vec<u8>> {
        match self {
            MechInitiator::Kerberos(initiator) => initiator.user_to_user_ticket(token),
            MechInitiator::Ntlm(_) => None,
        }
    }

    /// Makes the next token. `token` is the acceptor's last one, `None` at the start.
    pub fn step(&self, token: Option<&[u8]>, call: &InitiateCall<'_>) -> StepResult<MechInitiator> {
        Ok(match self {
            MechInitiator::Kerberos(initiator) => initiator
                .step(token, &call.with(&call.config.kerberos))?
                .map(MechInitiator::Kerberos, |context| Box::new(context.map(Session::Kerberos))),
            MechInitiator::Ntlm(initiator) => initiator
                .step(token, &call.with(&call.config.ntlm))?
                .map(MechInitiator::Ntlm, |context| Box::new(context.map(Session::Ntlm))),
        })
    }
}
