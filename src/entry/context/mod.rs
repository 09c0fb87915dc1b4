//! What a context handle names: a [`Context`], and what the C interface adds to it.

pub(crate) mod access_token;
pub(crate) mod attributes;
pub(crate) mod complete;
pub(crate) mod export_import;
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
use crate::access_token::{Config, Subject, Token};
use crate::context::{Call, EstablishedContext};
use crate::server::export_import::{CallState, Imported};
use crate::server::{Configuration, Context, StepOutput};
use crate::types::channel_bindings::ChannelBindings;
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
    /// What the calls so far have required. Programs feed the attributes that one leg returned to
    /// the next as its requirements, and no leg but the last returns any that protect.
    requirements: ContextFlags,
    /// The channel bindings that a call brought last. A server that gives them with one leg means
    /// them for all.
    bindings: Option<ChannelBindings>,
    /// When the first call was made, in UTC.
    pub(super) started: FileTime,
    /// What the last call that took a token returned.
    pub(super) last_status: SECURITY_STATUS,
    /// What that was in the domain's terms, if it was an error.
    pub(super) substatus: NtStatus,
    /// The client's token, once it was asked for.
    token: Option<Arc<Token>>,
    /// A handle for it that the caller uses and does not close.
    borrowed: Option<BorrowedTokenHandle>,
}

/// Whether the caller owes a call of CompleteAuthToken.
enum State {
    /// It does not.
    Ready(Context),
    /// It does: until then the context is not what it will be, and the token has not been handed
    /// out.
    Incomplete(StepOutput),
}

/// Requirements that are about one call: what lets more clients in, and what concerns the output.
const OF_THE_CALL: ContextFlags = ContextFlags::ALLOW_NULL_SESSION
    .union(ContextFlags::ALLOW_MISSING_BINDINGS)
    .union(ContextFlags::PROXY_BINDINGS)
    .union(ContextFlags::ALLOCATE_MEMORY)
    .union(ContextFlags::EXTENDED_ERROR);

impl ContextObject {
    /// Before its first token.
    pub(super) fn new(context: Context, now: FileTime) -> ContextObject {
        let requirements = ContextFlags::empty();
        ContextObject {
            state: State::Ready(context),
            requirements,
            bindings: None,
            started: now,
            last_status: SEC_E_OK,
            substatus: NtStatus::SUCCESS,
            token: None,
            borrowed: None,
        }
    }

    /// One that another process has exported.
    pub(super) fn imported(imported: Imported) -> ContextObject {
        let Imported { context, state, .. } = imported;
        let CallState { requirements, bindings, started } = state;
        let under_way = matches!(context, Context::Accepting(_));
        let last_status = if under_way { SEC_I_CONTINUE_NEEDED } else { SEC_E_OK };
        ContextObject {
            requirements,
            bindings,
            started,
            last_status,
            ..ContextObject::new(context, started)
        }
    }

    /// What is exported besides the context.
    pub(super) fn call_state(&self) -> CallState {
        CallState {
            requirements: self.requirements,
            bindings: self.bindings,
            started: self.started,
        }
    }

    /// One leg. If it succeeds, the conversation stays where it is until
    /// [`proceed`](Self::proceed); if it fails or panics, the conversation is over.
    pub(super) fn step(
        &mut self,
        side: Side,
        token: Option<&[u8]>,
        required: ContextFlags,
        bindings: Option<ChannelBindings>,
        now: FileTime,
    ) -> Result<StepOutput, Failure> {
        let State::Ready(ready) = &mut self.state else {
            return Err(Error::InvalidHandle("CompleteAuthToken has not been called").into());
        };
        match (side, &*ready) {
            (Side::Accept, Context::Accepting(_)) | (Side::Initiate, Context::Initiating(_)) => {}
            _ => {
                return Err(
                    Error::InvalidHandle("a conversation that is over, or another side's").into()
                );
            }
        }
        let requirements = required | self.requirements;
        self.bindings = bindings.or(self.bindings);
        let call = Call { requirements, bindings: self.bindings.as_ref(), now };
        // Away while it is worked on, so that what is left behind by an error or a panic has
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
        }?;
        self.state = State::Ready(context);
        Ok(output)
    }

    /// Whether the leg that this conversation is about to make is to be finished with
    /// CompleteAuthToken.
    pub(super) fn completes_tokens(&self) -> bool {
        match &self.state {
            State::Ready(context @ Context::Accepting(_)) => configuration(context)
                .is_some_and(|configuration| configuration.settings.negotiate.complete_auth_token),
            _ => false,
        }
    }

    /// What of a call's requirements holds for later calls too. An initiator that is nobody stays
    /// it.
    fn lasting(&self, required: ContextFlags) -> ContextFlags {
        match &self.state {
            State::Ready(Context::Initiating(_)) => {
                required - (OF_THE_CALL - ContextFlags::ALLOW_NULL_SESSION)
            }
            _ => required - OF_THE_CALL,
        }
    }

    /// Goes on to where `leg` leads.
    pub(super) fn proceed(&mut self, leg: StepOutput, required: ContextFlags) {
        self.requirements |= self.lasting(required);
        self.state = State::Ready(leg.context);
    }

    /// Will go on to where `leg` leads with [`complete`](Self::complete).
    pub(super) fn await_completion(&mut self, leg: StepOutput, required: ContextFlags) {
        self.requirements |= self.lasting(required);
        self.state = State::Incomplete(leg);
    }

    /// The token that CompleteAuthToken is to hand out; empty if there is none to send.
    pub(super) fn incomplete(&self) -> Option<&[u8]> {
        match &self.state {
            State::Incomplete(leg) => Some(leg.token.as_deref().unwrap_or_default()),
            State::Ready(_) => None,
        }
    }

    /// Goes on after CompleteAuthToken.
    pub(super) fn complete(&mut self) {
        if let State::Incomplete(leg) =
            std::mem::replace(&mut self.state, State::Ready(Context::Failed))
        {
            self.state = State::Ready(leg.context);
        }
    }

    /// It is over, for good.
    pub(super) fn fail(&mut self) {
        self.state = State::Ready(Context::Failed);
    }

    /// The context, unless CompleteAuthToken is awaited.
    pub(super) fn context(&self) -> Option<&Context> {
        match &self.state {
            State::Ready(context) => Some(context),
            State::Incomplete(_) => None,
        }
    }

    /// The context, likewise, to be changed.
    pub(super) fn context_mut(&mut self) -> Option<&mut Context> {
        match &mut self.state {
            State::Ready(context) => Some(context),
            State::Incomplete(_) => None,
        }
    }

    /// The established context.
    pub(super) fn secured(&mut self) -> Result<&mut EstablishedContext> {
        match &mut self.state {
            State::Ready(Context::Established(secured)) => Ok(secured),
            _ => Err(Error::InvalidHandle("a context that is not established")),
        }
    }

    /// The client's token, made when it is first asked for. `logon_id` is the context's number.
    pub(super) fn token(&mut self, logon_id: u64, config: &Config) -> Result<Arc<Token>> {
        if let Some(token) = &self.token {
            return Ok(token.clone());
        }
        let secured = self.secured()?;
        if !secured.accepted {
            return Err(Error::InvalidHandle("the client's own side of a context"));
        }
        let subject = Subject::new(&secured.established, logon_id, config);
        let token = Arc::new(Token::of(subject, config)?);
        Ok(self.token.insert(token).clone())
    }

    /// A handle for the client's token, the context's own; likewise.
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

/// The configuration that a conversation under way goes by.
fn configuration(context: &Context) -> Option<&Configuration> {
    match context {
        Context::Accepting(accepting) => Some(&accepting.configuration),
        Context::Initiating(initiating) => Some(&initiating.configuration),
        Context::Established(_) | Context::Failed => None,
    }
}
