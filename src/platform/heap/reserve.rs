//! Memory of the library's own file, which the system has promised to the process when the library
//! was loaded. Its pages take memory only once they are used.
//!
//! It has no lock, which a fork could leave closed. A page's blocks are bits of one word.

use std::alloc::Layout;
use std::cell::UnsafeCell;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A part of the reserve. Its blocks consist of units, at addresses that are multiples of a unit.
/// A page has as many units as a word has bits, and is the largest block.
struct Part {
    /// Bytes of a unit.
    unit: usize,
    /// Its first page, and the first that is not its own.
    pages: Range<usize>,
    /// Where its first page begins.
    start: usize,
}

const UNITS: usize = 64;

/// For what calls allocate many of: 2 MiB.
const SMALL: Part = Part { unit: 64, pages: 0..512, start: 0 };
/// For tokens and the like: 4 MiB.
const LARGE: Part = Part { unit: 1024, pages: 512..576, start: SMALL.end() };

impl Part {
    const fn page(&self) -> usize {
        self.unit * UNITS
    }

    const fn end(&self) -> usize {
        self.start + (self.pages.end - self.pages.start) * self.page()
    }

    fn units(&self, size: usize) -> usize {
        size.div_ceil(self.unit).max(1)
    }

    fn take(&self, layout: Layout) -> Option<usize> {
        if layout.size() > self.page() || layout.align() > self.page() {
            return None;
        }
        let units = self.units(layout.size());
        let step = layout.align().div_ceil(self.unit);
        let mut pages = self.pages.clone().zip(USED.get(self.pages.clone())?);
        pages.find_map(|(page, used)| {
            let found = used.fetch_update(Ordering::Acquire, Ordering::Relaxed, |used| {
                free_run(used, units, step).map(|first| used | mask(first, units))
            });
            // The same place is found again in what the word was before.
            let first = free_run(found.ok()?, units, step)?;
            TAKEN.fetch_add(units * self.unit, Ordering::Relaxed);
            Some(self.start + (page - self.pages.start) * self.page() + first * self.unit)
        })
    }

    fn put_back(&self, offset: usize, size: usize) {
        let (units, offset) = (self.units(size), offset - self.start);
        let page = self.pages.start + offset / self.page();
        if let Some(used) = USED.get(page) {
            used.fetch_and(!mask(offset % self.page() / self.unit, units), Ordering::Release);
            TAKEN.fetch_sub(units * self.unit, Ordering::Relaxed);
        }
    }
}

/// Aligned for every block.
#[repr(C, align(4096))]
struct Memory(UnsafeCell<[u8; LARGE.end()]>);

// SAFETY: only the owners of its blocks use it; `USED` says which parts have one.
unsafe impl Sync for Memory {}

static MEMORY: Memory = Memory(UnsafeCell::new([0; LARGE.end()]));

/// For each page the units that are in use.
static USED: [AtomicU64; LARGE.pages.end] = [const { AtomicU64::new(0) }; LARGE.pages.end];

/// The bytes in use.
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// The bytes in use.
#[inline]
pub(super) fn taken() -> usize {
    TAKEN.load(Ordering::Relaxed)
}

/// Whether the address is within the reserve.
#[inline]
pub(super) fn has(start: *const u8) -> bool {
    start.addr().wrapping_sub(MEMORY.0.get().addr()) < LARGE.end()
}

/// A block, or NULL if the layout is too large or the reserve used up.
#[cold]
pub(super) fn take(layout: Layout) -> *mut u8 {
    let offset = SMALL.take(layout).or_else(|| LARGE.take(layout));
    let base = MEMORY.0.get().cast::<u8>();
    offset.map_or(ptr::null_mut(), |offset| base.wrapping_add(offset))
}

/// Takes a block back; `false` if it is not the reserve's.
#[inline]
pub(super) fn give_back(start: *const u8, size: usize) -> bool {
    let is_ours = has(start);
    if is_ours {
        put_back(start.addr() - MEMORY.0.get().addr(), size);
    }
    is_ours
}

#[cold]
fn put_back(offset: usize, size: usize) {
    let part = if offset < SMALL.end() { SMALL } else { LARGE };
    part.put_back(offset, size);
}

/// As many bits from `first` on.
fn mask(first: usize, units: usize) -> u64 {
    (u64::MAX >> (UNITS - units)) << first
}

/// The first of so many free units in a row whose number is a multiple of `step`.
fn free_run(used: u64, units: usize, step: usize) -> Option<usize> {
    let mut free = !used;
    let mut length = 1;
    // Keeps the bits that begin a run of `length` free units.
    while length < units {
        let more = length.min(units - length);
        free &= free >> more;
        length += more;
    }
    (0..UNITS).step_by(step).find(|first| free >> first & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_found_where_it_is_free() {
        assert_eq!(free_run(0, 64, 1), Some(0));
        assert_eq!(free_run(1, 64, 1), None);
        assert_eq!(free_run(0b1011, 1, 1), Some(2));
        assert_eq!(free_run(0b1011, 3, 1), Some(4));
        assert_eq!(free_run(0b1011, 3, 8), Some(8));
        assert_eq!(free_run(u64::MAX >> 1, 1, 1), Some(63));
        assert_eq!(free_run(u64::MAX >> 1, 2, 1), None);
        assert_eq!(free_run(u64::MAX, 1, 1), None);
        assert_eq!(mask(0, 64), u64::MAX);
        assert_eq!(mask(62, 2), 3 << 62);
    }

    /// Many blocks of all sizes and alignments, in a fixed random order.
    #[test]
    fn blocks_are_aligned_apart_and_come_back() {
        let mut blocks: Vec<(*mut u8, usize, u8)> = Vec::new();
        let mut random = 1u64;
        let mut next = |below: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 33) as usize % below
        };
        for round in 0..20_000 {
            if next(5) < 3 {
                let most = if next(9) == 0 { LARGE.page() } else { SMALL.page() };
                let layout = Layout::from_size_align(1 + next(most), 1 << next(10)).unwrap();
                let start = take(layout);
                if !start.is_null() {
                    assert!(has(start) && start.addr().is_multiple_of(layout.align()));
                    // SAFETY: the block has as many bytes.
                    unsafe { start.write_bytes(round as u8, layout.size()) };
                    blocks.push((start, layout.size(), round as u8));
                }
            } else if !blocks.is_empty() {
                let (start, size, byte) = blocks.swap_remove(next(blocks.len()));
                // SAFETY: the block has as many bytes, all of which have been written to.
                let bytes = unsafe { std::slice::from_raw_parts(start, size) };
                assert!(bytes.iter().all(|&b| b == byte));
                assert!(give_back(start, size));
            }
        }
        for (start, size, _) in blocks {
            assert!(give_back(start, size));
        }
        assert!(!give_back(&0u8, 1));
        assert!(take(Layout::from_size_align(LARGE.page() + 1, 1).unwrap()).is_null());
    }
}
