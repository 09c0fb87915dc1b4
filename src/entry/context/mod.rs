//! The object of a context handle: a [`Context`] and the C interface's state.

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
use crate::access_token::{Subject, Token};
use crate::config::Settings;
use crate::context::{Context, EstablishedContext, StepOutput};
use crate::export::{CallState, Imported};
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
    /// The requirements of the calls so far. Programs pass the attributes that one leg returned to
    /// the next as its requirements, and only the last leg returns protection attributes.
    requirements: ContextFlags,
    /// The channel bindings that were passed last. They hold for all later legs.
    bindings: Option<ChannelBindings>,
    /// The time of the first call, in UTC.
    pub(super) started: FileTime,
    /// The status of the last call that took a token.
    pub(super) last_status: SECURITY_STATUS,
    /// The NTSTATUS of that, if it was an error.
    pub(super) substatus: NtStatus,
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
    pub(super) fn new(context: Context) -> ContextObject {
        let requirements = ContextFlags::empty();
        ContextObject {
            state: State::Ready(context),
            requirements,
            bindings: None,
            started: FileTime::now(),
            last_status: SEC_E_OK,
            substatus: NtStatus::SUCCESS,
            token: None,
            borrowed: None,
        }
    }

    /// An object for a context that another process has exported.
    pub(super) fn imported(imported: Imported) -> ContextObject {
        let Imported {
            context, circumstances: CallState { requirements, bindings, started }, ..
        } = imported;
        let under_way = matches!(context, Context::Accepting(_));
        let last_status = if under_way { SEC_I_CONTINUE_NEEDED } else { SEC_E_OK };
        ContextObject {
            requirements,
            bindings,
            started,
            last_status,
            ..ContextObject::new(context)
        }
    }

    /// The state that is exported with the context.
    pub(super) fn circumstances(&self) -> CallState {
        CallState {
            requirements: self.requirements,
            bindings: self.bindings,
            started: self.started,
        }
    }

    /// One leg. If it succeeds, the context advances with [`proceed`](Self::proceed) only. If it
    /// fails or panics, the context has failed.
    pub(super) fn step(
        &mut self,
        side: Side,
        token: Option<&[u8]>,
        required: ContextFlags,
        bindings: Option<ChannelBindings>,
    ) -> Result<StepOutput, Failure> {
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
        let required = required | self.requirements;
        self.bindings = bindings.or(self.bindings);
        let bindings = self.bindings.as_ref();
        // Replaced by `Failed` during the step, so that an error or panic leaves the context
        // failed.
        let context = std::mem::replace(ready, Context::Failed);
        let longest = settings(&context).map_or(0, |settings| settings.limits.max_token);
        if token.is_some_and(|token| token.len() > longest as usize) {
            return Err(Error::InvalidToken("longer than [limits] max_token").into());
        }
        #[cfg(test)]
        assert_ne!(token, Some(super::tests::PANIC), "asked for by a test");
        let leg = match &context {
            Context::Accepting(accepting) => {
                accepting.step(token.unwrap_or_default(), required, bindings)
            }
            Context::Initiating(initiating) => initiating.step(token, required, bindings),
            Context::Established(_) | Context::Failed => {
                Err(Error::Internal("a context that is not under way").into())
            }
        }?;
        self.state = State::Ready(context);
        Ok(leg)
    }

    /// Whether the next leg is to be finished with CompleteAuthToken.
    pub(super) fn completes_tokens(&self) -> bool {
        match &self.state {
            State::Ready(context @ Context::Accepting(_)) => {
                settings(context).is_some_and(|settings| settings.negotiate.complete_auth_token)
            }
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
        self.state = State::Ready(leg.context);
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
            self.state = State::Ready(leg.context);
        }
    }

    /// Makes the context failed, for good.
    pub(super) fn fail(&mut self) {
        self.state = State::Ready(Context::Failed);
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

    /// The established context.
    pub(super) fn secured(&mut self) -> Result<&mut EstablishedContext> {
        match &mut self.state {
            State::Ready(Context::Established(secured)) => Ok(secured),
            _ => Err(Error::InvalidHandle("a context that is not established")),
        }
    }

    /// The client's token, made on first use. `logon_id` is the context's number.
    pub(super) fn token(&mut self, logon_id: u64, settings: &Settings) -> Result<Arc<Token>> {
        if let Some(token) = &self.token {
            return Ok(token.clone());
        }
        let secured = self.secured()?;
        if !secured.accepted {
            return Err(Error::InvalidHandle("the client's own side of a context"));
        }
        let token =
            Arc::new(Token::of(Subject::new(&secured.established, logon_id, settings), settings)?);
        Ok(self.token.insert(token).clone())
    }

    /// A handle for the client's token, which the context owns; likewise.
    pub(super) fn access_token(&mut self, logon_id: u64, settings: &Settings) -> Result<HANDLE> {
        if self.borrowed.is_none() {
            self.borrowed = Some(BorrowedTokenHandle::new(self.token(logon_id, settings)?)?);
        }
        self.borrowed
            .as_ref()
            .map(BorrowedTokenHandle::handle)
            .ok_or(Error::Internal("a token that was made"))
    }
}

/// The configuration of a context that is not established yet.
fn settings(context: &Context) -> Option<&Settings> {
    match context {
        Context::Accepting(accepting) => Some(&accepting.settings),
        Context::Initiating(initiating) => Some(&initiating.settings),
        Context::Established(_) | Context::Failed => None,
    }
}
