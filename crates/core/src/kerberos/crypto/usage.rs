//! The derived keys of one usage, for many messages.

use super::checksum::Signing;
use super::key;
use super::sealing::{Sealing, Unsealing};
use super::{Checksum, Enctype, Key};
use crate::types::error::Result;
use crate::types::protection::Part;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A key for one usage. The keys for encrypting, decrypting and checksums are each derived on first
/// use and kept. Copies made after that share them.
#[derive(Clone)]
pub struct UsageKeys {
    key: Key,
    usage: u32,
    sealing: OnceLock<Arc<Sealing>>,
    unsealing: OnceLock<Arc<Unsealing>>,
    signing: OnceLock<Arc<Signing>>,
}

impl Key {
    /// The keys of one usage, which are derived only once however many messages they protect.
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

    /// Encrypts a message in parts, in place. The first sealed bytes are the confounder
    /// ([`Enctype::confounder_length`]), which the caller has filled with random bytes; the total
    /// sealed length must be padded ([`Enctype::padding`]). Parts that are not sealed are covered
    /// by the tag at their position, unencrypted. `tag` has the length [`Enctype::tag_length`].
    pub fn seal(&self, parts: &mut [Part<'_>], tag: &mut [u8]) -> Result<()> {
        self.sealing().seal(parts, tag)
    }

    /// The reverse of [`UsageKeys::seal`].
    ///
    /// Errors: as for [`Key::decrypt`].
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
