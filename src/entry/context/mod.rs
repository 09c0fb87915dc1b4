//! The object of a context handle: a [`Context`] and the C interface's state.

pub(crate) mod access_token;
pub(crate) mod attributes;
pub(crate) mod channel;
pub(crate) mod complete;
pub(crate) mod export_import;
mod half_open;
pub(crate) mod lock;
pub(crate) mod message;
#[cfg(test)]
mod message_tests;
pub(crate) mod query;
pub(crate) mod step;

use super::abi::{HANDLE, SEC_E_OK, SEC_I_CONTINUE_NEEDED, SECURITY_STATUS};
use super::access_token::BorrowedTokenHandle;
use super::boundary::flags::Side;
use super::handles::table::{Kind, Table};
use super::handles::{Object, first_generation};
use crate::access_token::{ActAs, Config, Subject, Token};
use crate::config::Limits;
use crate::context::{Call, EstablishedContext};
use crate::mechanism::Mechanism;
use crate::principal::Origin;
use crate::runtime::log;
use crate::server::export_import::{CallState, Imported};
use crate::server::{AwaitedTicket, Configuration, Context, StepOutput};
use crate::types::address::Address;
use crate::types::channel_bindings::{BindingsResult, ChannelBindings};
use crate::types::error::{Error, Failure, Result};
use crate::types::flags::ContextFlags;
use crate::types::ntstatus::NtStatus;
use crate::types::time::FileTime;
use lock::Lock;
use std::sync::{Arc, LazyLock};

/// What context handles name.
pub(super) static CONTEXTS: LazyLock<Table<Object<Shared>>> =
    LazyLock::new(|| Table::new(Kind::Context, first_generation));

/// A context object with its lock.
pub(super) type Shared = Arc<Lock<ContextObject>>;

/// A context, and the state of the caller's calls with it.
pub(super) struct ContextObject {
    state: State,
    /// The requirements of the calls so far. Programs pass the attributes that one leg returned to
    /// the next as its requirements, and only the last leg returns protection attributes.
    requirements: ContextFlags,
    /// The channel bindings that were passed last. They hold for all later legs.
    bindings: Option<ChannelBindings>,
    /// The peer's address that was told last: by itself, or as the initiator's in the bindings.
    pub(super) address: Option<Address>,
    /// The time of the first call, in UTC.
    pub(super) started: FileTime,
    /// The status of the last call that took a token.
    pub(super) last_status: SECURITY_STATUS,
    /// The NTSTATUS of that, if it was an error.
    pub(super) substatus: NtStatus,
    /// While an acceptor waits for its client's next token.
    place: Option<half_open::Place>,
    /// The exchange has been ended by the limits for half-open contexts.
    expired: bool,
    /// The client's token, once requested.
    token: Option<Arc<Token>>,
    /// A handle for it that the caller uses but does not close.
    borrowed: Option<BorrowedTokenHandle>,
}

/// Whether CompleteAuthToken must be called next.
enum State {
    /// No.
    Ready(Context),
    /// Yes. Until then the context has not advanced, and the caller does not have the token.
    Incomplete(StepOutput),
}

/// Requirements for one call only: those that accept more clients, and those about the output.
const OF_THE_CALL: ContextFlags = ContextFlags::ALLOW_NULL_SESSION
    .union(ContextFlags::ALLOW_MISSING_BINDINGS)
    .union(ContextFlags::PROXY_BINDINGS)
    .union(ContextFlags::ALLOCATE_MEMORY)
    .union(ContextFlags::EXTENDED_ERROR);

impl ContextObject {
    /// An object for a context before its first token.
    pub(super) fn new(context: Context, now: FileTime) -> ContextObject {
        let requirements = ContextFlags::empty();
        ContextObject {
            state: State::Ready(context),
            requirements,
            bindings: None,
            address: None,
            started: now,
            last_status: SEC_E_OK,
            substatus: NtStatus::SUCCESS,
            place: None,
            expired: false,
            token: None,
            borrowed: None,
        }
    }

    /// An object for a context that another process has exported.
    pub(super) fn imported(imported: Imported) -> ContextObject {
        let Imported { context, state, .. } = imported;
        let CallState { requirements, bindings, address, started } = state;
        let under_way = matches!(context, Context::Accepting(_));
        let last_status = if under_way { SEC_I_CONTINUE_NEEDED } else { SEC_E_OK };
        ContextObject {
            requirements,
            bindings,
            address,
            started,
            last_status,
            ..ContextObject::new(context, started)
        }
    }

    /// The state that is exported with the context.
    pub(super) fn call_state(&self) -> CallState {
        CallState {
            requirements: self.requirements,
            bindings: self.bindings,
            address: self.address,
            started: self.started,
        }
    }

    /// What the next leg with this token will ask a KDC for.
    pub(super) fn awaited_ticket(&self, token: &[u8]) -> Option<AwaitedTicket> {
        match &self.state {
            State::Ready(Context::Initiating(initiating)) => initiating.awaited_ticket(token),
            _ => None,
        }
    }

    /// One leg. If it succeeds, the context advances with [`proceed`](Self::proceed) only. If it
    /// fails or panics, the context has failed.
    pub(super) fn step(
        &mut self,
        side: Side,
        token: Option<&[u8]>,
        required: ContextFlags,
        channel: (Option<ChannelBindings>, Option<Address>),
        now: FileTime,
    ) -> Result<StepOutput, Failure> {
        if self.expired {
            // When it was ended.
            log::explained();
            return Err(Error::ContextExpired.into());
        }
        let State::Ready(ready) = &mut self.state else {
            return Err(Error::InvalidHandle("CompleteAuthToken has not been called").into());
        };
        match (side, &*ready) {
            (Side::Accept, Context::Accepting(_)) | (Side::Initiate, Context::Initiating(_)) => {}
            _ => {
                return Err(Error::InvalidHandle(
                    "a context that is not in progress, or the other side's",
                )
                .into());
            }
        }
        let limits = configuration(ready).map(|configuration| &configuration.settings.limits);
        if side == Side::Accept
            && limits.is_some_and(|limits| half_open::is_too_old(self.started, now, limits))
        {
            self.expire();
            log::explained();
            return Err(Error::ContextExpired.into());
        }
        let requirements = required | self.requirements;
        let (bindings, address) = channel;
        let in_bindings = || bindings.and_then(|bindings| bindings.initiator);
        self.address = address.or_else(in_bindings).or(self.address);
        if bindings.is_some() {
            self.bindings = bindings;
        }
        let (bindings, address) = (self.bindings.as_ref(), self.address);
        let call = Call { requirements, bindings, address, now };
        // Replaced by `Failed` during the step, so that an error or panic leaves the context
        // failed.
        let context = std::mem::replace(ready, Context::Failed);
        #[cfg(test)]
        assert_ne!(token, Some(super::tests::PANIC), "asked for by a test");
        let output = match &context {
            Context::Accepting(accepting) => accepting.step(token.unwrap_or_default(), call),
            Context::Initiating(initiating) => initiating.step(token, call),
            Context::Established(_) | Context::Failed => {
                Err(Error::Internal("a context that is not under way").into())
            }
        };
        let output = output.inspect_err(|_| self.place = None)?;
        self.state = State::Ready(context);
        Ok(output)
    }

    /// Whether the next leg is to be finished with CompleteAuthToken.
    pub(super) fn completes_tokens(&self) -> bool {
        match &self.state {
            State::Ready(context @ Context::Accepting(_)) => configuration(context)
                .is_some_and(|configuration| configuration.settings.negotiate.complete_auth_token),
            _ => false,
        }
    }

    /// The requirements of a call that hold for later calls too. An anonymous initiator stays
    /// anonymous.
    fn lasting(&self, required: ContextFlags) -> ContextFlags {
        match &self.state {
            State::Ready(Context::Initiating(_)) => {
                required - (OF_THE_CALL - ContextFlags::ALLOW_NULL_SESSION)
            }
            _ => required - OF_THE_CALL,
        }
    }

    /// Advances to the context after `leg`.
    pub(super) fn proceed(&mut self, leg: StepOutput, required: ContextFlags) {
        self.requirements |= self.lasting(required);
        self.become_ready(leg.context);
    }

    fn become_ready(&mut self, context: Context) {
        if !matches!(context, Context::Accepting(_)) {
            self.place = None;
        }
        self.state = State::Ready(context);
    }

    /// Whether this is an acceptor that waits for its client's next token.
    pub(super) fn is_half_open(&self) -> bool {
        matches!(
            &self.state,
            State::Ready(Context::Accepting(_))
                | State::Incomplete(StepOutput { context: Context::Accepting(_), .. })
        )
    }

    /// Counts this context, which is `shared`'s, among those that wait for a client. `slot` is its
    /// handle's, `bytes` the length of its client's token.
    fn wait_for_client(
        &mut self,
        shared: &Shared,
        slot: usize,
        bytes: usize,
        limits: &Limits,
        now: FileTime,
    ) -> Result<()> {
        let place = half_open::enter(shared, slot, bytes, limits, self.started, now);
        self.place = Some(place.ok_or(Error::OutOfMemory)?);
        Ok(())
    }

    /// Counts a further token of a client that is waited for, of so many bytes.
    fn charge(&self, bytes: usize, now: FileTime) {
        let context = match &self.state {
            State::Ready(context) => context,
            State::Incomplete(leg) => &leg.context,
        };
        if let (Some(place), Some(configuration)) = (&self.place, configuration(context)) {
            place.charge(bytes, &configuration.settings.limits, now);
        }
    }

    /// Ends an exchange that is under way, because of `[limits]`.
    fn expire(&mut self) {
        if !self.is_half_open() {
            return;
        }
        let failed = State::Ready(Context::Failed);
        match std::mem::replace(&mut self.state, failed) {
            State::Ready(Context::Accepting(accepting)) => accepting.abandon(),
            State::Incomplete(_) | State::Ready(_) => {}
        }
        self.place = None;
        self.expired = true;
    }

    /// [`complete`](Self::complete) will advance to the context after `leg`.
    pub(super) fn await_completion(&mut self, leg: StepOutput, required: ContextFlags) {
        self.requirements |= self.lasting(required);
        self.state = State::Incomplete(leg);
    }

    /// The token for CompleteAuthToken to write; empty if there is none to send. `None` if none is
    /// awaited.
    pub(super) fn incomplete(&self) -> Option<&[u8]> {
        match &self.state {
            State::Incomplete(leg) => Some(leg.token.as_deref().unwrap_or_default()),
            State::Ready(_) => None,
        }
    }

    /// Advances after CompleteAuthToken.
    pub(super) fn complete(&mut self) {
        if let State::Incomplete(leg) =
            std::mem::replace(&mut self.state, State::Ready(Context::Failed))
        {
            self.become_ready(leg.context);
        }
    }

    /// Makes the context failed, for good.
    pub(super) fn fail(&mut self) {
        self.become_ready(Context::Failed);
    }

    /// The context, unless CompleteAuthToken must be called next.
    pub(super) fn context(&self) -> Option<&Context> {
        match &self.state {
            State::Ready(context) => Some(context),
            State::Incomplete(_) => None,
        }
    }

    /// The same, mutable.
    pub(super) fn context_mut(&mut self) -> Option<&mut Context> {
        match &mut self.state {
            State::Ready(context) => Some(context),
            State::Incomplete(_) => None,
        }
    }

    /// The comparison of the channel bindings, once the context is established.
    fn bindings_result(&self) -> Option<BindingsResult> {
        let context = match &self.state {
            State::Ready(context) => context,
            State::Incomplete(leg) => &leg.context,
        };
        match context {
            Context::Established(secured) => Some(secured.established.bindings),
            _ => None,
        }
    }

    /// The established context.
    pub(super) fn secured(&mut self) -> Result<&mut EstablishedContext> {
        match &mut self.state {
            State::Ready(Context::Established(secured)) => Ok(secured),
            _ => Err(Error::InvalidHandle("a context that is not established")),
        }
    }

    /// The client's token, made on first use. `logon_id` is the context's number.
    pub(super) fn token(&mut self, logon_id: u64, config: &Config) -> Result<Arc<Token>> {
        if let Some(token) = &self.token {
            return Ok(token.clone());
        }
        let secured = self.secured()?;
        if !secured.accepted {
            return Err(Error::InvalidHandle("the client's own side of a context"));
        }
        let subject = Subject::new(&secured.established, logon_id, config)?;
        let token = Arc::new(Token::of(subject, config)?);
        Ok(self.token.insert(token).clone())
    }

    /// How to act as the client elsewhere: with what it has delegated; or by protocol transition, if
    /// a domain has verified its password.
    pub(super) fn act_as(&mut self) -> Option<ActAs> {
        let secured = self.secured().ok().filter(|secured| secured.accepted)?;
        if secured.established.flags.contains(ContextFlags::IDENTIFY) {
            return None;
        }
        if let Some(delegated) = secured.established.session.delegated() {
            return Some(ActAs::Delegated(delegated.clone()));
        }
        let client = &secured.established.client;
        let of_domain = matches!(client.origins.logon, Origin::Netlogon | Origin::Winbind);
        let is_account =
            of_domain && !client.anonymous && secured.established.mechanism == Mechanism::Ntlm;
        is_account
            .then(|| ActAs::Account { user: client.user.clone(), domain: client.domain.clone() })
    }

    /// A handle for the client's token, which the context owns; likewise.
    pub(super) fn access_token(&mut self, logon_id: u64, config: &Config) -> Result<HANDLE> {
        if self.borrowed.is_none() {
            self.borrowed = Some(BorrowedTokenHandle::new(self.token(logon_id, config)?)?);
        }
        self.borrowed
            .as_ref()
            .map(BorrowedTokenHandle::handle)
            .ok_or(Error::Internal("a token that was made"))
    }
}

/// The configuration of a context that is not established yet.
fn configuration(context: &Context) -> Option<&Configuration> {
    match context {
        Context::Accepting(accepting) => Some(accepting.configuration()),
        Context::Initiating(initiating) => Some(&initiating.configuration),
        Context::Established(_) | Context::Failed => None,
    }
}
