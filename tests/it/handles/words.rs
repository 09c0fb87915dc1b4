//! The handle table by itself: the permitted values of a handle's words, and the result for an
//! invalid handle.

/// In place of `src/entry/handles/sync.rs`: nothing forks here.
mod sync {
    pub(crate) use negossp::types::allocation;
    pub(crate) use parking_lot::Mutex;
    pub(crate) use std::sync::atomic::{AtomicU32, Ordering};

    pub(crate) const FREE_LISTS: usize = 16;

    pub(crate) struct Lazy<T>(std::sync::OnceLock<T>);

    impl<T> Lazy<T> {
        pub(crate) const fn new() -> Lazy<T> {
            Lazy(std::sync::OnceLock::new())
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

    pub(crate) struct Inside;

    pub(crate) fn enter() -> Inside {
        Inside
    }

    pub(crate) fn thread_number() -> usize {
        0
    }
}
#[path = "../../../src/entry/handles/table.rs"]
#[allow(dead_code, unreachable_pub)]
mod table;

use std::collections::HashSet;
use table::{Kind, LAST_GENERATION, Table, Words};

const MANY: u32 = u32::MAX;

/// Values that a word of a handle may not have: 0, (ULONG_PTR)-1 and -2 as 32-bit programs see
/// them.
const FORBIDDEN: [u32; 3] = [0, u32::MAX, u32::MAX - 1];

#[test]
fn words_are_never_special_and_never_repeat() {
    for kind in [Kind::Credential, Kind::Context, Kind::Token] {
        let table = Table::new(kind, |_| 1);
        let mut seen = HashSet::new();
        for n in 0..if cfg!(miri) { 150 } else { 1000 } {
            let words = table.insert(n, MANY).unwrap();
            assert!(
                !FORBIDDEN.contains(&words.lower) && !FORBIDDEN.contains(&words.upper),
                "{words:?}"
            );
            assert!(seen.insert(words), "{words:?} twice");
            assert_eq!(table.get(words), Some(n));
            if n % 3 != 0 {
                assert_eq!(table.remove(words), Some(n));
                assert_eq!((table.get(words), table.remove(words)), (None, None));
            }
        }
    }
}

#[test]
fn a_slot_is_retired_when_its_generations_end() {
    let table = Table::new(Kind::Context, |slot| if slot == 0 { LAST_GENERATION - 2 } else { 1 });
    let mut uppers = Vec::new();
    for n in 0..5 {
        let words = table.insert(n, MANY).unwrap();
        uppers.push((words.lower >> 2, words.upper));
        assert!(!FORBIDDEN.contains(&words.upper));
        table.remove(words);
    }
    let end = LAST_GENERATION;
    assert_eq!(uppers, [(0, end - 2), (0, end - 1), (1, 1), (1, 2), (1, 3)]);
}

#[test]
fn a_handle_of_the_other_kind_finds_nothing() {
    let contexts = Table::new(Kind::Context, |_| 5);
    let credentials = Table::new(Kind::Credential, |_| 5);
    let context = contexts.insert(1, MANY).unwrap();
    let credential = credentials.insert(2, MANY).unwrap();
    assert_eq!(context.upper, credential.upper);
    assert_eq!((contexts.get(credential), credentials.get(context)), (None, None));
    assert_eq!((contexts.remove(credential), credentials.remove(context)), (None, None));
}

#[test]
fn words_that_were_never_given_find_nothing() {
    let table = Table::new(Kind::Context, |_| 0x1234_5678);
    let given: Vec<Words> = (0..200).map(|n| table.insert(n, MANY).unwrap()).collect();
    let edges =
        [0, 1, 2, 3, 4, 5, 6, 7, 0x7fff_ffff, 0x8000_0000, u32::MAX - 2, u32::MAX - 1, u32::MAX];
    for lower in edges.into_iter().chain(given.iter().map(|words| words.lower)) {
        for upper in edges.into_iter().chain([0x1234_5677, 0x1234_5679]) {
            let words = Words { lower, upper };
            assert_eq!((table.get(words), table.remove(words)), (None, None), "{words:?}");
        }
    }
    assert!(given.iter().all(|words| table.get(*words).is_some()));
}

#[test]
fn the_limit_holds() {
    let table = Table::new(Kind::Context, |_| 1);
    let given: Vec<Words> = (0..10).map(|n| table.insert(n, 10).unwrap()).collect();
    assert_eq!(table.insert(10, 10), None);
    table.remove(given[3]);
    assert!(table.insert(11, 10).is_some());
    assert_eq!(table.insert(12, 10), None);
}

#[test]
fn threads_keep_apart() {
    let table = Table::new(Kind::Context, |_| 1);
    std::thread::scope(|scope| {
        for thread in 0..16u32 {
            let table = &table;
            scope.spawn(move || {
                let rounds = if cfg!(miri) { 20 } else { 20_000 };
                let mut held = Vec::new();
                for n in 0..rounds {
                    let value = thread << 24 | n;
                    held.push((table.insert(value, MANY).unwrap(), value));
                    if held.len() > 50 {
                        let (words, value) = held.swap_remove(n as usize % 50);
                        assert_eq!(table.remove(words), Some(value));
                    }
                }
                assert!(held.iter().all(|(words, value)| table.get(*words) == Some(*value)));
            });
        }
    });
}
