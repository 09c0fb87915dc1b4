//! NTLM's cryptographic functions, [MS-NLMP] 3.3 and 6.

pub use crate::primitives::nt_hash::nt_hash;

use crate::primitives::rc4::Rc4;
use crate::types::account_name::upcase;
use cipher::{BlockCipherEncrypt, KeyInit};
use des::Des;
use hmac::{Hmac, Mac};
use md4::Md4;
use md5::{Digest, Md5};
use zeroize::{Zeroize, Zeroizing};

/// A 16-byte secret, zeroed when dropped.
pub type Key = Zeroizing<[u8; 16]>;

/// HMAC-MD5 after its key schedule.
pub(super) type HmacMd5 = Hmac<Md5>;

/// HMAC-MD5 with the key `key`.
pub(super) fn keyed(key: &[u8; 16]) -> HmacMd5 {
    let mut block = [0u8; 64];
    block[..16].copy_from_slice(key);
    // Hmac pads shorter keys with zeros. Passing a whole block avoids a fallible call.
    let mac = HmacMd5::new((&block).into());
    // As a slice: an array would be erased byte by byte.
    block.as_mut_slice().zeroize();
    mac
}

/// `HMAC_MD5(key, parts[0] || parts[1] || ...)`.
pub fn hmac_md5(key: &[u8; 16], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = keyed(key);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// `MD5(parts[0] || parts[1] || ...)`.
pub fn md5(parts: &[&[u8]]) -> [u8; 16] {
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(part);
    }
    md5.finalize().into()
}

/// `MD4(data)`.
pub fn md4(data: &[u8]) -> [u8; 16] {
    Md4::digest(data).into()
}

/// `RC4K(key, data)`, with a new RC4 state.
pub fn rc4k(key: &[u8; 16], mut data: [u8; 16]) -> Key {
    Rc4::new(key).apply(&mut data);
    Zeroizing::new(data)
}

/// `LMOWFv1` ([MS-NLMP] 3.3.1), for passwords of at most 14 ASCII characters; `None` for others.
pub fn lm_hash(password: &str) -> Option<[u8; 16]> {
    if password.len() > 14 || !password.is_ascii() {
        return None;
    }
    let mut padded = Zeroizing::new([0u8; 14]);
    padded[..password.len()].copy_from_slice(password.as_bytes());
    padded.make_ascii_uppercase();
    let mut hash = [0u8; 16];
    for (half, key) in hash.chunks_exact_mut(8).zip(padded.chunks_exact(7)) {
        half.copy_from_slice(&des(key, b"KGS!@#$%"));
    }
    Some(hash)
}

/// `NTOWFv2` ([MS-NLMP] 3.3.2): the key of NTLMv2 and LMv2 responses. The user name is converted to
/// upper case, the domain is not.
pub fn ntowf_v2(nt_hash: &[u8; 16], user: &str, domain: &str) -> Key {
    ntowf_v2_of(
        nt_hash,
        user.chars().map(upcase).flat_map(utf16).chain(domain.chars().flat_map(utf16)),
    )
}

/// `NTOWFv2` as clients compute it that widen the bytes of OEM text to UTF-16.
pub(super) fn ntowf_v2_widened(nt_hash: &[u8; 16], user: &[u8], domain: &[u8]) -> Key {
    let user = user.iter().map(u8::to_ascii_uppercase);
    ntowf_v2_of(nt_hash, user.chain(domain.iter().copied()).map(u16::from))
}

/// `HMAC_MD5(nt_hash, names)`, the names in UTF-16LE.
fn ntowf_v2_of(nt_hash: &[u8; 16], names: impl Iterator<Item = u16>) -> Key {
    let mut mac = keyed(nt_hash);
    // Buffered on the stack: names of usual length need a single update.
    let mut buffer = [0u8; 128];
    let mut filled = 0;
    for unit in names {
        if filled == buffer.len() {
            mac.update(&buffer);
            filled = 0;
        }
        buffer[filled..filled + 2].copy_from_slice(&unit.to_le_bytes());
        filled += 2;
    }
    mac.update(&buffer[..filled]);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

fn utf16(c: char) -> impl Iterator<Item = u16> {
    let mut units = [0u16; 2];
    let length = c.encode_utf16(&mut units).len();
    units.into_iter().take(length)
}

/// Encrypts one block with DES under a 56-bit key.
pub(super) fn des(key: &[u8], block: &[u8; 8]) -> [u8; 8] {
    let mut expanded = Zeroizing::new([0u8; 8]);
    let mut bits = key.iter().take(7).fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
    for byte in expanded.iter_mut().rev() {
        // Seven bits of key and an unused parity bit.
        *byte = (bits as u8) << 1;
        bits >>= 7;
    }
    let mut out = (*block).into();
    Des::new((&*expanded).into()).encrypt_block(&mut out);
    out.into()
}

/// `DESL(key, data)`: three DES blocks, keyed with the 16 bytes of `key` and five zeros ([MS-NLMP]
/// 6).
pub fn desl(key: &[u8; 16], data: &[u8; 8]) -> [u8; 24] {
    let mut padded = Zeroizing::new([0u8; 21]);
    padded[..16].copy_from_slice(key);
    let mut out = [0u8; 24];
    for (block, part) in out.chunks_exact_mut(8).zip(padded.chunks_exact(7)) {
        block.copy_from_slice(&des(part, data));
    }
    out
}
