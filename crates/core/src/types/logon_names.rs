//! The names that a client sends before anything is proven.

use super::address::Address;

/// Who an NTLM client says that it is, exactly as sent in AUTHENTICATE_MESSAGE. Unproven where it
/// comes with a failure: for the log and the audit file alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogonNames {
    /// `UserName`.
    pub user: String,
    /// `DomainName`.
    pub domain: String,
    /// `Workstation`.
    pub workstation: String,
    /// The client's address, if the server program gave it with its channel bindings.
    pub address: Option<Address>,
}
