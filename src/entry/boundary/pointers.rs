//! Outputs that the caller may have left out.

use crate::entry::abi::TimeStamp;
use crate::types::time::FileTime;

/// Writes `value`, unless `output` is NULL.
///
/// # Safety
/// `output` is NULL or points to a `T`, aligned or not.
pub(crate) unsafe fn put<T>(output: *mut T, value: T) {
    if !output.is_null() {
        // SAFETY: not NULL, so it points to a `T`.
        unsafe { output.write_unaligned(value) };
    }
}

/// A time as SSPI gives it: local, except "never", which is the same everywhere.
pub(crate) fn timestamp(utc: FileTime) -> TimeStamp {
    TimeStamp { QuadPart: crate::platform::local_time(utc).0.cast_signed() }
}
