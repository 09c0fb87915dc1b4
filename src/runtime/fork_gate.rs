//! Data that a forked child inherits whole: handles, and the memory given to callers.
//!
//! A fork copies one thread. What another thread was changing stays half changed in the child, and
//! its lock closed for ever. So whoever works on such data [enters](enter) first, and a fork waits
//! until nobody is inside. Nobody stays inside for longer than a lookup.
//! What a child begins anew is [`ForkLocal`](super::fork_local::ForkLocal) instead.
//!
//! Locks within are the standard library's. On Linux theirs have no state outside the lock, while
//! `parking_lot`'s queues of waiting threads have locks of their own.

use crate::platform;
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// More than threads that usually enter at the same moment.
const COUNTERS: usize = 16;

/// A fork does not wait for longer: another library may have made its own preparations, for which
/// the thread inside waits in turn. On a busy machine a thread may not run for seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// The wait between two looks at a thread that is inside for longer than a lookup takes.
const PAUSE: Duration = Duration::from_micros(50);

/// A counter in a cache line of its own.
#[repr(align(64))]
struct Counter(AtomicUsize);

static INSIDE: [Counter; COUNTERS] = [const { Counter(AtomicUsize::new(0)) }; COUNTERS];

/// Forks that have begun.
static FORKS: AtomicUsize = AtomicUsize::new(0);

/// Forks between the first process and this one.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// The calling thread works on inherited data until this is dropped.
#[must_use]
pub(crate) struct Inside(Option<&'static Counter>);

thread_local! {
    /// How often the thread has entered. A fork waits for one that is inside, so that one must not
    /// wait for the fork.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Changes the depth and returns what it was.
fn change_depth(change: impl FnOnce(usize) -> usize) -> usize {
    DEPTH.try_with(|depth| depth.replace(change(depth.get()))).unwrap_or(0)
}

/// Waits for a fork that is under way.
pub(crate) fn enter() -> Inside {
    if change_depth(|depth| depth + 1) > 0 {
        return Inside(None);
    }
    let counter = &INSIDE[thread_number() % COUNTERS];
    loop {
        counter.0.fetch_add(1, Ordering::SeqCst);
        if FORKS.load(Ordering::SeqCst) == 0 {
            return Inside(Some(counter));
        }
        counter.0.fetch_sub(1, Ordering::SeqCst);
        // The forking thread may wait, in a handler of another library's, for a lock of the caller.
        let deadline = Instant::now() + PATIENCE;
        while FORKS.load(Ordering::SeqCst) != 0 {
            if Instant::now() > deadline {
                return Inside(None);
            }
            std::thread::yield_now();
        }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        change_depth(|depth| depth.saturating_sub(1));
        if let Some(counter) = self.0 {
            counter.0.fetch_sub(1, Ordering::Release);
        }
    }
}

/// A number of this process among those forked from one another: a parent's is lower.
pub(crate) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// A number of the calling thread, different from those of most others.
pub(crate) fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    let number = NUMBER.try_with(|number| {
        if number.get() == usize::MAX {
            number.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    });
    number.unwrap_or(0)
}

/// Has every fork of the process wait. Called once, when the library is loaded.
pub(crate) fn install() {
    platform::at_fork(before, in_parent, in_child);
}

extern "C" fn before() {
    FORKS.fetch_add(1, Ordering::SeqCst);
    let deadline = Instant::now() + PATIENCE;
    let mut looks = 0;
    for counter in &INSIDE {
        while counter.0.load(Ordering::SeqCst) != 0 && Instant::now() < deadline {
            looks += 1;
            match looks {
                0..100 => std::thread::yield_now(),
                _ => std::thread::sleep(PAUSE),
            }
        }
    }
}

extern "C" fn in_parent() {
    FORKS.fetch_sub(1, Ordering::SeqCst);
}

extern "C" fn in_child() {
    // Of threads that were about to turn back, and of other threads that fork.
    for counter in &INSIDE {
        counter.0.store(0, Ordering::SeqCst);
    }
    GENERATION.fetch_add(1, Ordering::Relaxed);
    FORKS.store(0, Ordering::SeqCst);
}
