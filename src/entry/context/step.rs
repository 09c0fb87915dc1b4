//! AcceptSecurityContext and InitializeSecurityContext.

use super::channel::{ChannelIn, ResultOut};
use super::lock::Lock;
use super::{CONTEXTS, ContextObject, Shared};
use crate::access_token;
use crate::entry::abi::*;
use crate::entry::boundary::arguments::{Arguments, InitiateArguments};
use crate::entry::boundary::buffers::{Buffer, Buffers, TokenOut};
use crate::entry::boundary::flags::{self, Side};
use crate::entry::boundary::pointers::{put, timestamp};
use crate::entry::boundary::status;
use crate::entry::boundary::text::{self, Text};
use crate::entry::credentials::CREDENTIALS;
use crate::entry::handles::table::Words;
use crate::entry::handles::{NO_HANDLE, Object, find};
use crate::platform;
use crate::primitives::stack;
use crate::runtime::log;
use crate::server::{self, Accepting, Configuration, Context, Credential, Initiating, StepOutput};
use crate::types::allocation;
use crate::types::error::{Error, Failure, Result};
use crate::types::flags::ContextFlags;
use crate::types::ntstatus::NtStatus;
use crate::types::time::FileTime;
use std::mem::ManuallyDrop;
use std::sync::Arc;

/// AcceptSecurityContext.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn accept(arguments: &Arguments) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract.
    unsafe {
        step(Side::Accept, arguments, |credential, configuration| {
            Ok(Context::Accepting(Box::new(Accepting::new(credential, configuration))))
        })
    }
}

/// InitializeSecurityContext.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn initiate<Char: Text>(
    arguments: &Arguments,
    more: &InitiateArguments<Char>,
) -> Result<SECURITY_STATUS> {
    // SAFETY: C caller's contract.
    unsafe {
        // Before anything is written, which may be where the string is.
        let target = arguments.context.is_null().then(|| text::read(more.target));
        step(Side::Initiate, arguments, |credential, configuration| {
            let target = target.transpose()?.flatten();
            let target = target.map(|target| allocation::text(&target)).transpose()?;
            let target = target.unwrap_or_default();
            Ok(Context::Initiating(Box::new(Initiating::new(credential, configuration, target))))
        })
    }
}

/// What a call leaves that there is no memory for: no token, and a first one no context.
///
/// # Safety
/// As for AcceptSecurityContext and InitializeSecurityContext.
pub(crate) unsafe fn clear(side: Side, arguments: &Arguments) {
    let allocate =
        flags::required(side, arguments.requirements).contains(ContextFlags::ALLOCATE_MEMORY);
    // SAFETY: C caller's contract, buffers and outputs.
    unsafe {
        if let Ok(output) = Buffers::new(arguments.output) {
            TokenOut::new(output, allocate).fail(&Error::OutOfMemory);
        }
        put(arguments.attributes, 0);
        if arguments.context.is_null() {
            put(arguments.new_context, NO_HANDLE);
        }
    }
}

/// One leg of either side. `first` makes the context of a first call.
///
/// # Safety
/// As for AcceptSecurityContext and InitializeSecurityContext.
unsafe fn step(
    side: Side,
    arguments: &Arguments,
    first: impl FnOnce(Arc<Credential>, Arc<Configuration>) -> Result<Context>,
) -> Result<SECURITY_STATUS> {
    access_token::check_thread()?;
    let required = flags::required(side, arguments.requirements);
    // SAFETY: C caller's contract, buffers.
    let (input, output) =
        unsafe { (Buffers::new(arguments.input), Buffers::new(arguments.output)?) };
    let bindings_result = ResultOut::new(output);
    let output = TokenOut::new(output, required.contains(ContextFlags::ALLOCATE_MEMORY));
    // Checked after the output, which is cleared: programs send what is in it after an error.
    let clear = |error: &Error| output.fail(error);
    let input = Input::new(input.inspect_err(clear)?);
    let bindings_result = bindings_result.inspect_err(clear)?;
    let now = platform::now();
    let call = Call { side, arguments, input, required, now, output: &output, bindings_result };
    let panicking = ClearOutputOnPanic(&output);
    // SAFETY: C caller's contract.
    let result = unsafe { call.run(first) };
    // An initiator has computed with its password.
    if side == Side::Initiate {
        stack::erase::<16>();
    }
    std::mem::forget(panicking);
    let failure = match result {
        Ok(status) => return Ok(status),
        Err(failure) => failure,
    };
    output.fail(&failure.error);
    match failure.token {
        // Sent to the peer although the call fails, if there is room.
        Some(token)
            if required.contains(ContextFlags::EXTENDED_ERROR)
                && output.fits(token.len()).is_ok() =>
        {
            output.write(&token)?;
        }
        _ => {}
    }
    Err(failure.error)
}

/// Clears the output when a panic unwinds.
struct ClearOutputOnPanic<'call>(&'call TokenOut<'call>);

impl Drop for ClearOutputOnPanic<'_> {
    fn drop(&mut self) {
        self.0.fail(&Error::Internal("panic"));
    }
}

/// The input buffers that are used, as the caller set them: an output may be written there.
struct Input<'call> {
    token: Option<Buffer<'call>>,
    channel: ChannelIn<'call>,
}

impl<'call> Input<'call> {
    fn new(input: Buffers<'call>) -> Input<'call> {
        Input { token: input.find(SECBUFFER_TOKEN), channel: ChannelIn::new(input) }
    }
}

/// One call. What must not be read twice has been read.
struct Call<'call> {
    side: Side,
    arguments: &'call Arguments,
    input: Input<'call>,
    required: ContextFlags,
    /// The clock's reading at the call.
    now: FileTime,
    output: &'call TokenOut<'call>,
    bindings_result: ResultOut<'call>,
}

impl Call<'_> {
    /// # Safety
    /// As for [`step`].
    unsafe fn run(
        &self,
        first: impl FnOnce(Arc<Credential>, Arc<Configuration>) -> Result<Context>,
    ) -> Result<SECURITY_STATUS, Failure> {
        let arguments = self.arguments;
        if !arguments.context.is_null() {
            // SAFETY: C caller's contract, handles and outputs. The handle is read before anything
            // is written.
            let (handle, shared) = unsafe {
                let read = (arguments.context.read_unaligned(), find(&CONTEXTS, arguments.context));
                put(arguments.attributes, 0);
                read
            };
            let shared = shared?;
            if self.side == Side::Initiate {
                // SAFETY: C caller's contract, buffers.
                unsafe { self.wait_for_ticket(&shared)? };
            }
            let status = {
                let mut object = shared.lock()?;
                // SAFETY: C caller's contract, handles and buffers.
                let status = unsafe { self.go_on(&mut object)? };
                object.charge(self.length(), self.now);
                status
            };
            // SAFETY: C caller's contract, handles and outputs.
            unsafe { put(arguments.new_context, handle) };
            return Ok(status);
        }
        // SAFETY: C caller's contract, handles and outputs. After a failed first call there is no
        // context.
        let credential = unsafe {
            let credential = find(&CREDENTIALS, arguments.credential);
            put(arguments.attributes, 0);
            put(arguments.new_context, NO_HANDLE);
            credential
        };
        if arguments.new_context.is_null() {
            return Err(Error::InvalidHandle("a first call has nowhere to put its context").into());
        }
        let credential = credential?;
        let configuration = server::current();
        let limits = configuration.settings.limits.clone();
        let shared: Shared =
            Arc::new(Lock::new(ContextObject::new(first(credential, configuration)?, self.now)));
        let new = UncommittedHandle(
            CONTEXTS
                .insert(Object::Ours(shared.clone()), limits.contexts)
                .ok_or(Error::OutOfMemory)?,
        );
        log::about(new.0.number());
        let status = {
            let mut object = shared.lock()?;
            // SAFETY: C caller's contract, handles and buffers.
            let status = unsafe { self.go_on(&mut object)? };
            if self.side == Side::Accept && object.is_half_open() {
                object.wait_for_client(&shared, new.0.slot(), self.length(), &limits, self.now)?;
            }
            status
        };
        // SAFETY: C caller's contract, outputs.
        unsafe { put(arguments.new_context, new.keep().into()) };
        Ok(status)
    }

    /// Waits for a KDC before the context is locked.
    ///
    /// # Safety
    /// As for [`step`].
    unsafe fn wait_for_ticket(&self, shared: &Shared) -> Result<()> {
        let Some(token) = self.input.token.filter(|buffer| buffer.length() != 0) else {
            return Ok(());
        };
        // SAFETY: C caller's contract, buffers: nothing is written yet.
        let awaited = unsafe { shared.lock()?.awaited_ticket(token.bytes()?) };
        if let Some(awaited) = awaited {
            awaited.fetch();
        }
        Ok(())
    }

    /// The length of the input token, in bytes.
    fn length(&self) -> usize {
        self.input.token.map_or(0, |token| token.length())
    }

    /// Takes the input and writes the output. The context advances only if the output fits.
    ///
    /// # Safety
    /// As for [`step`].
    unsafe fn go_on(&self, object: &mut ContextObject) -> Result<SECURITY_STATUS, Failure> {
        // SAFETY: C caller's contract, handles and buffers.
        let result = unsafe { self.take(object) };
        (object.last_status, object.substatus) = match &result {
            Ok(status) => (*status, NtStatus::SUCCESS),
            Err(failure) => (status::of(&failure.error), failure.error.nt_status()),
        };
        self.bindings_result.write(object.bindings_result(), &result);
        result
    }

    /// # Safety
    /// As for [`step`].
    unsafe fn take(&self, object: &mut ContextObject) -> Result<SECURITY_STATUS, Failure> {
        // SAFETY: C caller's contract, buffers: read before anything is written.
        let channel = unsafe { self.input.channel.read()? };
        let token = match self.input.token.filter(|buffer| buffer.length() != 0) {
            // SAFETY: C caller's contract, buffers: only `step` uses it, before anything is
            // written.
            Some(buffer) => Some(unsafe { buffer.bytes()? }),
            None => None,
        };
        let completes = object.completes_tokens();
        let mut output = object.step(self.side, token, self.required, channel, self.now)?;
        let status = self.write_output(&output, completes).inspect_err(|_| output.roll_back())?;
        output.conclude();
        match completes {
            true => object.await_completion(output, self.required),
            false => object.proceed(output, self.required),
        }
        Ok(status)
    }

    /// Writes the token, the attributes and the expiry of the step, or nothing if the token does not
    /// fit.
    fn write_output(&self, step: &StepOutput, completes: bool) -> Result<SECURITY_STATUS> {
        let token = step.token.as_deref().unwrap_or_default();
        let allocated = match completes {
            true => self.output.write(&allocation::zeros(token.len())?)?,
            false => self.output.write(token)?,
        };
        let mut flags = step.flags();
        flags.set(ContextFlags::ALLOCATE_MEMORY, allocated);
        let expiry = match &step.context {
            Context::Established(secured) => secured.established.expiry,
            _ => FileTime::NEVER,
        };
        // SAFETY: C caller's contract, outputs.
        unsafe {
            put(self.arguments.attributes, flags::granted(self.side, flags));
            put(self.arguments.expiry, timestamp(expiry));
        }
        Ok(match (step.complete(), completes) {
            (true, false) => SEC_E_OK,
            (false, false) => SEC_I_CONTINUE_NEEDED,
            (true, true) => SEC_I_COMPLETE_NEEDED,
            (false, true) => SEC_I_COMPLETE_AND_CONTINUE,
        })
    }
}

/// The handle of a first call's context, which is removed again if the call fails.
struct UncommittedHandle(Words);

impl UncommittedHandle {
    fn keep(self) -> Words {
        ManuallyDrop::new(self).0
    }
}

impl Drop for UncommittedHandle {
    fn drop(&mut self) {
        CONTEXTS.remove(self.0);
    }
}
