//! The SIDs that a client goes by.

use crate::config::Settings;
use crate::mechanism::Mechanism;
use crate::principal::{AccountInfo, Origin, Principal, SidAndAttributes, attributes, well_known};
use crate::stores::derived_sid;
use crate::types::sid::Sid;
use std::collections::HashSet;

/// The SIDs that a client goes by: what a token of it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sids {
    /// The client's own.
    pub user: Sid,
    /// Where it is from.
    pub origin: Origin,
    /// Its primary group; one of `groups`.
    pub primary_group: Sid,
    /// The groups that it is in, each once: those of its account, then those that everybody is in
    /// who comes this way. What a domain says that is the machine's own to say is not among them.
    pub groups: Vec<SidAndAttributes>,
    /// How many of them are the account's.
    of_account: usize,
}

/// DOMAIN_GROUP_RID_USERS ([MS-DTYP] 2.4.2.4), on a machine outside a domain its group `None`.
const USERS_RID: u32 = 513;

impl Sids {
    /// The SIDs of a client who has come by `mechanism`; `None` if nobody has told its SID and
    /// there is no machine SID to make one of.
    pub fn of(client: &Principal, mechanism: Mechanism, settings: &Settings) -> Option<Sids> {
        if client.anonymous {
            let user = well_known::anonymous_logon();
            let groups = vec![SidAndAttributes {
                sid: well_known::network(),
                attributes: attributes::MEMBER,
            }];
            return Some(Sids {
                user,
                origin: Origin::Nobody,
                primary_group: well_known::network(),
                groups,
                of_account: 0,
            });
        }
        let facts = client.account.as_deref();
        let (user, origin) = user(client, facts, settings)?;
        let admissible =
            |sid: &Sid| !(client.origins.info.is_domains() && well_known::of_machine(sid));
        let mut seen = HashSet::new();
        let of_account =
            facts.iter().flat_map(|facts| &facts.groups).filter(|group| admissible(&group.sid));
        let mut groups: Vec<SidAndAttributes> =
            of_account.filter(|group| seen.insert(group.sid)).copied().collect();
        let of_account = groups.len();
        let primary_group =
            facts.and_then(|facts| facts.primary_group).filter(admissible).unwrap_or_else(|| {
                let own = settings
                    .own_accounts()
                    .contain(client)
                    .then(|| settings.accounts.machine_sid.get());
                own.flatten()
                    .and_then(|machine| machine.with_rid(USERS_RID))
                    .unwrap_or_else(well_known::users)
            });
        let everybodys = [
            primary_group,
            well_known::everyone(),
            well_known::users(),
            well_known::network(),
            well_known::authenticated_users(),
            well_known::this_organization(),
        ];
        let everybodys = everybodys
            .into_iter()
            .chain((mechanism == Mechanism::Ntlm).then(well_known::ntlm_authentication));
        let members = everybodys.filter(|sid| seen.insert(*sid));
        groups.extend(members.map(|sid| SidAndAttributes { sid, attributes: attributes::MEMBER }));
        Some(Sids { user, origin, primary_group, groups, of_account })
    }

    /// The groups of the account alone.
    pub fn account_groups(&self) -> &[SidAndAttributes] {
        self.groups.get(..self.of_account).unwrap_or_default()
    }
}

/// The client's own SID, and who says so.
fn user(
    client: &Principal,
    facts: Option<&AccountInfo>,
    settings: &Settings,
) -> Option<(Sid, Origin)> {
    if let Some(sid) = facts.and_then(|facts| facts.sid) {
        // A domain that calls its user by the machine's own name for somebody gets no token for
        // him.
        return (!(client.origins.sid.is_domains() && well_known::of_machine(&sid)))
            .then_some((sid, client.origins.sid));
    }
    let machine = settings.accounts.machine_sid.get()?;
    let sid = match &client.native {
        _ if settings.own_accounts().contain(client) => {
            derived_sid::of_user(&machine, &client.user)
        }
        // Whatever it has been renamed to.
        Some(principal) => derived_sid::of_kerberos(&machine, principal),
        None => derived_sid::of_domain_user(&machine, &client.domain, &client.user),
    };
    Some((sid?, Origin::Derived))
}
