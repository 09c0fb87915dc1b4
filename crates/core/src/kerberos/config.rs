//! The configuration of Kerberos' acceptor.

use super::kdc::Kdc;
use super::own_domains::OwnDomains;
use super::policy::Policy;
use super::service::Service;
use super::sources::KeySource;
use crate::primitives::random::SecureRandom;
use crate::principal::directory::Directory;
use crate::replay::ReplayCache;
use crate::types::channel_bindings::Strictness;
use std::sync::Arc;
use std::time::Duration;

/// The configuration of an acceptor.
#[derive(Debug)]
pub struct AcceptorConfig {
    /// The requirements for clients.
    pub policy: Policy,
    /// The domains that the server belongs to.
    pub own_domains: OwnDomains,
    /// The maximum lifetime of an established context; `None`: as long as its ticket is valid.
    pub context_lifetime: Option<Duration>,
    /// The service and keys of the credential.
    pub service: Service,
    /// The machine's keys.
    pub keys: Arc<dyn KeySource>,
    /// The KDC for the server's own accounts, if it has one.
    pub local_kdc: Option<Arc<Kdc>>,
    /// Records the authenticators presented so far.
    pub replay: Arc<dyn ReplayCache>,
    /// Adds account data that tickets do not have.
    pub directory: Arc<dyn Directory>,
    /// The source of random numbers.
    pub random: &'static dyn SecureRandom,
}

impl AcceptorConfig {
    /// How strictly the service that the client addresses is compared with those to which tickets
    /// are restricted.
    pub(super) fn target_name(&self) -> Strictness {
        let restricted = self.service.restrictions(&self.policy).next().is_some();
        self.policy.target_strictness(restricted)
    }
}
