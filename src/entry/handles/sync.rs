//! What the handle table is built from. `tests/handle_model.rs` puts a model checker's parts in its
//! place.

pub(crate) use parking_lot::Mutex;
use std::sync::OnceLock;
pub(crate) use std::sync::atomic::{AtomicU32, Ordering};

/// Lists of freed slots: more than threads that free at the same moment.
pub(crate) const FREE_LISTS: usize = 16;

/// A place for a value that is made when first asked for, and stays.
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

/// A number that tells the calling thread from most others.
pub(crate) fn thread_number() -> usize {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    thread_local! {
        static NUMBER: u32 = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.try_with(|number| *number as usize).unwrap_or(0)
}
