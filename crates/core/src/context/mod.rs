//! The contexts of a package (SPNEGO, or one mechanism by itself), one type for each stage.

mod persist_accepting;
mod persist_established;

use crate::mechanism::{AcceptCall, InitiateCall, LastToken, Package};
use crate::negotiate::{
    self, AcceptorConfig, Established, InitiatorConfig, MechAcceptor, MechInitiator, StepResult,
};
use crate::types::address::Address;
use crate::types::channel_bindings::ChannelBindings;
use crate::types::error::{Error, Result};
use crate::types::flags::ContextFlags;
use crate::types::logon_names::ValidatedLogon;
use crate::types::time::FileTime;
use std::sync::Arc;

/// An acceptor's exchange in progress.
#[derive(Debug)]
pub struct Accepting {
    /// The configuration at the start of the exchange; used until its end.
    pub config: Arc<AcceptorConfig>,
    /// The state of the protocol.
    pub acceptor: Acceptor,
}

/// An initiator's exchange in progress.
#[derive(Debug)]
pub struct Initiating {
    /// The configuration at the start of the exchange; used until its end.
    pub config: Arc<InitiatorConfig>,
    /// The target name given with the first call.
    pub target: String,
    /// The state of the protocol.
    pub initiator: Initiator,
}

/// An established context, with its package and side.
#[derive(Debug)]
pub struct EstablishedContext {
    /// Keys, names, attributes. They stay where the mechanism has put them.
    pub established: Box<Established>,
    /// The package of the credential: only Negotiate's contexts have SECPKG_ATTR_NEGOTIATION_INFO.
    pub package: Package,
    /// Whether this is the acceptor's side.
    pub accepted: bool,
}

/// The arguments of a call, apart from its token.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// `fContextReq`.
    pub requirements: ContextFlags,
    /// The SECBUFFER_CHANNEL_BINDINGS buffer.
    pub bindings: Option<&'a ChannelBindings>,
    /// The client's address, if an acceptor's caller told it.
    pub address: Option<Address>,
    /// The current time.
    pub now: FileTime,
}

/// The acceptor of one package.
#[derive(Debug)]
pub enum Acceptor {
    /// SPNEGO.
    Negotiate(negotiate::Acceptor),
    /// One mechanism by itself.
    Only(MechAcceptor),
}

impl Acceptor {
    /// The state before the first token of a context of `package`.
    pub fn new(package: Package) -> Acceptor {
        match package {
            Package::Negotiate => Acceptor::Negotiate(negotiate::Acceptor::new()),
            Package::Only(mechanism) => Acceptor::Only(MechAcceptor::new(mechanism)),
        }
    }

    fn step(&self, token: &[u8], call: &negotiate::AcceptCall<'_>) -> StepResult<Acceptor> {
        match self {
            Acceptor::Negotiate(acceptor) => {
                Ok(acceptor.step(token, call)?.map_next(Acceptor::Negotiate))
            }
            Acceptor::Only(acceptor) => Ok(acceptor.step(token, call)?.map_next(Acceptor::Only)),
        }
    }
}

/// The initiator of one package.
#[derive(Debug)]
pub enum Initiator {
    /// SPNEGO.
    Negotiate(negotiate::Initiator),
    /// One mechanism by itself.
    Only(MechInitiator),
}

impl Initiator {
    /// Whether the token made last is the last that this side sends.
    pub fn last_token(&self) -> LastToken {
        match self {
            Initiator::Negotiate(initiator) => initiator.last_token(),
            Initiator::Only(initiator) => initiator.last_token(),
        }
    }

    /// The state before the first token of a context of `package`.
    pub fn new(package: Package) -> Initiator {
        match package {
            Package::Negotiate => Initiator::Negotiate(negotiate::Initiator::new()),
            Package::Only(mechanism) => Initiator::Only(MechInitiator::new(mechanism)),
        }
    }

    fn user_to_user_ticket(&self, token: &[u8]) -> Option<Vec<u8>> {
        match self {
            Initiator::Negotiate(initiator) => initiator.user_to_user_ticket(token),
            Initiator::Only(initiator) => initiator.user_to_user_ticket(token),
        }
    }

    fn step(
        &self,
        token: Option<&[u8]>,
        call: &negotiate::InitiateCall<'_>,
    ) -> StepResult<Initiator> {
        match self {
            Initiator::Negotiate(initiator) => {
                Ok(initiator.step(token, call)?.map_next(Initiator::Negotiate))
            }
            Initiator::Only(initiator) => {
                Ok(initiator.step(token, call)?.map_next(Initiator::Only))
            }
        }
    }
}

impl Accepting {
    /// An exchange before its first token.
    pub fn new(package: Package, config: Arc<AcceptorConfig>) -> Accepting {
        Accepting { config, acceptor: Acceptor::new(package) }
    }

    /// Processes one call of `AcceptSecurityContext`.
    ///
    /// Errors: `InvalidToken` for a token longer than `max_token`; otherwise those of SPNEGO and
    /// the mechanisms.
    pub fn step(&self, token: &[u8], call: Call<'_>) -> StepResult<Accepting> {
        self.check_length(token)?;
        let Call { requirements, bindings, address, now } = call;
        let call = AcceptCall { config: &*self.config, requirements, bindings, address, now };
        let step = self.acceptor.step(token, &call)?;
        Ok(step.map_next(|acceptor| Accepting { config: self.config.clone(), acceptor }))
    }

    /// Checks the length of a token, which a step does too. For callers that have checks of their
    /// own, which come after this one.
    ///
    /// Errors: `InvalidToken` for a token longer than `max_token`.
    pub fn check_length(&self, token: &[u8]) -> Result<()> {
        check_length(token, self.config.max_token)
    }

    /// The logon that is validated already, while the client's mechListMIC is missing.
    pub fn validated(&self) -> Option<&ValidatedLogon> {
        match &self.acceptor {
            Acceptor::Negotiate(acceptor) => acceptor.validated(),
            Acceptor::Only(_) => None,
        }
    }
}

impl Initiating {
    /// An exchange before its first token.
    pub fn new(package: Package, config: Arc<InitiatorConfig>, target: String) -> Initiating {
        Initiating { config, target, initiator: Initiator::new(package) }
    }

    /// Processes one call of `InitializeSecurityContext`.
    ///
    /// Errors: as for [`Accepting::step`], and `Unsupported` for MANUAL_CRED_VALIDATION.
    pub fn step(&self, token: Option<&[u8]>, call: Call<'_>) -> StepResult<Initiating> {
        self.check_length(token)?;
        let Call { requirements, bindings, address: _, now } = call;
        if requirements.contains(ContextFlags::MANUAL_CRED_VALIDATION) {
            return Err(Error::Unsupported("ISC_REQ_MANUAL_CRED_VALIDATION is Schannel's").into());
        }
        let target = &self.target;
        let call = InitiateCall { config: &*self.config, requirements, target, bindings, now };
        let step = self.initiator.step(token, &call)?;
        Ok(step.map_next(|initiator| Initiating {
            config: self.config.clone(),
            target: self.target.clone(),
            initiator,
        }))
    }

    /// The service's ticket-granting ticket in `token`, encoded, for which the step asks a
    /// [`TicketSource`](crate::kerberos::TicketSource).
    pub fn user_to_user_ticket(&self, token: &[u8]) -> Option<Vec<u8>> {
        self.check_length(Some(token)).ok()?;
        self.initiator.user_to_user_ticket(token)
    }

    /// As [`Accepting::check_length`].
    pub fn check_length(&self, token: Option<&[u8]>) -> Result<()> {
        check_length(token.unwrap_or_default(), self.config.max_token)
    }
}

/// Checks a token against the limit reported by SECPKG_ATTR_SIZES and QuerySecurityPackageInfo.
/// This is the only place that does.
fn check_length(token: &[u8], max_token: usize) -> Result<()> {
    match token.len() <= max_token {
        true => Ok(()),
        false => Err(Error::InvalidToken("longer than [limits] max_token")),
    }
}
