//! Authenticated encryption in place, with the keys of one usage.

use super::Enctype;
use super::arcfour;
use super::cipher::{self, Decrypting, Encrypting};
use super::derive::{Deriving, Purpose};
use super::mac::{Mac, Tag};
use crate::types::error::{Error, Result};
use crate::types::protection::Part;
use zeroize::Zeroize;

/// How encryption and hash are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Profile {
    /// The simplified profile (RFC 3961 5.3): the tag is over the plaintext.
    Simplified,
    /// RFC 8009 5: the tag is over the initial vector and the ciphertext.
    EncryptThenMac,
    /// RFC 4757 4: the tag is over the plaintext, and selects the key stream.
    Arcfour,
}

impl Profile {
    fn from_enctype(enctype: Enctype) -> Profile {
        match enctype {
            Enctype::Des3Sha1 | Enctype::Aes128Sha1 | Enctype::Aes256Sha1 => Profile::Simplified,
            Enctype::Aes128Sha256 | Enctype::Aes256Sha384 => Profile::EncryptThenMac,
            Enctype::Rc4Hmac => Profile::Arcfour,
        }
    }
}

/// The initial vector, part of the hashed data in RFC 8009.
const ZERO_VECTOR: [u8; 16] = [0; 16];

/// The keys of one usage and direction: `C` encrypts or decrypts.
pub(crate) struct Keys<C> {
    enctype: Enctype,
    /// `None` for RC4, which derives a key for each message.
    cipher: Option<C>,
    mac: Mac,
}

/// Keys that encrypt.
pub(crate) type Sealing = Keys<Encrypting>;
/// Keys that decrypt.
pub(crate) type Unsealing = Keys<Decrypting>;

impl<C> Keys<C> {
    fn derive(
        enctype: Enctype,
        key: &[u8],
        usage: u32,
        cipher: fn(Enctype, &[u8]) -> Option<C>,
    ) -> Keys<C> {
        if enctype == Enctype::Rc4Hmac {
            return Keys { enctype, cipher: None, mac: arcfour::usage_mac(key, usage) };
        }
        let base = Deriving::new(enctype, key);
        Keys {
            enctype,
            cipher: cipher(enctype, &base.usage_key(usage, Purpose::Encryption)),
            mac: Mac::new(enctype, &base.usage_key(usage, Purpose::Integrity)),
        }
    }

    /// The hash over the parts in their current state.
    fn tag(&self, parts: &[Part<'_>]) -> Tag {
        let vector: &[u8] = match Profile::from_enctype(self.enctype) {
            Profile::EncryptThenMac => &ZERO_VECTOR,
            _ => &[],
        };
        self.mac.over([vector].into_iter().chain(parts.iter().map(|part| &*part.data)))
    }

    /// Whether the encryption type permits the length of the sealed parts.
    fn is_valid_length(&self, parts: &[Part<'_>]) -> bool {
        let length = cipher::sealed_length(parts);
        length >= self.enctype.confounder_length() && length.is_multiple_of(self.enctype.padding())
    }

    fn arcfour(&self, tag: &[u8], parts: &mut [Part<'_>]) {
        let mut stream = arcfour::stream(&self.mac, tag);
        parts.iter_mut().filter(|part| part.seal).for_each(|part| stream.apply(part.data));
    }
}

impl Sealing {
    pub(super) fn new(enctype: Enctype, key: &[u8], usage: u32) -> Sealing {
        Keys::derive(enctype, key, usage, Encrypting::new)
    }

    /// Encrypts `parts`, which start with the confounder, and writes the tag.
    pub(crate) fn seal(&self, parts: &mut [Part<'_>], tag: &mut [u8]) -> Result<()> {
        let length = self.enctype.tag_length();
        if tag.len() != length || !self.is_valid_length(parts) {
            return Err(Error::InvalidParameter(
                "a length that this encryption type does not have",
            ));
        }
        let hash = match Profile::from_enctype(self.enctype) {
            Profile::Simplified => {
                let hash = self.tag(parts);
                self.encrypt(parts);
                hash
            }
            Profile::EncryptThenMac => {
                self.encrypt(parts);
                self.tag(parts)
            }
            Profile::Arcfour => {
                let hash = self.tag(parts);
                self.arcfour(hash.first(length), parts);
                hash
            }
        };
        tag.copy_from_slice(hash.first(length));
        Ok(())
    }

    fn encrypt(&self, parts: &mut [Part<'_>]) {
        if let Some(cipher) = &self.cipher {
            cipher.cbc(parts);
        }
    }
}

impl Unsealing {
    pub(super) fn new(enctype: Enctype, key: &[u8], usage: u32) -> Unsealing {
        Keys::derive(enctype, key, usage, Decrypting::new)
    }

    /// Verifies and decrypts `parts`, which start with the confounder. On failure they are erased
    /// or left encrypted, so that no unauthenticated plaintext is exposed.
    pub(crate) fn unseal(&self, parts: &mut [Part<'_>], tag: &[u8]) -> Result<()> {
        if !self.is_valid_length(parts) {
            return Err(TOO_SHORT);
        }
        let length = self.enctype.tag_length();
        let profile = Profile::from_enctype(self.enctype);
        if profile == Profile::EncryptThenMac && !self.tag(parts).matches(length, tag) {
            return Err(INTEGRITY);
        }
        match &self.cipher {
            Some(cipher) => cipher.cbc(parts),
            None => self.arcfour(tag, parts),
        }
        if profile != Profile::EncryptThenMac && !self.tag(parts).matches(length, tag) {
            parts.iter_mut().filter(|part| part.seal).for_each(|part| part.data.zeroize());
            return Err(INTEGRITY);
        }
        Ok(())
    }
}

/// Too few bytes, or no whole blocks.
pub(super) const TOO_SHORT: Error =
    Error::InvalidToken("encrypted data of a length that its type does not have");
/// Altered bytes, or another key.
const INTEGRITY: Error = Error::MessageAltered("encrypted data failed its integrity check");
