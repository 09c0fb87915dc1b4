//! Where a call goes: to an object of this library, or to the operating system's secur32.dll.

use crate::entry::abi::SecHandle;
use crate::entry::boundary::arguments::Arguments;
use crate::entry::boundary::flags::Side;
use crate::entry::context::CONTEXTS;
use crate::entry::credentials::CREDENTIALS;
use crate::entry::forward::{self, Forwarded, StepOn};

/// The context of secur32.dll that the caller's handle stands for.
///
/// # Safety
/// `handle` is NULL or points to a handle.
pub(super) unsafe fn context(handle: *const SecHandle) -> Option<Forwarded> {
    // SAFETY: C caller's contract, handles.
    unsafe { forward::find(&CONTEXTS, handle) }
}

/// The credentials of secur32.dll that the caller's handle stands for.
///
/// # Safety
/// `handle` is NULL or points to a handle.
pub(super) unsafe fn credentials(handle: *const SecHandle) -> Option<Forwarded> {
    // SAFETY: C caller's contract, handles.
    unsafe { forward::find(&CREDENTIALS, handle) }
}

/// Likewise, also of credentials whose outbound side alone is secur32.dll's: what they are, and
/// what is said about them, is that side's.
///
/// # Safety
/// `handle` is NULL or points to a handle.
pub(super) unsafe fn outbound_credentials(handle: *const SecHandle) -> Option<Forwarded> {
    // SAFETY: C caller's contract, handles.
    unsafe { forward::find_outbound(&CREDENTIALS, handle) }
}

/// The handles of secur32.dll that AcceptSecurityContext or InitializeSecurityContext works on: the
/// context or, in a first call, the credentials.
///
/// # Safety
/// Both handles are NULL or point to handles.
pub(super) unsafe fn step(side: Side, arguments: &Arguments) -> Option<StepOn> {
    // SAFETY: C caller's contract, handles.
    let (context, credential) = unsafe {
        let credential = match side {
            Side::Accept => credentials(arguments.credential),
            Side::Initiate => outbound_credentials(arguments.credential),
        };
        (context(arguments.context), credential)
    };
    match (context, credential) {
        (Some(context), credential) => Some(StepOn::Context { context, credential }),
        (None, Some(credential)) if arguments.context.is_null() => {
            Some(StepOn::Credentials(credential))
        }
        (None, _) => None,
    }
}

/// Calls secur32.dll's function of this name if the handle stands for one of its handles, and
/// returns its result. The arguments after the handle follow the name.
macro_rules! forward {
    ($kind:ident $handle:expr, $form:ty, $function:ident($($argument:expr),*)) => {
        // SAFETY: C caller's contract, handles.
        if let Some(forwarded) = unsafe { $crate::entry::exports::route::$kind($handle) } {
            $crate::entry::forward::gave_memory();
            let function = forwarded
                .functions::<$form>()
                .$function
                .ok_or($crate::types::error::Error::Unsupported(stringify!($function)))?;
            // SAFETY: C caller's contract, which secur32.dll asks for too.
            return Ok(unsafe { forwarded.call(|handle| function(handle, $($argument),*)) });
        }
    };
    ($kind:ident $handle:expr, $function:ident($($argument:expr),*)) => {
        forward!($kind $handle, $crate::entry::abi::SEC_WCHAR, $function($($argument),*))
    };
}
