//! What a `CtxtHandle` names: a conversation under way, an established context, or one that failed.

mod persist_accepting;
mod persist_established;

use crate::config::Settings;
use crate::mechanism::{
    AcceptCall, Established, InitiateCall, MechAcceptor, MechInitiator, Notes, Step, StepResult,
};
use crate::negotiate;
use crate::platform;
use crate::server::credential::{Credential, Package};
use crate::types::channel_bindings::ChannelBindings;
use crate::types::error::{Error, Failure, Result};
use crate::types::flags::ContextFlags;
use std::sync::Arc;

/// A context in one of its states.
#[derive(Debug)]
pub enum Context {
    /// An acceptor awaits the client's next token.
    Accepting(Box<Accepting>),
    /// An initiator awaits the server's next token.
    Initiating(Box<Initiating>),
    /// Established.
    Established(Box<EstablishedContext>),
    /// Failed: it can only be deleted.
    Failed,
}

/// An acceptor's conversation under way.
#[derive(Debug)]
pub struct Accepting {
    /// The credential of the first call; it outlives its handle.
    pub credential: Arc<Credential>,
    /// The configuration of the first call.
    pub settings: Arc<Settings>,
    /// The state of the protocol.
    pub acceptor: Acceptor,
}

/// An initiator's conversation under way.
#[derive(Debug)]
pub struct Initiating {
    /// The credential of the first call; it outlives its handle.
    pub credential: Arc<Credential>,
    /// The configuration of the first call.
    pub settings: Arc<Settings>,
    /// The target name of the first call.
    pub target: String,
    /// The state of the protocol.
    pub initiator: Initiator,
}

/// An established context with what it was made from.
#[derive(Debug)]
pub struct EstablishedContext {
    /// Keys, names, attributes.
    pub established: Established,
    /// The package of the credential: Negotiate's contexts answer SECPKG_ATTR_NEGOTIATION_INFO.
    pub package: Package,
    /// The acceptor's side.
    pub accepted: bool,
}

/// The acceptor of a package.
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

    fn step(&self, token: &[u8], call: &AcceptCall<'_>) -> StepResult<Acceptor> {
        match self {
            Acceptor::Negotiate(acceptor) => {
                Ok(acceptor.step(token, call)?.map(Acceptor::Negotiate))
            }
            Acceptor::Only(acceptor) => Ok(acceptor.step(token, call)?.map(Acceptor::Only)),
        }
    }
}

/// The initiator of a package.
#[derive(Debug)]
pub enum Initiator {
    /// SPNEGO.
    Negotiate(negotiate::Initiator),
    /// One mechanism by itself.
    Only(MechInitiator),
}

impl Initiator {
    /// The state before the first token of a context of `package`; an error if nobody initiates
    /// with it here.
    pub fn new(package: Package) -> Result<Initiator> {
        Ok(match package {
            Package::Negotiate => Initiator::Negotiate(negotiate::Initiator::new()),
            Package::Only(mechanism) => Initiator::Only(MechInitiator::new(mechanism)?),
        })
    }

    fn step(&self, token: Option<&[u8]>, call: &InitiateCall<'_>) -> StepResult<Initiator> {
        match self {
            Initiator::Negotiate(initiator) => {
                Ok(initiator.step(token, call)?.map(Initiator::Negotiate))
            }
            Initiator::Only(initiator) => Ok(initiator.step(token, call)?.map(Initiator::Only)),
        }
    }
}

/// What a leg leads to, before anything has been stored: the caller may still find that the token
/// does not fit and drop it, and the context is as it was.
#[derive(Debug)]
pub struct StepOutput {
    /// The context to store.
    pub context: Context,
    /// The token for the peer.
    pub token: Option<Vec<u8>>,
    /// What else the step has changed.
    notes: Notes,
}

impl StepOutput {
    /// The token could not be handed out: the call will be repeated, and this leg might as well not
    /// have been.
    pub fn take_back(&self) {
        self.notes.take_back();
    }

    /// The context is established, though `token` may still have to be sent.
    pub fn complete(&self) -> bool {
        matches!(self.context, Context::Established(_))
    }

    /// The attributes to report with this leg: none that protects before the context is
    /// established.
    pub fn flags(&self) -> ContextFlags {
        match &self.context {
            Context::Established(secured) => secured.established.flags,
            _ => ContextFlags::empty(),
        }
    }
}

impl Accepting {
    /// The conversation before its first token.
    pub fn new(credential: Arc<Credential>, settings: Arc<Settings>) -> Accepting {
        let acceptor = Acceptor::new(credential.package);
        Accepting { credential, settings, acceptor }
    }

    /// One call of `AcceptSecurityContext`. Its outcome is logged.
    pub fn step(
        &self,
        token: &[u8],
        requirements: ContextFlags,
        bindings: Option<&ChannelBindings>,
    ) -> Result<StepOutput, Failure> {
        let result = self.step_unlogged(token, requirements, bindings);
        match &result {
            Ok(StepOutput { context: Context::Established(secured), .. }) => {
                let Established { client, mechanism, flags, .. } = &secured.established;
                tracing::info!(
                    client = client.display_name(),
                    mechanism = mechanism.package_name(),
                    ?flags,
                    "client accepted"
                );
            }
            Ok(_) => tracing::debug!(token = token.len(), "the client's answer is awaited"),
            Err(failure) => {
                tracing::warn!(token = token.len(), "client refused: {}", failure.error)
            }
        }
        result
    }

    fn step_unlogged(
        &self,
        token: &[u8],
        requirements: ContextFlags,
        bindings: Option<&ChannelBindings>,
    ) -> Result<StepOutput, Failure> {
        if !self.credential.usage.inbound {
            return Err(Error::NoCredentials("the credential is not for inbound use").into());
        }
        self.settings.usable()?;
        let notes = Notes::default();
        let call = AcceptCall {
            credential: &self.credential,
            settings: &self.settings,
            requirements,
            bindings,
            now: platform::now(),
            notes: &notes,
        };
        let step = self.acceptor.step(token, &call)?;
        Ok(match step {
            Step::Continue { next, token } => {
                let next = Accepting {
                    credential: self.credential.clone(),
                    settings: self.settings.clone(),
                    acceptor: next,
                };
                StepOutput {
                    context: Context::Accepting(Box::new(next)),
                    token: Some(token),
                    notes,
                }
            }
            Step::Done { established, token } => StepOutput {
                context: Context::secured(*established, self.credential.package, true),
                token,
                notes,
            },
        })
    }
}

impl Initiating {
    /// The conversation before its first token; an error if nobody initiates with the credential's
    /// package here.
    pub fn new(
        credential: Arc<Credential>,
        settings: Arc<Settings>,
        target: String,
    ) -> Result<Initiating> {
        let initiator = Initiator::new(credential.package)?;
        Ok(Initiating { credential, settings, target, initiator })
    }

    /// One call of `InitializeSecurityContext`. Its outcome is logged.
    pub fn step(
        &self,
        token: Option<&[u8]>,
        requirements: ContextFlags,
        bindings: Option<&ChannelBindings>,
    ) -> Result<StepOutput, Failure> {
        let result = self.step_unlogged(token, requirements, bindings);
        match &result {
            Ok(StepOutput { context: Context::Established(secured), .. }) => {
                let Established { mechanism, flags, .. } = &secured.established;
                tracing::info!(
                    target_name = self.target,
                    mechanism = mechanism.package_name(),
                    ?flags,
                    "server accepted"
                );
            }
            Ok(_) => tracing::debug!("the server's answer is awaited"),
            Err(failure) => {
                tracing::warn!(target_name = self.target, "server refused: {}", failure.error)
            }
        }
        result
    }

    fn step_unlogged(
        &self,
        token: Option<&[u8]>,
        requirements: ContextFlags,
        bindings: Option<&ChannelBindings>,
    ) -> Result<StepOutput, Failure> {
        if !self.credential.usage.outbound {
            return Err(Error::NoCredentials("the credential is not for outbound use").into());
        }
        let call = InitiateCall {
            credential: &self.credential,
            settings: &self.settings,
            requirements,
            target: &self.target,
            bindings,
            now: platform::now(),
        };
        Ok(match self.initiator.step(token, &call)? {
            Step::Continue { next, token } => {
                let next = Initiating {
                    credential: self.credential.clone(),
                    settings: self.settings.clone(),
                    target: self.target.clone(),
                    initiator: next,
                };
                StepOutput {
                    context: Context::Initiating(Box::new(next)),
                    token: Some(token),
                    notes: Notes::default(),
                }
            }
            Step::Done { established, token } => {
                let context = Context::secured(*established, self.credential.package, false);
                StepOutput { context, token, notes: Notes::default() }
            }
        })
    }
}

impl Context {
    fn secured(established: Established, package: Package, accepted: bool) -> Context {
        Context::Established(Box::new(EstablishedContext { established, package, accepted }))
    }
}
