//! Kerberos: RFC 4120, RFC 4121, [MS-KILE].
//!
//! [`crypto`] knows encryption types and nothing of messages; [`keytab`] reads the service's keys;
//! [`token`] is the frame around what [`message`] reads and writes; [`pac`] is what a domain
//! controller says about the client; [`ccache`] keeps what clients delegate.

mod acceptor;
pub mod ccache;
pub mod crypto;
pub mod gss_checksum;
pub mod gss_token;
pub mod keytab;
pub mod message;
pub mod name_mapping;
pub mod pac;
mod service;
pub mod session;

pub use crate::stores::keytab_file::{Keys, KeytabFile, path_in};
pub use crate::stores::tgt_file::TgtFile;
pub use acceptor::Acceptor;
pub use acceptor::delegation::Delegated;
pub use acceptor::user_to_user::{Tgt, user_to_user_can_begin};
pub use service::keys::{ServiceKeys, has_keys};
pub use service::name::ServiceName;
pub use service::password::PasswordKeys;
pub use service::{CredentialKeys, Service};
pub use session::Session;

/// 1.2.840.113554.1.2.2, contents only (RFC 4121 1).
pub const KRB5_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];

/// 1.2.840.48018.1.2.2, contents only: the same with 113554 cut to 16 bits ([MS-SPNG] 3.1.5.2).
pub const MS_KRB5_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02];

/// 1.2.840.113554.1.2.2.3, contents only: user-to-user (draft-swift-win2k-krb-user2user).
pub const USER_TO_USER_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x03];
