//! An account by name and password, as a caller gives it.

use std::fmt;
use zeroize::Zeroizing;

/// A user's name and password, as `SEC_WINNT_AUTH_IDENTITY` brings them.
#[derive(Clone)]
pub struct Identity {
    /// The account's name.
    pub user: String,
    /// The account's domain; empty when none was given.
    pub domain: String,
    /// The password; zeroed when dropped.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("user", &self.user)
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}
