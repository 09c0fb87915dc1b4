//! KRB-FINISHED of IAKERB: the initiator's checksum over all tokens that carried messages of a KDC, among the
//! extensions of the authenticator's checksum. It shows that nobody between has changed one.

use crate::encoding::cursor::{ByteOrder, Cursor};
use crate::encoding::der;
use crate::encoding::der::Reader;
use crate::kerberos::crypto::{Key, key_usage};
use crate::kerberos::message::Checksum;
use crate::types::error::{Error, Result};

/// A dialect of IAKERB, told by the type of the realm's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// draft-ietf-kitten-iakerb-03: UTF8String.
    Draft,
    /// draft-zhu-ws-kerb: OCTET STRING.
    Older,
}

/// The tokens that carried messages of a KDC, both ways, as they travelled, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Conversation<'a> {
    /// The dialect of the tokens.
    pub dialect: Dialect,
    /// The tokens.
    pub transcript: &'a [u8],
}

/// The type of the extension and the usage of the key.
fn numbers(dialect: Dialect) -> (u32, u32) {
    match dialect {
        Dialect::Draft => (2, key_usage::IAKERB_FINISHED),
        Dialect::Older => (1, key_usage::FINISHED),
    }
}

/// Verifies KRB-FINISHED among `extensions` (`Exts` of checksum 0x8003), made with the
/// authenticator's sub-key. Returns whether there is one: Windows' initiator has been seen without.
///
/// Errors: `InvalidToken` for malformed extensions, `MessageAltered` for a checksum over another
/// conversation, or if there is no sub-key.
pub(super) fn verify_finished(
    extensions: &[u8],
    subkey: Option<&Key>,
    conversation: &Conversation<'_>,
) -> Result<bool> {
    let (wanted, usage) = numbers(conversation.dialect);
    let Some(value) = find(extensions, wanted)? else { return Ok(false) };
    let key = subkey.ok_or(Error::MessageAltered("IAKERB: no sub-key for the checksum"))?;
    let mut fields = Reader::new(der::only(value, der::SEQUENCE)?);
    let checksum = Checksum::decode(fields.read(der::context(1))?)?;
    let parts = [conversation.transcript];
    key.verify_checksum(usage, &parts, checksum.cksumtype, checksum.checksum)?;
    Ok(true)
}

/// The value of the extension with this type. Type and length are big-endian (MIT's library), or
/// little-endian where that does not fit (the crate sspi); which one the draft means is not said.
fn find(extensions: &[u8], wanted: u32) -> Result<Option<&[u8]>> {
    walk(extensions, wanted, ByteOrder::Big)
        .or_else(|_| walk(extensions, wanted, ByteOrder::Little))
}

fn walk(extensions: &[u8], wanted: u32, order: ByteOrder) -> Result<Option<&[u8]>> {
    const CUT_OFF: Error = Error::InvalidToken("checksum 0x8003: an extension is cut off");
    let mut cursor = Cursor::new(extensions, order);
    let mut found = None;
    while cursor.remaining() > 0 {
        let kind = cursor.u32().ok_or(CUT_OFF)?;
        let length = cursor.u32().and_then(|length| usize::try_from(length).ok()).ok_or(CUT_OFF)?;
        let value = cursor.take(length).ok_or(CUT_OFF)?;
        if kind == wanted && found.is_none() {
            found = Some(value);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::der::Writer;
    use crate::kerberos::crypto::Enctype;

    fn extension(kind: u32, value: &[u8], order: fn(u32) -> [u8; 4]) -> Vec<u8> {
        [&order(kind)[..], &order(value.len() as u32), value].concat()
    }

    fn finished(key: &Key, usage: u32, transcript: &[u8]) -> Vec<u8> {
        let checksum = key.checksum(usage, &[transcript]).unwrap();
        let (cksumtype, bytes) = (checksum.checksum_type(), checksum.bytes());
        let checksum = Checksum { cksumtype, checksum: bytes }.encode();
        let mut writer = Writer::new(64);
        writer.nest(der::SEQUENCE, |writer| {
            writer.nest(der::context(1), |writer| writer.raw(&checksum));
        });
        writer.finish()
    }

    #[test]
    fn the_checksum_is_over_the_whole_conversation() {
        let key = Key::new(Enctype::Aes256Sha1, &[7; 32]).unwrap();
        let transcript = b"all tokens, both ways";
        for (dialect, kind, usage) in [(Dialect::Draft, 2, 41), (Dialect::Older, 1, 42)] {
            let conversation = Conversation { dialect, transcript };
            let verify = |extensions: &[u8], key: Option<&Key>| {
                verify_finished(extensions, key, &conversation)
            };
            let value = finished(&key, usage, transcript);
            for order in [u32::to_be_bytes as fn(u32) -> [u8; 4], u32::to_le_bytes] {
                let right = extension(kind, &value, order);
                assert_eq!(verify(&right, Some(&key)), Ok(true));
                assert!(verify(&right, None).is_err());
                let other = [extension(9, b"other", order), right.clone()].concat();
                assert_eq!(verify(&other, Some(&key)), Ok(true));
                for at in 0..transcript.len() {
                    let mut changed = transcript.to_vec();
                    changed[at] ^= 1;
                    let conversation = Conversation { dialect, transcript: &changed };
                    assert!(verify_finished(&right, Some(&key), &conversation).is_err());
                }
                let wrong = extension(kind, &finished(&key, usage + 2, transcript), order);
                assert!(verify(&wrong, Some(&key)).is_err());
                assert!(verify(&right[..right.len() - 1], Some(&key)).is_err());
            }
            assert_eq!(verify(&[0; 8], Some(&key)), Ok(false));
            assert_eq!(verify(b"", None), Ok(false));
        }
    }
}
