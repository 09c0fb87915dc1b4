//! Keys derived from passwords: RFC 3961 6.3.1, RFC 3962 4, RFC 8009 4, RFC 4757 2.

use super::derive::{Deriving, des3_key};
use super::nfold::n_fold;
use super::secret::Secret;
use super::{Enctype, Key};
use crate::primitives::nt_hash::nt_hash;
use crate::types::error::{Error, Result};
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha384};
use zeroize::Zeroizing;

/// MIT's limit for iteration counts from a KDC. A higher count is treated as an attack.
const MAX_ITERATIONS: u32 = 0x100_0000;

/// Derives the key of a password. The salt is by default the realm followed by the components of
/// the principal, concatenated; RC4 has none. `iterations` is for AES only; `None` is the default
/// number of RFC 3962 or RFC 8009.
pub fn string_to_key(
    enctype: Enctype,
    password: &str,
    salt: &[u8],
    iterations: Option<u32>,
) -> Result<Key> {
    let default = match enctype {
        Enctype::Aes128Sha1 | Enctype::Aes256Sha1 => 4096,
        Enctype::Aes128Sha256 | Enctype::Aes256Sha384 => 32768,
        Enctype::Des3Sha1 | Enctype::Rc4Hmac if iterations.is_some() => {
            return Err(Error::InvalidParameter("an encryption type without iterations"));
        }
        Enctype::Des3Sha1 | Enctype::Rc4Hmac => 1,
    };
    let iterations = iterations.unwrap_or(default);
    if !(1..=MAX_ITERATIONS).contains(&iterations) {
        return Err(Error::InvalidParameter("too few or too many iterations"));
    }
    let bytes = password.as_bytes();
    // `tkey` in the RFCs.
    let mut temporary = Secret::zeros(enctype.key_length());
    match enctype {
        Enctype::Aes128Sha1 | Enctype::Aes256Sha1 => {
            pbkdf2_hmac::<Sha1>(bytes, salt, iterations, &mut temporary)
        }
        Enctype::Aes128Sha256 => {
            pbkdf2_hmac::<Sha256>(bytes, &named_salt(enctype, salt), iterations, &mut temporary);
        }
        Enctype::Aes256Sha384 => {
            pbkdf2_hmac::<Sha384>(bytes, &named_salt(enctype, salt), iterations, &mut temporary);
        }
        Enctype::Des3Sha1 => {
            let text = Zeroizing::new([bytes, salt].concat());
            des3_key(&Zeroizing::new(n_fold(&text)), &mut temporary);
        }
        Enctype::Rc4Hmac => {
            temporary.copy_from_slice(&*Zeroizing::new(nt_hash(password)));
            return Ok(Key::from_secret(enctype, temporary));
        }
    }
    Ok(Key::from_secret(enctype, Deriving::new(enctype, &temporary).named_key(b"kerberos")))
}

/// RFC 8009 4: the salt, prefixed with the name of the encryption type.
fn named_salt(enctype: Enctype, salt: &[u8]) -> Vec<u8> {
    [enctype.name().as_bytes(), &[0], salt].concat()
}
