//! The key that exported contexts are sealed with.

use crate::types::error::{Error, Result};
use chacha20poly1305::{AeadInOut, KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use once_cell::race::OnceBox;
use sha2::Sha256;
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// A key; erased when dropped, and not printed.
pub struct Key(XChaCha20Poly1305);

/// Length of the tag behind a ciphertext, in bytes.
const TAG: usize = 16;

impl Key {
    /// Length of a nonce, in bytes: long enough to be random.
    pub const NONCE: usize = 24;

    /// The key derived from these secret bytes: their HMAC-SHA-256, as in HKDF-Extract (RFC 5869
    /// 2.2). They must be as strong as random bytes: a password is not stretched.
    pub fn derive(secret: &[u8]) -> Key {
        const SALT: &[u8] = b"negossp exported contexts 1";
        // Hmac pads shorter keys with zeros; passing a whole block cannot fail.
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block.iter_mut().zip(SALT).for_each(|(to, from)| *to = *from);
        let mut key = Hmac::<Sha256>::new(&block).chain_update(secret).finalize().into_bytes();
        let cipher = Key(XChaCha20Poly1305::new(&key));
        key.as_mut_slice().zeroize();
        cipher
    }

    /// The random key of this process and its forked children.
    pub fn of_process() -> Result<&'static Key> {
        // Not a OnceLock: a fork while another thread initializes that would block the child.
        static KEY: OnceBox<Key> = OnceBox::new();
        KEY.get_or_try_init(|| {
            let mut random = Zeroizing::new([0; 32]);
            getrandom::fill(&mut *random).map_err(|_| Error::Internal("no random numbers"))?;
            Ok(Box::new(Key::derive(&*random)))
        })
    }

    /// `header` followed by a nonce, `plain` encrypted and the tag of all, and of `audience`.
    pub fn seal(&self, header: &[u8], audience: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let mut nonce = [0; Key::NONCE];
        getrandom::fill(&mut nonce).map_err(|_| Error::Internal("no random numbers"))?;
        let mut sealed = Vec::new();
        let length = header.len() + nonce.len() + plain.len() + TAG;
        sealed.try_reserve_exact(length).map_err(|_| Error::OutOfMemory)?;
        sealed.extend_from_slice(header);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let body = sealed.get_mut(header.len() + nonce.len()..).unwrap_or_default();
        match self.0.encrypt_inout_detached(
            &XNonce::from(nonce),
            &associated(header, audience),
            body.into(),
        ) {
            Ok(tag) => sealed.extend_from_slice(&tag),
            Err(_) => {
                sealed.zeroize();
                return Err(Error::CannotPack("too long"));
            }
        }
        Ok(sealed)
    }

    /// Opens what [`Key::seal`] sealed with this header for this audience; `sealed` is what follows
    /// the header.
    ///
    /// Errors: `InvalidToken`, without the reason.
    pub fn open(&self, header: &[u8], audience: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        const WRONG: Error = Error::InvalidToken(
            "an exported context that was changed, or sealed with another key or for others ([export] audience)",
        );
        let (nonce, rest) = sealed.split_first_chunk::<{ Key::NONCE }>().ok_or(WRONG)?;
        let (body, tag) = rest.split_last_chunk::<TAG>().ok_or(WRONG)?;
        let mut plain = Zeroizing::new(Vec::new());
        plain.try_reserve_exact(body.len()).map_err(|_| Error::OutOfMemory)?;
        plain.extend_from_slice(body);
        let opened = self.0.decrypt_inout_detached(
            &XNonce::from(*nonce),
            &associated(header, audience),
            plain.as_mut_slice().into(),
            &(*tag).into(),
        );
        opened.map_err(|_| WRONG)?;
        Ok(plain)
    }
}

/// The data that is authenticated besides the content.
fn associated(header: &[u8], audience: &str) -> Vec<u8> {
    [header, audience.as_bytes()].concat()
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}
