//! What the acceptor is given.

use super::policy::Policy;
use super::service::Service;
use super::sources::KeySource;
use crate::primitives::random::SecureRandom;
use crate::principal::directory::Directory;
use crate::replay::ReplayCache;
use std::sync::Arc;
use std::time::Duration;

/// What a server needs for accepting Kerberos.
#[derive(Debug)]
pub struct AcceptorConfig {
    /// What is demanded of clients.
    pub policy: Policy,
    /// How long an established context lives at most; `None`: as long as its ticket.
    pub context_lifetime: Option<Duration>,
    /// The service and the keys of the credential.
    pub service: Service,
    /// The keys of the machine.
    pub keys: Arc<dyn KeySource>,
    /// Which authenticators have been presented.
    pub replay: Arc<dyn ReplayCache>,
    /// Knows more of accounts than tickets do.
    pub directory: Arc<dyn Directory>,
    /// Random numbers.
    pub random: &'static dyn SecureRandom,
}
