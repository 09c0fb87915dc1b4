//! The names that a client sends, before and after it is authenticated.

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
    /// The client's address, if the caller told it.
    pub address: Option<Address>,
}

/// A logon that an authority has validated. What remains is to report that the exchange has
/// succeeded as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidatedLogon {
    /// The names that the client sent.
    pub names: LogonNames,
    /// The kind of response, for the log: `NTLMv2` and so on.
    pub response: &'static str,
    /// The authority's own reference to the logon, if it gave one.
    pub receipt: Option<Receipt>,
}

/// An authority's own reference to a logon that it has validated: it gets it back when the exchange
/// has succeeded as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt(pub [u64; 3]);
