//! Keys: encryption, decryption and checksums.

use super::checksum::Signing;
use super::derive::des3_key;
use super::sealing::{Sealing, TOO_SHORT, Unsealing};
use super::secret::Secret;
use super::{Checksum, Enctype};
use crate::persist::{Persist, Reader, Writer};
use crate::primitives::random::SecureRandom;
use crate::types::allocation;
use crate::types::error::{Error, Result};
use crate::types::protection::Part;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroize;

/// A key with its encryption type. Its bytes stand in one place, whatever is moved or cloned, and are
/// zeroed when the last clone is dropped; they do not appear in debug output.
#[derive(Clone)]
pub struct Key {
    enctype: Enctype,
    secret: Arc<Secret>,
}

impl Key {
    /// A key of these bytes.
    ///
    /// Errors: `InvalidToken` unless they have the length of the encryption type's keys.
    pub fn new(enctype: Enctype, bytes: &[u8]) -> Result<Key> {
        if bytes.len() != enctype.key_length() {
            return Err(Error::InvalidToken(
                "a key of a length that its encryption type does not have",
            ));
        }
        let mut key = Key::from_secret(enctype, Secret::zeros(bytes.len()));
        // Filled where it stays.
        if let Some(secret) = Arc::get_mut(&mut key.secret) {
            secret.copy_from_slice(bytes);
        }
        Ok(key)
    }

    pub(super) fn from_secret(enctype: Enctype, secret: Secret) -> Key {
        Key { enctype, secret: Arc::new(secret) }
    }

    /// The encryption type.
    pub fn enctype(&self) -> Enctype {
        self.enctype
    }

    /// The bytes of the key.
    pub fn bytes(&self) -> &[u8] {
        &self.secret
    }

    /// Verifies and decrypts, in place, the `cipher` of an EncryptedData (RFC 4120 5.2.9). Returns
    /// the plaintext without its confounder; for triple DES it includes the padding.
    ///
    /// Errors: [`Error::MessageAltered`] for altered bytes or another key than the sender's, and
    /// the contents of `data` are undefined afterwards; [`Error::InvalidToken`] for too few bytes.
    pub fn decrypt<'a>(&self, usage: u32, data: &'a mut [u8]) -> Result<&'a [u8]> {
        decrypt(self.enctype, &self.unsealing(usage), data)
    }

    /// Encrypts `plain`, preceded by a random confounder. Triple DES pads with zeros. The result is
    /// the `cipher` of an EncryptedData.
    pub fn encrypt(&self, usage: u32, plain: &[u8], random: &dyn SecureRandom) -> Result<Vec<u8>> {
        let mut data = allocation::zeros(self.enctype.sealed_length(plain.len()))?;
        let (body, tag) = body_and_tag(self.enctype, &mut data).ok_or(TOO_SHORT)?;
        let (confounder, rest) = body.split_at_mut(self.enctype.confounder_length());
        random.fill(confounder)?;
        rest[..plain.len()].copy_from_slice(plain);
        self.sealing(usage).seal(&mut [Part { data: body, seal: true }], tag)?;
        Ok(data)
    }

    /// The checksum over the concatenated parts, of the key's checksum type.
    pub fn checksum(&self, usage: u32, parts: &[&[u8]]) -> Result<Checksum> {
        Ok(self.signing(usage).checksum(parts))
    }

    /// Checks that `mac` is the checksum over the concatenated parts.
    ///
    /// Errors: [`Error::MessageAltered`] if it is not, or if its type is not the key's.
    pub fn verify_checksum(
        &self,
        usage: u32,
        parts: &[&[u8]],
        checksum_type: i32,
        mac: &[u8],
    ) -> Result<()> {
        self.signing(usage).verify(parts, checksum_type, mac)
    }

    pub(crate) fn sealing(&self, usage: u32) -> Sealing {
        Sealing::new(self.enctype, &self.secret, usage)
    }

    pub(crate) fn unsealing(&self, usage: u32) -> Unsealing {
        Unsealing::new(self.enctype, &self.secret, usage)
    }

    pub(crate) fn signing(&self, usage: u32) -> Signing {
        Signing::new(self.enctype, &self.secret, usage)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.enctype.name())
    }
}

impl Persist for Key {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        let Key { enctype, secret } = self;
        enctype.pack(out)?;
        out.bytes(secret)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Key> {
        let enctype = Enctype::unpack(from)?;
        Key::new(enctype, from.bytes()?)
    }
}

/// A new random key.
pub fn random_key(enctype: Enctype, random: &dyn SecureRandom) -> Result<Key> {
    let mut secret = Secret::zeros(enctype.key_length());
    if enctype == Enctype::Des3Sha1 {
        let mut bits = [0; 21];
        random.fill(&mut bits)?;
        des3_key(&bits, &mut secret);
        bits.as_mut_slice().zeroize();
    } else {
        random.fill(&mut secret)?;
    }
    Ok(Key::from_secret(enctype, secret))
}

/// [`Key::decrypt`] with derived keys.
pub(super) fn decrypt<'a>(
    enctype: Enctype,
    keys: &Unsealing,
    data: &'a mut [u8],
) -> Result<&'a [u8]> {
    let (body, tag) = body_and_tag(enctype, data).ok_or(TOO_SHORT)?;
    keys.unseal(&mut [Part { data: body, seal: true }], tag)?;
    Ok(body.get(enctype.confounder_length()..).unwrap_or_default())
}

/// The encrypted bytes, and their tag: after them, or with RC4 before.
fn body_and_tag(enctype: Enctype, data: &mut [u8]) -> Option<(&mut [u8], &mut [u8])> {
    let length = enctype.tag_length();
    if enctype == Enctype::Rc4Hmac {
        return data.split_at_mut_checked(length).map(|(tag, body)| (body, tag));
    }
    let body = data.len().checked_sub(length)?;
    data.split_at_mut_checked(body)
}
