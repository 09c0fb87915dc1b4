//! The pseudo-random function: RFC 3961 5.3, RFC 8009 5, and for RC4 the de facto function of MIT,
//! Heimdal and Windows.

use super::cipher::Encrypting;
use super::derive::{Deriving, kdf_hmac_sha2};
use super::mac::Mac;
use super::{Enctype, Key};
use crate::types::protection::Part;
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

impl Key {
    /// The pseudo-random output for `input`, in the length that the encryption type defines.
    pub fn prf(&self, input: &[u8]) -> Zeroizing<Vec<u8>> {
        let enctype = self.enctype();
        match enctype {
            Enctype::Rc4Hmac => {
                Zeroizing::new(Mac::sha1(self.bytes()).over([input]).first(20).to_vec())
            }
            Enctype::Aes128Sha256 => self.kdf(input, 32),
            Enctype::Aes256Sha384 => self.kdf(input, 48),
            Enctype::Des3Sha1 | Enctype::Aes128Sha1 | Enctype::Aes256Sha1 => {
                // The hash, truncated to whole blocks: 16 bytes for both block sizes.
                let mut block = Sha1::digest(input);
                let block = &mut block[..16];
                if let Some(cipher) = Encrypting::new(
                    enctype,
                    &Deriving::new(enctype, self.bytes()).named_key(b"prf"),
                ) {
                    cipher.cbc(&mut [Part { data: block, seal: true }]);
                }
                Zeroizing::new(block.to_vec())
            }
        }
    }

    fn kdf(&self, input: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
        let mac = Mac::new(self.enctype(), self.bytes());
        Zeroizing::new(kdf_hmac_sha2(&mac, b"prf", input, length).first(length).to_vec())
    }
}
