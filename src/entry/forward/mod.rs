//! What is passed on to the system's own `secur32.dll`: packages other than ours, such as Schannel,
//! with their credentials and contexts; and the functions of that DLL that are not SSPI's
//! (`exports::passed_on`).
//!
//! A program's handles are all of our tables. One that stands for a handle of the system's is told
//! apart there ([`Object`](super::objects::Object)), so that whatever else a program passes never
//! reaches the system.

mod calls;
mod functions;
mod handles;
mod inside;
mod memory;
mod packages;
#[cfg(test)]
mod tests;

pub(super) use calls::{accept, acquire, import, initiate};
#[cfg(windows)]
pub(super) use functions::procedure;
pub(super) use functions::{Form, functions, own_table};
pub(super) use handles::{Handle, context, credentials, end};
pub(super) use inside::inside;
pub(super) use memory::{free, gave_memory};
pub(super) use packages::{add_package, delete_package, others, package};

/// Calls the system's function of this name if the handle stands for one of the system's, and
/// returns what it returns. After the name come the arguments behind the handle.
macro_rules! pass_on {
    ($kind:ident $handle:expr, $form:ty, $function:ident($($argument:expr),*)) => {
        // SAFETY: the caller's promise is that of the exported function, which the system's asks
        // for too.
        if let Some(theirs) = unsafe { $crate::entry::forward::$kind($handle) } {
            $crate::entry::forward::gave_memory();
            let function = theirs.functions::<$form>().$function.ok_or($crate::types::error::Error::Unsupported(stringify!($function)))?;
            // SAFETY: likewise.
            return Ok(unsafe { theirs.call(|handle| function(handle, $($argument),*)) });
        }
    };
    ($kind:ident $handle:expr, $function:ident($($argument:expr),*)) => {
        $crate::entry::forward::pass_on!($kind $handle, $crate::entry::abi::SEC_WCHAR, $function($($argument),*))
    };
}
pub(super) use pass_on;
