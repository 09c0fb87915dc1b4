//! The SIDs that a client goes by.

use super::{AccountFacts, Origin, Principal, SidAndAttributes, attributes, derived, well_known};
use crate::authority::names;
use crate::config::Settings;
use crate::mechanism::Mechanism;
use crate::sid::Sid;

/// The SIDs that a client goes by: what a token of it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sids {
    /// The client's own.
    pub user: Sid,
    /// Where it is from.
    pub origin: Origin,
    /// Its primary group; one of `groups`.
    pub primary_group: Sid,
    /// The groups that it is in, each once: those of its account, then those that everybody is in who comes this way.
    pub groups: Vec<SidAndAttributes>,
}

/// As a token has the groups that its user is simply in.
const MEMBER: u32 = attributes::MANDATORY | attributes::ENABLED_BY_DEFAULT | attributes::ENABLED;

/// DOMAIN_GROUP_RID_USERS ([MS-DTYP] 2.4.2.4), on a machine outside a domain its group `None`.
const USERS_RID: u32 = 513;

impl Sids {
    /// The SIDs of a client who has come by `mechanism`; `None` if nobody has told its SID and there is no machine SID to make
    /// one of.
    pub fn of(client: &Principal, mechanism: Mechanism, settings: &Settings) -> Option<Sids> {
        if client.anonymous {
            let user = well_known::anonymous_logon();
            let groups = vec![SidAndAttributes { sid: well_known::network(), attributes: MEMBER }];
            return Some(Sids { user, origin: Origin::Nobody, primary_group: well_known::network(), groups });
        }
        let facts = client.account.as_deref();
        let (user, origin) = user(client, facts, settings)?;
        let mut groups: Vec<SidAndAttributes> = facts.map(|facts| facts.groups.to_vec()).unwrap_or_default();
        let mut add = |sid: Sid| {
            if !groups.iter().any(|group| group.sid == sid) {
                groups.push(SidAndAttributes { sid, attributes: MEMBER });
            }
        };
        let primary_group = facts.and_then(|facts| facts.primary_group).unwrap_or_else(|| {
            let own = settings.accounts.is_own(client, settings).then(|| settings.accounts.machine_sid.get());
            own.flatten().and_then(|machine| machine.with_rid(USERS_RID)).unwrap_or_else(well_known::users)
        });
        add(primary_group);
        for sid in [
            well_known::everyone(),
            well_known::users(),
            well_known::network(),
            well_known::authenticated_users(),
            well_known::this_organization(),
        ] {
            add(sid);
        }
        if mechanism == Mechanism::Ntlm {
            add(well_known::ntlm_authentication());
        }
        Some(Sids { user, origin, primary_group, groups })
    }
}

/// The client's own SID, and who says so.
fn user(client: &Principal, facts: Option<&AccountFacts>, settings: &Settings) -> Option<(Sid, Origin)> {
    if let Some(sid) = facts.and_then(|facts| facts.sid) {
        return Some((sid, client.origins.sid));
    }
    let machine = settings.accounts.machine_sid.get()?;
    let sid = match &client.native {
        _ if settings.accounts.is_own(client, settings) => derived::of_user(&machine, &client.user),
        // Whatever it has been renamed to.
        Some(principal) => derived::of_kerberos(&machine, principal),
        None => derived::of_domain_user(&machine, &client.domain, &client.user),
    };
    Some((sid?, Origin::Derived))
}

impl crate::config::Accounts {
    /// The client is a user of this machine's own: by its domain, which is the accounts' or the machine's, or because a rule of
    /// the configuration gives it a name without one.
    pub fn is_own(&self, client: &Principal, settings: &Settings) -> bool {
        let domain = match client.origins.name {
            Origin::AccountFile => return true,
            Origin::NameMapping if client.domain.is_empty() => return true,
            _ => &client.domain,
        };
        match &self.domain {
            Some(ours) => names::same(ours, domain),
            None => names::same(&settings.server.nb_computer, domain),
        }
    }
}
