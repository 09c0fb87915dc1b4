//! SIDs as Win32's structures want them: pointers into memory that lasts as long as the structures.

use crate::principal::SidAndAttributes;
use crate::types::sid::Sid;
use std::mem::offset_of;
use windows_sys::Win32::Security::{PSID, SID_AND_ATTRIBUTES, TOKEN_GROUPS};

/// Octets, a multiple of four of them, aligned as what they stand for.
pub(crate) fn words(octets: &[u8]) -> Vec<u32> {
    octets.as_chunks().0.iter().map(|octets| u32::from_ne_bytes(*octets)).collect()
}

/// A SID in its binary form.
pub(crate) struct Persist(Vec<u32>);

impl Persist {
    pub(crate) fn new(sid: &Sid) -> Persist {
        Persist(words(&sid.to_bytes()))
    }

    /// Good while it is borrowed. Nobody writes through it.
    pub(crate) fn pointer(&self) -> PSID {
        self.0.as_ptr().cast_mut().cast()
    }
}

/// SIDs with attributes.
pub(crate) struct List {
    sids: Vec<Persist>,
    attributes: Vec<u32>,
}

impl List {
    pub(crate) fn new(groups: impl Iterator<Item = SidAndAttributes>) -> List {
        let (sids, attributes) =
            groups.map(|group| (Persist::new(&group.sid), group.attributes)).unzip();
        List { sids, attributes }
    }

    /// An array of them. Good while this is borrowed.
    pub(crate) fn entries(&self) -> Vec<SID_AND_ATTRIBUTES> {
        let entry = |(sid, &attributes): (&Persist, &u32)| SID_AND_ATTRIBUTES {
            Sid: sid.pointer(),
            Attributes: attributes,
        };
        self.sids.iter().zip(&self.attributes).map(entry).collect()
    }

    /// TOKEN_GROUPS: their number, and the array behind it; each number in as many bytes as a
    /// pointer. Good while this is borrowed.
    pub(crate) fn token_groups(&self) -> Vec<usize> {
        const { assert!(offset_of!(TOKEN_GROUPS, Groups) == size_of::<usize>()) };
        const { assert!(offset_of!(SID_AND_ATTRIBUTES, Attributes) == size_of::<usize>()) };
        const { assert!(size_of::<SID_AND_ATTRIBUTES>() == 2 * size_of::<usize>()) };
        let entries = self.sids.iter().zip(&self.attributes);
        let words = entries.flat_map(|(sid, &attributes)| {
            [sid.pointer().expose_provenance(), attributes as usize]
        });
        std::iter::once(self.sids.len()).chain(words).collect()
    }
}
