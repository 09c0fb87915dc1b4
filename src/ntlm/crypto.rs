//! NTLM's one-way functions and key derivations, [MS-NLMP] 3.3, 3.4.5 and 6.

use super::flags::NegotiateFlags;
use crate::authority::ResponseKind;
use crate::rc4::Rc4;
use cipher::{BlockCipherEncrypt, KeyInit};
use des::Des;
use hmac::{Hmac, Mac};
use md4::Md4;
use md5::{Digest, Md5};
use zeroize::{Zeroize, Zeroizing};

/// A 16-byte secret, zeroed when dropped.
pub type Key = Zeroizing<[u8; 16]>;

/// HMAC-MD5 with its key already absorbed.
pub(super) type HmacMd5 = Hmac<Md5>;

/// HMAC-MD5 with `key` absorbed.
pub(super) fn keyed(key: &[u8; 16]) -> HmacMd5 {
    let mut block = [0u8; 64];
    block[..16].copy_from_slice(key);
    // Hmac pads a shorter key with zeros; giving the whole block needs no fallible call.
    let mac = HmacMd5::new((&block).into());
    // As a slice: an array is erased byte by byte.
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

/// `RC4K(key, data)`: one use of a fresh RC4 state.
pub fn rc4k(key: &[u8; 16], mut data: [u8; 16]) -> Key {
    Rc4::new(key).apply(&mut data);
    Zeroizing::new(data)
}

/// `NTOWFv1`: MD4 of the password in UTF-16LE ([MS-NLMP] 3.3.1).
pub fn nt_hash(password: &str) -> [u8; 16] {
    let mut utf16 = Zeroizing::new(Vec::with_capacity(password.len() * 2));
    utf16.extend(password.encode_utf16().flat_map(u16::to_le_bytes));
    md4(&utf16)
}

/// `LMOWFv1` ([MS-NLMP] 3.3.1), for passwords of at most 14 ASCII characters; others have none.
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

/// `NTOWFv2` ([MS-NLMP] 3.3.2): the key of NTLMv2 and LMv2 responses. The user's name counts in upper case, the
/// domain's as it is.
pub fn ntowf_v2(nt_hash: &[u8; 16], user: &str, domain: &str) -> Key {
    let mut mac = keyed(nt_hash);
    // Through a buffer on the stack: names of a usual length take one update.
    let mut buffer = [0u8; 128];
    let mut filled = 0;
    for unit in user.chars().map(upcase).flat_map(utf16).chain(domain.chars().flat_map(utf16)) {
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

/// Upper case as Windows' own table has it: one UTF-16 code unit to one, no language, and nothing for letters
/// that only look like another's lower case (micro sign, dotless i, long s).
pub fn upcase(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    if (c as u32) > 0xffff {
        return c;
    }
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(u), None) if c == '\u{3c2}' || u.to_lowercase().eq([c]) => u,
        _ => c,
    }
}

/// One block of DES under a 56-bit key.
pub(super) fn des(key: &[u8], block: &[u8; 8]) -> [u8; 8] {
    let mut expanded = Zeroizing::new([0u8; 8]);
    let mut bits = key.iter().take(7).fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
    for byte in expanded.iter_mut().rev() {
        // Seven bits of key above a parity bit that nothing looks at.
        *byte = (bits as u8) << 1;
        bits >>= 7;
    }
    let mut out = (*block).into();
    Des::new((&*expanded).into()).encrypt_block(&mut out);
    out.into()
}

/// `DESL(key, data)`: three DES blocks under the key's 16 bytes and five zeros ([MS-NLMP] 6).
pub fn desl(key: &[u8; 16], data: &[u8; 8]) -> [u8; 24] {
    let mut padded = Zeroizing::new([0u8; 21]);
    padded[..16].copy_from_slice(key);
    let mut out = [0u8; 24];
    for (block, part) in out.chunks_exact_mut(8).zip(padded.chunks_exact(7)) {
        block.copy_from_slice(&des(part, data));
    }
    out
}

/// What `KXKEY` needs beside the flags.
pub struct KeyExchange<'a> {
    /// Which response proved the client.
    pub response: ResponseKind,
    /// `SessionBaseKey`.
    pub session_base_key: &'a [u8; 16],
    /// `LMOWFv1[0..7]`.
    pub lm_session_key: &'a [u8; 8],
    /// `LmChallengeResponse`.
    pub lm_response: &'a [u8],
    /// `ServerChallenge`.
    pub server_challenge: &'a [u8; 8],
}

/// `KXKEY` ([MS-NLMP] 3.4.5.1).
pub fn kxkey(flags: NegotiateFlags, from: &KeyExchange<'_>) -> Key {
    match from.response {
        ResponseKind::NtlmV2 | ResponseKind::LmV2 => Zeroizing::new(*from.session_base_key),
        ResponseKind::NtlmV1Ess => {
            let client_challenge = from.lm_response.get(..8).unwrap_or_default();
            Zeroizing::new(hmac_md5(from.session_base_key, &[from.server_challenge, client_challenge]))
        }
        ResponseKind::NtlmV1 | ResponseKind::Lm => {
            let mut key = Zeroizing::new([0u8; 16]);
            if flags.contains(NegotiateFlags::LM_KEY) {
                let response = from.lm_response.first_chunk().copied().unwrap_or_default();
                let second = Zeroizing::new([from.lm_session_key[7], 0xbd, 0xbd, 0xbd, 0xbd, 0xbd, 0xbd]);
                key[..8].copy_from_slice(&des(&from.lm_session_key[..7], &response));
                key[8..].copy_from_slice(&des(&second[..], &response));
            } else if flags.contains(NegotiateFlags::NON_NT_SESSION_KEY) {
                key[..8].copy_from_slice(from.lm_session_key);
            } else {
                *key = *from.session_base_key;
            }
            key
        }
    }
}

/// Which way a message travels: each direction has its own keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Made with the "Client" mode of `SIGNKEY` and `SEALKEY`.
    ClientToServer,
    /// Made with the "Server" mode.
    ServerToClient,
}

/// `SIGNKEY` ([MS-NLMP] 3.4.5.2), with extended session security; without it no signing key exists.
pub fn signkey(exported_session_key: &[u8; 16], direction: Direction) -> Key {
    let magic: &[u8] = match direction {
        Direction::ClientToServer => b"session key to client-to-server signing key magic constant\0",
        Direction::ServerToClient => b"session key to server-to-client signing key magic constant\0",
    };
    Zeroizing::new(md5(&[exported_session_key, magic]))
}

/// A key for RC4, of 16 or of 8 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct SealKey {
    /// One of 8 bytes stands here twice, which is the same to RC4.
    bytes: [u8; 16],
    length: u8,
}

impl SealKey {
    fn long(bytes: [u8; 16]) -> SealKey {
        SealKey { bytes, length: 16 }
    }

    fn short(half: [u8; 8]) -> SealKey {
        SealKey { bytes: std::array::from_fn(|i| half[i % 8]), length: 8 }
    }

    /// The key's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// The start of its key stream.
    pub(super) fn rc4(&self) -> Rc4 {
        Rc4::new(&self.bytes)
    }
}

impl Drop for SealKey {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

/// `SEALKEY` ([MS-NLMP] 3.4.5.3).
pub fn sealkey(flags: NegotiateFlags, exported_session_key: &[u8; 16], direction: Direction) -> SealKey {
    if flags.contains(NegotiateFlags::EXTENDED_SESSIONSECURITY) {
        let magic: &[u8] = match direction {
            Direction::ClientToServer => b"session key to client-to-server sealing key magic constant\0",
            Direction::ServerToClient => b"session key to server-to-client sealing key magic constant\0",
        };
        let used = if flags.contains(NegotiateFlags::N128) {
            16
        } else if flags.contains(NegotiateFlags::N56) {
            7
        } else {
            5
        };
        return SealKey::long(md5(&[&exported_session_key[..used], magic]));
    }
    let key = *exported_session_key;
    if !weakened(flags) {
        SealKey::long(key)
    } else if flags.contains(NegotiateFlags::N56) {
        SealKey::short([key[0], key[1], key[2], key[3], key[4], key[5], key[6], 0xa0])
    } else {
        SealKey::short([key[0], key[1], key[2], key[3], key[4], 0xe5, 0x38, 0xb0])
    }
}

/// Without extended session security: the sealing key is cut to 56 or 40 bits ([MS-NLMP] 3.4.5.3). Datagrams
/// count since NTLMSSP_REVISION_W2K3, which is what this library's Version says.
fn weakened(flags: NegotiateFlags) -> bool {
    flags.intersects(NegotiateFlags::LM_KEY | NegotiateFlags::DATAGRAM)
}

/// Bits of the sealing key that are secret.
pub(super) fn seal_bits(flags: NegotiateFlags) -> u32 {
    let ess = flags.contains(NegotiateFlags::EXTENDED_SESSIONSECURITY);
    if if ess { flags.contains(NegotiateFlags::N128) } else { !weakened(flags) } {
        128
    } else if flags.contains(NegotiateFlags::N56) {
        56
    } else {
        40
    }
}

/// CRC-32 of [ISO-3309]/Ethernet, over several pieces, as signatures without extended session security use it.
#[derive(Clone, Copy)]
pub(super) struct Crc32(u32);

impl Crc32 {
    pub(super) fn new() -> Crc32 {
        Crc32(!0)
    }

    pub(super) fn update(&mut self, data: &[u8]) {
        for byte in data {
            self.0 = CRC_TABLE[usize::from(self.0 as u8 ^ byte)] ^ (self.0 >> 8);
        }
    }

    pub(super) fn finish(self) -> u32 {
        !self.0
    }
}

static CRC_TABLE: [u32; 256] = {
    let mut table = [0u32; 256];
    let mut i = 0;
    while i < 256 {
        let mut value = i as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 != 0 { 0xedb8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        table[i] = value;
        i += 1;
    }
    table
};
