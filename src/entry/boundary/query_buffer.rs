//! Where the answer to a query goes.

use crate::entry::abi::*;
use crate::entry::context::step::put;
use crate::types::error::{Error, Result};
use std::ffi::c_void;

/// Where the answer goes.
pub(crate) struct Answer {
    buffer: *mut c_void,
    /// Its length, if the caller told.
    length: Option<ULONG>,
}

impl Answer {
    /// At `buffer`, which has `length` bytes or, if the caller does not tell, enough.
    pub(crate) fn new(buffer: *mut c_void, length: Option<ULONG>) -> Answer {
        Answer { buffer, length }
    }

    /// Writes what `make` makes, unless there is no room: then nothing has been allocated for it.
    ///
    /// # Safety
    /// The buffer has room for a `T` if its length was not told.
    pub(crate) unsafe fn with<T>(
        &self,
        make: impl FnOnce() -> Result<T>,
    ) -> Result<SECURITY_STATUS> {
        if self.length.is_some_and(|length| (length as usize) < size_of::<T>()) {
            return Err(Error::BufferTooSmall { needed: size_of::<T>() });
        }
        // SAFETY: the caller's promise is this function's own.
        unsafe { put(self.buffer.cast(), make()?) };
        Ok(SEC_E_OK)
    }
}
