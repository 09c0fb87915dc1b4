//! A value that is made once and kept for good.

use std::marker::PhantomData;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A value made when it is first asked for, and never dropped. A forked child has its parent's. No
/// lock guards it, since a fork could leave one closed: of threads that make it at once one wins,
/// and the others' are dropped.
pub(crate) struct LeakedOnce<T> {
    value: AtomicPtr<T>,
    owned: PhantomData<T>,
}

impl<T: Send + Sync> LeakedOnce<T> {
    pub(crate) const fn new() -> LeakedOnce<T> {
        LeakedOnce { value: AtomicPtr::new(null_mut()), owned: PhantomData }
    }

    /// The value, which `make` makes.
    pub(crate) fn get<E>(
        &'static self,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<&'static T, E> {
        let made = self.value.load(Ordering::Acquire);
        if !made.is_null() {
            // SAFETY: what is put there is leaked, and never changed.
            return Ok(unsafe { &*made });
        }
        let new = Box::into_raw(Box::new(make()?));
        match self.value.compare_exchange(null_mut(), new, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: it stays there, and is never changed.
            Ok(_) => Ok(unsafe { &*new }),
            Err(others) => {
                // SAFETY: from `into_raw`, and nobody else has seen it.
                drop(unsafe { Box::from_raw(new) });
                // SAFETY: not NULL, so it is what another thread has put there for good.
                Ok(unsafe { &*others })
            }
        }
    }
}
