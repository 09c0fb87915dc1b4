//! Limits the lines that a flood of rejected clients writes. After some for one reason, one in each
//! second is written, and says how many were not.

use crate::runtime::fork_gate;
use crate::runtime::mutex::Mutex;
use crate::types::error::Error;
use std::time::{Duration, Instant};

/// Lines that are written at once.
const BURST: u32 = 100;
/// One more is written in this time.
const INTERVAL: Duration = Duration::from_secs(1);
/// Reasons that are counted by themselves.
const REASONS: usize = 64;

/// The clients that were rejected for one reason.
struct Reason {
    error: Error,
    /// They said who they are: the audit has these only.
    named: bool,
    /// When all lines that were written are forgotten.
    until: Instant,
    /// Clients without a line since the last one.
    more: u64,
}

/// The limit of one process. A child goes on with its parent's.
pub(super) struct Flood(Mutex<Vec<Reason>>);

impl Flood {
    pub(super) const fn new() -> Flood {
        Flood(Mutex::new(Vec::new()))
    }

    /// Whether this rejection, of a client with or without a name, gets a line: if so, how many of
    /// such clients got none before it for the same reason.
    pub(super) fn admits(&self, error: &Error, named: bool, now: Instant) -> Option<u64> {
        let _inside = fork_gate::enter();
        let mut reasons = self.0.lock();
        let is_it = |reason: &Reason| reason.error == *error && reason.named == named;
        let at = match reasons.iter().position(is_it) {
            Some(at) => at,
            None => {
                if reasons.len() >= REASONS {
                    reasons.retain(|reason| reason.until > now || reason.more > 0);
                }
                if reasons.len() >= REASONS {
                    // The one that was seen least of late.
                    let oldest = (0..reasons.len()).min_by_key(|at| reasons[*at].until);
                    oldest.map(|at| reasons.swap_remove(at));
                }
                if reasons.try_reserve(1).is_err() {
                    return Some(0);
                }
                reasons.push(Reason { error: *error, named, until: now, more: 0 });
                reasons.len() - 1
            }
        };
        let reason = &mut reasons[at];
        if reason.until.saturating_duration_since(now) > INTERVAL * (BURST - 1) {
            reason.more += 1;
            return None;
        }
        reason.until = reason.until.max(now) + INTERVAL;
        Some(std::mem::take(&mut reason.more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::error::Denial;

    #[test]
    fn a_flood_is_counted_and_others_are_not_in_its_way() {
        let (flood, mut now) = (Flood::new(), Instant::now());
        let [wrong, unknown] = [Denial::WrongPassword, Denial::UnknownUser].map(Error::LogonDenied);
        let lines = (0..1000).filter(|_| flood.admits(&wrong, true, now).is_some()).count();
        assert_eq!(lines, BURST as usize);
        assert_eq!(flood.admits(&unknown, true, now), Some(0));
        now += INTERVAL;
        assert_eq!(flood.admits(&wrong, true, now), Some(1000 - u64::from(BURST)));
        assert_eq!(flood.admits(&wrong, true, now), None);
        now += INTERVAL * BURST;
        assert_eq!(flood.admits(&wrong, true, now), Some(1));
        assert_eq!(flood.admits(&wrong, true, now), Some(0));
    }

    /// What the audit says of clients with names must not count those without.
    #[test]
    fn clients_without_a_name_are_counted_by_themselves() {
        let (flood, mut now) = (Flood::new(), Instant::now());
        let wrong = Error::LogonDenied(Denial::WrongPassword);
        for named in [true, false] {
            for _ in 0..BURST {
                assert_eq!(flood.admits(&wrong, named, now), Some(0));
            }
        }
        for _ in 0..3 {
            assert_eq!(flood.admits(&wrong, true, now), None);
            (0..100).for_each(|_| assert_eq!(flood.admits(&wrong, false, now), None));
        }
        now += INTERVAL;
        assert_eq!(flood.admits(&wrong, false, now), Some(300));
        assert_eq!(flood.admits(&wrong, true, now), Some(3));
    }

    #[test]
    fn the_number_of_reasons_is_bounded() {
        let (flood, now) = (Flood::new(), Instant::now());
        for needed in 0..1000 {
            assert_eq!(flood.admits(&Error::BufferTooSmall { needed }, false, now), Some(0));
        }
        assert!(flood.0.lock().len() <= REASONS);
    }

    /// A new reason displaces those that say nothing any more; a count that was not told is kept.
    #[test]
    fn what_was_not_told_is_kept() {
        let (flood, start) = (Flood::new(), Instant::now());
        let reason = |needed| Error::BufferTooSmall { needed };
        for _ in 0..BURST {
            assert_eq!(flood.admits(&reason(0), true, start), Some(0));
        }
        assert_eq!(flood.admits(&reason(0), true, start), None);
        for needed in 1..REASONS - 2 {
            assert_eq!(flood.admits(&reason(needed), true, start), Some(0));
        }
        let later = start + INTERVAL * 2 * BURST;
        // One that is forgotten at this very moment, and one that is not yet.
        assert_eq!(flood.admits(&reason(1001), true, later - INTERVAL), Some(0));
        assert_eq!(flood.admits(&reason(1002), true, later), Some(0));
        assert_eq!(flood.0.lock().len(), REASONS);
        assert_eq!(flood.admits(&reason(1003), true, later), Some(0));
        let kept: Vec<_> = flood.0.lock().iter().map(|reason| reason.error).collect();
        assert_eq!(kept, [0, 1002, 1003].map(reason));
        assert_eq!(flood.admits(&reason(0), true, later), Some(1));
    }
}
