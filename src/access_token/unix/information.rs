//! What can be read of a token besides the local account.

use super::Token;
use crate::types::sid::Sid;

impl Token {
    /// The client's SID; `None` if no authority supplied one and there is no machine SID to derive
    /// it from.
    pub fn sid(&self) -> Option<Sid> {
        self.subject.sids.as_ref().map(|sids| sids.user)
    }

    /// The SIDs of the client's groups that are enabled and not for deny only.
    pub fn group_sids(&self) -> Vec<Sid> {
        self.subject.group_sids().collect()
    }

    /// The origin of each item, one per line.
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
