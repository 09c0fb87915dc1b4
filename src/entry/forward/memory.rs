//! Memory of the system's that programs give to our FreeContextBuffer.

use super::functions::System;
use super::inside::inside;
use crate::entry::abi::*;
use crate::platform;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};

/// The system has been asked for something that it may have allocated memory for.
static GAVE: AtomicBool = AtomicBool::new(false);

/// Notes that the system is asked for something that it may allocate memory for. What that is
/// stands in too many structures, of packages that are not known here, to keep a record of it.
pub(crate) fn gave_memory() {
    GAVE.store(true, Ordering::Relaxed);
}

/// Frees what is not ours, if the system can have given it: there are programs that free the
/// address of a local variable.
pub(crate) fn free(buffer: *mut c_void) -> Option<SECURITY_STATUS> {
    if !GAVE.load(Ordering::Relaxed) || platform::on_stack(buffer) {
        return None;
    }
    let function = System::loaded()?.unicode.FreeContextBuffer?;
    // SAFETY: whatever the program means, it would have passed it to the system's function.
    Some(inside(|| unsafe { function(buffer) }))
}
