//! What a server demands of Kerberos.

use super::crypto::Enctype;
use super::name_mapping::NameRules;
use super::service_name::ServiceName;
use crate::types::channel_bindings::Strictness;
use std::time::Duration;

/// `[kerberos]`, as far as the protocol is concerned.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Service principals that tickets may be for; empty: any that there is a key for. Written as
    /// `pszPrincipal` is.
    pub principals: Vec<ServiceName>,
    /// Encryption types that are accepted, for tickets as for session keys, preferred first.
    pub enctypes: Vec<Enctype>,
    /// How far the client's clock may be from ours. Tickets are good that much longer and earlier,
    /// and the replay cache remembers for twice as long.
    pub max_clock_skew: Duration,
    /// Channel bindings. With `WhenSent`, a client that sends some must match the caller's.
    pub channel_bindings: Strictness,
    /// What is done with a ticket that is for certain network addresses alone.
    pub addresses: Addresses,
    /// Names of clients that are not called by their domain or realm.
    pub names: NameRules,
    /// Reject a ticket without a PAC.
    pub require_pac: bool,
    /// Take the credentials that a client forwards, where the caller asks for ASC_REQ_DELEGATE.
    pub delegation: bool,
}

/// What is done with the addresses in a ticket (`caddr`, RFC 4120 5.3). The client's own address is
/// the initiator's in the caller's channel bindings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// Nothing.
    Ignore,
    /// The client's must be among them if the caller gives it.
    WhenKnown,
    /// The client's must be among them: without an address from the caller, such a ticket is
    /// rejected.
    Require,
}

impl Policy {
    /// The encryption type is accepted.
    pub fn allows(&self, enctype: Enctype) -> bool {
        self.enctypes.contains(&enctype)
    }
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            principals: Vec::new(),
            enctypes: vec![
                Enctype::Aes256Sha1,
                Enctype::Aes128Sha1,
                Enctype::Aes256Sha384,
                Enctype::Aes128Sha256,
            ],
            max_clock_skew: Duration::from_secs(5 * 60),
            channel_bindings: Strictness::WhenSent,
            addresses: Addresses::WhenKnown,
            names: NameRules::default(),
            require_pac: false,
            delegation: true,
        }
    }
}
