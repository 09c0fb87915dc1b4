//! The parts of rc4-hmac (RFC 4757) that differ from other encryption types.

use super::mac::{Mac, Tag};
use super::{Enctype, key_usage};
use crate::primitives::rc4::Rc4;
use md5::{Digest, Md5};

/// The message type of a usage (RFC 4757 3), in the byte order for hashing. For a TGS reply under a
/// sub-key the RFC specifies type 8; all implementations use 9.
pub(super) fn message_type(usage: u32) -> [u8; 4] {
    match usage {
        key_usage::AS_REP => 8u32,
        key_usage::ACCEPTOR_SIGN => 13,
        other => other,
    }
    .to_le_bytes()
}

/// K1: HMAC-MD5 keyed with the hash of the message type.
pub(crate) fn usage_mac(key: &[u8], usage: u32) -> Mac {
    Mac::new(
        Enctype::Rc4Hmac,
        Mac::new(Enctype::Rc4Hmac, key).over([&message_type(usage)[..]]).first(16),
    )
}

/// The key stream of a message (K3), derived from its tag.
pub(crate) fn stream(usage_mac: &Mac, tag: &[u8]) -> Rc4 {
    let key = usage_mac.over([tag]);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(key.first(16));
    Rc4::new(&bytes)
}

/// Ksign: the checksum key.
pub(super) fn signature_mac(key: &[u8]) -> Mac {
    Mac::new(
        Enctype::Rc4Hmac,
        Mac::new(Enctype::Rc4Hmac, key).over([&b"signaturekey\0"[..]]).first(16),
    )
}

/// The checksum: the HMAC of the MD5 over message type and message.
pub(super) fn signature<'a>(
    signature_mac: &Mac,
    usage: u32,
    parts: impl IntoIterator<Item = &'a [u8]>,
) -> Tag {
    let mut md5 = Md5::new_with_prefix(message_type(usage));
    parts.into_iter().for_each(|part| md5.update(part));
    signature_mac.over([&md5.finalize()[..]])
}
