//! Time as SSPI, NTLM and Kerberos' PAC count it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A FILETIME: 100 ns ticks since 1601-01-01 00:00 UTC, as in [MS-DTYP] 2.3.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileTime(pub u64);

/// Ticks between 1601 and 1970.
const UNIX_EPOCH_TICKS: u64 = 116_444_736_000_000_000;

impl FileTime {
    /// "Never", as Windows reports it: the end of time less a day, so that no time zone overflows it.
    pub const NEVER: FileTime = FileTime(0x7fff_ff36_d596_9fff);

    /// Ticks in one second.
    pub const TICKS_PER_SECOND: u64 = 10_000_000;

    /// The clock's reading, in UTC.
    pub fn now() -> FileTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        FileTime(UNIX_EPOCH_TICKS + (since.as_nanos() / 100) as u64)
    }

    /// This instant and `duration` more; [`FileTime::NEVER`] at most.
    pub fn plus(self, duration: Duration) -> FileTime {
        let ticks = u64::try_from(duration.as_nanos() / 100).unwrap_or(u64::MAX);
        FileTime(self.0.saturating_add(ticks)).min(FileTime::NEVER)
    }

    /// This instant `seconds` later, or earlier; within what a FILETIME can hold.
    pub fn shifted(self, seconds: i64) -> FileTime {
        FileTime(self.0.saturating_add_signed(seconds.saturating_mul(Self::TICKS_PER_SECOND as i64)))
    }

    /// This instant in local time, as `SecPkgContext_Lifespan` and `ptsExpiry` want it. "Never" stays what it is.
    pub fn to_local(self) -> FileTime {
        if self >= FileTime::NEVER { FileTime::NEVER } else { crate::platform::to_local(self) }
    }

    /// How far apart two instants are, whichever is the later.
    pub fn distance(self, other: FileTime) -> Duration {
        let ticks = self.0.abs_diff(other.0);
        Duration::new(ticks / Self::TICKS_PER_SECOND, (ticks % Self::TICKS_PER_SECOND) as u32 * 100)
    }

    /// Seconds since 1970, negative before it.
    pub fn unix_seconds(self) -> i64 {
        (self.0 as i64 - UNIX_EPOCH_TICKS as i64).div_euclid(Self::TICKS_PER_SECOND as i64)
    }
}
