//! A key for one usage and many messages.

use super::checksum::Signing;
use super::key;
use super::sealing::{Sealing, Unsealing};
use super::{Checksum, Enctype, Key};
use crate::types::error::Result;
use crate::types::protection::Part;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A key for one usage. What is needed to encrypt, to decrypt and to sign is derived the first time
/// that it is, and kept. Copies made after that share it.
#[derive(Clone)]
pub struct UsageKeys {
    key: Key,
    usage: u32,
    sealing: OnceLock<Arc<Sealing>>,
    unsealing: OnceLock<Arc<Unsealing>>,
    signing: OnceLock<Arc<Signing>>,
}

impl Key {
    /// The keys of one usage, for as many messages as there will be.
    pub fn derive_usage(&self, usage: u32) -> UsageKeys {
        UsageKeys {
            key: self.clone(),
            usage,
            sealing: OnceLock::new(),
            unsealing: OnceLock::new(),
            signing: OnceLock::new(),
        }
    }
}

impl UsageKeys {
    /// The encryption type of the key.
    pub fn enctype(&self) -> Enctype {
        self.key.enctype()
    }

    /// As [`Key::decrypt`].
    pub fn decrypt<'a>(&self, data: &'a mut [u8]) -> Result<&'a [u8]> {
        key::decrypt(self.enctype(), self.unsealing(), data)
    }

    /// As [`Key::checksum`].
    pub fn checksum(&self, parts: &[&[u8]]) -> Result<Checksum> {
        Ok(self.signing().checksum(parts))
    }

    /// As [`Key::verify_checksum`].
    pub fn verify_checksum(&self, parts: &[&[u8]], checksum_type: i32, mac: &[u8]) -> Result<()> {
        self.signing().verify(parts, checksum_type, mac)
    }

    /// Encrypts in place a message in parts. The first sealed bytes are the confounder
    /// ([`Enctype::confounder_length`]), which the caller has filled with random; the sealed bytes
    /// together are padded ([`Enctype::padding`]). Parts not sealed enter the tag where they stand,
    /// unencrypted. `tag` is as long as [`Enctype::tag_length`].
    pub fn seal(&self, parts: &mut [Part<'_>], tag: &mut [u8]) -> Result<()> {
        self.sealing().seal(parts, tag)
    }

    /// The reverse of [`UsageKeys::seal`], with the errors of [`Key::decrypt`].
    pub fn unseal(&self, parts: &mut [Part<'_>], tag: &[u8]) -> Result<()> {
        self.unsealing().unseal(parts, tag)
    }

    fn sealing(&self) -> &Sealing {
        self.sealing.get_or_init(|| Arc::new(self.key.sealing(self.usage)))
    }

    fn unsealing(&self) -> &Unsealing {
        self.unsealing.get_or_init(|| Arc::new(self.key.unsealing(self.usage)))
    }

    fn signing(&self) -> &Signing {
        self.signing.get_or_init(|| Arc::new(self.key.signing(self.usage)))
    }
}

impl fmt::Debug for UsageKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UsageKeys({}, usage {})", self.enctype().name(), self.usage)
    }
}
