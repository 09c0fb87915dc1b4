//! Encryption types and checksums: RFC 3961, RFC 3962 (AES with SHA-1), RFC 8009 (AES with SHA-2),
//! RFC 4757 (RC4).
//!
//! A [`Key`] encrypts, decrypts and makes checksums for a key usage (RFC 3961 4, [`key_usage`]),
//! deriving the keys for it with each call. [`Key::derive_usage`] derives them once, for many
//! messages.

pub(crate) mod arcfour;
mod checksum;
mod cipher;
mod combine;
mod derive;
mod enctype;
mod hmac_md5;
mod key;
pub mod key_usage;
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
pub(crate) use checksum::Signing;
pub(crate) use cipher::{Decrypting, Encrypting, sealed_length};
pub use enctype::Enctype;
pub use key::{Key, random_key};
pub(crate) use mac::Mac;
pub use nfold::n_fold;
pub(crate) use sealing::{Sealing, Unsealing};
pub use string_to_key::string_to_key;
pub use usage::UsageKeys;
