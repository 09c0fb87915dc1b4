//! What a token tells of its client besides the local account.

use super::Token;
use crate::types::sid::Sid;

impl Token {
    /// The client's SID; `None` if nobody has told one and there is no machine SID to make one of.
    pub fn sid(&self) -> Option<Sid> {
        self.subject.sids.as_ref().map(|sids| sids.user)
    }

    /// The SIDs of the groups that the client is in, as far as they count: enabled, and not for
    /// denying only.
    pub fn group_sids(&self) -> Vec<Sid> {
        let groups = self.subject.sids.iter().flat_map(|sids| &sids.groups);
        groups.filter(|group| group.counts()).map(|group| group.sid).collect()
    }

    /// Where each fact comes from, a line for each.
    pub fn origins(&self) -> String {
        let origins = &self.subject.principal.origins;
        let (logon, name, facts) = (origins.logon, origins.name, origins.info);
        let sid = self.subject.sids.as_ref().map_or(origins.sid, |sids| sids.origin);
        format!(
            "logon={logon}\nname={name}\nsid={sid}\ngroups={facts}\naccount={}\n",
            self.account.found_by
        )
    }
}
