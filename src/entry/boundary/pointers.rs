//! The caller's pointers: outputs that may be left out, and bytes with a length.

use crate::entry::abi::{TimeStamp, ULONG};
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;
use std::slice;

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

/// Checks that so many bytes can be at `start`: not at NULL, and not 2 GiB or more, which is a
/// negative number that the program did not check. No slice may be so long on a system of 32 bits.
pub(crate) fn check_bytes<T>(start: *const T, length: ULONG) -> Result<()> {
    if length == 0 {
        return Ok(());
    }
    if start.is_null() {
        return Err(Error::InvalidParameter("NULL for memory whose length is not 0"));
    }
    if i32::try_from(length).is_err() || start.addr().checked_add(length as usize).is_none() {
        return Err(Error::InvalidParameter("a buffer longer than there can be"));
    }
    Ok(())
}

/// The caller's bytes. Errors: as [`check_bytes`].
///
/// # Safety
/// `start` is NULL or points to `length` bytes, which nothing writes to while the slice is in use.
pub(crate) unsafe fn bytes<'call, T>(start: *const T, length: ULONG) -> Result<&'call [u8]> {
    check_bytes(start, length)?;
    if length == 0 {
        return Ok(&[]);
    }
    // SAFETY: not NULL, so it points to as many bytes, and no slice is too long for its length.
    Ok(unsafe { slice::from_raw_parts(start.cast(), length as usize) })
}

/// What an argument points to, read before an output is written, which may lie there.
pub(crate) struct Copied<T>(Option<T>);

impl<T: Copy> Copied<T> {
    /// # Safety
    /// `input` is NULL or points to a `T`, aligned or not.
    pub(crate) unsafe fn new(input: *const T) -> Copied<T> {
        // SAFETY: not NULL, so it points to a `T`.
        Copied((!input.is_null()).then(|| unsafe { input.read_unaligned() }))
    }

    /// The argument as it was, NULL or a pointer to the copy.
    pub(crate) fn pointer(&mut self) -> *mut T {
        self.0.as_mut().map_or(std::ptr::null_mut(), |copy| &raw mut *copy)
    }
}

/// A time as SSPI gives it: local, except "never", which is the same everywhere.
pub(crate) fn timestamp(utc: FileTime) -> TimeStamp {
    TimeStamp { QuadPart: crate::platform::local_time(utc).0.cast_signed() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_cannot_be_are_rejected() {
        let byte = 7u8;
        let none = std::ptr::null::<u8>();
        let end = std::ptr::without_provenance::<u8>(usize::MAX);
        for (start, length) in [
            (&raw const byte, 0x8000_0000),
            (&raw const byte, ULONG::MAX),
            (none, 1),
            (none, ULONG::MAX),
            (end, 2),
        ] {
            // SAFETY: none of these is read.
            assert!(unsafe { bytes(start, length) }.is_err(), "{length:#x}");
        }
        // SAFETY: one byte, and none.
        unsafe {
            assert_eq!(bytes(&raw const byte, 1), Ok(&[7][..]));
            assert_eq!(bytes(none, 0), Ok(&[][..]));
        }
    }
}
