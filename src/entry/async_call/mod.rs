//! Calls that complete later, on a thread of the library: `SspiAsyncContext`.
//!
//! A context is a checked number, as other handles are: invented and freed ones are rejected.

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

/// The state of this process. A forked child starts without the threads and the calls of its
/// parent.
#[derive(Default)]
struct State {
    contexts: Mutex<HashMap<usize, Arc<AsyncContext>>>,
    made: AtomicUsize,
    pool: Pool,
}

static STATE: LazyLock<ForkLocal<State>> = LazyLock::new(ForkLocal::default);

fn state() -> &'static State {
    STATE.get(State::default)
}

/// Makes the state of the process.
pub(super) fn prepare() {
    state();
}

/// Tracks one call at a time.
struct AsyncContext {
    inner: Mutex<Inner>,
    /// A call or a callback has returned.
    returned: Condvar,
}

struct Inner {
    callback: SspiAsyncNotifyCallback,
    data: *mut c_void,
    /// How often the callback has been set.
    registration: u64,
    progress: Progress,
    /// The threads that are in its callback, and which registration's: more than one if a callback
    /// has begun the next call.
    notifying: Vec<(ThreadId, u64)>,
    /// The caller has freed it: the callback must not be called any more.
    freed: bool,
}

// SAFETY: C caller's contract, callbacks. The library does not dereference `data`.
unsafe impl Send for Inner {}

#[derive(Clone, Copy)]
enum Progress {
    /// No call since it was created or reinitialized.
    Ready,
    /// The call waits for a thread.
    Queued,
    /// This thread is making the call.
    Running(ThreadId),
    Complete(SECURITY_STATUS),
}

impl Inner {
    /// Another thread makes the context's call, or is in its callback. The own thread does not
    /// count: it would wait for itself.
    fn in_use(&self) -> bool {
        let own = thread::current().id();
        matches!(self.progress, Progress::Running(thread) if thread != own)
            || self.notifying.iter().any(|&(thread, _)| thread != own)
    }
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
    if contexts.len() >= MOST || contexts.try_reserve(1).is_err() {
        return Err(Error::OutOfMemory);
    }
    // Odd, unlike the address of any structure. A number repeats only after all others have been
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
        registration: 0,
        progress: Progress::Ready,
        notifying: Vec::new(),
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

/// SspiFreeAsyncContext. The callback is not called any more, and one that is under way has
/// returned when this returns, so that the caller may free its data. A call that waits for a thread
/// is not made, and one in progress has returned, so that the caller may free its arguments. A call
/// that ends a handle does not use the caller's memory, and is made in any case.
pub(super) fn free(handle: PSspiAsyncContext) -> Result<()> {
    let removed = state().contexts.lock().remove(&handle.addr());
    let context =
        removed.ok_or(Error::InvalidHandle("no asynchronous context, or one that was freed"))?;
    let mut inner = context.inner.lock();
    inner.freed = true;
    while inner.in_use() {
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

/// SspiSetAsyncNotifyCallback. The former callback is not called any more, and one that is under way
/// has returned when this returns, so that the caller may free its data. A callback does not wait: it
/// would wait for itself.
pub(super) fn set_callback(
    handle: PSspiAsyncContext,
    callback: SspiAsyncNotifyCallback,
    data: *mut c_void,
) -> Result<SECURITY_STATUS> {
    let context = find(handle)?;
    let mut inner = context.inner.lock();
    let former = inner.registration;
    (inner.callback, inner.data, inner.registration) = (callback, data, former.wrapping_add(1));
    let own = thread::current().id();
    while inner.notifying.iter().any(|&(_, registration)| registration <= former)
        && inner.notifying.iter().all(|&(thread, _)| thread != own)
    {
        context.returned.wait(&mut inner);
    }
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

/// A call with its arguments, whose pointers stay valid until it has returned.
pub(super) struct Call<F> {
    call: F,
    /// It has no pointers to the caller's memory, and is made even if its context has been freed.
    alone: bool,
}

// SAFETY: both constructors require that the arguments may be used in another thread.
unsafe impl<F> Send for Call<F> {}

impl<F: FnOnce() -> SECURITY_STATUS> Call<F> {
    /// # Safety
    /// The arguments may be used in another thread, and stay valid until the call has returned or
    /// the context that tracks it has been freed.
    pub(super) unsafe fn new(call: F) -> Call<F> {
        Call { call, alone: false }
    }

    /// # Safety
    /// The call has no pointers to the caller's memory.
    pub(super) unsafe fn alone(call: F) -> Call<F> {
        Call { call, alone: true }
    }
}

/// Starts a call, which the context tracks.
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
    /// Makes the call and returns the callback, to be called next. The status is set before that,
    /// so that the callback may start the next call or free the context.
    fn make<F: FnOnce() -> SECURITY_STATUS>(
        self: Arc<Self>,
        number: usize,
        call: Call<F>,
    ) -> Option<Notice> {
        let mut inner = self.inner.lock();
        if inner.freed && !call.alone {
            return None;
        }
        inner.progress = Progress::Running(thread::current().id());
        drop(inner);
        let status = (call.call)();
        let mut inner = self.inner.lock();
        inner.progress = Progress::Complete(status);
        let notifies = inner.callback.is_some() && !inner.freed;
        drop(inner);
        self.returned.notify_all();
        notifies.then(|| Box::new(move || self.notify(number)) as Notice)
    }

    /// Calls the callback that is set now, unless the caller has freed the context meanwhile.
    fn notify(&self, number: usize) {
        let own = thread::current().id();
        let mut inner = self.inner.lock();
        let (Some(callback), data) = (inner.callback.filter(|_| !inner.freed), inner.data) else {
            return;
        };
        let registration = inner.registration;
        inner.notifying.push((own, registration));
        drop(inner);
        // SAFETY: C caller's contract, callbacks.
        unsafe { callback(std::ptr::without_provenance_mut(number), data) }
        self.inner.lock().notifying.retain(|&(thread, _)| thread != own);
        self.returned.notify_all();
    }
}
