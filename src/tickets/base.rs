//! What service tickets are asked for with.

use crate::kerberos::Principal;
use crate::kerberos::client::Credentials;
use std::sync::Arc;

/// What service tickets are asked for with.
#[derive(Debug, Clone)]
pub(super) struct Base {
    /// A ticket-granting ticket: the client's, or with evidence the service's that acts for it.
    pub(super) tgt: Arc<Credentials>,
    /// The evidence for S4U2proxy.
    pub(super) evidence: Option<Arc<Evidence>>,
}

impl Base {
    /// Whose service tickets are got with it.
    pub(super) fn client(&self) -> &Principal {
        self.evidence.as_ref().map_or(&self.tgt.client, |evidence| &evidence.client)
    }
}

/// The client's ticket for the service that acts for it ([MS-SFU] 3.1.5.2).
#[derive(Debug)]
pub(super) struct Evidence {
    /// The ticket, encoded.
    pub(super) ticket: Vec<u8>,
    /// The client.
    pub(super) client: Principal,
}
