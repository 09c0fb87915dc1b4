//! The KDC's clock beside ours.

use crate::types::time::FileTime;

const TICKS_PER_MICROSECOND: i64 = 10;
const MICROSECONDS: i64 = 1_000_000;

/// A difference up to this, in microseconds, is the way of a message rather than a clock's.
const UNNOTICED: i64 = 2 * MICROSECONDS;

/// The time by a clock that is `offset` microseconds ahead.
pub(super) fn shifted(now: FileTime, offset: i64) -> FileTime {
    FileTime(now.0.saturating_add_signed(offset.saturating_mul(TICKS_PER_MICROSECOND)))
}

/// How far a clock that shows this time is ahead, in microseconds; `offset` if that still explains
/// the time.
pub(super) fn learn(now: FileTime, offset: i64, seconds: i64, microseconds: u32) -> i64 {
    let theirs = FileTime::from_unix_seconds(seconds);
    let ticks = i128::from(theirs.0) - i128::from(now.0);
    let whole = ticks / i128::from(TICKS_PER_MICROSECOND) + i128::from(microseconds);
    let found = i64::try_from(whole).unwrap_or(offset);
    if found.abs_diff(offset) <= UNNOTICED.unsigned_abs() { offset } else { found }
}
