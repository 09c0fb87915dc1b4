//! The contents of some elements of authorization data.

use crate::encoding::der;
use crate::encoding::der::{Reader, Writer};
use crate::types::error::{Error, Result};
use bitflags::bitflags;

bitflags! {
    /// AD-AUTH-DATA-AP-OPTIONS, [MS-KILE] 3.2.5.8. Unknown bits are kept.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct ApOptionsData: u32 {
        /// KERB_AP_OPTIONS_CBT: the client sends channel bindings whenever it uses a channel, so
        /// bindings of zeros mean that it uses none.
        const CBT = 0x4000;
        /// KERB_AP_OPTIONS_UNVERIFIED_TARGET_NAME: the client has the service's name from an
        /// untrusted source.
        const UNVERIFIED_TARGET_NAME = 0x8000;
        const _ = !0;
    }
}

impl ApOptionsData {
    /// Decodes `ad-data`: four bytes, little-endian. Bytes after them are ignored.
    ///
    /// Errors: `InvalidToken` for fewer bytes.
    pub fn decode(ad_data: &[u8]) -> Result<ApOptionsData> {
        match ad_data.first_chunk::<4>() {
            Some(bytes) => Ok(ApOptionsData::from_bits_retain(u32::from_le_bytes(*bytes))),
            None => Err(Error::InvalidToken("AD-AUTH-DATA-AP-OPTIONS: too short")),
        }
    }

    /// Encodes the `ad-data`.
    pub fn encode(self) -> [u8; 4] {
        self.bits().to_le_bytes()
    }
}

/// The most encryption types accepted in a list.
const MAX_ETYPES: usize = 64;

/// EtypeList of AD-ETYPE-NEGOTIATION, RFC 4537 3: the encryption types that the client proposes for
/// the service's sub-key, most preferred first. Validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EtypeList<'a> {
    list: &'a [u8],
}

impl<'a> EtypeList<'a> {
    /// Decodes `ad-data`.
    ///
    /// Errors: `InvalidToken` if it is malformed or too long.
    pub fn decode(ad_data: &'a [u8]) -> Result<EtypeList<'a>> {
        let list = der::only(ad_data, der::SEQUENCE)?;
        let mut reader = Reader::new(list);
        let mut count = 0;
        while !reader.is_empty() {
            let number = der::integer(reader.read(der::INTEGER)?)?;
            count += 1;
            if count > MAX_ETYPES || i32::try_from(number).is_err() {
                return Err(Error::InvalidToken("EtypeList: too many or out of range"));
            }
        }
        Ok(EtypeList { list })
    }

    /// The numbers of the encryption types.
    pub fn iter(&self) -> impl Iterator<Item = i32> + use<'a> {
        let mut reader = Reader::new(self.list);
        std::iter::repeat(()).map_while(move |()| {
            der::integer(reader.read(der::INTEGER).ok()?).ok()?.try_into().ok()
        })
    }

    /// Encodes the `ad-data`.
    pub fn encode(etypes: &[i32]) -> Vec<u8> {
        let mut writer = Writer::new(32);
        writer.nest(der::SEQUENCE, |writer| {
            etypes.iter().for_each(|&etype| writer.integer(etype.into()))
        });
        writer.finish()
    }
}

/// Decodes AD-AUTH-DATA-CLIENT-TARGET ([MS-KILE] 3.2.5.8): the service's name and realm as used by
/// the client, in UTF-16.
///
/// Errors: `InvalidToken` if it is not UTF-16.
pub fn client_target(ad_data: &[u8]) -> Result<String> {
    const MALFORMED: Error = Error::InvalidToken("AD-AUTH-DATA-CLIENT-TARGET: not UTF-16");
    let (units, []) = ad_data.as_chunks::<2>() else { return Err(MALFORMED) };
    let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
    char::decode_utf16(units).collect::<Result<String, _>>().map_err(|_| MALFORMED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encryption_types_are_listed_in_order() {
        let encoded = EtypeList::encode(&[20, 18, 23, -133]);
        // RFC 4537 3: SEQUENCE OF Int32, without tags.
        assert_eq!(encoded, b"\x30\x0d\x02\x01\x14\x02\x01\x12\x02\x01\x17\x02\x02\xff\x7b");
        assert!(EtypeList::decode(&encoded).unwrap().iter().eq([20, 18, 23, -133]));
        assert!(EtypeList::decode(&EtypeList::encode(&[1; MAX_ETYPES])).is_ok());
        assert!(EtypeList::decode(&EtypeList::encode(&[1; MAX_ETYPES + 1])).is_err());
        assert!(EtypeList::decode(b"\x30\x07\x02\x05\x01\x00\x00\x00\x00").is_err());
        assert!(EtypeList::decode(b"\x30\x02\x04\x00").is_err());
    }

    #[test]
    fn options_are_little_endian() {
        assert_eq!(ApOptionsData::decode(b"\x00\x40\x00\x00"), Ok(ApOptionsData::CBT));
        assert_eq!(ApOptionsData::UNVERIFIED_TARGET_NAME.encode(), *b"\x00\x80\x00\x00");
        assert!(ApOptionsData::decode(b"\x00\x40\x00").is_err());
    }

    #[test]
    fn the_target_is_utf16() {
        assert_eq!(client_target(b"H\0T\0/\0\xe9\0").as_deref(), Ok("HT/é"));
        assert!(client_target(b"H").is_err());
        assert!(client_target(b"\x00\xd8").is_err());
    }
}
