//! Groups of an account.

use crate::types::sid::Sid;

/// Attributes of a group: [MS-PAC] 2.2.1.
pub mod attributes {
    /// SE_GROUP_MANDATORY
    pub const MANDATORY: u32 = 1;
    /// SE_GROUP_ENABLED_BY_DEFAULT
    pub const ENABLED_BY_DEFAULT: u32 = 2;
    /// SE_GROUP_ENABLED
    pub const ENABLED: u32 = 4;
    /// The attributes of an ordinary group membership in a token.
    pub const MEMBER: u32 = MANDATORY | ENABLED_BY_DEFAULT | ENABLED;
    /// SE_GROUP_USE_FOR_DENY_ONLY
    pub const USE_FOR_DENY_ONLY: u32 = 0x10;
    /// SE_GROUP_RESOURCE: a group of the resource's domain
    pub const RESOURCE: u32 = 0x2000_0000;
}

/// A group of any domain: KERB_SID_AND_ATTRIBUTES, [MS-PAC] 2.2.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SidAndAttributes {
    /// Sid
    pub sid: Sid,
    /// Attributes: [`attributes`].
    pub attributes: u32,
}

impl SidAndAttributes {
    /// Whether the group grants rights: it is enabled, and not deny-only.
    pub fn counts(&self) -> bool {
        self.attributes & attributes::ENABLED != 0
            && self.attributes & attributes::USE_FOR_DENY_ONLY == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SE_GROUP_ENABLED and SE_GROUP_USE_FOR_DENY_ONLY of TOKEN_GROUPS.
    #[test]
    fn only_an_enabled_group_grants_rights() {
        let sid: Sid = "S-1-5-21-1-2-3-513".parse().unwrap();
        for (attributes, counts) in [
            (attributes::MEMBER, true),
            (attributes::ENABLED, true),
            (attributes::MEMBER | attributes::RESOURCE, true),
            (attributes::MANDATORY | attributes::ENABLED_BY_DEFAULT, false),
            (attributes::USE_FOR_DENY_ONLY, false),
            (attributes::MEMBER | attributes::USE_FOR_DENY_ONLY, false),
            (0, false),
        ] {
            assert_eq!(SidAndAttributes { sid, attributes }.counts(), counts, "{attributes:#x}");
        }
    }
}
