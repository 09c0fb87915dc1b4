//! The lock of a context. It records the thread that holds it: a call with the same context from
//! within a callback of the caller is rejected, and does not wait for itself. So is a call in a
//! forked child with a context that a thread of its parent was using: that thread is not there.

use crate::runtime::fork_gate::generation;
use crate::runtime::mutex::Mutex;
use crate::types::error::{Error, Result};
use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// On a busy machine a thousand looks take much longer.
const PATIENCE: Duration = Duration::from_secs(1);

/// A value that one thread at a time uses.
pub(crate) struct Lock<T> {
    /// The thread that holds `value`, 0 for none. Only a thread itself writes its own number here,
    /// so a thread that reads its own number holds the lock. Any other number means nothing.
    holder: AtomicUsize,
    /// The process of the last holder, as [`generation`] counts them.
    process: AtomicU32,
    value: Mutex<T>,
}

impl<T> Lock<T> {
    pub(crate) fn new(value: T) -> Lock<T> {
        Lock {
            holder: AtomicUsize::new(0),
            process: AtomicU32::new(generation()),
            value: Mutex::new(value),
        }
    }

    /// The value. Waits for other threads.
    pub(crate) fn lock(&self) -> Result<Held<'_, T>> {
        let thread = this_thread();
        let value = match self.value.try_lock() {
            Some(value) => value,
            None if self.is_left_by_another_process() => {
                return Err(Error::InvalidHandle("a context in use by another process' thread"));
            }
            None if self.holder.load(Ordering::Relaxed) == thread => {
                return Err(Error::InvalidHandle("a context in use by this thread"));
            }
            None => self.value.lock(),
        };
        self.process.store(generation(), Ordering::Relaxed);
        self.holder.store(thread, Ordering::Relaxed);
        Ok(Held { lock: self, value })
    }

    /// The holder is a thread of the process from which this one was forked. A thread of this
    /// process says so at once when it has the lock, unless it is not running.
    fn is_left_by_another_process(&self) -> bool {
        let another = || self.process.load(Ordering::Relaxed) != generation();
        if !another() {
            return false;
        }
        let deadline = Instant::now() + PATIENCE;
        (0..1000).take_while(|_| Instant::now() < deadline).all(|_| {
            std::thread::yield_now();
            another()
        })
    }

    /// The value, unless a thread holds it.
    pub(crate) fn try_lock(&self) -> Option<Held<'_, T>> {
        let value = self.value.try_lock()?;
        self.process.store(generation(), Ordering::Relaxed);
        self.holder.store(this_thread(), Ordering::Relaxed);
        Some(Held { lock: self, value })
    }
}

/// Access to the value until dropped.
pub(crate) struct Held<'lock, T> {
    lock: &'lock Lock<T>,
    value: MutexGuard<'lock, T>,
}

impl<T> Drop for Held<'_, T> {
    fn drop(&mut self) {
        self.lock.holder.store(0, Ordering::Relaxed);
    }
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Held<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

/// A number that no other running thread has, and never 0.
fn this_thread() -> usize {
    thread_local! {
        static PLACE: Cell<u8> = const { Cell::new(0) };
    }
    PLACE.with(|place| std::ptr::from_ref(place).addr())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    #[test]
    fn the_same_thread_is_refused_and_another_waits() {
        let lock = Lock::new(1);
        let mut held = lock.lock().unwrap();
        *held += 1;
        assert!(matches!(lock.lock().err(), Some(Error::InvalidHandle(_))));
        let (started, starts) = mpsc::channel();
        thread::scope(|threads| {
            let other = threads.spawn(|| {
                started.send(()).unwrap();
                *lock.lock().unwrap() += 10;
                // A released lock can be taken again.
                *lock.lock().unwrap() += 100;
            });
            starts.recv().unwrap();
            *held += 1000;
            // Still held here, although another thread waits.
            assert!(lock.lock().is_err());
            drop(held);
            other.join().unwrap();
        });
        assert_eq!(*lock.lock().unwrap(), 1112);
    }

    #[test]
    fn a_panic_lets_go() {
        let lock = Lock::new(0);
        thread::scope(|threads| {
            let panics = threads.spawn(|| {
                let _held = lock.lock().unwrap();
                panic!("asked for by a test");
            });
            assert!(panics.join().is_err());
        });
        assert!(lock.lock().is_ok());
    }

    /// New threads reuse the numbers of ended ones.
    #[test]
    fn many_threads_one_after_the_other_and_at_once() {
        let lock = Lock::new(0);
        for _ in 0..if cfg!(miri) { 3 } else { 50 } {
            thread::scope(|threads| {
                for _ in 0..4 {
                    threads.spawn(|| {
                        let mut held = lock.lock().unwrap();
                        assert!(lock.lock().is_err());
                        *held += 1;
                    });
                }
            });
        }
        assert_eq!(*lock.lock().unwrap() % 4, 0);
    }
}
