//! Kerberos: RFC 4120, RFC 4121, [MS-KILE].
//!
//! [`crypto`] knows encryption types and nothing of messages; [`keytab`] reads the service's keys; [`token`] is the
//! frame around what [`message`] reads and writes; [`pac`] is what a domain controller says about the client;
//! [`ccache`] keeps what clients delegate.

mod acceptor;
mod agreement;
pub mod ccache;
mod client;
pub mod crypto;
mod delegation;
pub mod gss_checksum;
pub mod keys;
pub mod keytab;
mod keytab_file;
mod keytab_index;
pub mod message;
pub mod names;
pub mod pac;
mod rejection;
pub mod replay;
mod request;
mod service;
mod service_name;
mod service_password;
pub mod session;
pub mod token;
mod user_to_user;
mod wishes;

pub use acceptor::Acceptor;
pub use delegation::Delegated;
pub use keys::{ServiceKeys, has_keys};
pub use keytab_file::{Keys, KeytabFile, path_in};
pub use service::{OwnKeys, Service};
pub use service_name::ServiceName;
pub use service_password::PasswordKeys;
pub use session::Session;
pub use user_to_user::{Tgt, TgtFile, user_to_user_can_begin};

/// 1.2.840.113554.1.2.2, contents only (RFC 4121 1).
pub const KRB5_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];

/// 1.2.840.48018.1.2.2, contents only: the same with 113554 cut to 16 bits ([MS-SPNG] 3.1.5.2).
pub const MS_KRB5_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02];

/// 1.2.840.113554.1.2.2.3, contents only: user-to-user (draft-swift-win2k-krb-user2user).
pub const USER_TO_USER_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x03];
