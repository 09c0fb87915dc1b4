//! The barrier around every exported function: an error becomes a status, a panic
//! SEC_E_INTERNAL_ERROR, and the log gets its line.

use super::status;
use crate::entry::abi::{
    SEC_E_INSUFFICIENT_MEMORY, SEC_E_INTERNAL_ERROR, SEC_E_OK, SECURITY_STATUS,
};
use crate::platform::{self, heap};
use crate::runtime::log;
use crate::types::error::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

/// Initialization, once per process.
pub(crate) fn first_call() {
    // Not a Once, which a fork could leave half done. Doing it twice does no harm.
    static DONE: AtomicBool = AtomicBool::new(false);
    if !DONE.load(Ordering::Relaxed) {
        platform::stay_loaded();
        DONE.store(true, Ordering::Relaxed);
    }
    log::init();
}

/// Whether there is memory for a call: without it the call does nothing.
#[inline]
pub(crate) fn memory() -> Result<()> {
    if heap::has_memory() { Ok(()) } else { Err(Error::OutOfMemory) }
}

/// Runs the body of the exported function `name`, if there is memory for a call.
pub(crate) fn guard(
    name: &'static str,
    body: impl FnOnce() -> Result<SECURITY_STATUS>,
) -> SECURITY_STATUS {
    guard_step(name, || (), body)
}

/// The same; without memory `clear` sets the outputs first.
pub(crate) fn guard_step(
    name: &'static str,
    clear: impl Fn(),
    body: impl FnOnce() -> Result<SECURITY_STATUS>,
) -> SECURITY_STATUS {
    // Not even a line in the log is possible.
    if !heap::thread_is_ready() {
        clear();
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    guard_always(name, || {
        memory().inspect_err(|_| clear())?;
        body()
    })
}

/// Runs the body of an exported function that must succeed without memory too, since it frees
/// something or tells a state.
///
/// A panic leaves the library usable: its locks do not poison, and a context that was being changed
/// has failed (see `ContextObject::step`). No panic hook is installed: the process's own sees the
/// panic.
pub(crate) fn guard_always(
    name: &'static str,
    body: impl FnOnce() -> Result<SECURITY_STATUS>,
) -> SECURITY_STATUS {
    let call = || {
        let _call = log::Call::begin();
        first_call();
        let result = body();
        log_result(name, &result);
        result.unwrap_or_else(|error| status::of(&error))
    };
    contain(call).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<&str>()
            .copied()
            .or(panic.downcast_ref::<String>().map(String::as_str));
        // Logging may panic, and so may the drop of the payload. Forget what those panics return.
        let logged = contain(|| {
            tracing::error!(function = name, panic = message.unwrap_or("(no message)"), "defect")
        });
        std::mem::forget((logged, contain(|| drop(panic))));
        SEC_E_INTERNAL_ERROR
    })
}

/// Runs the body of the exported function `name`, which does not return a status, without memory
/// too. Returns `otherwise` after an error or a panic.
pub(crate) fn answer<T>(name: &'static str, body: impl FnOnce() -> Result<T>, otherwise: T) -> T {
    let mut given = None;
    guard_always(name, || {
        given = Some(body()?);
        Ok(SEC_E_OK)
    });
    given.unwrap_or(otherwise)
}

/// Finds the function `name` of secur32.dll, which the caller then calls outside of the barrier.
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
fn log_result(name: &'static str, result: &Result<SECURITY_STATUS>) {
    match result {
        Ok(status) => {
            tracing::trace!(function = name, status = format_args!("{status:#010x}"), "returns")
        }
        Err(error) if log::is_explained() => tracing::debug!(function = name, %error, "fails"),
        Err(error) => tracing::warn!(function = name, %error, "fails"),
    }
}
