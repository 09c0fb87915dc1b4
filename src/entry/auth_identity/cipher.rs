//! The cipher of SspiEncryptAuthIdentity: makes a program's identities unreadable without the key
//! of this process.
//!
//! Encryption is in place, in the caller's memory, which has no room for a nonce or a tag. So it is
//! a permutation of all byte strings of a length: a Feistel network over the two halves, whose
//! round function is HMAC-SHA-256 (Luby and Rackoff; four rounds suffice for long halves, ten for
//! short ones, as in NIST SP 800-38G). Every bit of the result depends on every bit of the content.
//! It does not hide the length, or that two contents are equal. A modified result decrypts to
//! random content, which is detected only if it cannot be read.

use crate::types::error::{Error, Result};
use hmac::{Hmac, KeyInit, Mac};
use once_cell::race::OnceBox;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

const ROUNDS: u8 = 10;

pub(super) struct Key(Hmac<Sha256>);

impl Key {
    /// The key of this process, made on first use. A forked child has its parent's, and can decrypt
    /// what the parent has encrypted.
    pub(super) fn of_process() -> Result<&'static Key> {
        // Not a OnceLock: a fork while another thread initializes that would block the child.
        static KEY: OnceBox<Key> = OnceBox::new();
        KEY.get_or_try_init(|| {
            let mut random = Zeroizing::new([0; 32]);
            getrandom::fill(&mut *random).map_err(|_| Error::Internal("no random numbers"))?;
            Ok(Box::new(Key::new(&random)))
        })
    }

    fn new(random: &[u8; 32]) -> Key {
        // Hmac pads a shorter key with zeros; passing a whole block cannot fail.
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block.iter_mut().zip(random).for_each(|(to, from)| *to = *from);
        let key = Key(Hmac::new(&block));
        block.as_mut_slice().zeroize();
        key
    }

    pub(super) fn encipher(&self, content: &mut [u8]) {
        for round in 0..ROUNDS {
            self.round(round, content);
        }
    }

    pub(super) fn decipher(&self, content: &mut [u8]) {
        for round in (0..ROUNDS).rev() {
            self.round(round, content);
        }
    }

    /// Changes one half by a function of the other. It is its own inverse.
    fn round(&self, round: u8, content: &mut [u8]) {
        let length = content.len() as u64;
        let (left, right) = content.split_at_mut(content.len() / 2);
        let (from, to) = if round & 1 == 0 { (left, right) } else { (right, left) };
        let of_half = self
            .0
            .clone()
            .chain_update([round])
            .chain_update(length.to_le_bytes())
            .chain_update(from)
            .finalize();
        let of_half = Zeroizing::new(<[u8; 32]>::from(of_half.into_bytes()));
        let stream = Key::new(&of_half);
        for (number, block) in to.chunks_mut(32).enumerate() {
            let mask = stream.0.clone().chain_update((number as u64).to_le_bytes()).finalize();
            let mask = Zeroizing::new(<[u8; 32]>::from(mask.into_bytes()));
            block.iter_mut().zip(mask.iter()).for_each(|(byte, mask)| *byte ^= mask);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn what_is_enciphered_is_deciphered() {
        let key = Key::of_process().unwrap();
        for length in (0..70).chain([255, 256, 1000, 5 << 16]).take(if cfg!(miri) { 9 } else { 74 })
        {
            let content: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let mut changed = content.clone();
            key.encipher(&mut changed);
            assert!(length < 8 || changed != content);
            key.decipher(&mut changed);
            assert_eq!(changed, content);
        }
    }

    /// Another key does not decrypt.
    #[test]
    fn another_key_gives_something_else() {
        let (key, other) = (Key::of_process().unwrap(), Key::new(&[7; 32]));
        let mut content = *b"alice EXAMPLE Password";
        key.encipher(&mut content);
        other.decipher(&mut content);
        assert_ne!(&content, b"alice EXAMPLE Password");
    }

    /// It permutes all strings of a length: of two bytes, each occurs once.
    #[test]
    #[cfg_attr(miri, ignore)]
    fn short_content_is_permuted() {
        let key = Key::new(&[1; 32]);
        let mut seen = HashSet::new();
        for content in 0..=u16::MAX {
            let mut bytes = content.to_le_bytes();
            key.encipher(&mut bytes);
            assert!(seen.insert(bytes));
        }
    }

    /// One bit changed anywhere changes about half of the bits everywhere.
    #[test]
    #[cfg_attr(miri, ignore)]
    fn every_bit_counts_for_every_other() {
        let key = Key::new(&[2; 32]);
        for length in [8, 31, 100] {
            let mut plain = vec![0; length];
            key.encipher(&mut plain);
            for bit in 0..8 * length {
                let mut changed = vec![0; length];
                changed[bit / 8] ^= 1 << (bit % 8);
                key.encipher(&mut changed);
                for half in [0..length / 2, length / 2..length] {
                    let bits: u32 =
                        half.clone().map(|n| (plain[n] ^ changed[n]).count_ones()).sum();
                    assert!(bits as usize >= half.len(), "{bits} of {} bits", 8 * half.len());
                }
            }
        }
    }
}
