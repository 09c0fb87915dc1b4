//! A client's SIDs.

use crate::access_token::Config;
use crate::mechanism::Mechanism;
use crate::principal::{AccountInfo, Origin, Principal, SidAndAttributes, attributes, well_known};
use crate::stores::derived_sid;
use crate::types::allocation;
use crate::types::error::{Error, Result};
use crate::types::sid::Sid;
use std::collections::HashSet;

/// A client's SIDs, as its token contains them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sids {
    /// The client's own.
    pub user: Sid,
    /// Who supplied it.
    pub origin: Origin,
    /// Its primary group; one of `groups`.
    pub primary_group: Sid,
    /// Its groups, each once: those of its account, then the well-known ones of its kind of logon.
    /// Groups that only the machine itself may assign are not accepted from a domain.
    pub groups: Vec<SidAndAttributes>,
    /// The number of the account's groups.
    of_account: usize,
}

/// DOMAIN_GROUP_RID_USERS ([MS-DTYP] 2.4.2.4), on a machine outside a domain its group `None`.
const USERS_RID: u32 = 513;

impl Sids {
    /// The SIDs of a client authenticated by `mechanism`; `None` if no authority supplied its SID
    /// and there is no machine SID to derive it from.
    pub fn of(client: &Principal, mechanism: Mechanism, config: &Config) -> Result<Option<Sids>> {
        if client.anonymous {
            let user = well_known::anonymous_logon();
            let groups = vec![SidAndAttributes {
                sid: well_known::network(),
                attributes: attributes::MEMBER,
            }];
            return Ok(Some(Sids {
                user,
                origin: Origin::Nobody,
                primary_group: well_known::network(),
                groups,
                of_account: 0,
            }));
        }
        let facts = client.account.as_deref();
        // What no domain may send ([MS-PAC] 4.1.2.2, the boundary of a member).
        let own = config.machine_sid.own_sids();
        let of_machine = |sid: &Sid| well_known::of_machine(sid) || own.contain(sid);
        let Some((user, origin)) = user(client, facts, config, of_machine) else {
            return Ok(None);
        };
        let admissible = |sid: &Sid| !(client.origins.info.is_domains() && of_machine(sid));
        // With room for the common ones.
        let most = facts.map_or(0, |facts| facts.groups.len()) + 8;
        let mut seen = HashSet::new();
        seen.try_reserve(most).map_err(|_| Error::OutOfMemory)?;
        let of_account =
            facts.iter().flat_map(|facts| &facts.groups).filter(|group| admissible(&group.sid));
        let of_account = of_account.filter(|group| seen.insert(group.sid)).copied();
        let mut groups = allocation::collect(of_account, most)?;
        let of_account = groups.len();
        let primary_group =
            facts.and_then(|facts| facts.primary_group).filter(admissible).unwrap_or_else(|| {
                let own = config.own.contain(client).then(|| config.machine_sid.get());
                own.flatten()
                    .and_then(|machine| machine.with_rid(USERS_RID))
                    .unwrap_or_else(well_known::users)
            });
        let common = [
            primary_group,
            well_known::everyone(),
            well_known::users(),
            well_known::network(),
            well_known::authenticated_users(),
            well_known::this_organization(),
        ];
        let common = common
            .into_iter()
            .chain((mechanism == Mechanism::Ntlm).then(well_known::ntlm_authentication));
        let members = common.filter(|sid| seen.insert(*sid));
        groups.extend(members.map(|sid| SidAndAttributes { sid, attributes: attributes::MEMBER }));
        Ok(Some(Sids { user, origin, primary_group, groups, of_account }))
    }

    /// The account's groups only.
    pub fn account_groups(&self) -> &[SidAndAttributes] {
        self.groups.get(..self.of_account).unwrap_or_default()
    }
}

/// The client's own SID, and who supplied it.
fn user(
    client: &Principal,
    facts: Option<&AccountInfo>,
    config: &Config,
    of_machine: impl Fn(&Sid) -> bool,
) -> Option<(Sid, Origin)> {
    if let Some(sid) = facts.and_then(|facts| facts.sid) {
        // No token for a SID from a domain that only the machine itself may assign.
        return (!(client.origins.sid.is_domains() && of_machine(&sid)))
            .then_some((sid, client.origins.sid));
    }
    let machine = config.machine_sid.get()?;
    let sid = match &client.native {
        _ if config.own.contain(client) => derived_sid::of_user(&machine, &client.user),
        // Independent of name mapping.
        Some(principal) => derived_sid::of_kerberos(&machine, principal),
        None => derived_sid::of_domain_user(&machine, &client.domain, &client.user),
    };
    Some((sid?, Origin::Derived))
}
