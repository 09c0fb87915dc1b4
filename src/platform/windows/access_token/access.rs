//! Access control lists of a token, and of objects created under it: [MS-DTYP] 2.4.4 to 2.4.6.

use super::sids::words;
use crate::types::sid::Sid;
use windows_sys::Win32::Foundation::GENERIC_ALL;

/// An access control list, in words: all rights for these accounts and the system.
pub(crate) fn list(sids: &[Sid]) -> Vec<u32> {
    words(&octets(sids))
}

/// A security descriptor in one piece, in words, with that list.
pub(crate) fn descriptor(sids: &[Sid]) -> Vec<u32> {
    const SE_DACL_PRESENT: u16 = 4;
    const SE_SELF_RELATIVE: u16 = 0x8000;
    const HEADER: u32 = 20;
    // Revision, zero, control; offsets of owner, group, SACL and DACL, of which only the last is
    // present.
    let mut descriptor = vec![1, 0];
    descriptor.extend((SE_DACL_PRESENT | SE_SELF_RELATIVE).to_le_bytes());
    descriptor.extend([0, 0, 0, HEADER].iter().flat_map(|offset| offset.to_le_bytes()));
    descriptor.append(&mut octets(sids));
    words(&descriptor)
}

fn octets(sids: &[Sid]) -> Vec<u8> {
    let mut trustees: Vec<Sid> = sids.iter().copied().chain(Sid::new(5, &[18])).collect();
    trustees.dedup();
    let mut entries = Vec::new();
    for sid in &trustees {
        // ACCESS_ALLOWED_ACE, no flags, its size.
        entries.extend([0, 0]);
        entries.extend((8 + sid.byte_length() as u16).to_le_bytes());
        entries.extend(GENERIC_ALL.to_le_bytes());
        sid.write_to(&mut entries);
    }
    // Revision, zero, size, number of entries, zero.
    let mut list = vec![2, 0];
    list.extend((8 + entries.len() as u16).to_le_bytes());
    list.extend((trustees.len() as u16).to_le_bytes());
    list.extend([0, 0]);
    list.append(&mut entries);
    list
}
