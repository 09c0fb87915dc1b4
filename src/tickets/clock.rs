//! The time by the KDCs' clock.

use crate::types::time::FileTime;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Ticks in a microsecond.
const TICKS: u64 = 10;

/// The difference between the KDCs' clock and the local one, and the time of the last
/// authenticator.
#[derive(Debug)]
pub(super) struct Clock {
    /// In microseconds: the KDCs' time less the local one.
    offset: AtomicI64,
    /// Whether the difference is learnt: krb5.conf's `kdc_timesync`.
    learns: bool,
}

/// In microseconds since 1601: the process' last authenticator. Two of the same time would look like
/// a replay to acceptors that compare names and times (RFC 4120 3.2.3).
static LAST: AtomicU64 = AtomicU64::new(0);

impl Clock {
    /// A clock that differs by nothing yet.
    pub(super) fn new(learns: bool) -> Clock {
        Clock { offset: AtomicI64::new(0), learns }
    }

    /// Learns the difference, in microseconds.
    pub(super) fn learn(&self, offset: i64) {
        if self.learns {
            self.offset.store(offset, Ordering::Relaxed);
        }
    }

    /// The difference, in microseconds.
    pub(super) fn offset(&self) -> i64 {
        self.offset.load(Ordering::Relaxed)
    }

    /// The KDCs' time when the local one is `now`.
    pub(super) fn at(&self, now: FileTime) -> FileTime {
        FileTime(now.0.saturating_add_signed(self.offset().saturating_mul(TICKS as i64)))
    }

    /// The time for an authenticator: later than any before in this process, at `now` or soon after.
    pub(super) fn authenticator_time(&self, now: FileTime) -> FileTime {
        let wanted = self.at(now).0 / TICKS;
        // A clock that was set back may not bind the future to the past.
        let later = |last: u64| match last >= wanted && last - wanted < 1_000_000 {
            true => last + 1,
            false => wanted,
        };
        let last = LAST
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(later(last)))
            .unwrap_or(wanted);
        FileTime(later(last) * TICKS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform;
    use std::collections::HashSet;

    #[test]
    fn no_two_authenticators_have_the_same_microsecond() {
        let clock = Clock::new(true);
        clock.learn(-3_600_000_000);
        let now = platform::now();
        let times: Vec<u64> = (0..1000).map(|_| clock.authenticator_time(now).0 / 10).collect();
        assert_eq!(times.iter().collect::<HashSet<_>>().len(), 1000);
        let expected = clock.at(now);
        assert_eq!(expected, now.shifted(-3600));
        assert!(FileTime(times[999] * 10).distance(expected).as_secs() < 5);
    }
}
