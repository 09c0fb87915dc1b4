//! Which threads are at work inside the system's library.
//!
//! Wine's own loads schannel.dll when Schannel is first used, asks it for its table of functions,
//! and puts them in the place of its own; schannel.dll forwards that question to secur32.dll, by
//! name, and so to us. Were it answered with our table, the system would call us for what we pass
//! on to it, for ever. It is answered with the system's own, of which the system knows that it need
//! not be put anywhere.

use std::cell::Cell;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Runs a call of the system's.
pub(crate) fn inside<R>(call: impl FnOnce() -> R) -> R {
    /// Comes out again, whatever happens inside.
    struct Out;
    impl Drop for Out {
        fn drop(&mut self) {
            let _ = DEPTH.try_with(|depth| depth.set(depth.get() - 1));
        }
    }
    let _out = DEPTH.try_with(|depth| depth.set(depth.get() + 1)).ok().map(|()| Out);
    call()
}

/// The calling thread is inside: whoever calls us is the system.
pub(crate) fn is_inside() -> bool {
    DEPTH.try_with(|depth| depth.get() > 0).unwrap_or(false)
}
