//! The handle table under every interleaving of its threads' steps: loom runs the table's own
//! source with its own locks and atomics.

#[path = "../src/entry/handles/table.rs"]
#[allow(dead_code, unreachable_pub)]
mod table;

/// In place of `src/entry/handles/sync.rs`.
mod sync {
    pub(crate) use loom::sync::atomic::{AtomicU32, Ordering};
    pub(crate) use negossp::types::allocation;
    use std::sync::OnceLock;

    pub(crate) const FREE_LISTS: usize = 2;

    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Mutex<T> {
            Mutex(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().unwrap()
        }
    }

    /// `OnceLock` is left to the standard library and not modelled.
    pub(crate) struct Lazy<T>(OnceLock<T>);

    impl<T> Lazy<T> {
        pub(crate) const fn new() -> Lazy<T> {
            Lazy(OnceLock::new())
        }

        pub(crate) fn get(&self) -> Option<&T> {
            self.0.get()
        }

        pub(crate) fn get_or_make(&self, make: impl FnOnce() -> Option<T>) -> Option<&T> {
            match self.0.get() {
                Some(value) => Some(value),
                None => make().map(|value| self.0.get_or_init(|| value)),
            }
        }
    }

    /// The model does not fork.
    pub(crate) struct Inside;

    pub(crate) fn enter() -> Inside {
        Inside
    }

    thread_local! {
        pub(crate) static NUMBER: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }

    /// Loom runs the model's threads on one system thread, so each sets its identity before it
    /// calls.
    pub(crate) fn thread_number() -> usize {
        NUMBER.get()
    }
}

use loom::sync::Arc;
use loom::thread;
use table::{Kind, Table};

const MANY: u32 = 100;

fn table() -> Arc<Table<u32>> {
    Arc::new(Table::new(Kind::Context, |_| 7))
}

fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    // Such errors show with two or three switches; more only multiply the interleavings.
    builder.preemption_bound = Some(3);
    builder.check(model);
}

#[test]
fn an_object_is_removed_once() {
    explore(|| {
        let table = table();
        let handle = table.insert(1, MANY).unwrap();
        let other = table.clone();
        let removed = thread::spawn(move || other.remove(handle).is_some());
        let here = table.remove(handle).is_some();
        assert!(removed.join().unwrap() ^ here);
        assert_eq!(table.get(handle), None);
    });
}

#[test]
fn a_stale_handle_never_finds_the_next_object() {
    explore(|| {
        let table = table();
        let old = table.insert(1, MANY).unwrap();
        let other = table.clone();
        let reader = thread::spawn(move || other.get(old));
        table.remove(old);
        let new = table.insert(2, MANY).unwrap();
        assert_ne!(old, new);
        assert!(matches!(reader.join().unwrap(), None | Some(1)));
        assert_eq!((table.get(old), table.get(new)), (None, Some(2)));
    });
}

#[test]
fn two_inserts_take_two_slots() {
    explore(|| {
        let table = table();
        let freed = table.insert(0, MANY).unwrap();
        table.remove(freed);
        let other = table.clone();
        let theirs = thread::spawn(move || other.insert(1, MANY).unwrap());
        let ours = table.insert(2, MANY).unwrap();
        let theirs = theirs.join().unwrap();
        assert_eq!((table.get(theirs), table.get(ours)), (Some(1), Some(2)));
    });
}

#[test]
fn the_limit_holds_and_a_refusal_costs_nothing() {
    explore(|| {
        let table = table();
        let other = table.clone();
        let theirs = thread::spawn(move || other.insert(1, 1));
        let ours = table.insert(2, 1);
        let theirs = theirs.join().unwrap();
        assert!(!(theirs.is_some() && ours.is_some()));
        for handle in [theirs, ours].into_iter().flatten() {
            table.remove(handle);
        }
        assert!(table.insert(3, 1).is_some());
    });
}
