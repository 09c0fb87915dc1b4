//! The library's allocator: the system's, and a reserve for when the system's has no memory left.
//!
//! Rust ends the process when an allocation fails, unless the code asked for the failure
//! (`try_reserve`). Allocations whose size a peer or a caller decides ask for it. All others are
//! small, and come from the [`reserve`] if the heap fails, so that a call that is under way ends in
//! order. A call does not begin while the reserve is in use and the heap still has no memory: see
//! [`has_memory`].

mod reserve;
#[cfg(target_os = "linux")]
pub(crate) mod thread;

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;

/// More than a usual call needs of the heap, in bytes.
const CALL: usize = 64 * 1024;

/// More than a thread's variables and their destructors need, in bytes.
const THREAD: usize = 16 * 1024;

/// The system's allocator with a reserve.
pub struct Heap;

// SAFETY: every block comes from the system's allocator or from the reserve, both of which give
// blocks of the layout, and `reserve::give_back` tells whose it is.
unsafe impl GlobalAlloc for Heap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises.
        let start = unsafe { System.alloc(layout) };
        if start.is_null() { reserve::take(layout) } else { start }
    }

    #[inline]
    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        if !reserve::give_back(start, layout.size()) {
            // SAFETY: the caller's promises; it is not the reserve's.
            unsafe { System.dealloc(start, layout) }
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises.
        let start = unsafe { System.alloc_zeroed(layout) };
        if start.is_null() { zeroed_from_reserve(layout) } else { start }
    }

    #[inline]
    unsafe fn realloc(&self, start: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if !reserve::has(start) {
            // SAFETY: the caller's promises; it is not the reserve's.
            let moved = unsafe { System.realloc(start, layout, new_size) };
            if !moved.is_null() {
                return moved;
            }
            // The block is large enough, and the system does not need its size back.
            if new_size <= layout.size() {
                return start;
            }
        }
        // SAFETY: the caller's promises.
        unsafe { self.move_block(start, layout, new_size) }
    }
}

impl Heap {
    /// Moves a block that is the reserve's, or for whose new size the system has no memory.
    ///
    /// # Safety
    /// As for [`GlobalAlloc::realloc`].
    #[cold]
    unsafe fn move_block(&self, start: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller promises a size that is valid with the alignment.
        let new = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // SAFETY: the caller promises a size that is not 0.
        let moved = unsafe { self.alloc(new) };
        if !moved.is_null() {
            // SAFETY: both blocks have as many bytes, and are different ones. The old one is not
            // used any more.
            unsafe {
                ptr::copy_nonoverlapping(start, moved, layout.size().min(new_size));
                self.dealloc(start, layout);
            }
        }
        moved
    }
}

#[cold]
fn zeroed_from_reserve(layout: Layout) -> *mut u8 {
    let start = reserve::take(layout);
    if !start.is_null() {
        // SAFETY: the block has as many bytes.
        unsafe { start.write_bytes(0, layout.size()) };
    }
    start
}

/// Whether a call may begin: the reserve is whole, or the heap has memory again.
#[inline]
pub fn has_memory() -> bool {
    reserve::taken() == 0 || has(CALL)
}

/// Whether the heap has what the C library and the loader allocate in a new thread.
pub fn can_start_thread() -> bool {
    has(THREAD)
}

/// Whether the calling thread may use thread-local variables. It does nothing else before.
#[inline]
pub fn thread_is_ready() -> bool {
    #[cfg(target_os = "linux")]
    return thread::is_ready();
    // Windows makes them with the thread.
    #[cfg(not(target_os = "linux"))]
    true
}

/// The bytes of the reserve that are in use.
pub fn reserved() -> usize {
    reserve::taken()
}

/// Whether the heap has a block of `size` bytes.
#[cold]
pub fn has(size: usize) -> bool {
    let Ok(layout) = Layout::from_size_align(size, 1) else { return false };
    // SAFETY: the layout is not empty.
    let start = unsafe { System.alloc(layout) };
    // Otherwise the compiler leaves out both calls.
    let start = std::hint::black_box(start);
    if start.is_null() {
        return false;
    }
    // SAFETY: allocated above, with this layout.
    unsafe { System.dealloc(start, layout) };
    true
}
