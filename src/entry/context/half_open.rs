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
    /// It stands in the order.
    linked: bool,
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
    let bytes = bytes.saturating_add(FIXED);
    let add = |queue: &mut Queue| queue.add(Arc::downgrade(context), bytes, since);
    let entry = make_room(&PARTS_OF_PROCESS[part], (1, bytes), limits, now, add);
    entry.map(|entry| Place { part, entry })
}

impl Place {
    /// Counts a further token of the context, of so many bytes, and ends others likewise.
    pub(super) fn charge(&self, bytes: usize, limits: &Limits, now: FileTime) {
        let part = &PARTS_OF_PROCESS[self.part];
        make_room(part, (0, bytes), limits, now, |queue| queue.charge(self.entry, bytes));
    }
}

/// Ends the oldest contexts of a part if with so many more, and so many more bytes, it is over the
/// limits, or if they have taken too long. Then makes the `change`.
fn make_room<T>(
    part: &Mutex<Queue>,
    (more, bytes): (usize, usize),
    limits: &Limits,
    now: FileTime,
    change: impl FnOnce(&mut Queue) -> T,
) -> T {
    let share = |limit: usize| (limit / PARTS).max(1);
    let (most, most_bytes) =
        (share(limits.half_open as usize), share(limits.half_open_bytes as usize));
    let mut oldest: [Option<(u32, Shared)>; 2] = [None, None];
    let changed = {
        let _inside = fork_gate::enter();
        let mut queue = part.lock();
        // At most two at a time: what remains over a limit is ended by the calls that follow.
        for oldest in &mut oldest {
            let too_many = queue.number.saturating_add(more) > most
                || queue.bytes.saturating_add(bytes) > most_bytes;
            let too_old = |queue: &Queue| {
                let oldest = queue.entries.get(queue.oldest as usize);
                oldest.is_some_and(|oldest| is_too_old(oldest.since, now, limits))
            };
            if !too_many && !too_old(&queue) {
                break;
            }
            *oldest = queue.take_oldest();
        }
        change(&mut queue)
    };
    // Without the queue's lock: a context that is ended gives up its place.
    for (entry, context) in oldest.into_iter().flatten() {
        if !end(&context) {
            let _inside = fork_gate::enter();
            part.lock().put_back(entry, &context);
        }
    }
    changed
}

/// Whether an exchange has taken too long. One that began in the future, before the clock was set
/// back, has not.
pub(super) fn is_too_old(since: FileTime, now: FileTime, limits: &Limits) -> bool {
    now.0 > since.0 && now.distance(since) > limits.half_open_age
}

/// Ends a context. False if a call with it is under way: then its client is going on.
fn end(context: &Shared) -> bool {
    context.try_lock().map(|mut object| object.expire()).is_some()
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
        let unlinked = Entry { previous: NONE, next: NONE, linked: false, since, bytes, context };
        let index = match self.entries.get_mut(self.unused as usize) {
            Some(unused) => {
                let index = self.unused;
                self.unused = unused.next;
                *unused = unlinked;
                index
            }
            None => {
                self.entries.try_reserve(1).ok()?;
                self.entries.push(unlinked);
                self.entries.len() as u32 - 1
            }
        };
        self.link(index);
        Some(index)
    }

    /// Counts more bytes of an entry.
    fn charge(&mut self, index: u32, bytes: usize) {
        let Some(entry) = self.entries.get_mut(index as usize) else { return };
        let charged = entry.bytes.saturating_add(bytes);
        if entry.linked {
            self.bytes = self.bytes - entry.bytes + charged;
        }
        entry.bytes = charged;
    }

    /// Takes the oldest context out of the order. Its entry stays until its [`Place`] is dropped.
    fn take_oldest(&mut self) -> Option<(u32, Shared)> {
        let index = self.oldest;
        self.unlink(index);
        let context = self.entries.get(index as usize)?.context.upgrade()?;
        Some((index, context))
    }

    /// Puts a context that was taken out back as the newest, unless it has given up its place.
    fn put_back(&mut self, index: u32, context: &Shared) {
        let entry = self.entries.get(index as usize);
        let is_its = |entry: &Entry| std::ptr::eq(entry.context.as_ptr(), Arc::as_ptr(context));
        if entry.is_some_and(|entry| !entry.linked && is_its(entry)) {
            self.link(index);
        }
    }

    fn remove(&mut self, index: u32) {
        self.unlink(index);
        if let Some(entry) = self.entries.get_mut(index as usize) {
            entry.context = Weak::new();
            entry.next = self.unused;
            self.unused = index;
        }
    }

    /// Makes an entry that is out of the order the newest.
    fn link(&mut self, index: u32) {
        let newest = self.newest;
        let Some(entry) = self.entries.get_mut(index as usize) else { return };
        (entry.previous, entry.next, entry.linked) = (newest, NONE, true);
        self.bytes = self.bytes.saturating_add(entry.bytes);
        self.number += 1;
        match self.entries.get_mut(newest as usize) {
            Some(newest) => newest.next = index,
            None => self.oldest = index,
        }
        self.newest = index;
    }

    /// Takes an entry out of the order, unless it is out already.
    fn unlink(&mut self, index: u32) {
        let Some(entry) = self.entries.get_mut(index as usize).filter(|entry| entry.linked) else {
            return;
        };
        entry.linked = false;
        let (previous, next, bytes) = (entry.previous, entry.next, entry.bytes);
        match self.entries.get_mut(previous as usize) {
            Some(previous) => previous.next = next,
            None => self.oldest = next,
        }
        match self.entries.get_mut(next as usize) {
            Some(next) => next.previous = previous,
            None => self.newest = previous,
        }
        self.number -= 1;
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use crate::server::Context;

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

    const NOW: FileTime = FileTime(1000);

    fn context() -> Shared {
        Arc::new(Lock::new(ContextObject::new(Context::Failed, NOW)))
    }

    /// `bytes` for the part.
    fn limits(bytes: u32) -> Limits {
        let (number, bytes) = (3 * PARTS as u32, bytes * PARTS as u32);
        Limits { half_open: number, half_open_bytes: bytes, ..Settings::default().limits }
    }

    fn add(part: &Mutex<Queue>, context: &Shared, bytes: usize, limits: &Limits) -> u32 {
        let add = |queue: &mut Queue| queue.add(Arc::downgrade(context), bytes, NOW).unwrap();
        make_room(part, (1, bytes), limits, NOW, add)
    }

    /// The entries, from the oldest on.
    fn order(part: &Mutex<Queue>) -> Vec<u32> {
        let queue = part.lock();
        let next = |at: &u32| queue.entries.get(*at as usize).map(|entry| entry.next);
        let order = std::iter::successors(Some(queue.oldest), next);
        let order: Vec<_> = order.take_while(|at| *at != NONE).collect();
        assert_eq!(order.len(), queue.number);
        order
    }

    #[test]
    fn a_context_in_a_call_is_as_the_newest() {
        let (part, limits) = (Mutex::new(Queue::new()), limits(1 << 20));
        let contexts: Vec<_> = (0..6).map(|_| context()).collect();
        let entries: Vec<_> =
            contexts[..3].iter().map(|context| add(&part, context, 10, &limits)).collect();
        let call = contexts[0].lock().unwrap();
        let fourth = add(&part, &contexts[3], 10, &limits);
        assert_eq!(order(&part), [entries[1], entries[2], fourth, entries[0]]);
        drop(call);
        // It is ended in its turn, however many have been since.
        let rest: Vec<_> =
            contexts[4..].iter().map(|context| add(&part, context, 10, &limits)).collect();
        assert_eq!(order(&part), [entries[0], rest[0], rest[1]]);
        // One that has given up its place meanwhile does not come back, nor does another there.
        let taken = part.lock().take_oldest().unwrap();
        part.lock().remove(taken.0);
        part.lock().put_back(taken.0, &taken.1);
        let reused = part.lock().add(Arc::downgrade(&contexts[1]), 10, NOW).unwrap();
        part.lock().unlink(reused);
        part.lock().put_back(reused, &taken.1);
        assert_eq!(order(&part), rest);
    }

    #[test]
    fn later_tokens_count() {
        let (part, limits) = (Mutex::new(Queue::new()), limits(1000));
        let contexts: Vec<_> = (0..3).map(|_| context()).collect();
        let entries: Vec<_> =
            contexts.iter().map(|context| add(&part, context, 100, &limits)).collect();
        let charge = |entry, bytes| {
            let charge = |queue: &mut Queue| queue.charge(entry, bytes);
            make_room(&part, (0, bytes), &limits, NOW, charge);
        };
        charge(entries[2], 700);
        assert_eq!(order(&part), entries);
        charge(entries[2], 1);
        assert_eq!((order(&part), part.lock().bytes), (entries[1..].to_vec(), 901));
        part.lock().remove(entries[2]);
        assert_eq!((order(&part), part.lock().bytes), (vec![entries[1]], 100));
    }
}
