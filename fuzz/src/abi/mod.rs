//! What the targets share that call the exported functions: the configuration, credentials, and
//! buffers as C programs own them.

pub mod arena;
pub mod attributes;
pub mod buffers;
pub mod callbacks;
pub mod machine;
pub mod setup;

use negossp::entry::abi::*;
use negossp::entry::exports::*;
use std::ffi::c_void;
use std::ptr::{null_mut, with_exposed_provenance_mut};

/// No handle.
pub const NO_HANDLE: SecHandle = SecHandle { dwLower: 0, dwUpper: 0 };

/// UTF-16 with a terminating zero.
pub fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// A pointer to the handle, or NULL.
pub fn pointer(handle: &mut Option<SecHandle>) -> *mut SecHandle {
    handle.as_mut().map_or(null_mut(), |handle| &raw mut *handle)
}

/// Frees those of these words that are the library's allocations.
pub fn free_each(words: &[usize]) {
    for &word in words {
        // SAFETY: the library ignores pointers that it did not allocate.
        unsafe { FreeContextBuffer(with_exposed_provenance_mut(word)) };
    }
}

/// Memory from the library, which it takes back once and not twice.
pub fn free(buffer: *mut c_void) {
    // SAFETY: the buffer is not used again.
    unsafe {
        assert_eq!(FreeContextBuffer(buffer), SEC_E_OK);
        assert!(buffer.is_null() || FreeContextBuffer(buffer) != SEC_E_OK, "freed twice");
    }
}

/// Nothing of the library's memory is in the caller's hands any more.
pub fn check_nothing_leaked() {
    assert_eq!(negossp::entry::boundary::memory::in_use(), 0, "memory that nobody has freed");
}
