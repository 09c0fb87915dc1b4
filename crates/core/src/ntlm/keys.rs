//! Key derivation, [MS-NLMP] 3.4.5.

use super::crypto::{self, Key};
use super::flags::NegotiateFlags;
use crate::ntlm::ResponseKind;
use crate::primitives::rc4::Rc4;
use zeroize::{Zeroize, Zeroizing};

/// The inputs of `KXKEY`, besides the flags.
pub struct KeyExchange<'a> {
    /// The kind of the client's response.
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

/// `KXKEY` ([MS-NLMP] 3.4.5.1): the key exchange key.
pub fn kxkey(flags: NegotiateFlags, from: &KeyExchange<'_>) -> Key {
    match from.response {
        ResponseKind::NtlmV2 | ResponseKind::LmV2 => Zeroizing::new(*from.session_base_key),
        ResponseKind::NtlmV1Ess => {
            let client_challenge = from.lm_response.get(..8).unwrap_or_default();
            Zeroizing::new(crypto::hmac_md5(
                from.session_base_key,
                &[from.server_challenge, client_challenge],
            ))
        }
        ResponseKind::NtlmV1 | ResponseKind::Lm => {
            let mut key = Zeroizing::new([0u8; 16]);
            if flags.contains(NegotiateFlags::LM_KEY) {
                let response = from.lm_response.first_chunk().copied().unwrap_or_default();
                let second =
                    Zeroizing::new([from.lm_session_key[7], 0xbd, 0xbd, 0xbd, 0xbd, 0xbd, 0xbd]);
                key[..8].copy_from_slice(&crypto::des(&from.lm_session_key[..7], &response));
                key[8..].copy_from_slice(&crypto::des(&second[..], &response));
            } else if flags.contains(NegotiateFlags::NON_NT_SESSION_KEY) {
                key[..8].copy_from_slice(from.lm_session_key);
            } else {
                *key = *from.session_base_key;
            }
            key
        }
    }
}

/// The direction of a message. Each has its own keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The "Client" mode of `SIGNKEY` and `SEALKEY`.
    ClientToServer,
    /// The "Server" mode.
    ServerToClient,
}

/// `SIGNKEY` ([MS-NLMP] 3.4.5.2). Only used with extended session security.
pub fn signkey(exported_session_key: &[u8; 16], direction: Direction) -> Key {
    let magic: &[u8] = match direction {
        Direction::ClientToServer => {
            b"session key to client-to-server signing key magic constant\0"
        }
        Direction::ServerToClient => {
            b"session key to server-to-client signing key magic constant\0"
        }
    };
    Zeroizing::new(crypto::md5(&[exported_session_key, magic]))
}

/// An RC4 key of 16 or 8 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct SealKey {
    /// A key of 8 bytes is stored twice in a row, which is equivalent for RC4.
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

    /// The bytes of the key.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// A new key stream.
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
pub fn sealkey(
    flags: NegotiateFlags,
    exported_session_key: &[u8; 16],
    direction: Direction,
) -> SealKey {
    if flags.contains(NegotiateFlags::EXTENDED_SESSIONSECURITY) {
        let magic: &[u8] = match direction {
            Direction::ClientToServer => {
                b"session key to client-to-server sealing key magic constant\0"
            }
            Direction::ServerToClient => {
                b"session key to server-to-client sealing key magic constant\0"
            }
        };
        let used = if flags.contains(NegotiateFlags::N128) {
            16
        } else if flags.contains(NegotiateFlags::N56) {
            7
        } else {
            5
        };
        return SealKey::long(crypto::md5(&[&exported_session_key[..used], magic]));
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

/// Whether the sealing key is reduced to 56 or 40 bits, without extended session security
/// ([MS-NLMP] 3.4.5.3). For datagrams since NTLMSSP_REVISION_W2K3, the revision in this
/// implementation's Version.
fn weakened(flags: NegotiateFlags) -> bool {
    flags.intersects(NegotiateFlags::LM_KEY | NegotiateFlags::DATAGRAM)
}

/// The number of secret bits in the sealing key.
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
