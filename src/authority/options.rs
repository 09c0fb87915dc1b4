//! What `[authorities]` configures.

use super::AuthorityKind;
use std::path::PathBuf;
use std::time::Duration;

/// `[authorities]` and the lists of `[ntlm]`: which authorities validate NTLM logons, and how guessing is throttled.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The authorities, in order: the first that knows the client decides. Others are not used.
    pub order: Vec<AuthorityKind>,
    /// The authorities whose accounts are throttled.
    pub throttle: Vec<AuthorityKind>,
    /// Consecutive wrong passwords before throttling starts.
    pub throttle_after: u32,
    /// The longest delay after a wrong password; the first is one second.
    pub throttle_longest: Duration,
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

impl Default for Options {
    fn default() -> Options {
        Options {
            order: AuthorityKind::ALL.to_vec(),
            // A domain counts wrong passwords itself, over all its servers.
            throttle: vec![AuthorityKind::AccountFile],
            throttle_after: 10,
            throttle_longest: Duration::from_secs(30),
            audit_file: None,
            users: Vec::new(),
            domains: Vec::new(),
            workstations: Vec::new(),
        }
    }
}
