//! The barrier around every exported function: an error becomes a status, a panic
//! SEC_E_INTERNAL_ERROR, and the log gets its line.

use super::status;
use crate::entry::abi::{SEC_E_INTERNAL_ERROR, SEC_E_OK, SECURITY_STATUS};
use crate::platform;
use crate::runtime::log;
use crate::types::error::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// What the first call does for all that follow.
pub(crate) fn first_call() {
    static ONCE: Once = Once::new();
    if !ONCE.is_completed() {
        ONCE.call_once(platform::stay_loaded);
    }
    log::init();
}

/// Runs the body of the exported function `name`.
///
/// What a panic leaves behind is sound: locks here don't poison, and a context that was being
/// changed has failed (see [`conversation`](super::conversation)). No hook is installed: the
/// process's own sees the panic.
pub(crate) fn guard(
    name: &'static str,
    body: impl FnOnce() -> Result<SECURITY_STATUS>,
) -> SECURITY_STATUS {
    let call = || {
        let _call = log::Call::begin();
        first_call();
        let result = body();
        tell(name, &result);
        result.unwrap_or_else(|error| status::of(&error))
    };
    contain(call).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<&str>()
            .copied()
            .or(panic.downcast_ref::<String>().map(String::as_str));
        // The log itself may be what panics, and what it panicked with may panic when dropped. Not
        // a third time.
        let told = contain(|| {
            tracing::error!(function = name, panic = message.unwrap_or("(no message)"), "defect")
        });
        std::mem::forget((told, contain(|| drop(panic))));
        SEC_E_INTERNAL_ERROR
    })
}

/// Runs the body of the exported function `name`, which returns no status: after an error or a
/// panic, `otherwise`.
pub(crate) fn answer<T>(name: &'static str, body: impl FnOnce() -> Result<T>, otherwise: T) -> T {
    let mut given = None;
    guard(name, || {
        given = Some(body()?);
        Ok(SEC_E_OK)
    });
    given.unwrap_or(otherwise)
}

/// Finds the system's function `name`, which is called outside of the barrier: its panics, if any,
/// are its own.
#[cfg(windows)]
pub(crate) fn find_forwarded<T>(name: &'static str, find: impl FnOnce() -> Option<T>) -> Option<T> {
    contain(|| {
        first_call();
        let found = find();
        match found {
            Some(_) => tracing::trace!(function = name, "passed on"),
            None => tracing::warn!(function = name, "the system has no such function"),
        }
        found
    })
    .unwrap_or_default()
}

/// Runs `body`; a panic comes back as its payload.
fn contain<T>(body: impl FnOnce() -> T) -> std::thread::Result<T> {
    catch_unwind(AssertUnwindSafe(body))
}

/// The log's line about one call.
fn tell(name: &'static str, result: &Result<SECURITY_STATUS>) {
    match result {
        Ok(status) => {
            tracing::trace!(function = name, status = format_args!("{status:#010x}"), "returns")
        }
        // Of these the conversation itself has told.
        Err(
            error @ (Error::InvalidToken(_)
            | Error::LogonDenied(_)
            | Error::BadBindings(_)
            | Error::WrongTarget(_)
            | Error::NothingInCommon(_)
            | Error::NoAuthority(_)),
        ) => tracing::debug!(function = name, %error, "fails"),
        Err(error) => tracing::warn!(function = name, %error, "fails"),
    }
}
