//! Kerberos: RFC 4120, RFC 4121, [MS-KILE].
//!
//! [`crypto`] knows encryption types and nothing of messages; [`keytab`] reads the service's keys.

pub mod crypto;
pub mod keytab;
