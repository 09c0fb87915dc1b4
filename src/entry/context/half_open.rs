//! Limits what clients can make the server keep before they are authenticated: the number of
//! contexts that wait for a client's next token, their memory and their age (`[limits]`).
//!
//! Over a limit the oldest ones are ended, so that a client that goes on at once is served while
//! others begin exchanges and leave them.

use super::lock::Lock;
use super::{ContextObject, Shared};
use crate::config::Limits;
use crate::runtime::fork_gate;
use crate::runtime::mutex::Mutex;
use crate::types::time::FileTime;
use std::sync::{Arc, Weak};

/// The contexts in parts, which threads lock at different times. A context's part follows from its
/// slot in the handle table, so that all parts have about as many.
const PARTS: usize = 16;

static PARTS_OF_PROCESS: [Mutex<Queue>; PARTS] = [const { Mutex::new(Queue::new()) }; PARTS];

/// Memory of a context besides its tokens, in bytes: estimated.
const FIXED: usize = 1024;

/// Marks the end of a list.
const NONE: u32 = u32::MAX;

/// The contexts of one part, from the oldest to the newest.
struct Queue {
    entries: Vec<Entry>,
    /// The first unused entry; `next` leads to the others.
    unused: u32,
    oldest: u32,
    newest: u32,
    number: usize,
    bytes: usize,
}

struct Entry {
    previous: u32,
    next: u32,
    since: FileTime,
    bytes: usize,
    context: Weak<Lock<ContextObject>>,
}

/// A context's place among those that wait; Drop gives it up.
pub(super) struct Place {
    part: usize,
    entry: u32,
}

/// Adds a context whose first tokens had `bytes`, and ends others that are over the limits. `slot`
/// is the number of its handle's slot, `since` the time of its first call. `None` if there is no memory
/// for it.
pub(super) fn enter(
    context: &Shared,
    slot: usize,
    bytes: usize,
    limits: &Limits,
    since: FileTime,
    now: FileTime,
) -> Option<Place> {
    let part = slot % PARTS;
    let share = |limit: usize| (limit / PARTS).max(1);
    let (most, most_bytes) =
        (share(limits.half_open as usize), share(limits.half_open_bytes as usize));
    let mut ended: [Option<Shared>; 2] = [None, None];
    let entry = {
        let _inside = fork_gate::enter();
        let mut queue = PARTS_OF_PROCESS[part].lock();
        // At most two at a time: what remains over a limit is ended by the calls that follow.
        for ended in &mut ended {
            let too_many = queue.number >= most || queue.bytes + bytes + FIXED > most_bytes;
            let too_old = |queue: &Queue| {
                let oldest = queue.entries.get(queue.oldest as usize);
                oldest.is_some_and(|oldest| is_too_old(oldest.since, now, limits))
            };
            if !too_many && !too_old(&queue) {
                break;
            }
            *ended = queue.take_oldest();
        }
        queue.add(Arc::downgrade(context), bytes + FIXED, since)
    };
    // Without the queue's lock: a context that is dropped gives up its place.
    ended.into_iter().flatten().for_each(|context| end(&context));
    entry.map(|entry| Place { part, entry })
}

/// Whether an exchange has taken too long. One that began in the future, before the clock was set
/// back, has not.
pub(super) fn is_too_old(since: FileTime, now: FileTime, limits: &Limits) -> bool {
    now.0 > since.0 && now.distance(since) > limits.half_open_age
}

/// Ends a context, unless a call with it is under way: then its client is going on.
fn end(context: &Shared) {
    if let Some(mut object) = context.try_lock() {
        object.expire();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _inside = fork_gate::enter();
        PARTS_OF_PROCESS[self.part].lock().remove(self.entry);
    }
}

impl Queue {
    const fn new() -> Queue {
        Queue { entries: Vec::new(), unused: NONE, oldest: NONE, newest: NONE, number: 0, bytes: 0 }
    }

    fn add(
        &mut self,
        context: Weak<Lock<ContextObject>>,
        bytes: usize,
        since: FileTime,
    ) -> Option<u32> {
        let entry = Entry { previous: self.newest, next: NONE, since, bytes, context };
        let index = match self.entries.get_mut(self.unused as usize) {
            Some(unused) => {
                let index = self.unused;
                self.unused = unused.next;
                *unused = entry;
                index
            }
            None => {
                self.entries.try_reserve(1).ok()?;
                self.entries.push(entry);
                self.entries.len() as u32 - 1
            }
        };
        match self.entries.get_mut(self.newest as usize) {
            Some(newest) => newest.next = index,
            None => self.oldest = index,
        }
        self.newest = index;
        self.number += 1;
        self.bytes += bytes;
        Some(index)
    }

    /// Takes the oldest context out of the order. Its entry stays until its [`Place`] is dropped.
    fn take_oldest(&mut self) -> Option<Shared> {
        let index = self.oldest;
        self.unlink(index);
        let entry = self.entries.get_mut(index as usize)?;
        std::mem::take(&mut entry.context).upgrade()
    }

    fn remove(&mut self, index: u32) {
        self.unlink(index);
        if let Some(entry) = self.entries.get_mut(index as usize) {
            entry.context = Weak::new();
            entry.next = self.unused;
            self.unused = index;
        }
    }

    /// Takes an entry out of the order, unless it is out already.
    fn unlink(&mut self, index: u32) {
        let Some(entry) = self.entries.get_mut(index as usize) else { return };
        let (previous, next, bytes) = (entry.previous, entry.next, entry.bytes);
        if bytes == 0 {
            return;
        }
        entry.bytes = 0;
        match self.entries.get_mut(previous as usize) {
            Some(previous) => previous.next = next,
            None => self.oldest = next,
        }
        match self.entries.get_mut(next as usize) {
            Some(next) => next.previous = previous,
            None => self.newest = previous,
        }
        self.number -= 1;
        self.bytes -= bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds and removes in many orders, beside a plain list.
    #[test]
    fn the_queue_is_in_order_whatever_is_removed() {
        let (mut queue, mut model) = (Queue::new(), Vec::new());
        let mut random = 1u64;
        for step in 0..20_000u64 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            match (random >> 33) % 5 {
                0 | 1 => {
                    let bytes = 1 + (random >> 40) as usize % 100;
                    model.push((queue.add(Weak::new(), bytes, FileTime(step)).unwrap(), bytes));
                }
                2 | 3 if !model.is_empty() => {
                    let (index, _) = model.remove((random >> 40) as usize % model.len());
                    queue.remove(index);
                }
                _ => {
                    assert!(queue.take_oldest().is_none());
                    if !model.is_empty() {
                        queue.remove(model.remove(0).0);
                    }
                }
            }
            assert_eq!(queue.number, model.len());
            assert_eq!(queue.bytes, model.iter().map(|(_, bytes)| bytes).sum::<usize>());
            assert_eq!(queue.oldest, model.first().map_or(NONE, |(index, _)| *index));
            assert_eq!(queue.newest, model.last().map_or(NONE, |(index, _)| *index));
        }
        assert!(queue.entries.len() < 20_000 / 4);
    }
}
