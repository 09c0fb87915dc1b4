//! An account with its password, as given by a caller.

use std::fmt;
use zeroize::Zeroizing;

/// A user name and password, as in `SEC_WINNT_AUTH_IDENTITY`.
#[derive(Clone)]
pub struct Identity {
    /// The account's name.
    pub user: String,
    /// The account's domain; empty if none was given.
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
