//! KDC-PROXY-MESSAGE, [MS-KKDCP] 2.2.2: a message on its way through a KDC proxy.

use super::fields::{Fields, WriteFields, int32, maybe, octets, string};
use crate::encoding::der::{self, Writer};
use crate::types::error::{Error, Result};

/// A request to a KDC proxy, or its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdcProxyMessage<'a> {
    /// `kerb-message`, without the length of four bytes that precedes it as over TCP.
    pub kerb_message: &'a [u8],
    /// `target-domain`: the realm whose KDC is to be asked.
    pub target_domain: Option<&'a [u8]>,
    /// `dclocator-hint`: flags of DsrGetDcName.
    pub dclocator_hint: Option<i32>,
}

impl<'a> KdcProxyMessage<'a> {
    /// Decodes a message; bytes after it are not permitted.
    ///
    /// Errors: `InvalidToken` if it is malformed, or the length in it is not the message's.
    pub fn decode(bytes: &'a [u8]) -> Result<KdcProxyMessage<'a>> {
        let mut fields = Fields::sequence(bytes)?;
        let framed = octets(fields.field(0)?)?;
        let message = KdcProxyMessage {
            kerb_message: match framed.split_first_chunk() {
                Some((length, message))
                    if u32::from_be_bytes(*length) as usize == message.len() =>
                {
                    message
                }
                _ => return Err(Error::InvalidToken("KDC proxy: a message of another length")),
            },
            target_domain: maybe(fields.optional(1)?, string)?,
            dclocator_hint: maybe(fields.optional(2)?, int32)?,
        };
        fields.end()?;
        Ok(message)
    }

    /// Encodes the message.
    pub fn encode(&self) -> Vec<u8> {
        let length = (self.kerb_message.len() as u32).to_be_bytes();
        let framed = [&length, self.kerb_message].concat();
        let mut writer = Writer::new(framed.len() + 64);
        writer.nest(der::SEQUENCE, |writer| {
            writer.octets(0, &framed);
            if let Some(realm) = self.target_domain {
                writer.string(1, realm);
            }
            if let Some(hint) = self.dclocator_hint {
                writer.number(2, hint);
            }
        });
        writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Laid out by hand from [MS-KKDCP] 2.2.2.
    #[test]
    fn a_request() {
        let bytes = b"\x30\x12\xa0\x08\x04\x06\0\0\0\x02hi\xa1\x06\x1b\x04TEST";
        let message = KdcProxyMessage {
            kerb_message: b"hi",
            target_domain: Some(b"TEST"),
            dclocator_hint: None,
        };
        assert_eq!(message.encode(), bytes);
        assert_eq!(KdcProxyMessage::decode(bytes), Ok(message));
        let hinted = KdcProxyMessage { dclocator_hint: Some(0x1000), ..message };
        assert_eq!(KdcProxyMessage::decode(&hinted.encode()), Ok(hinted));
        for length in 0..bytes.len() {
            assert!(KdcProxyMessage::decode(&bytes[..length]).is_err());
        }
        for (at, value) in [(9, 3), (9, 1), (6, 1)] {
            let mut wrong = bytes.to_vec();
            wrong[at] = value;
            assert!(KdcProxyMessage::decode(&wrong).is_err());
        }
    }
}
