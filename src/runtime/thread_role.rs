//! Whether the calling thread impersonates a client.
//!
//! Such a thread must not do the server's own work: the client may lack the rights for it, and what
//! the client can read is not to be trusted.

use std::cell::Cell;

thread_local! {
    static IMPERSONATING: Cell<bool> = const { Cell::new(false) };
}

/// Notes whether the calling thread impersonates a client.
pub(crate) fn set_impersonating(impersonating: bool) {
    IMPERSONATING.set(impersonating);
}

/// The calling thread impersonates a client.
pub(crate) fn is_impersonating() -> bool {
    IMPERSONATING.get()
}
