//! Memory that callers get and give back with FreeContextBuffer.
//!
//! Every live allocation is on record, so that whatever else a caller passes (the address of a
//! local variable, the middle of a buffer, the same buffer twice) is recognized and left alone.

use crate::entry::abi::{SEC_E_OK, SECURITY_STATUS};
use crate::types::error::{Error, Result};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::ffi::c_void;
use std::ptr::{NonNull, slice_from_raw_parts_mut};
use std::sync::LazyLock;
use zeroize::Zeroize;

/// One allocation: its words, so that it is aligned for every structure.
struct Allocation {
    start: NonNull<u64>,
    words: usize,
}

// SAFETY: an allocation is owned by the record that holds it, and made and freed in whichever
// thread.
unsafe impl Send for Allocation {}

const SHARDS: usize = 16;

static LIVE: LazyLock<[Mutex<HashMap<usize, Allocation>>; SHARDS]> =
    LazyLock::new(|| std::array::from_fn(|_| Mutex::new(HashMap::new())));

fn shard(address: usize) -> &'static Mutex<HashMap<usize, Allocation>> {
    &LIVE[address / size_of::<u64>() % SHARDS]
}

/// `length` bytes of zeros, aligned for every structure, for the caller to give to
/// FreeContextBuffer.
pub(crate) fn allocate(length: usize) -> Result<NonNull<u8>> {
    let words = length.div_ceil(size_of::<u64>()).max(1);
    let mut buffer: Vec<u64> = Vec::new();
    buffer.try_reserve_exact(words).map_err(|_| Error::OutOfMemory)?;
    buffer.resize(words, 0);
    let start = NonNull::from(Box::leak(buffer.into_boxed_slice())).cast::<u64>();
    let address = start.addr().get();
    shard(address).lock().insert(address, Allocation { start, words });
    Ok(start.cast())
}

/// A copy of `bytes` for the caller to give to FreeContextBuffer.
pub(crate) fn copy(bytes: &[u8]) -> Result<NonNull<u8>> {
    let start = allocate(bytes.len())?;
    // SAFETY: `allocate` gave as many bytes, which nobody else knows of yet.
    unsafe { start.as_ptr().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    Ok(start)
}

/// How many bytes there are at `start`, if the library gave them and still has them on record.
pub(crate) fn length(start: *const c_void) -> Option<usize> {
    shard(start.addr())
        .lock()
        .get(&start.addr())
        .map(|allocation| allocation.words * size_of::<u64>())
}

/// FreeContextBuffer. What is freed is erased first: it may have been a key.
pub(crate) fn free(buffer: *mut c_void) -> Result<SECURITY_STATUS> {
    if buffer.is_null() {
        return Ok(SEC_E_OK);
    }
    let found = shard(buffer.addr()).lock().remove(&buffer.addr());
    let Allocation { start, words } =
        found.ok_or(Error::InvalidParameter("a buffer that the library did not give"))?;
    // SAFETY: the record held what `allocate` leaked, and no longer does.
    let mut buffer = unsafe { Box::from_raw(slice_from_raw_parts_mut(start.as_ptr(), words)) };
    buffer.zeroize();
    Ok(SEC_E_OK)
}
