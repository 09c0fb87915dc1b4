//! The source of account data that authentication does not supply.

use super::Principal;
use crate::types::error::Result;
use std::fmt;

/// Completes principals: adds SIDs, groups and names that neither a ticket nor a logon has.
pub trait Directory: fmt::Debug + Send + Sync {
    /// Adds the account data of the principal. A principal whose account is not in the directory is
    /// returned unchanged.
    ///
    /// Errors: `NoAuthority` if the directory cannot be read: a client must not get fewer (or
    /// other) rights than its account has.
    fn complete(&self, client: Principal) -> Result<Principal>;
}
