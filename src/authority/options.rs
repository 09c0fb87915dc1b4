//! What `[authorities]` configures.

use super::AuthorityKind;
use std::time::Duration;

/// `[authorities]`: which authorities validate NTLM logons, and how guessing is throttled.
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
}

impl Default for Options {
    fn default() -> Options {
        Options {
            order: AuthorityKind::ALL.to_vec(),
            // A domain counts wrong passwords itself, over all its servers.
            throttle: vec![AuthorityKind::AccountFile],
            throttle_after: 10,
            throttle_longest: Duration::from_secs(30),
        }
    }
}
