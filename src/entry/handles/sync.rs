//! The synchronization types of the handle table. `tests/handle_model.rs` replaces them by a model
//! checker's.

pub(crate) use parking_lot::Mutex;
use std::sync::OnceLock;
pub(crate) use std::sync::atomic::{AtomicU32, Ordering};

/// Lists of freed slots: more than threads that usually free at the same moment.
pub(crate) const FREE_LISTS: usize = 16;

/// A value that is made on first use and stays.
pub(crate) struct Lazy<T>(OnceLock<T>);

impl<T> Lazy<T> {
    pub(crate) const fn new() -> Lazy<T> {
        Lazy(OnceLock::new())
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.0.get()
    }

    pub(crate) fn get_or_make(&self, make: impl FnOnce() -> T) -> &T {
        self.0.get_or_init(make)
    }
}

/// A number of the calling thread, different from those of most others.
pub(crate) fn thread_number() -> usize {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    thread_local! {
        static NUMBER: u32 = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.try_with(|number| *number as usize).unwrap_or(0)
}
