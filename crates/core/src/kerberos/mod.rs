//! Kerberos: RFC 4120, RFC 4121, [MS-KILE].
//!
//! [`crypto`] implements the encryption types, independent of messages; [`keytab`] the service's
//! keys; [`message`] the messages, and [`gss_token`] the frame around them; [`pac`] the domain
//! controller's data about a client; [`ccache`] the storage of credentials; [`client`] the exchanges
//! with KDCs.

mod acceptor;
pub mod ccache;
pub mod client;
mod config;
pub mod crypto;
mod delegated;
mod finished;
pub mod gss_checksum;
pub mod gss_token;
pub mod iakerb;
mod initiator;
pub mod kdc;
pub mod keytab;
pub mod message;
pub mod name_mapping;
mod own_domains;
pub mod pac;
mod policy;
mod principal;
mod rejection;
mod service;
mod service_name;
pub mod session;
mod sources;
mod tgt;
mod verify_ap_req;

pub use acceptor::Acceptor;
pub use config::AcceptorConfig;
pub use delegated::Delegated;
pub use initiator::{
    InitiateCall, Initiator, InitiatorConfig, Target, TicketRequest, TicketSource,
};
pub use own_domains::OwnDomains;
pub use policy::{Addresses, Delegation, Policy, RequirePac};
pub use principal::{EncodedName, Principal};
pub use service::keys::ServiceKeys;
pub use service::password::{DeriveKey, PasswordKeys};
pub use service::{CredentialKeys, Derivation, Service};
pub use service_name::ServiceName;
pub use session::Session;
pub use sources::KeySource;
pub use tgt::Tgt;

use crate::mechanism;
use std::sync::Arc;

/// The context of one `AcceptSecurityContext` call for Kerberos.
pub type AcceptCall<'a> = mechanism::AcceptCall<'a, AcceptorConfig>;

/// The result of an AP exchange.
#[derive(Debug, Clone)]
pub struct EstablishedSession {
    /// Keys and sequence numbers.
    pub session: Session,
    /// The credentials for acting as the client elsewhere.
    pub delegated: Option<Arc<Delegated>>,
}

/// Whether the server can offer Kerberos to a client; `token` is the client's first token, if it is
/// Kerberos'. It needs a key, or, if the client asks for user-to-user authentication, a
/// ticket-granting ticket.
pub fn can_accept(token: Option<&[u8]>, call: &AcceptCall<'_>) -> bool {
    let config = call.config;
    ServiceKeys::new(&config.service, &config.policy, &*config.keys).available()
        || token.is_some_and(|token| acceptor::user_to_user_can_begin(token, call))
}
