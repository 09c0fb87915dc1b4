//! What a `CtxtHandle` names: an exchange under way, an established context, or one that failed.

use super::acceptance::{Acceptance, Assembled};
use super::pending_logon::PendingLogon;
use super::{Configuration, Credential, outcome};
use crate::authority::Chain;
use crate::context::{self, Call, EstablishedContext};
use crate::kerberos::{CredentialKeys, Target, TicketRequest, TicketSource};
use crate::mechanism::{Mechanism, Package, Step};
use crate::negotiate::AcceptorConfig;
use crate::persist::{Persist, Reader, Writer};
use crate::replay::Claim;
use crate::server::credential::Usage;
use crate::types::error::{Denial, Error, Failure, Result};
use crate::types::flags::ContextFlags;
use crate::types::time::FileTime;
use std::sync::Arc;

/// A context in one of its states.
#[derive(Debug)]
pub enum Context {
    /// An acceptor awaits the client's next token.
    Accepting(Box<Accepting>),
    /// An initiator awaits the server's next token.
    Initiating(Box<Initiating>),
    /// Established.
    Established(EstablishedContext),
    /// Failed: it can only be deleted.
    Failed,
}

/// An acceptor's exchange under way.
#[derive(Debug)]
pub struct Accepting {
    credential: Arc<Credential>,
    configuration: Arc<Configuration>,
    /// What follows from both.
    assembled: Arc<Acceptance>,
    /// The state of the protocol.
    exchange: context::Accepting,
    /// A validated logon, while the client's last token is missing.
    pending: Option<Arc<PendingLogon>>,
}

/// An initiator's exchange under way.
#[derive(Debug)]
pub struct Initiating {
    /// The credential of the first call; it outlives its handle.
    pub credential: Arc<Credential>,
    /// The configuration of the first call.
    pub configuration: Arc<Configuration>,
    /// The state of the protocol.
    pub exchange: context::Initiating,
}

/// A ticket that an initiator's next step needs.
#[derive(Debug)]
pub struct AwaitedTicket {
    tickets: Arc<dyn TicketSource>,
    target: String,
    user_to_user: Vec<u8>,
}

impl AwaitedTicket {
    /// Waits for the KDC. The step finds the ticket, or the failure, held.
    pub fn fetch(&self) {
        let target = Target::parse(&self.target, |name| self.tickets.is_realm(name));
        if let Ok(target) = target {
            let user_to_user = Some(&*self.user_to_user);
            let _ = self.tickets.service_ticket(&TicketRequest { target: &target, user_to_user });
        }
    }
}

/// What a step leads to, before anything has been stored: the caller may still find that the token
/// does not fit and drop it, and the context is as it was.
#[derive(Debug)]
pub struct StepOutput {
    /// The context to store.
    pub context: Context,
    /// The token for the peer.
    pub token: Option<Vec<u8>>,
    /// What else the step has changed.
    claim: Option<(Arc<AcceptorConfig>, Claim)>,
    /// Who hears of it if it is the end.
    chain: Option<Arc<Chain>>,
    /// The logon that an earlier step has validated.
    pending: Option<Arc<PendingLogon>>,
    now: FileTime,
}

impl StepOutput {
    /// The token does not fit the caller's buffer: the call will be repeated, so the replay cache
    /// forgets the authenticator of this one.
    pub fn roll_back(&self) {
        if let Some((config, claim)) = &self.claim {
            config.kerberos.replay.release(*claim);
        }
        if let Context::Accepting(next) = &self.context
            && let Some(pending) = &next.pending
        {
            pending.settle();
        }
    }

    /// The caller has the token: reports the outcome, if the exchange has come to its end.
    pub fn conclude(&mut self) {
        if let Context::Established(context) = &mut self.context {
            if self.pending.as_ref().is_some_and(|pending| !pending.settle()) {
                // An export has reported it.
                context.established.logon = None;
            }
            match &self.chain {
                Some(chain) => outcome::accepted(&context.established, chain, self.now),
                None => outcome::initiated(&context.established),
            }
            context.established.logon = None;
        }
    }

    /// The caller rejects a client that this step has accepted, instead of [`StepOutput::conclude`].
    /// Reports it as the exchange's end, and returns why.
    pub fn reject(self, why: Denial) -> Failure {
        if let Some(pending) = &self.pending {
            pending.settle();
        }
        let logon = match self.context {
            Context::Established(context) => context.established.logon,
            _ => None,
        };
        let logon = logon.map(|logon| Box::new(logon.names));
        let failure = Failure { error: Error::LogonDenied(why), token: None, logon };
        if let Some(chain) = &self.chain {
            outcome::rejected(&failure, 0, chain, self.now);
        }
        failure
    }

    /// The context is established, though `token` may still have to be sent.
    pub fn complete(&self) -> bool {
        matches!(self.context, Context::Established(_))
    }

    /// The attributes to report with this step: none that protects before the context is
    /// established.
    pub fn flags(&self) -> ContextFlags {
        match &self.context {
            Context::Established(context) => context.established.flags,
            _ => ContextFlags::empty(),
        }
    }
}

impl Accepting {
    /// Before the first token.
    pub fn new(credential: Arc<Credential>, configuration: Arc<Configuration>) -> Accepting {
        let assembled = credential.acceptance(&configuration);
        let exchange = context::Accepting::new(credential.package, assembled.acceptor.clone());
        Accepting { credential, configuration, assembled, exchange, pending: None }
    }

    /// The credential of the first call, or its replacement; it outlives its handle.
    pub fn credential(&self) -> &Arc<Credential> {
        &self.credential
    }

    /// The configuration of the first call.
    pub fn configuration(&self) -> &Arc<Configuration> {
        &self.configuration
    }

    /// Continues with another credential, under the same configuration.
    pub fn set_credential(&mut self, credential: Arc<Credential>) {
        self.assembled = credential.acceptance(&self.configuration);
        self.exchange.config = self.assembled.acceptor.clone();
        self.credential = credential;
    }

    /// Ends the exchange because of `[limits]`.
    pub fn abandon(self) {
        // A validated logon reports itself.
        if self.pending.is_none() {
            outcome::ended();
        }
    }

    /// One call of `AcceptSecurityContext`. A failure is reported: to the log, and where it is an
    /// NTLM logon's, to the authorities. Success is reported by [`StepOutput::conclude`].
    pub fn step(&self, token: &[u8], call: Call<'_>) -> Result<StepOutput, Failure> {
        let chain = &self.assembled.chain;
        self.step_unreported(token, call).inspect_err(|failure| {
            outcome::rejected(failure, token.len(), chain, call.now);
            if let Some(pending) = &self.pending {
                pending.settle();
            }
        })
    }

    fn step_unreported(&self, token: &[u8], call: Call<'_>) -> Result<StepOutput, Failure> {
        self.exchange.check_length(token)?;
        if !self.credential.usage.inbound {
            return Err(Error::NoCredentials("the credential is not for inbound use").into());
        }
        self.configuration.usable()?;
        let step = self.exchange.step(token, call).map_err(|failure| match failure.error {
            Error::LogonDenied(Denial::Ticket(_)) if self.configuration.keys.lack_memory() => {
                Error::OutOfMemory.into()
            }
            _ => failure,
        });
        Ok(match step? {
            Step::Continue { next, token, claim } => {
                let pending = next.validated().map(|logon| {
                    Arc::new(PendingLogon::new(logon.clone(), self.assembled.chain.clone()))
                });
                let next = Accepting {
                    credential: self.credential.clone(),
                    configuration: self.configuration.clone(),
                    assembled: self.assembled.clone(),
                    exchange: next,
                    pending,
                };
                let context = Context::Accepting(Box::new(next));
                self.output(context, Some(token), claim, call.now)
            }
            Step::Done { established, token, claim } => {
                let context = Context::Established(EstablishedContext {
                    established,
                    package: self.credential.package,
                    accepted: true,
                });
                self.output(context, token, claim, call.now)
            }
        })
    }

    fn output(
        &self,
        context: Context,
        token: Option<Vec<u8>>,
        claim: Option<Claim>,
        now: FileTime,
    ) -> StepOutput {
        let claim = claim.map(|claim| (self.assembled.acceptor.clone(), claim));
        let (chain, pending) = (Some(self.assembled.chain.clone()), self.pending.clone());
        StepOutput { context, token, claim, chain, pending, now }
    }

    /// Reports a validated logon whose client has one more token to send: this exchange is
    /// continued in another process, which does not have the client's names.
    pub(super) fn conclude_export(&self, now: FileTime) {
        if let Some(pending) = &self.pending
            && pending.settle()
        {
            outcome::exported(&pending.logon, &pending.chain, now);
        }
    }

    /// Appends the packed form: the credential, which must have nothing of its own, and the
    /// exchange. The configuration is the importing process'.
    ///
    /// Errors: `CannotPack` for Kerberos, and for a credential that has an identity, accounts or
    /// keys.
    pub fn pack(&self, out: &mut Writer) -> Result<()> {
        let Credential {
            package,
            usage,
            principal,
            identity,
            mechanisms,
            accounts,
            application,
            service,
            tickets: _,
            assembled: _,
        } = &*self.credential;
        if identity.is_some()
            || !accounts.is_empty()
            || application.is_some()
            || !matches!(service.keys, CredentialKeys::None)
        {
            return Err(Error::CannotPack(
                "the credential has an identity, accounts or keys of its own",
            ));
        }
        package.pack(out)?;
        usage.pack(out)?;
        // The service's name follows from the principal's.
        principal.pack(out)?;
        mechanisms.pack(out)?;
        self.exchange.pack(out)
    }

    /// Reads what [`Accepting::pack`] has written, to go on under this configuration.
    pub fn unpack(from: &mut Reader<'_>, configuration: Arc<Configuration>) -> Result<Accepting> {
        let package = Package::unpack(from)?;
        let usage = Usage::unpack(from)?;
        let principal: Option<String> = Persist::unpack(from)?;
        let alone = package == Package::Only(Mechanism::Kerberos);
        let credential = Credential {
            package,
            usage,
            service: Credential::service(principal.as_deref(), None, None, alone, &configuration),
            principal,
            identity: None,
            mechanisms: Persist::unpack(from)?,
            accounts: Vec::new(),
            application: None,
            tickets: None,
            assembled: Assembled::default(),
        };
        let assembled = credential.acceptance(&configuration);
        let exchange = context::Accepting::unpack(from, package, assembled.acceptor.clone())?;
        let credential = Arc::new(credential);
        Ok(Accepting { credential, configuration, assembled, exchange, pending: None })
    }
}

impl Initiating {
    /// Before the first token.
    pub fn new(
        credential: Arc<Credential>,
        configuration: Arc<Configuration>,
        target: String,
    ) -> Initiating {
        let config = Arc::new(credential.initiator_config(&configuration));
        let exchange = context::Initiating::new(credential.package, config, target);
        Initiating { credential, configuration, exchange }
    }

    /// What the step with this token will ask a KDC for.
    pub fn awaited_ticket(&self, token: &[u8]) -> Option<AwaitedTicket> {
        let user_to_user = self.exchange.user_to_user_ticket(token)?;
        let tickets = self.exchange.config.kerberos.tickets.clone()?;
        Some(AwaitedTicket { tickets, target: self.exchange.target.clone(), user_to_user })
    }

    /// One call of `InitializeSecurityContext`. A failure is logged; success is reported by
    /// [`StepOutput::conclude`].
    pub fn step(&self, token: Option<&[u8]>, call: Call<'_>) -> Result<StepOutput, Failure> {
        self.step_unreported(token, call)
            .inspect_err(|failure| outcome::not_initiated(failure, &self.exchange.target))
    }

    fn step_unreported(&self, token: Option<&[u8]>, call: Call<'_>) -> Result<StepOutput, Failure> {
        self.exchange.check_length(token)?;
        if !self.credential.usage.outbound {
            return Err(Error::NoCredentials("the credential is not for outbound use").into());
        }
        Ok(match self.exchange.step(token, call)? {
            Step::Continue { next, token, .. } => {
                let next = Initiating {
                    credential: self.credential.clone(),
                    configuration: self.configuration.clone(),
                    exchange: next,
                };
                Self::output(Context::Initiating(Box::new(next)), Some(token), call.now)
            }
            Step::Done { established, token, .. } => {
                let package = self.credential.package;
                let context = Context::Established(EstablishedContext {
                    established,
                    package,
                    accepted: false,
                });
                Self::output(context, token, call.now)
            }
        })
    }

    /// An initiator claims nothing, and no authority is told.
    fn output(context: Context, token: Option<Vec<u8>>, now: FileTime) -> StepOutput {
        StepOutput { context, token, claim: None, chain: None, pending: None, now }
    }
}
