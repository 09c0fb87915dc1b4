//! AcceptSecurityContext and InitializeSecurityContext, and the end of what they began.

use super::Conversation;
use super::lock::Lock;
use crate::config::{self, Settings};
use crate::context::{Accepting, Context, Initiating, StepOutput};
use crate::entry::abi::*;
use crate::entry::boundary::buffers::{Buffers, TokenOut};
use crate::entry::boundary::flags;
use crate::entry::boundary::flags::Side;
use crate::entry::boundary::status;
use crate::entry::boundary::text;
use crate::entry::forward;
use crate::entry::forward::Form;
use crate::entry::handles::table::Words;
use crate::entry::handles::{CONTEXTS, CREDENTIALS, NO_HANDLE, Object, Shared, find, take};
use crate::runtime::log;
use crate::server::credential::Credential;
use crate::types::channel_bindings::ChannelBindings;
use crate::types::error::{Error, Failure, Result};
use crate::types::flags::ContextFlags;
use crate::types::ntstatus::NtStatus;
use crate::types::time::FileTime;
use std::mem::ManuallyDrop;
use std::sync::Arc;

/// The arguments that both functions have.
pub(crate) struct Arguments {
    pub(crate) credential: PCredHandle,
    pub(crate) context: PCtxtHandle,
    pub(crate) input: PSecBufferDesc,
    pub(crate) requirements: ULONG,
    /// Makes no difference to packages of ours.
    pub(crate) data_rep: ULONG,
    pub(crate) new_context: PCtxtHandle,
    pub(crate) output: PSecBufferDesc,
    pub(crate) attributes: *mut ULONG,
    pub(crate) expiry: PTimeStamp,
}

/// What InitializeSecurityContext has besides.
pub(crate) struct InitiateArguments<Char> {
    pub(crate) target: *mut Char,
    pub(crate) reserved: [ULONG; 2],
}

/// AcceptSecurityContext.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn accept(arguments: &Arguments) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    unsafe {
        if let Some(status) =
            forward::accept(arguments, |system| system.unicode.AcceptSecurityContext)
        {
            return status;
        }
        converse(Side::Accept, arguments, |credential, settings| {
            Ok(Context::Accepting(Box::new(Accepting::new(credential, settings))))
        })
    }
}

/// InitializeSecurityContext.
///
/// # Safety
/// As the function's own.
pub(crate) unsafe fn initiate<Char: Form>(
    arguments: &Arguments,
    more: &InitiateArguments<Char>,
) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    unsafe {
        if let Some(status) = forward::initiate(arguments, more, |system| {
            Char::functions(system).InitializeSecurityContext
        }) {
            return status;
        }
        converse(Side::Initiate, arguments, |credential, settings| {
            let target =
                text::read(more.target)?.map(|target| target.to_string()).unwrap_or_default();
            Ok(Context::Initiating(Box::new(Initiating::new(credential, settings, target)?)))
        })
    }
}

/// DeleteSecurityContext.
///
/// # Safety
/// `context` is NULL or points to a handle.
pub(crate) unsafe fn delete(context: PCtxtHandle) -> Result<SECURITY_STATUS> {
    // SAFETY: the caller's promise is this function's own.
    Ok(match unsafe { take(&CONTEXTS, context)? } {
        Object::Ours(_) => SEC_E_OK,
        Object::Systems(handle) => {
            forward::end(&handle, |system| system.unicode.DeleteSecurityContext)
        }
    })
}

/// One leg of either side; `first` makes the context of a first call.
///
/// # Safety
/// As for both functions: every pointer is NULL or points to what its type says, every buffer to
/// its bytes.
unsafe fn converse(
    side: Side,
    arguments: &Arguments,
    first: impl FnOnce(Arc<Credential>, Arc<Settings>) -> Result<Context>,
) -> Result<SECURITY_STATUS> {
    let required = flags::required(side, arguments.requirements);
    // SAFETY: the caller's promise is this function's own.
    let (input, output) =
        unsafe { (Buffers::new(arguments.input), Buffers::new(arguments.output)?) };
    let output = TokenOut::new(output, required.contains(ContextFlags::ALLOCATE_MEMORY));
    // Not before there is an output to say so in: programs send what is left in it after an error.
    let input = input.inspect_err(|error| output.fail(error))?;
    let call = Call { side, arguments, input, required, output: &output };
    let panicking = Empty(&output);
    // SAFETY: the caller's promise is that of `leg`.
    let result = unsafe { call.leg(first) };
    std::mem::forget(panicking);
    let failure = match result {
        Ok(status) => return Ok(status),
        Err(failure) => failure,
    };
    output.fail(&failure.error);
    match failure.token {
        // To be sent to the peer although the call fails, where there is room for it.
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

/// Empties the output when a panic goes by.
struct Empty<'call>(&'call TokenOut<'call>);

impl Drop for Empty<'_> {
    fn drop(&mut self) {
        self.0.fail(&Error::Internal("panic"));
    }
}

/// One call, its arguments read as far as they must not be read twice.
struct Call<'call> {
    side: Side,
    arguments: &'call Arguments,
    input: Buffers<'call>,
    required: ContextFlags,
    output: &'call TokenOut<'call>,
}

impl Call<'_> {
    /// # Safety
    /// As for `converse`.
    unsafe fn leg(
        &self,
        first: impl FnOnce(Arc<Credential>, Arc<Settings>) -> Result<Context>,
    ) -> Result<SECURITY_STATUS, Failure> {
        let arguments = self.arguments;
        // SAFETY: the pointers are the caller's, checked for NULL, and written without asking for
        // alignment.
        unsafe { put(arguments.attributes, 0) };
        if !arguments.context.is_null() {
            // SAFETY: the caller's promise is this function's own.
            let shared = unsafe { find(&CONTEXTS, arguments.context)? };
            // SAFETY: likewise.
            let status = unsafe { self.go_on(&mut *shared.lock()?)? };
            // SAFETY: likewise. `phContext` and `phNewContext` may be one.
            unsafe { put(arguments.new_context, arguments.context.read_unaligned()) };
            return Ok(status);
        }
        if arguments.new_context.is_null() {
            return Err(Error::InvalidHandle("a first call has nowhere to put its context").into());
        }
        // SAFETY: the caller's promise is this function's own. After a first call that fails there
        // is no context.
        let credential = unsafe {
            put(arguments.new_context, NO_HANDLE);
            find(&CREDENTIALS, arguments.credential)?
        };
        let settings = config::current();
        let limit = settings.limits.contexts;
        let shared: Shared = Arc::new(Lock::new(Conversation::new(first(credential, settings)?)));
        let new =
            New(CONTEXTS.insert(Object::Ours(shared.clone()), limit).ok_or(Error::OutOfMemory)?);
        log::about(new.0.number());
        // SAFETY: likewise.
        let status = unsafe { self.go_on(&mut *shared.lock()?)? };
        // SAFETY: likewise.
        unsafe { put(arguments.new_context, new.keep().into()) };
        Ok(status)
    }

    /// Takes the input, makes the output, and moves the conversation only if that could be handed
    /// out.
    ///
    /// # Safety
    /// As for `converse`.
    unsafe fn go_on(&self, conversation: &mut Conversation) -> Result<SECURITY_STATUS, Failure> {
        // SAFETY: the caller's promise is this function's own.
        let result = unsafe { self.take(conversation) };
        (conversation.last_status, conversation.substatus) = match &result {
            Ok(status) => (*status, NtStatus::SUCCESS),
            Err(failure) => (status::of(&failure.error), failure.error.nt_status()),
        };
        result
    }

    /// # Safety
    /// As for `converse`.
    unsafe fn take(&self, conversation: &mut Conversation) -> Result<SECURITY_STATUS, Failure> {
        let bindings =
            match self.input.find(SECBUFFER_CHANNEL_BINDINGS).filter(|buffer| buffer.length() != 0)
            {
                // SAFETY: read now, before anything is written.
                Some(buffer) => {
                    Some(ChannelBindings::from_sec_channel_bindings(unsafe { buffer.bytes()? })?)
                }
                None => None,
            };
        let token = match self.input.find(SECBUFFER_TOKEN).filter(|buffer| buffer.length() != 0) {
            // SAFETY: used by `step` alone, before anything is written.
            Some(buffer) => Some(unsafe { buffer.bytes()? }),
            None => None,
        };
        let completes = conversation.completes_tokens();
        let leg = conversation.step(self.side, token, self.required, bindings)?;
        let status = self.hand_out(&leg, completes).inspect_err(|_| leg.take_back())?;
        match completes {
            true => conversation.await_completion(leg, self.required),
            false => conversation.proceed(leg, self.required),
        }
        Ok(status)
    }

    /// Writes the token, the attributes and the expiry of `leg`; nothing if the token does not fit.
    fn hand_out(&self, leg: &StepOutput, completes: bool) -> Result<SECURITY_STATUS> {
        let token = leg.token.as_deref().unwrap_or_default();
        let allocated = match completes {
            true => self.output.write(&vec![0; token.len()])?,
            false => self.output.write(token)?,
        };
        let mut flags = leg.flags();
        flags.set(ContextFlags::ALLOCATE_MEMORY, allocated);
        let expiry = match &leg.context {
            Context::Established(secured) => secured.established.expiry,
            _ => FileTime::NEVER,
        };
        // SAFETY: the pointers are the caller's, NULL or good by the promise in `converse`.
        unsafe {
            put(self.arguments.attributes, flags::granted(self.side, flags));
            put(self.arguments.expiry, timestamp(expiry));
        }
        Ok(match (leg.complete(), completes) {
            (true, false) => SEC_E_OK,
            (false, false) => SEC_I_CONTINUE_NEEDED,
            (true, true) => SEC_I_COMPLETE_NEEDED,
            (false, true) => SEC_I_COMPLETE_AND_CONTINUE,
        })
    }
}

/// The context of a first call, which goes away again if the call fails.
struct New(Words);

impl New {
    fn keep(self) -> Words {
        ManuallyDrop::new(self).0
    }
}

impl Drop for New {
    fn drop(&mut self) {
        CONTEXTS.remove(self.0);
    }
}

/// A time as SSPI gives it: local, except "never", which is the same everywhere.
pub(crate) fn timestamp(utc: FileTime) -> TimeStamp {
    TimeStamp { QuadPart: crate::platform::local_time(utc).0.cast_signed() }
}

/// Writes an output that the caller may have left out.
///
/// # Safety
/// `output` is NULL or points to a `T`, aligned or not.
pub(crate) unsafe fn put<T>(output: *mut T, value: T) {
    if !output.is_null() {
        // SAFETY: the caller's promise is this function's own.
        unsafe { output.write_unaligned(value) };
    }
}
