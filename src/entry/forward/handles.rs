//! Handles of the system's, behind handles of ours.

use super::functions::{Form, System};
use super::inside::inside;
use crate::entry::abi::*;
use crate::entry::handles::table::Table;
use crate::entry::handles::{CONTEXTS, CREDENTIALS, Object, object};
use parking_lot::Mutex;
use std::sync::{Arc, LazyLock};

/// A handle of the system's. Not locked while the system works with it: programs encrypt in one
/// thread and decrypt in another, which the system's packages allow.
#[derive(Clone)]
pub(crate) struct Handle(Arc<Mutex<SecHandle>>);

impl Handle {
    pub(crate) fn new(handle: SecHandle) -> Handle {
        Handle(Arc::new(Mutex::new(handle)))
    }

    /// Its words at the moment.
    pub(crate) fn words(&self) -> SecHandle {
        *self.0.lock()
    }

    /// The system goes on under another handle.
    pub(crate) fn replace(&self, handle: SecHandle) {
        *self.0.lock() = handle;
    }
}

/// A handle of the system's, and the system.
pub(crate) struct Theirs {
    pub(crate) system: &'static System,
    pub(crate) handle: Handle,
}

impl Theirs {
    /// The functions with text in one form.
    pub(crate) fn functions<Char: Form>(&self) -> &'static SecurityFunctionTable<Char> {
        Char::functions(self.system)
    }

    /// Lets a function of the system's work with its handle.
    pub(crate) fn call(
        &self,
        function: impl FnOnce(PSecHandle) -> SECURITY_STATUS,
    ) -> SECURITY_STATUS {
        let mut words = self.handle.words();
        inside(|| function(&mut words))
    }
}

/// The system's context that a program's handle stands for.
///
/// # Safety
/// `handle` is NULL or points to a handle.
pub(crate) unsafe fn context(handle: *const SecHandle) -> Option<Theirs> {
    // SAFETY: the caller's promise is this function's own.
    unsafe { behind(&CONTEXTS, handle) }
}

/// The system's credentials that a program's handle stands for.
///
/// # Safety
/// `handle` is NULL or points to a handle.
pub(crate) unsafe fn credentials(handle: *const SecHandle) -> Option<Theirs> {
    // SAFETY: the caller's promise is this function's own.
    unsafe { behind(&CREDENTIALS, handle) }
}

/// The system's handle behind a program's. The table, which is made when first used, is not asked
/// where nothing of the system's has been.
///
/// # Safety
/// `handle` is NULL or points to a handle.
unsafe fn behind<T: Clone>(
    table: &LazyLock<Table<Object<T>>>,
    handle: *const SecHandle,
) -> Option<Theirs> {
    let system = System::loaded()?;
    // SAFETY: the caller's promise is this function's own.
    match unsafe { object(table, handle) } {
        Ok(Object::Systems(handle)) => Some(Theirs { system, handle }),
        _ => None,
    }
}

/// Ends what a handle of the system's names, once the program's handle for it has gone.
pub(crate) fn end(
    handle: &Handle,
    function: impl FnOnce(&System) -> FREE_CREDENTIALS_HANDLE_FN,
) -> SECURITY_STATUS {
    let mut words = handle.words();
    match System::loaded().and_then(function) {
        // SAFETY: the system gave the handle, and whoever took it out of our table ends it, once.
        Some(function) => inside(|| unsafe { function(&mut words) }),
        None => SEC_E_UNSUPPORTED_FUNCTION,
    }
}
