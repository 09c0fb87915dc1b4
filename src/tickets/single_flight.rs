//! One request in flight for many askers of the same thing.

use crate::types::error::{Error, Result};
use parking_lot::{Condvar, Mutex};
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Instant;

/// The requests under way, by what they ask for.
pub(super) struct SingleFlight<K, T> {
    flights: Mutex<HashMap<K, Arc<Flight<T>>>>,
}

struct Flight<T> {
    result: Mutex<Option<Result<T>>>,
    ended: Condvar,
}

impl<K, T> Default for SingleFlight<K, T> {
    fn default() -> Self {
        SingleFlight { flights: Mutex::new(HashMap::new()) }
    }
}

impl<K, T> fmt::Debug for SingleFlight<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlight").finish_non_exhaustive()
    }
}

impl<K: Eq + Hash + Clone, T: Clone> SingleFlight<K, T> {
    /// The result of `ask`, or that of another thread's that is asking for the same already.
    ///
    /// Errors: those of `ask`; `NoAuthority` if the other thread has none until the `deadline`.
    pub(super) fn ask(
        &self,
        key: &K,
        deadline: Instant,
        ask: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let (flight, is_first) = {
            let mut flights = self.flights.lock();
            match flights.get(key) {
                Some(flight) => (flight.clone(), false),
                None => {
                    let flight =
                        Arc::new(Flight { result: Mutex::new(None), ended: Condvar::new() });
                    flights.insert(key.clone(), flight.clone());
                    (flight, true)
                }
            }
        };
        if is_first {
            let landing = Landing { of: self, key, flight: &flight };
            let result = ask();
            *flight.result.lock() = Some(result.clone());
            drop(landing);
            return result;
        }
        let mut result = flight.result.lock();
        while result.is_none() {
            if flight.ended.wait_until(&mut result, deadline).timed_out() {
                break;
            }
        }
        result.clone().unwrap_or(Err(Error::NoAuthority("no KDC has replied in time")))
    }
}

/// Ends a flight, also by a panic.
struct Landing<'a, K: Eq + Hash, T> {
    of: &'a SingleFlight<K, T>,
    key: &'a K,
    flight: &'a Flight<T>,
}

impl<K: Eq + Hash, T> Drop for Landing<'_, K, T> {
    fn drop(&mut self) {
        self.of.flights.lock().remove(self.key);
        let mut result = self.flight.result.lock();
        if result.is_none() {
            *result = Some(Err(Error::Internal("the request for a ticket has ended in a panic")));
        }
        self.flight.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[test]
    fn many_askers_make_one_request() {
        let flights = SingleFlight::<u8, usize>::default();
        let (asked, barrier) = (AtomicUsize::new(0), Barrier::new(8));
        let deadline = Instant::now() + Duration::from_secs(60);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    let found = flights.ask(&1, deadline, || {
                        std::thread::sleep(Duration::from_millis(200));
                        Ok(asked.fetch_add(1, Ordering::SeqCst))
                    });
                    assert!(found.is_ok());
                });
            }
        });
        // A thread that was late may have made another one.
        assert!(asked.load(Ordering::SeqCst) < 8);
        assert!(flights.flights.lock().is_empty());
    }

    #[test]
    fn a_waiting_asker_has_a_deadline_and_survives_a_panic() {
        let flights = SingleFlight::<u8, usize>::default();
        let started = Barrier::new(2);
        std::thread::scope(|scope| {
            let first = scope.spawn(|| {
                flights.ask(&1, Instant::now(), || {
                    started.wait();
                    std::thread::sleep(Duration::from_millis(300));
                    panic!("in the test")
                })
            });
            started.wait();
            let late = flights.ask(&1, Instant::now(), || Ok(2));
            assert!(matches!(late, Err(Error::NoAuthority(_))));
            let soon = Instant::now() + Duration::from_secs(60);
            assert!(matches!(flights.ask(&1, soon, || Ok(3)), Err(Error::Internal(_)) | Ok(3)));
            assert!(first.join().is_err());
        });
        assert_eq!(flights.ask(&1, Instant::now(), || Ok(4)), Ok(4));
    }
}
