//! The names that a client sends, before it is authenticated.

use super::address::Address;

/// The names that an NTLM client claims, exactly as sent in AUTHENTICATE_MESSAGE. With a failure
/// they are unauthenticated, and only for the log and the audit file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogonNames {
    /// `UserName`.
    pub user: String,
    /// `DomainName`.
    pub domain: String,
    /// `Workstation`.
    pub workstation: String,
    /// The client's address, if the caller passed it with its channel bindings.
    pub address: Option<Address>,
}
