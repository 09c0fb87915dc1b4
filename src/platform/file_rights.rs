//! Who besides its owner may use a file, by the entries of its access control list ([MS-DTYP]
//! 2.4.4, 2.4.5).

use crate::types::sid::Sid;

/// An entry that allows something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowed {
    /// It is for files in a folder, and not for the folder (INHERIT_ONLY_ACE).
    pub(crate) inherit_only: bool,
    /// ACCESS_MASK
    pub(crate) mask: u32,
    /// To whom.
    pub(crate) sid: Sid,
}

/// Rights with which the content can be read or changed, or the list: FILE_READ_DATA,
/// FILE_WRITE_DATA, FILE_APPEND_DATA, WRITE_DAC, WRITE_OWNER, GENERIC_READ, GENERIC_WRITE,
/// GENERIC_ALL.
const TO_CONTENT: u32 =
    0x1 | 0x2 | 0x4 | 0x4_0000 | 0x8_0000 | 0x8000_0000 | 0x4000_0000 | 0x1000_0000;

/// SYSTEM, Administrators, OWNER RIGHTS: who has them has every file.
const TRUSTED: [&str; 3] = ["S-1-5-18", "S-1-5-32-544", "S-1-3-4"];

/// One service (`NT SERVICE\NAME`), to which an administrator has given the file.
fn is_service(sid: &str) -> bool {
    sid.starts_with("S-1-5-80-") && sid != "S-1-5-80-0"
}

/// Others than SYSTEM, administrators, one service and `own` (the owner, the process' user) may
/// read or write the file. Entries that deny are not considered: what they forbid to some, they leave to others.
pub(crate) fn is_open_to_others(allowed: &[Allowed], own: &[Sid]) -> bool {
    let trusted = |sid: &Sid| {
        let text = sid.to_string();
        own.contains(sid) || TRUSTED.contains(&&*text) || is_service(&text)
    };
    allowed
        .iter()
        .any(|entry| !entry.inherit_only && entry.mask & TO_CONTENT != 0 && !trusted(&entry.sid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_than_owner_system_and_administrators_are_noticed() {
        let owner: Sid = "S-1-5-21-1-2-3-1104".parse().unwrap();
        let entry =
            |sid: &str, mask: u32| Allowed { inherit_only: false, mask, sid: sid.parse().unwrap() };
        // FILE_ALL_ACCESS, FILE_GENERIC_READ, READ_CONTROL | SYNCHRONIZE.
        const ALL: u32 = 0x1f_01ff;
        const READ: u32 = 0x12_0089;
        let good = [
            entry("S-1-5-18", ALL),
            entry("S-1-5-32-544", ALL),
            entry("S-1-5-21-1-2-3-1104", ALL),
            entry("S-1-5-80-1-2-3-4-5", READ),
            entry("S-1-5-32-545", 0x12_0000),
            Allowed { inherit_only: true, ..entry("S-1-1-0", ALL) },
        ];
        assert!(!is_open_to_others(&good, &[owner]));
        // Users, Everyone, Authenticated Users, another account; generic rights; rights to change
        // the list.
        for (sid, mask) in [
            ("S-1-5-32-545", READ),
            ("S-1-5-80-0", READ),
            ("S-1-1-0", 0x1),
            ("S-1-5-11", 0x8000_0000),
            ("S-1-5-21-1-2-3-1105", 0x2),
            ("S-1-5-32-545", 0x4_0000),
        ] {
            assert!(is_open_to_others(&[good[0], entry(sid, mask)], &[owner]), "{sid} {mask:x}");
        }
        assert!(is_open_to_others(&good, &[]));
    }
}
