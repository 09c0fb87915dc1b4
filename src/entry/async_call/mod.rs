//! Calls that complete later, on a thread of the library's: what a `SspiAsyncContext` keeps track of.
//!
//! What a program holds is a number, as with other handles; a number that was never one, or that has been freed, is refused.

mod pool;

use super::abi::*;
use crate::error::{Error, Result};
use crate::per_process::PerProcess;
use parking_lot::Mutex;
use pool::Pool;
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

/// What the process has: a forked child begins anew, without the threads and the calls of its parent.
#[derive(Default)]
struct State {
    contexts: Mutex<HashMap<usize, Arc<AsyncContext>>>,
    made: AtomicUsize,
    pool: Pool,
}

fn state() -> &'static State {
    static STATE: LazyLock<PerProcess<State>> = LazyLock::new(PerProcess::default);
    STATE.get(State::default)
}

/// Keeps track of one call at a time.
struct AsyncContext(Mutex<Inner>);

struct Inner {
    callback: SspiAsyncNotifyCallback,
    data: *mut c_void,
    progress: Progress,
    /// Nobody may be told of its call any more.
    freed: bool,
}

// SAFETY: `data` is the program's, handed back to its callback and never followed.
unsafe impl Send for Inner {}

#[derive(Clone, Copy)]
enum Progress {
    /// No call has been made since it was made or made ready again.
    Ready,
    Pending,
    Complete(SECURITY_STATUS),
}

/// A handle is a multiple of this, as an address would be, and never NULL.
const STEP: usize = 16;

/// SspiCreateAsyncContext.
pub(super) fn create() -> Result<PSspiAsyncContext> {
    const MOST: usize = 1 << 20;
    let state = state();
    let mut contexts = state.contexts.lock();
    if contexts.len() >= MOST {
        return Err(Error::OutOfMemory);
    }
    // Numbers come again only when all others have been used.
    let number = loop {
        let number = state.made.fetch_add(1, Ordering::Relaxed).wrapping_add(1).wrapping_mul(STEP);
        if number != 0 && !contexts.contains_key(&number) {
            break number;
        }
    };
    let inner = Inner { callback: None, data: std::ptr::null_mut(), progress: Progress::Ready, freed: false };
    contexts.insert(number, Arc::new(AsyncContext(Mutex::new(inner))));
    Ok(std::ptr::without_provenance_mut(number))
}

fn find(handle: PSspiAsyncContext) -> Result<Arc<AsyncContext>> {
    let found = state().contexts.lock().get(&handle.addr()).cloned();
    found.ok_or(Error::InvalidHandle("no asynchronous context, or one that was freed"))
}

/// SspiFreeAsyncContext. A call under way completes, and nobody is told.
pub(super) fn free(handle: PSspiAsyncContext) -> Result<()> {
    let removed = state().contexts.lock().remove(&handle.addr());
    let context = removed.ok_or(Error::InvalidHandle("no asynchronous context, or one that was freed"))?;
    context.0.lock().freed = true;
    Ok(())
}

/// SspiReinitAsyncContext.
pub(super) fn reinit(handle: PSspiAsyncContext) -> Result<SECURITY_STATUS> {
    let context = find(handle)?;
    let mut inner = context.0.lock();
    if matches!(inner.progress, Progress::Pending) {
        return Err(Error::InvalidHandle("a call is under way"));
    }
    *inner = Inner { callback: None, data: std::ptr::null_mut(), progress: Progress::Ready, freed: inner.freed };
    Ok(SEC_E_OK)
}

/// SspiSetAsyncNotifyCallback.
pub(super) fn set_callback(
    handle: PSspiAsyncContext,
    callback: SspiAsyncNotifyCallback,
    data: *mut c_void,
) -> Result<SECURITY_STATUS> {
    let context = find(handle)?;
    let mut inner = context.0.lock();
    (inner.callback, inner.data) = (callback, data);
    Ok(SEC_E_OK)
}

/// SspiAsyncContextRequiresNotify.
pub(super) fn requires_notify(handle: PSspiAsyncContext) -> Result<bool> {
    Ok(find(handle)?.0.lock().callback.is_some())
}

/// SspiGetAsyncCallStatus.
pub(super) fn status(handle: PSspiAsyncContext) -> Result<SECURITY_STATUS> {
    match find(handle)?.0.lock().progress {
        Progress::Ready => Err(Error::InvalidHandle("no call has been made")),
        Progress::Pending => Ok(SEC_I_ASYNC_CALL_PENDING),
        Progress::Complete(status) => Ok(status),
    }
}

/// A call with its arguments, whose pointers its caller keeps good until it is complete.
pub(super) struct Call<F>(F);

// SAFETY: by whoever made it, the arguments may be used in another thread.
unsafe impl<F> Send for Call<F> {}

impl<F: FnOnce() -> SECURITY_STATUS> Call<F> {
    /// # Safety
    /// What the call uses stays good until it is complete, whichever thread makes it.
    pub(super) unsafe fn new(call: F) -> Call<F> {
        Call(call)
    }

    fn make(self) -> SECURITY_STATUS {
        (self.0)()
    }
}

/// Begins a call, which this context will keep track of.
pub(super) fn begin<F: FnOnce() -> SECURITY_STATUS + 'static>(
    handle: PSspiAsyncContext,
    call: Call<F>,
) -> Result<SECURITY_STATUS> {
    let context = find(handle)?;
    let mut inner = context.0.lock();
    if !matches!(inner.progress, Progress::Ready) {
        return Err(Error::InvalidHandle("a call is under way, or SspiReinitAsyncContext has not been called after one"));
    }
    let (number, tracked) = (handle.addr(), context.clone());
    state().pool.submit(Box::new(move || complete(number, &tracked, call.make())))?;
    inner.progress = Progress::Pending;
    Ok(SEC_E_OK)
}

/// The call has returned: its status is there before anybody is told, so that the program may begin the next one, or free
/// the context, from its callback.
fn complete(number: usize, context: &AsyncContext, status: SECURITY_STATUS) {
    let mut inner = context.0.lock();
    inner.progress = Progress::Complete(status);
    let (callback, data) = (inner.callback.filter(|_| !inner.freed), inner.data);
    drop(inner);
    if let Some(callback) = callback {
        // SAFETY: the program registered the function with this argument, for this context.
        unsafe { callback(std::ptr::without_provenance_mut(number), data) };
    }
}
