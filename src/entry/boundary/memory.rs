//! Memory that callers free with FreeContextBuffer.
//!
//! All live allocations are recorded. So anything else that a caller passes (the address of a local
//! variable, the middle of a buffer, the same buffer twice) is recognized and not touched. A forked
//! child has its parent's allocations: a fork waits until no thread is at work on the record.

use crate::entry::abi::{SEC_E_OK, SECURITY_STATUS};
use crate::runtime::fork_gate::enter;
use crate::runtime::mutex::Mutex;
use crate::types::error::{Error, Result};
use std::collections::HashMap;
use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::ptr::{NonNull, slice_from_raw_parts_mut};
use std::sync::LazyLock;
use zeroize::Zeroize;

/// One allocation. It consists of words, so that it is aligned for every structure.
struct Allocation {
    start: NonNull<u64>,
    words: usize,
}

// SAFETY: the record owns the allocation, which may be made and freed in any thread.
unsafe impl Send for Allocation {}

const SHARDS: usize = 16;

static LIVE: LazyLock<[Mutex<HashMap<usize, Allocation>>; SHARDS]> =
    LazyLock::new(|| std::array::from_fn(|_| Mutex::new(HashMap::new())));

fn shard(address: usize) -> &'static Mutex<HashMap<usize, Allocation>> {
    &LIVE[address / size_of::<u64>() % SHARDS]
}

/// Makes the record, when the library is loaded: a fork while that goes on would leave it closed.
pub(crate) fn prepare() {
    LazyLock::force(&LIVE);
}

/// `length` zero bytes, aligned for every structure, which the caller frees with FreeContextBuffer.
pub(crate) fn allocate(length: usize) -> Result<NonNull<u8>> {
    let words = length.div_ceil(size_of::<u64>()).max(1);
    let mut buffer: Vec<u64> = Vec::new();
    buffer.try_reserve_exact(words).map_err(|_| Error::OutOfMemory)?;
    buffer.resize(words, 0);
    let start = NonNull::from(Box::leak(buffer.into_boxed_slice())).cast::<u64>();
    let address = start.addr().get();
    let _inside = enter();
    shard(address).lock().insert(address, Allocation { start, words });
    Ok(start.cast())
}

/// A copy of `bytes`, which the caller frees with FreeContextBuffer.
pub(crate) fn copy(bytes: &[u8]) -> Result<NonNull<u8>> {
    let start = allocate(bytes.len())?;
    // SAFETY: `allocate` returned as many new bytes.
    unsafe { start.as_ptr().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    Ok(start)
}

/// The number of bytes at `start`, if it is a live allocation of the library.
pub(crate) fn length(start: *const c_void) -> Option<usize> {
    let _inside = enter();
    let live = shard(start.addr()).lock();
    live.get(&start.addr()).map(|allocation| allocation.words * size_of::<u64>())
}

/// FreeContextBuffer. The memory is erased first: it may hold a key.
pub(crate) fn free(buffer: *mut c_void) -> Result<SECURITY_STATUS> {
    if buffer.is_null() {
        return Ok(SEC_E_OK);
    }
    let found = {
        let _inside = enter();
        shard(buffer.addr()).lock().remove(&buffer.addr())
    };
    let Allocation { start, words } =
        found.ok_or(Error::InvalidParameter("a buffer that the library did not give"))?;
    // SAFETY: `allocate` leaked it, and it was just removed from the record.
    let mut buffer = unsafe { Box::from_raw(slice_from_raw_parts_mut(start.as_ptr(), words)) };
    buffer.zeroize();
    Ok(SEC_E_OK)
}

/// Memory for the caller, freed when dropped unless it is kept. May be NULL.
pub(crate) struct CallerMemory<T>(*mut T);

impl<T> CallerMemory<T> {
    /// `start` is from [`allocate`], or NULL.
    pub(crate) fn new(start: *mut T) -> CallerMemory<T> {
        CallerMemory(start)
    }

    /// The caller will free it.
    pub(crate) fn keep(self) -> *mut T {
        ManuallyDrop::new(self).0
    }
}

impl<T> Drop for CallerMemory<T> {
    fn drop(&mut self) {
        let _ = free(self.0.cast());
    }
}
