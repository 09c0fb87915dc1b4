//! What is known of accounts besides their proofs.

use super::Principal;
use crate::types::error::Result;
use std::fmt;

/// Completes principals: adds SIDs, groups and names that neither a ticket nor a logon carries.
pub trait Directory: fmt::Debug + Send + Sync {
    /// The principal with what is known of its account. One of an account that the directory does
    /// not know stays as it is.
    ///
    /// Errors: `NoAuthority` where the directory cannot be read, so that no client gets fewer (or
    /// other) rights than its account has.
    fn complete(&self, client: Principal) -> Result<Principal>;
}
