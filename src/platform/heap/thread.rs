//! Memory that the C library and the loader allocate when a thread calls the library for the first
//! time: its thread-local variables and their destructors. If they fail the process ends, so the
//! thread makes sure before that the heap has memory.

use super::can_start_thread;
use std::ffi::c_void;
use std::sync::atomic::{AtomicU32, Ordering};

/// Of a key that does not exist.
const NONE: u32 = u32::MAX;

/// Set for threads that have called. A thread-local variable of Rust would be what needs memory.
static KEY: AtomicU32 = AtomicU32::new(NONE);

/// Makes the key, when the library is loaded.
pub(crate) fn prepare() {
    let mut key = NONE;
    // SAFETY: room for the key. There is no destructor.
    if unsafe { libc::pthread_key_create(&mut key, None) } == 0 {
        KEY.store(key, Ordering::Relaxed);
    }
}

/// Whether the calling thread may use thread-local variables.
#[inline]
pub(super) fn is_ready() -> bool {
    let key = KEY.load(Ordering::Relaxed);
    // SAFETY: the key exists.
    key == NONE || !unsafe { libc::pthread_getspecific(key) }.is_null() || first_call(key)
}

#[cold]
fn first_call(key: u32) -> bool {
    let ready = can_start_thread();
    if ready {
        let called: *const c_void = (&raw const KEY).cast();
        // SAFETY: the key exists. Without memory for it the next call is a first one again.
        unsafe { libc::pthread_setspecific(key, called) };
    }
    ready
}
