//! The barrier around every exported function: an error becomes a status, a panic SEC_E_INTERNAL_ERROR, and
//! the log gets its line.

use super::abi::{SEC_E_INTERNAL_ERROR, SECURITY_STATUS};
use super::status;
use crate::error::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the body of the exported function `name`.
///
/// What a panic leaves behind is sound: locks here don't poison, and a context that was being changed has
/// failed (see [`conversation`](super::conversation)).
pub(super) fn guard(name: &'static str, body: impl FnOnce() -> Result<SECURITY_STATUS>) -> SECURITY_STATUS {
    let _call = crate::log::Call::begin();
    let status = match catch_unwind(AssertUnwindSafe(|| {
        crate::log::init();
        body()
    })) {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => {
            match error {
                // The conversation itself has told of these.
                Error::InvalidToken(_)
                | Error::LogonDenied(_)
                | Error::BadBindings(_)
                | Error::WrongTarget(_)
                | Error::NothingInCommon(_)
                | Error::NoAuthority(_) => tracing::debug!(function = name, %error, "fails"),
                _ => tracing::warn!(function = name, %error, "fails"),
            }
            status::of(&error)
        }
        Err(panic) => {
            let message = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
            tracing::error!(function = name, panic = message.unwrap_or("(no message)"), "defect");
            // Dropping it could panic again.
            std::mem::forget(panic);
            SEC_E_INTERNAL_ERROR
        }
    };
    tracing::trace!(function = name, status = format_args!("{status:#010x}"), "returns");
    status
}

/// The body of a function that this version does not perform.
pub(super) fn unsupported(name: &'static str) -> SECURITY_STATUS {
    guard(name, || Err(Error::Unsupported(name)))
}
