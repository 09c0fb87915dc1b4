//! Keys and credentials of a secure channel, with AES: [MS-NRPC] 3.1.4.3.1 and 3.1.4.4.1. The older
//! algorithms with DES and MD5 are not supported.

use aes::Aes128;
use cipher::{KeyInit, KeyIvInit};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A session key and its cipher.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Session {
    key: [u8; 16],
}

/// The session key, derived from the machine's secret and both challenges.
pub fn session_key(
    nt_hash: &[u8; 16],
    client_challenge: &[u8; 8],
    server_challenge: &[u8; 8],
) -> Session {
    let mut mac = hmac(nt_hash);
    mac.update(client_challenge);
    mac.update(server_challenge);
    let mut digest = mac.finalize().into_bytes();
    let mut session = Session { key: [0; 16] };
    session.key.copy_from_slice(&digest[..16]);
    digest.as_mut_slice().zeroize();
    session
}

/// HMAC-SHA256 with a key of 16 bytes.
fn hmac(key: &[u8; 16]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0u8; 64]);
    block[..16].copy_from_slice(key);
    // Hmac pads shorter keys with zeros; passing a whole block cannot fail.
    Hmac::<Sha256>::new((&*block).into())
}

/// Whether a challenge or credential can be of a party that chose or computed it: its first five
/// bytes are not all the same, the check of [MS-NRPC] 3.1.4.1. With AES-CFB8 and a constant input,
/// one key in 256 gives a constant output, which needs no secret to guess (CVE-2020-1472).
pub(super) fn is_random(eight: &[u8; 8]) -> bool {
    eight[1..5].iter().any(|byte| *byte != eight[0])
}

impl Session {
    /// A session with a known key.
    pub fn of_key(key: [u8; 16]) -> Session {
        Session { key }
    }

    /// ComputeNetlogonCredential: proves knowledge of the key.
    pub fn credential(&self, challenge: &[u8; 8]) -> [u8; 8] {
        let mut data = *challenge;
        self.encrypt(&[0; 16], [&mut data]);
        data
    }

    /// Encrypts with AES-128-CFB8 and this initialization vector, over the concatenated parts.
    pub(super) fn encrypt<const N: usize>(&self, iv: &[u8; 16], parts: [&mut [u8]; N]) {
        let mut cipher = cfb8::Encryptor::<Aes128>::new((&self.key).into(), iv.into());
        parts.into_iter().for_each(|part| cipher.encrypt(part));
    }

    /// Decrypts likewise.
    pub(super) fn decrypt<const N: usize>(&self, iv: &[u8; 16], parts: [&mut [u8]; N]) {
        let mut cipher = cfb8::Decryptor::<Aes128>::new((&self.key).into(), iv.into());
        parts.into_iter().for_each(|part| cipher.decrypt(part));
    }

    /// HMAC-SHA256 with the key, before any data.
    pub(super) fn mac(&self) -> Hmac<Sha256> {
        hmac(&self.key)
    }

    /// The session that encrypts messages: its key has the upper half of each byte inverted.
    pub(super) fn sealing(&self) -> Session {
        Session { key: self.key.map(|byte| byte ^ 0xf0) }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ntlm::response::nt_hash;

    /// [MS-NRPC] has examples of the older algorithms only. These are impacket 0.13.1's
    /// ComputeSessionKeyAES and ComputeNetlogonCredentialAES.
    #[test]
    fn keys_and_credentials_as_another_implementation_has_them() {
        let client = 0x0123_4567_89ab_cdef_u64.to_be_bytes();
        let server = 0xfedc_ba98_7654_3210_u64.to_be_bytes();
        let session = session_key(&nt_hash("Password"), &client, &server);
        assert_eq!(session.key, 0xc631_3c2a_a89a_7f7e_cff1_c065_313a_a77c_u128.to_be_bytes());
        assert_eq!(session.credential(&client), 0xb673_e5fa_ba7f_8b38_u64.to_be_bytes());
        assert_eq!(session.credential(&server), 0x4945_3dab_e9c5_1536_u64.to_be_bytes());
    }

    /// NIST SP 800-38A, F.3.7.
    #[test]
    fn cfb8_as_nist_has_it() {
        let session = Session::of_key(0x2b7e_1516_28ae_d2a6_abf7_1588_09cf_4f3c_u128.to_be_bytes());
        let iv: [u8; 16] = std::array::from_fn(|i| i as u8);
        let plain = 0x6bc1_bee2_2e40_9f96_e93d_7e11_7393_172a_u128.to_be_bytes();
        let mut data = plain;
        let (first, second) = data.split_at_mut(5);
        session.encrypt(&iv, [first, second]);
        assert_eq!(data, 0x3b79_424c_9c0d_d436_bace_9e0e_d458_6a4f_u128.to_be_bytes());
        session.decrypt(&iv, [&mut data]);
        assert_eq!(data, plain);
    }
}
