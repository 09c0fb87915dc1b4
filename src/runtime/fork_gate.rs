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

/// What is kept of a thread.
struct Thread {
    /// How often it has entered. A fork waits for one that is inside, so that one must not wait for
    /// the fork.
    depth: Cell<usize>,
    /// Its number plus one, 0 before it has one.
    number: Cell<usize>,
}

thread_local! {
    static THREAD: Thread = const { Thread { depth: Cell::new(0), number: Cell::new(0) } };
}

impl Thread {
    fn number(&self) -> usize {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        if self.number.get() == 0 {
            self.number.set(LAST.fetch_add(1, Ordering::Relaxed) + 1);
        }
        self.number.get() - 1
    }
}

/// Waits for a fork that is under way.
pub(crate) fn enter() -> Inside {
    let number = THREAD.try_with(|thread| {
        let depth = thread.depth.get();
        thread.depth.set(depth + 1);
        (depth == 0).then(|| thread.number())
    });
    let Some(number) = number.unwrap_or(Some(0)) else { return Inside(None) };
    let counter = &INSIDE[number % COUNTERS];
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
        let _ = THREAD.try_with(|thread| thread.depth.set(thread.depth.get().saturating_sub(1)));
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
    THREAD.try_with(Thread::number).unwrap_or(0)
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
