//! From a caller's handle to the object that it names.

pub(crate) mod forwarded;
mod sync;
pub(crate) mod table;

use super::abi::SecHandle;
use crate::runtime::log;
use crate::types::error::{Error, Result};
use forwarded::ForwardedHandle;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock};
use table::{LAST_GENERATION, Table, Words};

/// What a caller's handle names.
#[derive(Clone)]
pub(super) enum Object<T> {
    /// An object of this library.
    Ours(T),
    /// A handle of the operating system's secur32.dll.
    Forwarded(ForwardedHandle),
    /// Credentials of this library for inbound use, and of secur32.dll for outbound use.
    /// In one allocation: what every call copies out of the table is a pointer.
    Both(Arc<(T, ForwardedHandle)>),
}

/// A `(ULONG_PTR)-1` in both words, as SecInvalidateHandle makes it.
pub(super) const NO_HANDLE: SecHandle = SecHandle { dwLower: usize::MAX, dwUpper: usize::MAX };

static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Makes the seed of generations.
pub(super) fn prepare() {
    LazyLock::force(&SEED);
}

/// The first generation of a slot: differs from slot to slot and from process to process, and
/// leaves about 2^31 uses of the slot.
pub(super) fn first_generation(slot: u32) -> u32 {
    1 + SEED.hash_one(slot) as u32 % (LAST_GENERATION / 2)
}

/// The library's object that the caller's handle names.
///
/// # Safety
/// `handle` is NULL or points to a handle.
pub(super) unsafe fn find<T: Clone>(
    table: &Table<Object<T>>,
    handle: *const SecHandle,
) -> Result<T> {
    // SAFETY: C caller's contract, handles.
    unsafe { find_numbered(table, handle) }.map(|(_, object)| object)
}

/// Likewise, with the handle's number.
///
/// # Safety
/// `handle` is NULL or points to a handle.
pub(super) unsafe fn find_numbered<T: Clone>(
    table: &Table<Object<T>>,
    handle: *const SecHandle,
) -> Result<(u64, T)> {
    // SAFETY: C caller's contract, handles.
    let words = unsafe { words(handle) }.ok_or(INVALID)?;
    match table.get(words).ok_or(INVALID)? {
        Object::Ours(object) => Ok((words.number(), object)),
        Object::Both(both) => Ok((words.number(), both.0.clone())),
        Object::Forwarded(_) => Err(Error::InvalidHandle("one of another package's")),
    }
}

/// The object that the caller's handle names.
///
/// # Safety
/// `handle` is NULL or points to a handle.
pub(super) unsafe fn object<T: Clone>(table: &Table<T>, handle: *const SecHandle) -> Result<T> {
    // SAFETY: C caller's contract, handles.
    unsafe { words(handle) }.and_then(|words| table.get(words)).ok_or(INVALID)
}

/// Removes and returns the object that the caller's handle names. The handle is invalid from now
/// on.
///
/// # Safety
/// `handle` is NULL or points to a handle.
pub(super) unsafe fn take<T: Clone>(table: &Table<T>, handle: *const SecHandle) -> Result<T> {
    // SAFETY: C caller's contract, handles.
    unsafe { words(handle) }.and_then(|words| table.remove(words)).ok_or(INVALID)
}

/// Changes the library's object that the caller's handle names.
///
/// # Safety
/// `handle` is NULL or points to a handle.
pub(super) unsafe fn update<T: Clone>(
    table: &Table<Object<T>>,
    handle: *const SecHandle,
    change: impl FnOnce(&mut T) -> Result<()>,
) -> Result<()> {
    let change = |object: &mut Object<T>| match object {
        Object::Ours(object) => change(object),
        Object::Both(both) => {
            let (mut object, handle) = (**both).clone();
            change(&mut object)?;
            *both = Arc::new((object, handle));
            Ok(())
        }
        Object::Forwarded(_) => Err(INVALID),
    };
    // SAFETY: C caller's contract, handles.
    unsafe { words(handle) }.and_then(|words| table.update(words, change)).ok_or(INVALID)?
}

const INVALID: Error = Error::InvalidHandle("unknown, or ended, or of the other kind");

/// The number of the caller's handle, valid or not.
///
/// # Safety
/// `handle` is NULL or points to a handle.
pub(super) unsafe fn number(handle: *const SecHandle) -> Result<u64> {
    // SAFETY: C caller's contract, handles.
    unsafe { words(handle) }.map(Words::number).ok_or(INVALID)
}

/// # Safety
/// `handle` is NULL or points to a handle.
unsafe fn words(handle: *const SecHandle) -> Option<Words> {
    if handle.is_null() {
        return None;
    }
    // SAFETY: C caller's contract, handles: it is not NULL.
    let SecHandle { dwLower, dwUpper } = unsafe { handle.read_unaligned() };
    let words = Words { lower: dwLower.try_into().ok()?, upper: dwUpper.try_into().ok()? };
    log::about(words.number());
    Some(words)
}

impl Words {
    /// Both words as one number, as in the log.
    pub(super) fn number(self) -> u64 {
        u64::from(self.upper) << 32 | u64::from(self.lower)
    }

    /// The number of the object's slot.
    pub(super) fn slot(self) -> usize {
        self.lower as usize >> 2
    }
}

impl From<Words> for SecHandle {
    fn from(words: Words) -> SecHandle {
        SecHandle { dwLower: words.lower as usize, dwUpper: words.upper as usize }
    }
}
