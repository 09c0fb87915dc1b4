//! Time as SSPI, NTLM and Kerberos' PAC count it.

use std::time::Duration;

/// A FILETIME: 100 ns ticks since 1601-01-01 00:00 UTC, as in [MS-DTYP] 2.3.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileTime(pub u64);

/// Ticks between 1601 and 1970.
const UNIX_EPOCH_TICKS: u64 = 116_444_736_000_000_000;

impl FileTime {
    /// "Never", as Windows reports it: the end of time less a day, so that no time zone overflows
    /// it.
    pub const NEVER: FileTime = FileTime(0x7fff_ff36_d596_9fff);

    /// 1970-01-01 00:00 UTC.
    pub const UNIX_EPOCH: FileTime = FileTime(UNIX_EPOCH_TICKS);

    /// Ticks in one second.
    pub const TICKS_PER_SECOND: u64 = 10_000_000;

    /// This instant and `duration` more; [`FileTime::NEVER`] at most.
    pub fn plus(self, duration: Duration) -> FileTime {
        let ticks = u64::try_from(duration.as_nanos() / 100).unwrap_or(u64::MAX);
        FileTime(self.0.saturating_add(ticks)).min(FileTime::NEVER)
    }

    /// This instant `seconds` later, or earlier; within what a FILETIME can hold.
    pub fn shifted(self, seconds: i64) -> FileTime {
        FileTime(
            self.0.saturating_add_signed(seconds.saturating_mul(Self::TICKS_PER_SECOND as i64)),
        )
    }

    /// How far apart two instants are, whichever is the later.
    pub fn distance(self, other: FileTime) -> Duration {
        let ticks = self.0.abs_diff(other.0);
        Duration::new(ticks / Self::TICKS_PER_SECOND, (ticks % Self::TICKS_PER_SECOND) as u32 * 100)
    }

    /// This many seconds after 1970, or before it; within what a FILETIME can hold.
    pub fn from_unix_seconds(seconds: i64) -> FileTime {
        FileTime::UNIX_EPOCH.shifted(seconds)
    }

    /// Microseconds within the second.
    pub fn microsecond(self) -> u32 {
        (self.0 % Self::TICKS_PER_SECOND / 10) as u32
    }

    /// Seconds since 1970, negative before it.
    pub fn unix_seconds(self) -> i64 {
        (self.0 as i64 - UNIX_EPOCH_TICKS as i64).div_euclid(Self::TICKS_PER_SECOND as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2024-07-01 12:00 UTC, by `date -u -d ... +%s`.
    const SUMMER: i64 = 1_719_835_200;

    fn at(unix: i64) -> FileTime {
        FileTime((UNIX_EPOCH_TICKS as i64 + unix * FileTime::TICKS_PER_SECOND as i64) as u64)
    }

    #[test]
    fn never_stays_never() {
        // No zone is further from UTC than 14 hours: converted by a caller, it still is a time to
        // come.
        assert!(FileTime::NEVER.shifted(14 * 3600).0 < i64::MAX as u64);
        assert_eq!(FileTime::UNIX_EPOCH.plus(Duration::MAX), FileTime::NEVER);
    }

    #[test]
    fn instants_can_be_moved_and_compared() {
        let later = at(SUMMER).plus(Duration::from_millis(1500));
        assert_eq!(later.distance(at(SUMMER)), Duration::from_millis(1500));
        assert_eq!(at(SUMMER).distance(later), Duration::from_millis(1500));
        assert_eq!(later.unix_seconds(), SUMMER + 1);
        assert_eq!(FileTime(0).shifted(-1), FileTime(0));
        assert_eq!(FileTime(u64::MAX).shifted(i64::MAX), FileTime(u64::MAX));
        assert_eq!(FileTime(0).unix_seconds(), -11_644_473_600);
        assert_eq!(FileTime::from_unix_seconds(SUMMER), at(SUMMER));
        assert_eq!(FileTime::from_unix_seconds(i64::MIN), FileTime(0));
    }
}
