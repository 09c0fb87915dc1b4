//! Calls that complete later, and the ways to wait for them.

use arbitrary::Arbitrary;
use negossp::entry::abi::*;
use negossp::entry::exports::*;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How a program waits for a call to complete.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Wait {
    /// It asks again and again.
    Poll,
    /// A callback tells.
    Callback,
    /// A callback tells, and frees the context.
    FreeInCallback,
    /// It frees the context at once: the call may be made or not.
    FreeAtOnce,
}

/// The status of a call that may have been made or not; a success.
pub const UNKNOWN: SECURITY_STATUS = 0x0009_0368;

/// Waits until something holds that must hold soon.
pub fn until(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "a call that never completes");
        std::thread::yield_now();
    }
}

/// What the callback is told to do, and how often it was called.
struct Told {
    frees: bool,
    times: AtomicU32,
    status: AtomicU32,
}

/// # Safety
/// `data` is a [`Told`].
unsafe extern "system" fn tell(pending: PSspiAsyncContext, data: *mut c_void) {
    // SAFETY: see above.
    let told = unsafe { &*data.cast::<Told>() };
    told.status.store(SspiGetAsyncCallStatus(pending).cast_unsigned(), Ordering::Relaxed);
    if told.frees {
        SspiFreeAsyncContext(pending);
    }
    told.times.fetch_add(1, Ordering::Release);
}

impl Wait {
    /// Makes a call, which `begin` starts, and waits for it. The status is the call's, or why it was
    /// not started, or [`UNKNOWN`].
    pub fn run(self, begin: impl FnOnce(PSspiAsyncContext) -> SECURITY_STATUS) -> SECURITY_STATUS {
        let pending = SspiCreateAsyncContext();
        assert!(!pending.is_null());
        let told = Told {
            frees: matches!(self, Wait::FreeInCallback),
            times: AtomicU32::new(0),
            status: AtomicU32::new(0),
        };
        let data = (&raw const told).cast_mut().cast();
        let called = matches!(self, Wait::Callback | Wait::FreeInCallback);
        let callback: SspiAsyncNotifyCallback = if called { Some(tell) } else { None };
        // SAFETY: the callback has the documented type, and what it is told lives until it has
        // been called.
        let set = unsafe { SspiSetAsyncNotifyCallback(pending, callback, data) };
        assert_eq!(set, SEC_E_OK);
        assert_eq!(SspiAsyncContextRequiresNotify(pending) != 0, called);
        let begun = begin(pending);
        if begun != SEC_E_OK {
            SspiFreeAsyncContext(pending);
            return begun;
        }
        let is_over = || SspiGetAsyncCallStatus(pending) != SEC_I_ASYNC_CALL_PENDING;
        let status = match self {
            Wait::Poll => {
                until(is_over);
                SspiGetAsyncCallStatus(pending)
            }
            Wait::Callback | Wait::FreeInCallback => {
                until(|| told.times.load(Ordering::Acquire) > 0);
                told.status.load(Ordering::Relaxed).cast_signed()
            }
            Wait::FreeAtOnce => UNKNOWN,
        };
        if !told.frees {
            SspiFreeAsyncContext(pending);
        }
        assert_eq!(
            told.times.load(Ordering::Acquire),
            u32::from(called),
            "a callback is called once"
        );
        // Freed, whoever did it.
        assert_eq!(SspiGetAsyncCallStatus(pending), SEC_E_INVALID_HANDLE);
        assert_eq!(SspiReinitAsyncContext(null_mut()), SEC_E_INVALID_HANDLE);
        status
    }
}
