//! Handles of the operating system's secur32.dll, behind handles of this library.

use crate::entry::abi::SecHandle;
use parking_lot::Mutex;
use std::sync::Arc;

/// A handle of secur32.dll. It is not locked during a call: programs encrypt in one thread and
/// decrypt in another, which the packages there allow.
#[derive(Clone)]
pub(crate) struct ForwardedHandle {
    words: Arc<Mutex<SecHandle>>,
    /// It is of a package that this library has too, for outbound use.
    outbound: bool,
}

impl ForwardedHandle {
    pub(crate) fn new(handle: SecHandle) -> ForwardedHandle {
        ForwardedHandle { words: Arc::new(Mutex::new(handle)), outbound: false }
    }

    /// Credentials of a package that this library has too.
    pub(crate) fn outbound(handle: SecHandle) -> ForwardedHandle {
        ForwardedHandle { outbound: true, ..ForwardedHandle::new(handle) }
    }

    /// A context made with these credentials.
    pub(crate) fn context(&self, handle: SecHandle) -> ForwardedHandle {
        ForwardedHandle { outbound: self.outbound, ..ForwardedHandle::new(handle) }
    }

    /// Whether it is of a package that this library has too.
    pub(crate) fn is_outbound(&self) -> bool {
        self.outbound
    }

    /// Its words at the moment.
    pub(crate) fn words(&self) -> SecHandle {
        *self.words.lock()
    }

    /// secur32.dll has replaced the handle.
    pub(crate) fn replace(&self, handle: SecHandle) {
        *self.words.lock() = handle;
    }
}
