//! What `[authorities]` configures.

use super::AuthorityKind;
use super::throttle::Limits;
use std::path::PathBuf;
use std::time::Duration;

/// `[authorities]` and the lists of `[ntlm]`: which authorities validate NTLM logons, and how guessing is throttled.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The authorities, in order: the first that knows the client decides. Others are not used.
    pub order: Vec<AuthorityKind>,
    /// The authorities whose accounts are throttled.
    pub throttle: Vec<AuthorityKind>,
    /// Wrong passwords before attempts are throttled.
    pub throttle_after: u32,
    /// One wrong password is forgotten in this time, and one attempt is checked while throttled.
    pub throttle_interval: Duration,
    /// Keeps the places from which accounts have logged on.
    pub throttle_file: Option<PathBuf>,
    /// `[ntlm] audit_file`: gets a line for each logon.
    pub audit_file: Option<PathBuf>,
    /// `[ntlm] users`: who may use NTLM, `DOMAIN\\user` or `user`; empty: all users.
    pub users: Vec<String>,
    /// `[ntlm] domains`: whose users may use NTLM; empty: all.
    pub domains: Vec<String>,
    /// `[ntlm] workstations`: where they may come from, by the names that clients send or by
    /// address; empty: anywhere.
    pub workstations: Vec<String>,
}

impl Options {
    /// Whether accounts of one of these are throttled.
    pub(super) fn throttles(&self, kinds: &[AuthorityKind]) -> bool {
        kinds.iter().any(|kind| self.throttle.contains(kind))
    }

    pub(super) fn limits(&self) -> Limits {
        Limits { after: self.throttle_after, interval: self.throttle_interval }
    }

    /// Whether NTLM is for listed clients alone.
    pub fn restricts_clients(&self) -> bool {
        [&self.users, &self.domains, &self.workstations].into_iter().any(|list| !list.is_empty())
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            order: AuthorityKind::ALL.to_vec(),
            // A domain counts wrong passwords itself, over all its servers.
            throttle: vec![AuthorityKind::AccountFile],
            throttle_after: 10,
            throttle_interval: Duration::from_secs(30),
            throttle_file: None,
            audit_file: None,
            users: Vec::new(),
            domains: Vec::new(),
            workstations: Vec::new(),
        }
    }
}
