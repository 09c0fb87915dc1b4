//! SIDs for Win32 structures: pointers into memory that lives as long as the structures.

use crate::principal::SidAndAttributes;
use crate::types::sid::Sid;
use std::mem::offset_of;
use windows_sys::Win32::Security::{PSID, SID_AND_ATTRIBUTES, TOKEN_GROUPS};

/// Octets, a multiple of four of them, in words, and so aligned.
pub(crate) fn words(octets: &[u8]) -> Vec<u32> {
    octets.as_chunks().0.iter().map(|octets| u32::from_ne_bytes(*octets)).collect()
}

/// A SID in its binary form.
pub(crate) struct SidBuffer(Vec<u32>);

impl SidBuffer {
    pub(crate) fn new(sid: &Sid) -> SidBuffer {
        SidBuffer(words(&sid.to_bytes()))
    }

    /// Valid while `self` is borrowed. Win32 does not write through it.
    pub(crate) fn pointer(&self) -> PSID {
        self.0.as_ptr().cast_mut().cast()
    }
}

/// SIDs with attributes.
pub(crate) struct List {
    sids: Vec<SidBuffer>,
    attributes: Vec<u32>,
}

impl List {
    pub(crate) fn new(groups: impl Iterator<Item = SidAndAttributes>) -> List {
        let (sids, attributes) =
            groups.map(|group| (SidBuffer::new(&group.sid), group.attributes)).unzip();
        List { sids, attributes }
    }

    /// An array of them. Valid while `self` is borrowed.
    pub(crate) fn entries(&self) -> Vec<SID_AND_ATTRIBUTES> {
        let entry = |(sid, &attributes): (&SidBuffer, &u32)| SID_AND_ATTRIBUTES {
            Sid: sid.pointer(),
            Attributes: attributes,
        };
        self.sids.iter().zip(&self.attributes).map(entry).collect()
    }

    /// TOKEN_GROUPS: their number, and the array behind it; each number in as many bytes as a
    /// pointer. Valid while `self` is borrowed.
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
