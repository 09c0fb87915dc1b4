//! Memory of secur32.dll that callers pass to FreeContextBuffer.

use super::functions::System;
use super::inside::inside;
use crate::entry::abi::*;
use crate::entry::boundary::memory;
use crate::platform;
use crate::types::error::Result;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};

/// A call was forwarded that may have allocated memory.
static GAVE: AtomicBool = AtomicBool::new(false);

/// Notes that a forwarded call may allocate memory. The allocations cannot be recorded: they are in
/// many structures, of packages that are not known here.
pub(crate) fn gave_memory() {
    GAVE.store(true, Ordering::Relaxed);
}

/// FreeContextBuffer: of this library's memory, or secur32.dll's.
///
/// Errors: `InvalidParameter` for memory of neither, and for memory that has been freed before.
pub(crate) fn free_context_buffer(buffer: *mut c_void) -> Result<SECURITY_STATUS> {
    memory::free(buffer).or_else(|error| free(buffer).ok_or(error))
}

/// Frees memory that was never this library's, if secur32.dll can have allocated it. Some programs
/// free the address of a local variable.
fn free(buffer: *mut c_void) -> Option<SECURITY_STATUS> {
    if !GAVE.load(Ordering::Relaxed) || memory::is_ours(buffer) || platform::on_stack(buffer) {
        return None;
    }
    let function = System::loaded()?.unicode.FreeContextBuffer?;
    // SAFETY: without this library the caller would have passed it to this same function.
    Some(inside(|| unsafe { function(buffer) }))
}
