//! Calls with handles of secur32.dll.

use super::functions::{Form, System};
use super::inside::inside;
use crate::entry::abi::*;
use crate::entry::handles::forwarded::ForwardedHandle;
use crate::entry::handles::table::Table;
use crate::entry::handles::{Object, object};
use std::sync::LazyLock;

/// A handle of secur32.dll, and its functions.
pub(crate) struct Forwarded {
    pub(crate) system: &'static System,
    pub(crate) handle: ForwardedHandle,
}

impl Forwarded {
    /// The functions with text in one form.
    pub(crate) fn functions<Char: Form>(&self) -> &'static SecurityFunctionTable<Char> {
        Char::functions(self.system)
    }

    /// Calls a function of secur32.dll with its handle.
    pub(crate) fn call(
        &self,
        function: impl FnOnce(PSecHandle) -> SECURITY_STATUS,
    ) -> SECURITY_STATUS {
        let mut words = self.handle.words();
        inside(|| function(&mut words))
    }
}

/// The handle of secur32.dll behind a caller's handle, if there is one. The table, which is made
/// when first used, is not searched while secur32.dll has not been used.
///
/// # Safety
/// `handle` is NULL or points to a handle.
pub(crate) unsafe fn find<T: Clone>(
    table: &LazyLock<Table<Object<T>>>,
    handle: *const SecHandle,
) -> Option<Forwarded> {
    let system = System::loaded()?;
    // SAFETY: C caller's contract, handles.
    match unsafe { object(table, handle) } {
        Ok(Object::Forwarded(handle)) => Some(Forwarded { system, handle }),
        _ => None,
    }
}

/// Likewise, also of credentials whose outbound side alone is secur32.dll's.
///
/// # Safety
/// `handle` is NULL or points to a handle.
pub(crate) unsafe fn find_outbound<T: Clone>(
    table: &LazyLock<Table<Object<T>>>,
    handle: *const SecHandle,
) -> Option<Forwarded> {
    let system = System::loaded()?;
    // SAFETY: C caller's contract, handles.
    match unsafe { object(table, handle) } {
        Ok(Object::Forwarded(handle)) => Some(Forwarded { system, handle }),
        Ok(Object::Both(both)) => Some(Forwarded { system, handle: both.1.clone() }),
        _ => None,
    }
}

/// Ends a handle of secur32.dll that has been taken out of its table.
pub(crate) fn end(
    handle: &ForwardedHandle,
    function: impl FnOnce(&System) -> FREE_CREDENTIALS_HANDLE_FN,
) -> SECURITY_STATUS {
    let mut words = handle.words();
    match System::loaded().and_then(function) {
        // SAFETY: secur32.dll made the handle. Taking it out of the table succeeds once only, so
        // it is ended once.
        Some(function) => inside(|| unsafe { function(&mut words) }),
        None => SEC_E_UNSUPPORTED_FUNCTION,
    }
}
