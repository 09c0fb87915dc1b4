//! What a token tells of its client besides the local account.

use super::Token;
use crate::principal::{Origin, Principal, attributes};
use crate::sid::Sid;

/// The client's SID, and who says so.
pub(super) fn sid(principal: &Principal) -> Option<(Sid, Origin)> {
    let sid = principal.account.as_ref()?.sid?;
    Some((sid, principal.origins.sid))
}

/// The SIDs of the groups that count: enabled, and not for denying only.
fn group_sids(principal: &Principal) -> Vec<Sid> {
    let counts = |bits: u32| bits & attributes::ENABLED != 0 && bits & attributes::USE_FOR_DENY_ONLY == 0;
    let groups = principal.account.iter().flat_map(|account| account.groups.iter());
    groups.filter(|group| counts(group.attributes)).map(|group| group.sid).collect()
}

impl Token {
    /// The client's SID, if anybody has told one.
    pub fn sid(&self) -> Option<Sid> {
        sid(&self.subject.principal).map(|(sid, _)| sid)
    }

    /// The SIDs of the client's groups, as far as they count.
    pub fn group_sids(&self) -> Vec<Sid> {
        group_sids(&self.subject.principal)
    }

    /// Where each fact comes from, a line for each.
    pub fn origins(&self) -> String {
        let origins = &self.subject.principal.origins;
        let (logon, name, sid, facts) = (origins.logon, origins.name, origins.sid, origins.facts);
        format!("logon={logon}\nname={name}\nsid={sid}\ngroups={facts}\naccount={}\n", self.account.found_by)
    }
}
