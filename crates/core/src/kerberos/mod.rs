//! Kerberos: RFC 4120, RFC 4121, [MS-KILE].
//!
//! [`crypto`] knows encryption types and nothing of messages; [`keytab`] reads the service's keys;
//! [`gss_token`] is the frame around what [`message`] reads and writes; [`pac`] is what a domain
//! controller says about the client; [`ccache`] keeps what clients delegate.

mod acceptor;
pub mod ccache;
mod config;
pub mod crypto;
mod delegated;
pub mod gss_checksum;
pub mod gss_token;
pub mod keytab;
pub mod message;
pub mod name_mapping;
pub mod pac;
mod policy;
mod service;
mod service_name;
pub mod session;
mod sources;
mod tgt;

pub use acceptor::Acceptor;
pub use config::AcceptorConfig;
pub use delegated::Delegated;
pub use policy::{Addresses, Policy};
pub use service::keys::ServiceKeys;
pub use service::password::{DeriveKey, PasswordKeys};
pub use service::{CredentialKeys, Derivation, Service};
pub use service_name::ServiceName;
pub use session::Session;
pub use sources::KeySource;
pub use tgt::Tgt;

use crate::mechanism;
use std::sync::Arc;

/// One call of `AcceptSecurityContext`, as Kerberos sees it.
pub type AcceptCall<'a> = mechanism::AcceptCall<'a, AcceptorConfig>;

/// What an AP exchange establishes.
#[derive(Debug, Clone)]
pub struct EstablishedSession {
    /// Keys and counters.
    pub session: Session,
    /// The credentials that the client has forwarded.
    pub delegated: Option<Arc<Delegated>>,
}

/// A server can speak Kerberos with a client whose first token, if it is Kerberos', is `token`: it
/// has a key, or the client asks for user-to-user authentication and there is a ticket-granting
/// ticket.
pub fn can_accept(token: Option<&[u8]>, call: &AcceptCall<'_>) -> bool {
    let config = call.config;
    ServiceKeys::new(&config.service, &config.policy, &*config.keys).available()
        || token.is_some_and(|token| acceptor::user_to_user_can_begin(token, call))
}
