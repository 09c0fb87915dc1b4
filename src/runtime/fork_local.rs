//! Values that a forked child has its own copy of.
//!
//! A fork copies one thread. A lock that another thread held stays locked in the child for ever,
//! and the guarded value may be half written, so the child starts with a new value.

use once_cell::race::OnceBox;
use std::fmt;
use std::process;

/// A value that is created anew in a forked child.
pub(crate) struct ForkLocal<T> {
    /// The process that it was created in.
    owner: u32,
    value: T,
    /// The value of the process forked from the owner. Threads race to make it: with a lock, a
    /// fork meanwhile would leave it closed.
    of_child: OnceBox<ForkLocal<T>>,
}

impl<T> ForkLocal<T> {
    /// This value for the calling process.
    pub(crate) fn new(value: T) -> ForkLocal<T> {
        ForkLocal { owner: process::id(), value, of_child: OnceBox::new() }
    }

    /// The calling process's value, which `make` creates in a forked child.
    pub(crate) fn get(&self, make: impl FnOnce() -> T) -> &T {
        self.of(process::id(), make)
    }

    fn of(&self, process: u32, make: impl FnOnce() -> T) -> &T {
        let mut of = self;
        let mut make = Some(make);
        while of.owner != process {
            of = match (of.of_child.get(), make.take()) {
                (Some(child), unused) => {
                    make = unused;
                    child
                }
                (None, Some(make)) => of.of_child.get_or_init(|| {
                    Box::new(ForkLocal { owner: process, value: make(), of_child: OnceBox::new() })
                }),
                // Another thread's of this process, which the last round has found.
                (None, None) => break,
            };
        }
        &of.value
    }
}

impl<T: Default> Default for ForkLocal<T> {
    fn default() -> ForkLocal<T> {
        ForkLocal::new(T::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for ForkLocal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;

    #[test]
    fn a_child_begins_anew_whatever_its_parent_holds() {
        let value = ForkLocal::new(Mutex::new(1));
        let held = value.get(|| unreachable!()).lock();
        let (child, grandchild) = (value.owner + 1, value.owner + 2);
        *value.of(child, || Mutex::new(10)).try_lock().unwrap() += 1;
        assert_eq!(*value.of(child, || unreachable!()).lock(), 11);
        let _held = value.of(child, || unreachable!()).lock();
        assert_eq!(*value.of(grandchild, || Mutex::new(20)).try_lock().unwrap(), 20);
        drop(held);
        assert_eq!(*value.get(|| unreachable!()).lock(), 1);
    }
}
