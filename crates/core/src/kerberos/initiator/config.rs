//! The configuration of Kerberos' initiator, and where its tickets are from.

use super::target::Target;
use crate::kerberos::client::Credentials;
use crate::kerberos::crypto::Enctype;
use crate::kerberos::principal::Principal;
use crate::primitives::random::SecureRandom;
use crate::types::error::Result;
use crate::types::time::FileTime;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A ticket that an initiator needs.
#[derive(Debug, Clone, Copy)]
pub struct TicketRequest<'a> {
    /// The service.
    pub target: &'a Target,
    /// The service's ticket-granting ticket, encoded, for user-to-user authentication.
    pub user_to_user: Option<&'a [u8]>,
}

/// The tickets of one client. An implementation may ask a KDC, and wait for it.
pub trait TicketSource: fmt::Debug + Send + Sync {
    /// Whether a target's `@` is followed by the name of a realm.
    fn is_realm(&self, name: &str) -> bool;

    /// A ticket for the first of the target's principals that there is one for.
    ///
    /// Errors: `NoCredentials` if the client has neither ticket nor password; `KrbError` if a KDC
    /// refuses; `NoAuthority` if none replies.
    fn service_ticket(&self, request: &TicketRequest<'_>) -> Result<Arc<Credentials>>;

    /// A forwarded ticket-granting ticket of the client's, to delegate to a service.
    ///
    /// Errors: as for [`TicketSource::service_ticket`].
    fn forwarded_ticket(&self, service: &Credentials) -> Result<Arc<Credentials>>;

    /// The time for an authenticator made `now` for `service`: by the clock of the realm's KDCs, and
    /// never the same microsecond twice.
    fn authenticator_time(&self, now: FileTime, service: &Principal) -> FileTime;

    /// The service has rejected this ticket: it is not to be used again.
    fn forget(&self, ticket: &Arc<Credentials>);
}

/// The configuration of an initiator.
#[derive(Debug)]
pub struct InitiatorConfig {
    /// The client's tickets; `None` if the credential has no client.
    pub tickets: Option<Arc<dyn TicketSource>>,
    /// Encryption types permitted for sub-keys, most preferred first.
    pub enctypes: Vec<Enctype>,
    /// The permitted difference between the clocks. Contexts outlive their tickets by it.
    pub max_clock_skew: Duration,
    /// Whether to delegate to services without OK-AS-DELEGATE.
    pub delegate_to_any: bool,
    /// Whether to have integrity even if the caller does not require it, for SPNEGO's mechListMIC.
    pub sign: bool,
    /// The maximum lifetime of an established context; `None`: as long as its ticket is valid.
    pub context_lifetime: Option<Duration>,
    /// The source of random numbers.
    pub random: &'static dyn SecureRandom,
}

impl InitiatorConfig {
    /// The configuration of a credential without a client for Kerberos.
    pub fn without_client(random: &'static dyn SecureRandom) -> InitiatorConfig {
        InitiatorConfig {
            tickets: None,
            enctypes: Vec::new(),
            max_clock_skew: Duration::ZERO,
            delegate_to_any: false,
            sign: false,
            context_lifetime: None,
            random,
        }
    }
}
