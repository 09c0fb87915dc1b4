//! Memory that callers free with FreeContextBuffer.
//!
//! All allocations are recorded. So anything else that a caller passes (the address of a local
//! variable, the middle of a buffer, the same buffer twice) is recognized and not touched. A forked
//! child has its parent's allocations: a fork waits until no thread is at work on the record.
//!
//! On Windows other memory may be the system's, and FreeContextBuffer forwards it. A buffer that
//! was given back to the heap could become the system's, or anyone's, and a second
//! FreeContextBuffer of it would free that. So there a freed buffer is kept for the next allocation
//! of its size: an address that was this library's once stays this library's. No more is kept than
//! was in use at one time.

use crate::entry::abi::{SEC_E_OK, SECURITY_STATUS};
use crate::runtime::fork_gate::{enter, thread_number};
use crate::runtime::mutex::Mutex;
use crate::types::allocation;
use crate::types::error::{Error, Result};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::slice;
use std::sync::MutexGuard;
use zeroize::Zeroize;

/// Whether freed buffers are kept.
const KEEPS: bool = cfg!(any(windows, test));

/// The smallest buffer where they are kept: there are not too many sizes.
const SMALLEST: usize = 64;

/// One allocation. It is aligned for every structure.
struct Block {
    start: NonNull<u8>,
    length: usize,
    /// In the caller's hands.
    live: bool,
}

// SAFETY: the record owns the allocation, which may be made and freed in any thread.
unsafe impl Send for Block {}

impl Block {
    /// Zeros.
    fn new(length: usize) -> Result<Block> {
        let layout = Block::layout(length)?;
        // SAFETY: the layout is not empty.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or(Error::OutOfMemory)?;
        Ok(Block { start, length, live: true })
    }

    fn layout(length: usize) -> Result<Layout> {
        Layout::from_size_align(length.max(1), align_of::<u64>()).map_err(|_| Error::OutOfMemory)
    }

    fn erase(&mut self) {
        // SAFETY: the block owns as many bytes, all of which have been written to by `new`.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }.zeroize();
    }

    fn release(self) {
        if let Ok(layout) = Block::layout(self.length) {
            // SAFETY: `new` allocated it with this layout.
            unsafe { dealloc(self.start.as_ptr(), layout) };
        }
    }
}

/// The record in parts, which threads lock at different times. A block's part follows from its
/// address.
const PARTS: usize = 16;

/// A part of the record, in cache lines of its own.
#[repr(align(64))]
struct Part(Mutex<Record>);

struct Record {
    /// Blocks by their addresses.
    blocks: BTreeMap<usize, Block>,
    /// The addresses of those that are not live, by length.
    spare: BTreeMap<usize, Vec<usize>>,
}

static RECORD: [Part; PARTS] = [const { Part(Mutex::new(Record::new())) }; PARTS];

impl Record {
    const fn new() -> Record {
        Record { blocks: BTreeMap::new(), spare: BTreeMap::new() }
    }

    /// The part that has this block.
    fn of(address: usize) -> MutexGuard<'static, Record> {
        // Blocks of one thread are often next to each other, and those of another far away.
        RECORD[(address >> 6 ^ address >> 20) % PARTS].0.lock()
    }

    /// A freed block of this length, in any part.
    fn reuse(length: usize) -> Option<NonNull<u8>> {
        let own = thread_number();
        (0..PARTS).find_map(|part| {
            let mut record = RECORD[own.wrapping_add(part) % PARTS].0.lock();
            let Record { blocks, spare } = &mut *record;
            let block = blocks.get_mut(&spare.get_mut(&length)?.pop()?)?;
            block.live = true;
            Some(block.start)
        })
    }
}

/// At least `length` zero bytes, aligned for every structure, which the caller frees with
/// FreeContextBuffer.
pub(crate) fn allocate(length: usize) -> Result<NonNull<u8>> {
    let rounded = match KEEPS {
        true => length.max(SMALLEST).checked_next_power_of_two().ok_or(Error::OutOfMemory)?,
        false => length,
    };
    allocate_exactly(rounded)
}

/// The same, with no byte more: of structures that have few lengths.
pub(crate) fn allocate_exactly(length: usize) -> Result<NonNull<u8>> {
    let _inside = enter();
    if KEEPS && let Some(start) = Record::reuse(length) {
        return Ok(start);
    }
    let block = Block::new(length)?;
    let start = block.start;
    Record::of(start.addr().get()).blocks.insert(start.addr().get(), block);
    Ok(start)
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
    let record = Record::of(start.addr());
    record.blocks.get(&start.addr()).filter(|block| block.live).map(|block| block.length)
}

/// How many allocations are in callers' hands. Tests compare it to find leaks, which no tool sees:
/// the record has them all.
pub fn in_use() -> usize {
    let _inside = enter();
    let live = |part: &Part| part.0.lock().blocks.values().filter(|block| block.live).count();
    RECORD.iter().map(live).sum()
}

/// Whether the address is, or was, within an allocation of the library.
pub(crate) fn is_ours(address: *const c_void) -> bool {
    let _inside = enter();
    RECORD.iter().any(|part| {
        let record = part.0.lock();
        let before = record.blocks.range(..=address.addr()).next_back();
        before.is_some_and(|(start, block)| address.addr() - start < block.length.max(1))
    })
}

/// FreeContextBuffer. The memory is erased first: it may hold a key.
pub(crate) fn free(buffer: *mut c_void) -> Result<SECURITY_STATUS> {
    if buffer.is_null() {
        return Ok(SEC_E_OK);
    }
    let _inside = enter();
    let mut record = Record::of(buffer.addr());
    let Record { blocks, spare } = &mut *record;
    let block = blocks.get_mut(&buffer.addr()).filter(|block| block.live);
    let block = block.ok_or(Error::InvalidParameter("a buffer that the library did not give"))?;
    block.erase();
    if KEEPS {
        block.live = false;
        // Without memory to keep it there, it stays unused.
        let _ = allocation::push(spare.entry(block.length).or_default(), buffer.addr());
    } else if let Some(block) = blocks.remove(&buffer.addr()) {
        drop(record);
        block.release();
    }
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
