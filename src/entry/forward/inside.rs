//! Which threads are inside a call of secur32.dll.
//!
//! When Schannel is first used, Wine's secur32.dll loads schannel.dll and asks it for its function
//! table, to use its functions. schannel.dll forwards that call to secur32.dll by name, which is
//! this library. If it returned its own table, secur32.dll would call this library for the calls
//! that this library forwards to it, without end. It returns secur32.dll's own table, which
//! secur32.dll recognizes.

use std::cell::Cell;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Runs a call of secur32.dll.
pub(crate) fn inside<R>(call: impl FnOnce() -> R) -> R {
    /// Drop guard: leaves the call, also by panic.
    struct Out;
    impl Drop for Out {
        fn drop(&mut self) {
            let _ = DEPTH.try_with(|depth| depth.set(depth.get() - 1));
        }
    }
    let _out = DEPTH.try_with(|depth| depth.set(depth.get() + 1)).ok().map(|()| Out);
    call()
}

/// The calling thread is inside: secur32.dll has called this library.
pub(crate) fn is_inside() -> bool {
    DEPTH.try_with(|depth| depth.get() > 0).unwrap_or(false)
}
