//! The synchronization types of the handle table. `tests/handle_model.rs` replaces them by a model
//! checker's.

pub(crate) use crate::runtime::fork_gate::{enter, thread_number};
pub(crate) use crate::runtime::mutex::Mutex;
pub(crate) use crate::types::allocation;
use once_cell::race::OnceBox;
pub(crate) use std::sync::atomic::{AtomicU32, Ordering};

/// Lists of freed slots: more than threads that usually free at the same moment.
pub(crate) const FREE_LISTS: usize = 16;

/// A value that is made on first use and stays. Threads race to make it: with a lock, a fork
/// meanwhile would leave it closed.
pub(crate) struct Lazy<T>(OnceBox<T>);

impl<T> Lazy<T> {
    pub(crate) const fn new() -> Lazy<T> {
        Lazy(OnceBox::new())
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.0.get()
    }

    /// `None` if `make` returns that.
    pub(crate) fn get_or_make(&self, make: impl FnOnce() -> Option<T>) -> Option<&T> {
        self.0.get_or_try_init(|| make().map(Box::new).ok_or(())).ok()
    }
}
