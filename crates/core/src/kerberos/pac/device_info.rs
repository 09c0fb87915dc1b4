//! PAC_DEVICE_INFO, [MS-PAC] 2.12: the groups of the client's machine.

use super::groups::{ExtraSids, GroupMemberships};
use crate::encoding::ndr::reader::Reader;
use crate::principal::SidAndAttributes;
use crate::types::allocation;
use crate::types::error::{Error, Result};
use crate::types::sid::Sid;

/// The client's machine.
#[derive(Debug, Clone)]
pub struct DeviceInfo<'a> {
    /// UserId: the account's relative identifier in AccountDomainId.
    pub user_id: u32,
    /// PrimaryGroupId: a relative identifier in AccountDomainId.
    pub primary_group_id: u32,
    /// AccountDomainId
    pub account_domain_id: Option<Sid>,
    /// AccountGroupIds: groups of AccountDomainId.
    pub account_group_ids: GroupMemberships<'a>,
    /// ExtraSids: groups outside domains.
    pub extra_sids: ExtraSids<'a>,
    /// DomainGroup: groups of other domains.
    pub domain_groups: Vec<DomainGroups<'a>>,
}

/// DOMAIN_GROUP_MEMBERSHIP, [MS-PAC] 2.2.3.
#[derive(Debug, Clone, Copy)]
pub struct DomainGroups<'a> {
    /// DomainId
    pub domain_id: Option<Sid>,
    /// GroupIds
    pub group_ids: GroupMemberships<'a>,
}

impl<'a> DeviceInfo<'a> {
    /// Parses the buffer.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub(super) fn parse(contents: &'a [u8]) -> Result<DeviceInfo<'a>> {
        let mut reader = Reader::type_serialized(contents)?;
        let r = &mut reader;
        r.pointer()?.required()?;
        let user_id = r.u32()?;
        let primary_group_id = r.u32()?;
        let account_domain_id = r.pointer()?;
        let account_group_count = r.u32()?;
        let account_group_ids = r.pointer()?;
        let sid_count = r.u32()?;
        let extra_sids = r.pointer()?;
        let domain_group_count = r.u32()?;
        let domain_groups = r.pointer()?;
        Ok(DeviceInfo {
            user_id,
            primary_group_id,
            account_domain_id: account_domain_id.read(|| r.sid())?,
            account_group_ids: GroupMemberships::read(r, account_group_ids, account_group_count)?,
            extra_sids: ExtraSids::read(r, extra_sids, sid_count)?,
            domain_groups: match domain_groups
                .read(|| domain_groups_array(r, domain_group_count))?
            {
                Some(groups) => groups,
                None if domain_group_count == 0 => Vec::new(),
                None => return Err(Error::InvalidToken("PAC: groups of a device are missing")),
            },
        })
    }

    /// All groups: the primary group, those of the account's domain, those outside domains, those
    /// of other domains.
    pub fn groups(&self) -> impl Iterator<Item = SidAndAttributes> + use<'_, 'a> {
        let others =
            self.domain_groups.iter().flat_map(|groups| groups.group_ids.sids(groups.domain_id));
        self.account_group_ids
            .sids(self.account_domain_id)
            .chain(self.extra_sids.iter())
            .chain(others)
    }
}

fn domain_groups_array<'a>(r: &mut Reader<'a>, count: u32) -> Result<Vec<DomainGroups<'a>>> {
    let mut entries = Reader::new(r.conformant(count, 12, 4)?);
    // The buffer holds that many entries; their referents follow all of them.
    let mut groups = allocation::vec(count as usize)?;
    for _ in 0..count {
        let domain_id = entries.pointer()?;
        let group_count = entries.u32()?;
        let group_ids = entries.pointer()?;
        groups.push(DomainGroups {
            domain_id: domain_id.read(|| r.sid())?,
            group_ids: GroupMemberships::read(r, group_ids, group_count)?,
        });
    }
    Ok(groups)
}
