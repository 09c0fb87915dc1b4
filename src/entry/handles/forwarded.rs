//! Handles of the operating system's secur32.dll, behind handles of this library.

use crate::entry::abi::SecHandle;
use parking_lot::Mutex;
use std::sync::Arc;

/// A handle of secur32.dll. It is not locked during a call: programs encrypt in one thread and
/// decrypt in another, which the packages there allow.
#[derive(Clone)]
pub(crate) struct ForwardedHandle(Arc<Mutex<SecHandle>>);

impl ForwardedHandle {
    pub(crate) fn new(handle: SecHandle) -> ForwardedHandle {
        ForwardedHandle(Arc::new(Mutex::new(handle)))
    }

    /// Its words at the moment.
    pub(crate) fn words(&self) -> SecHandle {
        *self.0.lock()
    }

    /// secur32.dll has replaced the handle.
    pub(crate) fn replace(&self, handle: SecHandle) {
        *self.0.lock() = handle;
    }
}
