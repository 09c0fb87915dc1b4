//! Key derivation for one usage: DR and DK of RFC 3961 5.1, KDF-HMAC-SHA2 of RFC 8009 3. RC4 has
//! its own derivation ([`super::arcfour`]).

use super::Enctype;
use super::cipher::Encrypting;
use super::mac::{Mac, Tag};
use super::nfold::n_fold;
use super::secret::Secret;
use zeroize::Zeroize;

/// The purpose of a derived key. The number is the last byte of the derivation constant (RFC 3961
/// 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Kc: checksums.
    Checksum = 0x99,
    /// Ke: encryption.
    Encryption = 0xaa,
    /// Ki: the integrity of encrypted data.
    Integrity = 0x55,
}

/// A base key, prepared for deriving others.
pub(super) struct Deriving {
    enctype: Enctype,
    base: Base,
}

enum Base {
    /// DK.
    Cipher(Encrypting),
    /// KDF-HMAC-SHA2.
    Hash(Mac),
}

impl Deriving {
    /// `key` must have the length of keys of `enctype`.
    pub(super) fn new(enctype: Enctype, key: &[u8]) -> Deriving {
        let cipher = match enctype {
            Enctype::Aes128Sha256 | Enctype::Aes256Sha384 => None,
            _ => Encrypting::new(enctype, key),
        };
        let base = match cipher {
            Some(cipher) => Base::Cipher(cipher),
            None => Base::Hash(Mac::new(enctype, key)),
        };
        Deriving { enctype, base }
    }

    /// Ke, Ki or Kc of a usage.
    pub(super) fn usage_key(&self, usage: u32, purpose: Purpose) -> Secret {
        match &self.base {
            Base::Cipher(cipher) => match FOLDED.get(usage as usize) {
                Some(folded) => self.dk(cipher, folded.for_purpose(purpose)),
                None => self.dk(cipher, &Folded::new(&constant(usage, purpose))),
            },
            Base::Hash(mac) => {
                // RFC 8009 5: hash keys are as long as the tags made with them.
                let length = match purpose {
                    Purpose::Encryption => self.enctype.key_length(),
                    _ => self.enctype.tag_length(),
                };
                secret(kdf_hmac_sha2(mac, &constant(usage, purpose), &[], length).first(length))
            }
        }
    }

    /// The key derived with a constant other than a usage: "kerberos", "prf".
    pub(super) fn named_key(&self, constant: &[u8]) -> Secret {
        match &self.base {
            Base::Cipher(cipher) => self.dk(cipher, &Folded::new(constant)),
            Base::Hash(mac) => {
                let length = self.enctype.key_length();
                secret(kdf_hmac_sha2(mac, constant, &[], length).first(length))
            }
        }
    }

    fn dk(&self, cipher: &Encrypting, folded: &Folded) -> Secret {
        let mut key = Secret::zeros(self.enctype.key_length());
        if self.enctype == Enctype::Des3Sha1 {
            let mut random = [0; 21];
            dr(cipher, folded.to_8, &mut random);
            des3_key(&random, &mut key);
            random.as_mut_slice().zeroize();
        } else {
            dr(cipher, folded.to_16, &mut key);
        }
        key
    }
}

/// DR: the constant, repeatedly encrypted.
fn dr<const N: usize>(cipher: &Encrypting, mut block: [u8; N], out: &mut [u8]) {
    for chunk in out.chunks_mut(N) {
        cipher.block(&mut block);
        chunk.copy_from_slice(&block[..chunk.len()]);
    }
    block.as_mut_slice().zeroize();
}

/// random-to-key of triple DES (RFC 3961 6.3.1): each 7 bytes become 8, the eighth from the low
/// bits of the others. The low bit of each byte is set for odd parity.
pub(super) fn des3_key(random: &[u8; 21], key: &mut [u8]) {
    for (seven, eight) in random.as_chunks::<7>().0.iter().zip(key.as_chunks_mut::<8>().0) {
        let low = (0..7).fold(0, |bits, i| bits | (seven[i] & 1) << (i + 1));
        for (to, from) in eight.iter_mut().zip(seven.iter().chain([&low])) {
            let bits = from & 0xfe;
            *to = bits | (bits.count_ones() as u8 & 1 ^ 1);
        }
    }
}

/// KDF-HMAC-SHA2 (RFC 8009 3). Only the first `length` bytes of the result are used; `length` is no
/// more than the hash has.
pub(super) fn kdf_hmac_sha2(mac: &Mac, label: &[u8], context: &[u8], length: usize) -> Tag {
    let bits = (length as u32 * 8).to_be_bytes();
    mac.over([&[0, 0, 0, 1], label, &[0], context, &bits])
}

fn secret(bytes: &[u8]) -> Secret {
    let mut secret = Secret::zeros(bytes.len());
    for (to, from) in secret.iter_mut().zip(bytes) {
        *to = *from;
    }
    secret
}

/// The derivation constant of a usage and a purpose.
const fn constant(usage: u32, purpose: Purpose) -> [u8; 5] {
    let [a, b, c, d] = usage.to_be_bytes();
    [a, b, c, d, purpose as u8]
}

/// A constant, folded to the block size of triple DES and to that of AES.
struct Folded {
    to_8: [u8; 8],
    to_16: [u8; 16],
}

impl Folded {
    const fn new(constant: &[u8]) -> Folded {
        Folded { to_8: n_fold(constant), to_16: n_fold(constant) }
    }
}

/// The folded constants of a usage.
struct FoldedUsage {
    checksum: Folded,
    encryption: Folded,
    integrity: Folded,
}

impl FoldedUsage {
    fn for_purpose(&self, purpose: Purpose) -> &Folded {
        match purpose {
            Purpose::Checksum => &self.checksum,
            Purpose::Encryption => &self.encryption,
            Purpose::Integrity => &self.integrity,
        }
    }
}

/// For all usages, computed at compile time: at run time folding would cost more than the rest of
/// DK.
static FOLDED: [FoldedUsage; 26] = {
    const NONE: FoldedUsage = FoldedUsage {
        checksum: Folded { to_8: [0; 8], to_16: [0; 16] },
        encryption: Folded { to_8: [0; 8], to_16: [0; 16] },
        integrity: Folded { to_8: [0; 8], to_16: [0; 16] },
    };
    let mut table = [NONE; 26];
    let mut usage = 0;
    while usage < table.len() {
        table[usage] = FoldedUsage {
            checksum: Folded::new(&constant(usage as u32, Purpose::Checksum)),
            encryption: Folded::new(&constant(usage as u32, Purpose::Encryption)),
            integrity: Folded::new(&constant(usage as u32, Purpose::Integrity)),
        };
        usage += 1;
    }
    table
};
