//! Encryption types and checksums: RFC 3961, RFC 3962 (AES with SHA-1), RFC 8009 (AES with SHA-2), RFC 4757 (RC4).
//!
//! A [`Key`] encrypts and signs, each time for one key usage (RFC 3961 4, [`key_usage`]), and derives what it needs
//! for that. Where one key serves many messages, [`Key::derive_usage`] gives keys that derive but once.

pub mod key_usage;

pub(in crate::kerberos) mod arcfour;
mod checksum;
mod cipher;
mod derive;
mod enctype;
mod key;
mod mac;
mod nfold;
mod prf;
mod sealing;
mod secret;
mod string_to_key;
mod usage;
#[cfg(test)]
mod vectors;

pub use checksum::Checksum;
pub(in crate::kerberos) use checksum::Signing;
pub(in crate::kerberos) use cipher::{Decrypting, Encrypting, sealed_length};
pub use enctype::Enctype;
pub(in crate::kerberos) use key::fill_random;
pub use key::{Key, random_key};
pub(in crate::kerberos) use mac::Mac;
pub use nfold::n_fold;
pub(in crate::kerberos) use sealing::{Sealing, Unsealing};
pub use string_to_key::string_to_key;
pub use usage::UsageKeys;
