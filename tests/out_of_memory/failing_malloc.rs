//! The C library's allocation functions, replaced in this program by ones that fail as planned
//! while the library is called.

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering::Relaxed};

unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(number: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(start: *mut c_void, size: usize) -> *mut c_void;
    fn __libc_memalign(alignment: usize, size: usize) -> *mut c_void;
    fn __libc_free(start: *mut c_void);
}

/// Which allocations fail.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Plan {
    None,
    /// The one of this number.
    One(usize),
    /// All from this number on.
    From(usize),
}

static ARMED: AtomicBool = AtomicBool::new(false);
static COUNT: AtomicUsize = AtomicUsize::new(0);
static FIRST: AtomicUsize = AtomicUsize::new(usize::MAX);
static LAST: AtomicUsize = AtomicUsize::new(0);
/// Blocks of the process.
static LIVE: AtomicIsize = AtomicIsize::new(0);

/// Begins to count at 0.
pub(crate) fn plan(plan: Plan) {
    let (first, last) = match plan {
        Plan::None => (usize::MAX, 0),
        Plan::One(number) => (number, number),
        Plan::From(number) => (number, usize::MAX),
    };
    COUNT.store(0, Relaxed);
    FIRST.store(first, Relaxed);
    LAST.store(last, Relaxed);
}

/// Allocations since [`plan`].
pub(crate) fn count() -> usize {
    COUNT.load(Relaxed)
}

/// Blocks of the process.
pub(crate) fn live() -> isize {
    LIVE.load(Relaxed)
}

/// Calls the library. Its allocations, also those of its own threads, fail as planned.
pub(crate) fn call<T>(function: impl FnOnce() -> T) -> T {
    ARMED.store(true, Relaxed);
    let result = function();
    ARMED.store(false, Relaxed);
    result
}

fn fails() -> bool {
    if !ARMED.load(Relaxed) {
        return false;
    }
    let number = COUNT.fetch_add(1, Relaxed);
    (FIRST.load(Relaxed)..=LAST.load(Relaxed)).contains(&number)
}

fn counted(start: *mut c_void) -> *mut c_void {
    LIVE.fetch_add(isize::from(!start.is_null()), Relaxed);
    start
}

#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut c_void {
    // SAFETY: as for malloc.
    if fails() { null_mut() } else { counted(unsafe { __libc_malloc(size) }) }
}

#[unsafe(no_mangle)]
extern "C" fn calloc(number: usize, size: usize) -> *mut c_void {
    // SAFETY: as for calloc.
    if fails() { null_mut() } else { counted(unsafe { __libc_calloc(number, size) }) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(start: *mut c_void, size: usize) -> *mut c_void {
    if fails() {
        return null_mut();
    }
    // SAFETY: as for realloc.
    let moved = unsafe { __libc_realloc(start, size) };
    if start.is_null() { counted(moved) } else { moved }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn posix_memalign(
    result: *mut *mut c_void,
    alignment: usize,
    size: usize,
) -> c_int {
    if fails() {
        return libc::ENOMEM;
    }
    // SAFETY: as for posix_memalign.
    unsafe { *result = counted(__libc_memalign(alignment, size)) };
    0
}

#[unsafe(no_mangle)]
extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
    // SAFETY: as for aligned_alloc.
    if fails() { null_mut() } else { counted(unsafe { __libc_memalign(alignment, size) }) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn free(start: *mut c_void) {
    LIVE.fetch_sub(isize::from(!start.is_null()), Relaxed);
    // SAFETY: as for free.
    unsafe { __libc_free(start) }
}

/// Registers the destructors of thread-local variables. Without memory for it the C library ends
/// the process; the library has checked that there is some.
#[unsafe(no_mangle)]
unsafe extern "C" fn __cxa_thread_atexit_impl(
    destructor: *mut c_void,
    object: *mut c_void,
    library: *mut c_void,
) -> c_int {
    type Register = unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_void) -> c_int;
    let armed = ARMED.swap(false, Relaxed);
    // SAFETY: the function of this name has this type.
    let result = unsafe {
        let next = libc::dlsym(libc::RTLD_NEXT, c"__cxa_thread_atexit_impl".as_ptr());
        std::mem::transmute::<*mut c_void, Register>(next)(destructor, object, library)
    };
    ARMED.store(armed, Relaxed);
    result
}
