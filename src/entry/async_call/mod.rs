//! Calls that complete later, on a thread of the library's: what a `SspiAsyncContext` keeps track
//! of.
//!
//! What a program holds is a number, as with other handles; a number that was never one, or that
//! has been freed, is refused.

mod pool;

use super::abi::*;
use crate::runtime::fork_local::ForkLocal;
use crate::types::error::{Error, Result};
use parking_lot::{Condvar, Mutex};
use pool::{Notice, Pool};
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread::{self, ThreadId};

/// What the process has: a forked child begins anew, without the threads and the calls of its
/// parent.
#[derive(Default)]
struct State {
    contexts: Mutex<HashMap<usize, Arc<AsyncContext>>>,
    made: AtomicUsize,
    pool: Pool,
}

fn state() -> &'static State {
    static STATE: LazyLock<ForkLocal<State>> = LazyLock::new(ForkLocal::default);
    STATE.get(State::default)
}

/// Keeps track of one call at a time.
struct AsyncContext {
    inner: Mutex<Inner>,
    /// A call has returned.
    returned: Condvar,
}

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
    /// The call waits for a thread.
    Queued,
    /// This thread makes the call.
    Running(ThreadId),
    Complete(SECURITY_STATUS),
}

impl Progress {
    fn is_pending(self) -> bool {
        matches!(self, Progress::Queued | Progress::Running(_))
    }
}

/// SspiCreateAsyncContext.
pub(super) fn create() -> Result<PSspiAsyncContext> {
    const MOST: usize = 1 << 20;
    let state = state();
    let mut contexts = state.contexts.lock();
    if contexts.len() >= MOST {
        return Err(Error::OutOfMemory);
    }
    // Odd, as no address of a structure is; a number comes again only when all others have been
    // used.
    let number = loop {
        let number = state.made.fetch_add(1, Ordering::Relaxed) << 1 | 1;
        if !contexts.contains_key(&number) {
            break number;
        }
    };
    let inner = Inner {
        callback: None,
        data: std::ptr::null_mut(),
        progress: Progress::Ready,
        freed: false,
    };
    contexts.insert(
        number,
        Arc::new(AsyncContext { inner: Mutex::new(inner), returned: Condvar::new() }),
    );
    Ok(std::ptr::without_provenance_mut(number))
}

fn find(handle: PSspiAsyncContext) -> Result<Arc<AsyncContext>> {
    let found = state().contexts.lock().get(&handle.addr()).cloned();
    found.ok_or(Error::InvalidHandle("no asynchronous context, or one that was freed"))
}

/// SspiFreeAsyncContext. Nobody is told of its call any more; a call that waits for a thread is not
/// made, and one under way has returned when this returns, so that the caller may forget what it
/// points to. A call that ends a handle needs nothing of the caller's, and is made all the same.
pub(super) fn free(handle: PSspiAsyncContext) -> Result<()> {
    let removed = state().contexts.lock().remove(&handle.addr());
    let context =
        removed.ok_or(Error::InvalidHandle("no asynchronous context, or one that was freed"))?;
    let mut inner = context.inner.lock();
    inner.freed = true;
    // Not by who is called back from within the call: that would wait for itself.
    while matches!(inner.progress, Progress::Running(thread) if thread != thread::current().id()) {
        context.returned.wait(&mut inner);
    }
    Ok(())
}

/// SspiReinitAsyncContext: the callback stays.
pub(super) fn reinit(handle: PSspiAsyncContext) -> Result<SECURITY_STATUS> {
    let context = find(handle)?;
    let mut inner = context.inner.lock();
    if inner.progress.is_pending() {
        return Err(Error::InvalidHandle("a call is under way"));
    }
    inner.progress = Progress::Ready;
    Ok(SEC_E_OK)
}

/// SspiSetAsyncNotifyCallback.
pub(super) fn set_callback(
    handle: PSspiAsyncContext,
    callback: SspiAsyncNotifyCallback,
    data: *mut c_void,
) -> Result<SECURITY_STATUS> {
    let context = find(handle)?;
    let mut inner = context.inner.lock();
    (inner.callback, inner.data) = (callback, data);
    Ok(SEC_E_OK)
}

/// SspiAsyncContextRequiresNotify.
pub(super) fn requires_notify(handle: PSspiAsyncContext) -> Result<bool> {
    Ok(find(handle)?.inner.lock().callback.is_some())
}

/// SspiGetAsyncCallStatus.
pub(super) fn status(handle: PSspiAsyncContext) -> Result<SECURITY_STATUS> {
    match find(handle)?.inner.lock().progress {
        Progress::Ready => Err(Error::InvalidHandle("no call has been made")),
        Progress::Queued | Progress::Running(_) => Ok(SEC_I_ASYNC_CALL_PENDING),
        Progress::Complete(status) => Ok(status),
    }
}

/// A call with its arguments, whose pointers its caller keeps good until it has returned.
pub(super) struct Call<F> {
    call: F,
    /// It points to nothing of the caller's, and so is made even if nobody keeps track of it any
    /// more.
    alone: bool,
}

// SAFETY: by whoever made it, the arguments may be used in another thread.
unsafe impl<F> Send for Call<F> {}

impl<F: FnOnce() -> SECURITY_STATUS> Call<F> {
    /// # Safety
    /// What the call uses stays good until it has returned, or the context that keeps track of it
    /// has been freed.
    pub(super) unsafe fn new(call: F) -> Call<F> {
        Call { call, alone: false }
    }

    /// # Safety
    /// The call points to nothing.
    pub(super) unsafe fn alone(call: F) -> Call<F> {
        Call { call, alone: true }
    }
}

/// Begins a call, which this context will keep track of.
pub(super) fn begin<F: FnOnce() -> SECURITY_STATUS + 'static>(
    handle: PSspiAsyncContext,
    call: Call<F>,
) -> Result<SECURITY_STATUS> {
    let context = find(handle)?;
    let mut inner = context.inner.lock();
    if !matches!(inner.progress, Progress::Ready) {
        return Err(Error::InvalidHandle(
            "a call is under way, or SspiReinitAsyncContext has not been called after one",
        ));
    }
    let (number, tracked) = (handle.addr(), context.clone());
    state().pool.submit(Box::new(move || tracked.make(number, call)))?;
    inner.progress = Progress::Queued;
    Ok(SEC_E_OK)
}

impl AsyncContext {
    /// Makes the call. Its status is there before anybody is told, so that the program may begin
    /// the next one, or free the context, from its callback, which is what is left to do.
    fn make<F: FnOnce() -> SECURITY_STATUS>(&self, number: usize, call: Call<F>) -> Option<Notice> {
        let mut inner = self.inner.lock();
        if inner.freed && !call.alone {
            return None;
        }
        inner.progress = Progress::Running(thread::current().id());
        drop(inner);
        let status = (call.call)();
        let mut inner = self.inner.lock();
        inner.progress = Progress::Complete(status);
        let (callback, data) = (inner.callback.filter(|_| !inner.freed), inner.data);
        drop(inner);
        self.returned.notify_all();
        let callback = callback?;
        Some(Box::new(move || {
            // SAFETY: the program registered the function with this argument, for this context.
            unsafe { callback(std::ptr::without_provenance_mut(number), data) };
        }))
    }
}
