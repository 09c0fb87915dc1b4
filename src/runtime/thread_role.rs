//! Whether the calling thread impersonates a client.
//!
//! Such a thread must not do the server's own work: the client may lack the rights for it, and what
//! the client can read is not to be trusted.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// Gives the calling thread, which has inherited a client's identity, the server's again; false if
/// that fails.
pub(crate) type Return = Arc<dyn Fn() -> bool + Send + Sync>;

thread_local! {
    static IMPERSONATING: Cell<bool> = const { Cell::new(false) };
    static RETURN: RefCell<Option<Return>> = const { RefCell::new(None) };
    static BROKEN: Cell<bool> = const { Cell::new(false) };
}

/// Notes that the calling thread impersonates a client; on Unix a thread that it starts needs
/// `to_server`.
pub(crate) fn set_impersonating(to_server: Option<Return>) {
    IMPERSONATING.set(true);
    RETURN.set(to_server);
}

/// Notes that it does not.
pub(crate) fn set_server() {
    IMPERSONATING.set(false);
    RETURN.set(None);
}

/// The calling thread impersonates a client.
pub(crate) fn is_impersonating() -> bool {
    IMPERSONATING.get()
}

/// What a thread that the calling one starts must do first.
pub(super) fn to_server() -> Option<Return> {
    RETURN.with_borrow(Clone::clone)
}

/// Notes whether the calling thread has been left with an identity that is neither the server's nor
/// a client's.
pub(crate) fn set_broken(broken: bool) {
    BROKEN.set(broken);
}

/// Whether it has.
pub(crate) fn is_broken() -> bool {
    BROKEN.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_its_thread_s_alone() {
        let elsewhere = || {
            let role = || (is_impersonating(), to_server().is_some(), is_broken());
            std::thread::spawn(role).join().unwrap()
        };
        assert!(!is_impersonating() && to_server().is_none() && !is_broken());
        set_impersonating(Some(Arc::new(|| true)));
        assert!(is_impersonating() && to_server().is_some_and(|to_server| to_server()));
        assert_eq!(elsewhere(), (false, false, false));
        set_server();
        assert!(!is_impersonating() && to_server().is_none());
        set_broken(true);
        assert!(is_broken());
        assert_eq!(elsewhere(), (false, false, false));
        set_broken(false);
        assert!(!is_broken());
    }
}
