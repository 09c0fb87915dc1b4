//! The mechanisms behind SPNEGO: the one place where they are told apart.

use super::session::Session;
use super::{AcceptCall, InitiateCall};
use crate::kerberos;
use crate::mechanism::{self, Mechanism};
use crate::ntlm;
use crate::persist::{Persist, Reader, Writer};
use crate::types::error::{Error, Result};

/// An established context, whichever mechanism's.
pub type Established = mechanism::Established<Session>;

/// What a step leads to.
pub type Step<S> = mechanism::Step<S, Box<Established>>;

/// The result of one step.
pub type StepResult<S> = mechanism::StepResult<S, Box<Established>>;

/// A server can speak `mechanism` with a client whose first token, if it is the mechanism's, is
/// `token`. Kerberos cannot begin without a key. NTLM without accounts can, and rejects all clients
/// alike, unless it is switched off.
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

/// The acceptor of whichever mechanism was chosen, between two of its tokens.
#[derive(Debug)]
pub enum MechAcceptor {
    /// Kerberos.
    Kerberos(kerberos::Acceptor),
    /// NTLM.
    Ntlm(ntlm::Acceptor),
}

impl MechAcceptor {
    /// Whose acceptor this is.
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

    /// Takes the peer's next token.
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

/// Only NTLM's can be exported while the exchange is under way.
impl Persist for MechAcceptor {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        match self {
            MechAcceptor::Ntlm(acceptor) => acceptor.pack(out),
            MechAcceptor::Kerberos(_) => Err(Error::CannotPack("Kerberos under way")),
        }
    }

    fn unpack(from: &mut Reader<'_>) -> Result<MechAcceptor> {
        Persist::unpack(from).map(MechAcceptor::Ntlm)
    }
}

/// The initiator of whichever mechanism was chosen, between two of its tokens.
#[derive(Debug)]
pub enum MechInitiator {
    /// NTLM.
    Ntlm(ntlm::Initiator),
}

impl MechInitiator {
    /// Whose initiator this is.
    pub fn mechanism(&self) -> Mechanism {
        match self {
            MechInitiator::Ntlm(_) => Mechanism::Ntlm,
        }
    }

    /// The state before the mechanism's first token.
    ///
    /// Errors: `NoCredentials` for Kerberos, which has no initiator here.
    pub fn new(mechanism: Mechanism) -> Result<MechInitiator> {
        match mechanism {
            Mechanism::Kerberos => {
                Err(Error::NoCredentials("Kerberos is spoken by the accepting side alone"))
            }
            Mechanism::Ntlm => Ok(MechInitiator::Ntlm(ntlm::Initiator::new())),
        }
    }

    /// Makes the next token: the first one when `token` is `None`.
    pub fn step(&self, token: Option<&[u8]>, call: &InitiateCall<'_>) -> StepResult<MechInitiator> {
        Ok(match self {
            MechInitiator::Ntlm(initiator) => initiator
                .step(token, &call.with(&call.config.ntlm))?
                .map(MechInitiator::Ntlm, |context| Box::new(context.map(Session::Ntlm))),
        })
    }
}
