//! Kerberos' policy.

use super::crypto::Enctype;
use super::name_mapping::NameRules;
use super::service_name::ServiceName;
use crate::types::channel_bindings::Strictness;
use std::time::Duration;

/// The options of `[kerberos]` that the protocol needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Service principals that tickets may be for, in the notation of `pszPrincipal`; if empty, any
    /// with a key.
    pub principals: Vec<ServiceName>,
    /// Encryption types accepted for tickets and session keys, preferred first.
    pub enctypes: Vec<Enctype>,
    /// The maximum difference between the client's clock and the local one. Tickets are accepted
    /// that much earlier and later, and the replay cache keeps entries for twice as long.
    pub max_clock_skew: Duration,
    /// Channel bindings. With `WhenSent`, bindings sent by a client must match the caller's.
    pub channel_bindings: Strictness,
    /// The service that the client addresses (KERB_AUTH_DATA_CLIENT_TARGET), compared with the
    /// services to which tickets are restricted; any is right without a restriction. `None`:
    /// `WhenSent` where there is a restriction.
    pub target_name: Option<Strictness>,
    /// How to treat tickets that are restricted to network addresses.
    pub addresses: Addresses,
    /// Rules for client names that replace the default `DOMAIN\user` or principal.
    pub names: NameRules,
    /// The clients whose tickets must have a PAC that describes their account.
    pub require_pac: RequirePac,
    /// The delegated credentials to accept, if the caller also sets ASC_REQ_DELEGATE.
    pub delegation: Delegation,
}

/// The credentials with which a server may act as its clients elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delegation {
    /// None.
    Never,
    /// Those that clients forward.
    Forwarded,
    /// Those, and where a client forwards none, its ticket: the evidence for constrained delegation
    /// (S4U2proxy, [MS-SFU]).
    Constrained,
}

/// How to treat the addresses in a ticket (`caddr`, RFC 4120 5.3). The client's address is
/// the one that the caller tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// Ignore them.
    Ignore,
    /// If the caller gives the client's address, it must be among them.
    WhenKnown,
    /// The client's address must be among them. Without an address from the caller, such tickets
    /// are rejected.
    Require,
}

/// The clients whose tickets must have a PAC with LOGON_INFO. Without one, a client's name is the one
/// that it has asked the KDC for: a domain controller answers a request for `games` with a ticket for
/// the account `games$`, if there is no other of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequirePac {
    /// None.
    Never,
    /// Those of the domains that the server belongs to:
    /// [`OwnDomains::realms`](super::OwnDomains::realms).
    OfDomain,
    /// All.
    Always,
}

impl Policy {
    /// Whether a context would have been accepted here that was accepted with a key of the principal
    /// `server`, from a client that addressed `target`. The key of an account may be that of any of
    /// its services.
    pub fn admits_service(&self, server: &str, target: Option<&str>) -> bool {
        let Some(key) = ServiceName::parse(server) else { return self.principals.is_empty() };
        let realm = key.realm().unwrap_or_default().as_bytes();
        let of_key = |ours: &ServiceName| {
            ours.matches(key.components(), realm) || key.is_account() && !ours.is_account()
        };
        if !self.principals.is_empty() && !self.principals.iter().any(of_key) {
            return false;
        }
        match (
            self.target_strictness(!self.principals.is_empty()),
            target.and_then(ServiceName::parse),
        ) {
            (Strictness::Off, _) => true,
            (Strictness::Require, None) => false,
            (_, None) => true,
            (_, Some(target)) => {
                let means = |ours: &ServiceName| {
                    ours.is_meant_by(&target, realm)
                        || key.is_account() && ours.matches(key.components(), realm)
                };
                self.principals.is_empty() || self.principals.iter().any(means)
            }
        }
    }

    /// How strictly the service that the client addresses is compared; tickets may be `restricted`
    /// to some services.
    pub(super) fn target_strictness(&self, restricted: bool) -> Strictness {
        self.target_name.unwrap_or(match restricted {
            true => Strictness::WhenSent,
            false => Strictness::Off,
        })
    }

    /// Whether the encryption type is accepted.
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
            target_name: None,
            addresses: Addresses::WhenKnown,
            names: NameRules::default(),
            require_pac: RequirePac::OfDomain,
            delegation: Delegation::Forwarded,
        }
    }
}
