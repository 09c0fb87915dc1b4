//! `[authorities]`.

use crate::authority::Kind;
use std::time::Duration;

/// `[authorities]`: who is asked about NTLM clients, and how often anybody may guess.
#[derive(Debug, Clone, PartialEq)]
pub struct Authorities {
    /// Those who are asked, in this order: the first who knows the client decides. Nobody else is.
    pub order: Vec<Kind>,
    /// Those whose accounts have the brake on.
    pub brake: Vec<Kind>,
    /// Wrong passwords in a row before it takes hold.
    pub brake_after: u32,
    /// The longest that an account is then left alone after a wrong password; the first time it is
    /// a second.
    pub brake_longest: Duration,
}

impl Default for Authorities {
    fn default() -> Authorities {
        Authorities {
            order: Kind::ALL.to_vec(),
            // A domain counts wrong passwords itself, over all its servers.
            brake: vec![Kind::AccountFile],
            brake_after: 10,
            brake_longest: Duration::from_secs(30),
        }
    }
}
