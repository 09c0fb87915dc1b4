//! The group lists of KERB_VALIDATION_INFO and PAC_DEVICE_INFO.

use crate::encoding::ndr::reader::{Pointer, Reader};
use crate::principal::SidAndAttributes;
use crate::types::error::Result;
use crate::types::sid::Sid;

/// A group of the associated domain: GROUP_MEMBERSHIP, [MS-PAC] 2.2.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupMembership {
    /// RelativeId
    pub rid: u32,
    /// Attributes: [`attributes`](crate::principal::attributes).
    pub attributes: u32,
}

/// An array of GROUP_MEMBERSHIP.
#[derive(Debug, Clone, Copy, Default)]
pub struct GroupMemberships<'a> {
    entries: &'a [[u8; 8]],
}

impl<'a> GroupMemberships<'a> {
    /// Reads the referent of `pointer`, an array of `count` elements.
    pub(super) fn read(
        reader: &mut Reader<'a>,
        pointer: Pointer,
        count: u32,
    ) -> Result<GroupMemberships<'a>> {
        if !pointer.is_present() && count == 0 {
            return Ok(GroupMemberships::default());
        }
        pointer.required()?;
        Ok(GroupMemberships { entries: reader.conformant(count, 8, 4)?.as_chunks().0 })
    }

    /// The number of groups.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no groups.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The groups, in order.
    pub fn iter(&self) -> impl Iterator<Item = GroupMembership> + use<'a> {
        self.entries.iter().map(|&[a, b, c, d, attributes @ ..]| GroupMembership {
            rid: u32::from_le_bytes([a, b, c, d]),
            attributes: u32::from_le_bytes(attributes),
        })
    }

    /// The SIDs of the groups in `domain`. None for a domain SID without room for a relative
    /// identifier.
    pub fn sids(&self, domain: Option<Sid>) -> impl Iterator<Item = SidAndAttributes> + use<'a> {
        self.iter().filter_map(move |group| {
            Some(SidAndAttributes {
                sid: domain?.with_rid(group.rid)?,
                attributes: group.attributes,
            })
        })
    }
}

/// An array of KERB_SID_AND_ATTRIBUTES: pointers and attributes, followed by the referents.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExtraSids<'a> {
    entries: &'a [[u8; 8]],
    /// The SIDs in NDR, validated.
    sids: &'a [u8],
}

impl<'a> ExtraSids<'a> {
    /// Reads the referent of `pointer`, an array of `count` elements.
    pub(super) fn read(
        reader: &mut Reader<'a>,
        pointer: Pointer,
        count: u32,
    ) -> Result<ExtraSids<'a>> {
        if !pointer.is_present() && count == 0 {
            return Ok(ExtraSids::default());
        }
        pointer.required()?;
        let entries = reader.conformant(count, 8, 4)?.as_chunks().0;
        // A SID consists of longs, so the next one follows without padding.
        reader.align(4);
        let sids = reader.rest();
        for entry in entries {
            Reader::new(entry).pointer()?.required()?;
            reader.sid()?;
        }
        Ok(ExtraSids { entries, sids })
    }

    /// The number of SIDs.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no SIDs.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The SIDs, in order.
    pub fn iter(&self) -> impl Iterator<Item = SidAndAttributes> + use<'a> {
        let mut sids = Reader::new(self.sids);
        // `read` has ruled out errors.
        self.entries.iter().map_while(move |&[_, _, _, _, attributes @ ..]| {
            Some(SidAndAttributes {
                sid: sids.sid().ok()?,
                attributes: u32::from_le_bytes(attributes),
            })
        })
    }
}
