//! What a client's token is made from.

use super::config::Config;
use super::sids::Sids;
use crate::mechanism::Mechanism;
use crate::negotiate::Established;
use crate::platform::access_token::Level;
use crate::principal::Principal;
use crate::types::error::Result;
use crate::types::flags::ContextFlags;
use crate::types::sid::Sid;
use crate::types::time::FileTime;

/// The level that was agreed on: the client may have requested to be identified only
/// (NTLMSSP_NEGOTIATE_IDENTIFY, GSS_C_IDENTIFY_FLAG), or the server no more than that
/// (ASC_REQ_IDENTIFY).
fn level_of(flags: ContextFlags) -> Level {
    match flags {
        _ if flags.contains(ContextFlags::IDENTIFY) => Level::Identification,
        _ if flags.contains(ContextFlags::DELEGATE) => Level::Delegation,
        _ => Level::Impersonation,
    }
}

/// A client, with all that its token is made from.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Its identity.
    pub principal: Principal,
    /// Its SIDs; `None` if no authority supplied them and there is no machine SID to derive them
    /// from.
    pub sids: Option<Sids>,
    /// How far the server may act as it.
    pub level: Level,
    /// What authenticated it.
    pub mechanism: Mechanism,
    /// The server's name as the mechanism gave it: with Kerberos its principal, and so its realm.
    pub server_name: String,
    /// When the context expires, in UTC.
    pub expiry: FileTime,
    /// Unique to this logon within the process: TokenStatistics' AuthenticationId, where the system
    /// lets the caller choose it.
    pub logon_id: u64,
}

impl Subject {
    /// The SIDs of the client's groups that are enabled and not for deny only.
    pub fn group_sids(&self) -> impl Iterator<Item = Sid> {
        let groups = self.sids.iter().flat_map(|sids| &sids.groups);
        groups.filter(|group| group.counts()).map(|group| group.sid)
    }

    /// The client of a context whose server this is.
    ///
    /// Errors: `OutOfMemory`.
    pub fn new(established: &Established, logon_id: u64, config: &Config) -> Result<Subject> {
        Ok(Subject {
            sids: Sids::of(&established.client, established.mechanism, config)?,
            principal: established.client.clone(),
            level: level_of(established.flags),
            mechanism: established.mechanism,
            server_name: established.server_name.clone(),
            expiry: established.expiry,
            logon_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SECURITY_IMPERSONATION_LEVEL: SecurityIdentification, SecurityImpersonation,
    /// SecurityDelegation.
    #[test]
    fn who_is_to_be_identified_only_is_not_acted_as() {
        for (flags, level) in [
            (ContextFlags::empty(), Level::Impersonation),
            (ContextFlags::DELEGATE, Level::Delegation),
            (ContextFlags::IDENTIFY, Level::Identification),
            (ContextFlags::IDENTIFY | ContextFlags::DELEGATE, Level::Identification),
        ] {
            assert_eq!(level_of(flags), level, "{flags:?}");
        }
    }
}
