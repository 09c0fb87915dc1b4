//! Handles: numbers that name objects of the library. They are never pointers.
//!
//! A handle's lower word holds the number of a slot and the kind of object, its upper word the
//! slot's generation, which is incremented whenever the slot's object is removed. So a stale or
//! invented handle, or one of another kind, finds nothing, and no foreign memory is read. Both
//! words fit in 32 bits, and neither is ever 0, -1 (`SecInvalidateHandle`) or -2 (a deleted
//! handle).
//!
//! Finding an object locks its slot only. Slots lie in segments that are never moved or freed;
//! freed slots are kept in lists, of which each thread prefers one. A forked child has its parent's
//! handles: a fork waits until no thread is at work here.

use super::sync::{AtomicU32, FREE_LISTS, Lazy, Mutex, Ordering, allocation, enter, thread_number};

/// The kind of a handle's object: the low two bits of its lower word. Not 0, so that the word is
/// not 0; there are too few slots for the word to become -1.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A credential.
    Credential = 1,
    /// A context.
    Context = 2,
    /// A token, on Unix: both words are one HANDLE.
    #[cfg_attr(not(unix), allow(dead_code))]
    Token = 3,
}

/// A handle's two words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Words {
    /// Slot and kind.
    pub(crate) lower: u32,
    /// Generation.
    pub(crate) upper: u32,
}

/// Slots in the first segment; each further one has twice as many.
const FIRST_SEGMENT: u32 = 64;
/// Enough segments for 2^28 - 64 slots.
const SEGMENTS: usize = 22;
const SLOTS: u32 = FIRST_SEGMENT * ((1 << SEGMENTS) - 1);
/// A slot is not reused once its generation reaches this.
pub(crate) const LAST_GENERATION: u32 = 0xffff_fff0;

struct Slot<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    generation: u32,
    object: Option<T>,
}

/// The objects of one kind. `T` is cheap to clone: an `Arc`.
pub(crate) struct Table<T> {
    kind: Kind,
    /// The first generation of a slot, at least 1 and below [`LAST_GENERATION`].
    first_generation: fn(u32) -> u32,
    segments: [Lazy<Box<[Slot<T>]>>; SEGMENTS],
    /// The first slot that was never used.
    fresh: AtomicU32,
    live: AtomicU32,
    free: [Mutex<Vec<u32>>; FREE_LISTS],
}

impl<T: Clone> Table<T> {
    /// An empty table. `first_generation` should differ from slot to slot and from process to
    /// process, so that an invented handle is unlikely to be valid.
    pub(crate) fn new(kind: Kind, first_generation: fn(u32) -> u32) -> Table<T> {
        Table {
            kind,
            first_generation,
            segments: std::array::from_fn(|_| Lazy::new()),
            fresh: AtomicU32::new(0),
            live: AtomicU32::new(0),
            free: std::array::from_fn(|_| Mutex::new(Vec::new())),
        }
    }

    /// Makes a handle for `object`, unless there are `limit` objects already, or no memory.
    pub(crate) fn insert(&self, object: T, limit: u32) -> Option<Words> {
        let _inside = enter();
        if self.live.fetch_add(1, Ordering::Relaxed) >= limit {
            self.live.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let Some((index, slot)) = self.vacant() else {
            self.live.fetch_sub(1, Ordering::Relaxed);
            return None;
        };
        let mut state = slot.state.lock();
        state.object = Some(object);
        Some(Words { lower: index << 2 | self.kind as u32, upper: state.generation })
    }

    /// The object that the handle names.
    pub(crate) fn get(&self, words: Words) -> Option<T> {
        let _inside = enter();
        let state = self.slot(words)?.1.state.lock();
        if state.generation == words.upper { state.object.clone() } else { None }
    }

    /// Changes the object that the handle names. `change` should be short, and use no table: the
    /// slot is locked meanwhile, and a fork waits.
    pub(crate) fn update<R>(&self, words: Words, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let _inside = enter();
        let mut state = self.slot(words)?.1.state.lock();
        if state.generation == words.upper { state.object.as_mut().map(change) } else { None }
    }

    /// Removes the object: its handle is invalid from now on.
    pub(crate) fn remove(&self, words: Words) -> Option<T> {
        let _inside = enter();
        let (index, slot) = self.slot(words)?;
        let (object, reusable) = {
            let mut state = slot.state.lock();
            if state.generation != words.upper {
                return None;
            }
            let object = state.object.take()?;
            state.generation += 1;
            (object, state.generation < LAST_GENERATION)
        };
        if reusable {
            self.keep_free(index);
        }
        self.live.fetch_sub(1, Ordering::Relaxed);
        Some(object)
    }

    /// A slot for a new object: a freed one, from this thread's list or another, else a new one.
    /// `None` without memory.
    fn vacant(&self) -> Option<(u32, &Slot<T>)> {
        let own = thread_number();
        let freed = (0..FREE_LISTS).find_map(|n| self.free[(own + n) % FREE_LISTS].lock().pop());
        let index = match freed {
            Some(index) => index,
            None => self
                .fresh
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| {
                    (n < SLOTS).then_some(n + 1)
                })
                .ok()?,
        };
        let (segment, offset) = place(index);
        let slots = self.segments.get(segment)?.get_or_make(|| self.segment(segment));
        if slots.is_none() {
            self.keep_free(index);
        }
        Some((index, slots?.get(offset)?))
    }

    /// Keeps the number of a slot without an object. Without memory for it the slot is not used
    /// again.
    fn keep_free(&self, index: u32) {
        let _ = allocation::push(&mut self.free[thread_number() % FREE_LISTS].lock(), index);
    }

    /// `None` without memory.
    fn segment(&self, segment: usize) -> Option<Box<[Slot<T>]>> {
        let start = FIRST_SEGMENT * ((1 << segment) - 1);
        let slot = |index| Slot {
            state: Mutex::new(State { generation: (self.first_generation)(index), object: None }),
        };
        let count = FIRST_SEGMENT << segment;
        let slots = (start..start + count).map(slot);
        allocation::collect(slots, count as usize).ok().map(Vec::into_boxed_slice)
    }

    fn slot(&self, words: Words) -> Option<(u32, &Slot<T>)> {
        if words.lower & 3 != self.kind as u32 {
            return None;
        }
        let index = words.lower >> 2;
        let (segment, offset) = place(index);
        Some((index, self.segments.get(segment)?.get()?.get(offset)?))
    }
}

/// The segment of a slot, and its index there.
fn place(index: u32) -> (usize, usize) {
    let segment = (index / FIRST_SEGMENT + 1).ilog2();
    (segment as usize, (index - FIRST_SEGMENT * ((1 << segment) - 1)) as usize)
}
