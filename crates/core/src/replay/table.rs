//! A set of 16-byte identities: open addressing with linear probing, no other data.

/// The key of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    /// A keyed hash of the tag, never 0; determines the slot.
    hash: u64,
    /// The first eight bytes of the tag.
    tag: u64,
}

impl Identity {
    pub(crate) fn new(hash: u64, tag: u64) -> Identity {
        Identity { hash: hash.max(1), tag }
    }

    pub(crate) fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let (hash, tag) = bytes.split_at_mut(8);
        hash.copy_from_slice(&self.hash.to_ne_bytes());
        tag.copy_from_slice(&self.tag.to_ne_bytes());
        bytes
    }
}

const EMPTY: Identity = Identity { hash: 0, tag: 0 };

/// The number of slots of the smallest table.
const FEWEST: usize = 8;

#[derive(Debug, Default)]
pub(crate) struct Table {
    slots: Vec<Identity>,
    used: usize,
}

/// The result of an insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inserted {
    New,
    /// It was in the table already.
    Present,
    /// Memory is exhausted.
    NoMemory,
}

impl Table {
    /// The number of identities.
    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// The memory in use, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Identity>()
    }

    pub(crate) fn contains(&self, identity: Identity) -> bool {
        self.find(identity).is_some_and(|at| self.slots.get(at) == Some(&identity))
    }

    pub(crate) fn insert(&mut self, identity: Identity) -> Inserted {
        if self.contains(identity) {
            return Inserted::Present;
        }
        // At a load of 4/5, a failed search probes about 13 slots: two or three cache lines.
        if (self.used + 1) * 5 > self.slots.len() * 4 && !self.grow() {
            return Inserted::NoMemory;
        }
        self.place(identity);
        self.used += 1;
        Inserted::New
    }

    /// Removes an identity, if present.
    pub(crate) fn remove(&mut self, identity: Identity) {
        let Some(mut hole) =
            self.find(identity).filter(|&at| self.slots.get(at) == Some(&identity))
        else {
            return;
        };
        self.used -= 1;
        // Move later entries of the run up, so that no search stops at the hole.
        let mut at = hole;
        loop {
            at = self.after(at);
            let here = self.slots[at];
            if here == EMPTY {
                break;
            }
            let home = self.home(here);
            let stays =
                if hole <= at { hole < home && home <= at } else { hole < home || home <= at };
            if !stays {
                self.slots[hole] = here;
                hole = at;
            }
        }
        self.slots[hole] = EMPTY;
    }

    /// The slot of the identity, or the empty slot where its search ends; `None` for a table
    /// without slots.
    fn find(&self, identity: Identity) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let mut at = self.home(identity);
        while self.slots[at] != identity && self.slots[at] != EMPTY {
            at = self.after(at);
        }
        Some(at)
    }

    fn place(&mut self, identity: Identity) {
        if let Some(at) = self.find(identity) {
            self.slots[at] = identity;
        }
    }

    fn home(&self, identity: Identity) -> usize {
        ((u128::from(identity.hash) * self.slots.len() as u128) >> 64) as usize
    }

    fn after(&self, at: usize) -> usize {
        if at + 1 == self.slots.len() { 0 } else { at + 1 }
    }

    /// Grows by half; `false` if memory is exhausted.
    fn grow(&mut self) -> bool {
        let length = (self.slots.len() + self.slots.len() / 2).max(FEWEST);
        let mut slots = Vec::new();
        if slots.try_reserve_exact(length).is_err() {
            return false;
        }
        slots.resize(length, EMPTY);
        let old = std::mem::replace(&mut self.slots, slots);
        old.into_iter()
            .filter(|&identity| identity != EMPTY)
            .for_each(|identity| self.place(identity));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Compares with the standard library's set, with colliding hashes that wrap at the table's
    /// end.
    #[test]
    fn it_is_a_set() {
        let (mut table, mut set) = (Table::default(), HashSet::new());
        let mut state = 1u64;
        for step in 0..200_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let number = state >> 33;
            // Few distinct hashes, most of them for the last slots.
            let hash =
                if number.is_multiple_of(3) { u64::MAX - number % 5 } else { (number % 50) << 58 };
            let identity = Identity::new(hash, number / 64 % 40);
            let key = (hash.max(1), number / 64 % 40);
            // First grow by insertion, then shrink by removal.
            if !(number / 4096).is_multiple_of(if step < 100_000 { 3 } else { 2 }) {
                assert_eq!(table.insert(identity) == Inserted::New, set.insert(key));
            } else {
                table.remove(identity);
                set.remove(&key);
            }
            assert_eq!(table.len(), set.len());
            assert_eq!(table.contains(identity), set.contains(&key));
        }
        assert!(set.len() > 100);
        for (hash, tag) in set.drain() {
            assert!(table.contains(Identity::new(hash, tag)));
            table.remove(Identity::new(hash, tag));
            assert!(!table.contains(Identity::new(hash, tag)));
        }
        assert_eq!(table.len(), 0);
        assert!(table.slots.iter().all(|&slot| slot == EMPTY));
    }
}
