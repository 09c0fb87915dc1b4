//! The buffer of a query.

use super::pointers::put;
use crate::entry::abi::*;
use crate::types::error::{Error, Result};
use std::ffi::c_void;

/// The caller's buffer for the structure that it asks for.
pub(crate) struct QueryBuffer {
    buffer: *mut c_void,
    /// Its length, if the caller gave it.
    length: Option<ULONG>,
}

impl QueryBuffer {
    /// `buffer` has `length` bytes, or enough if the function takes no length.
    pub(crate) fn new(buffer: *mut c_void, length: Option<ULONG>) -> QueryBuffer {
        QueryBuffer { buffer, length }
    }

    /// Writes the result of `make`. `make` is not called if there is too little room, so that it
    /// allocates nothing in vain.
    ///
    /// # Safety
    /// The buffer has room for a `T` if its length was not given.
    pub(crate) unsafe fn with<T>(
        &self,
        make: impl FnOnce() -> Result<T>,
    ) -> Result<SECURITY_STATUS> {
        if self.length.is_some_and(|length| (length as usize) < size_of::<T>()) {
            return Err(Error::BufferTooSmall { needed: size_of::<T>() });
        }
        // SAFETY: there is room for a `T`.
        unsafe { put(self.buffer.cast(), make()?) };
        Ok(SEC_E_OK)
    }
}
