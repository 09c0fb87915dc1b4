//! `[authorities]`.

use crate::authority::AuthorityKind;
use std::time::Duration;

/// `[authorities]`: who is asked about NTLM clients, and how often anybody may guess.
#[derive(Debug, Clone, PartialEq)]
pub struct Authorities {
    /// Those who are asked, in this order: the first who knows the client decides. Nobody else is.
    pub order: Vec<AuthorityKind>,
    /// Those whose accounts have the throttle on.
    pub throttle: Vec<AuthorityKind>,
    /// Wrong passwords in a row before it takes hold.
    pub throttle_after: u32,
    /// The longest that an account is then left alone after a wrong password; the first time it is
    /// a second.
    pub throttle_longest: Duration,
}

impl Default for Authorities {
    fn default() -> Authorities {
        Authorities {
            order: AuthorityKind::ALL.to_vec(),
            // A domain counts wrong passwords itself, over all its servers.
            throttle: vec![AuthorityKind::AccountFile],
            throttle_after: 10,
            throttle_longest: Duration::from_secs(30),
        }
    }
}
