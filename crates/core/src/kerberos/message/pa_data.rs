//! PA-DATA and its lists, RFC 4120 5.2.7, 5.9.1 (METHOD-DATA).

use super::fields::{self, Fields, WriteFields, int32, maybe, microseconds, octets, string, time};
use crate::encoding::der;
use crate::encoding::der::{Reader, Writer};
use crate::types::error::Result;
use std::fmt;
use zeroize::Zeroizing;

/// Types of pre-authentication data.
pub mod pa_type {
    /// PA-TGS-REQ: an AP-REQ.
    pub const TGS_REQ: i32 = 1;
    /// PA-ENC-TIMESTAMP
    pub const ENC_TIMESTAMP: i32 = 2;
    /// PA-PW-SALT
    pub const PW_SALT: i32 = 3;
    /// PA-ETYPE-INFO
    pub const ETYPE_INFO: i32 = 11;
    /// PA-ETYPE-INFO2
    pub const ETYPE_INFO2: i32 = 19;
    /// PA-SVR-REFERRAL-INFO
    pub const SVR_REFERRAL_INFO: i32 = 20;
    /// PA-PAC-REQUEST ([MS-KILE] 2.2.3)
    pub const PAC_REQUEST: i32 = 128;
    /// PA-FOR-USER ([MS-SFU] 2.2.1)
    pub const FOR_USER: i32 = 129;
    /// PA-S4U-X509-USER ([MS-SFU] 2.2.2)
    pub const S4U_X509_USER: i32 = 130;
    /// PA-FX-COOKIE (RFC 6113 5.2)
    pub const FX_COOKIE: i32 = 133;
    /// PA-FX-FAST (RFC 6113 5.4)
    pub const FX_FAST: i32 = 136;
    /// PA-FX-ERROR (RFC 6113 5.4.4)
    pub const FX_ERROR: i32 = 137;
    /// PA-ENCRYPTED-CHALLENGE (RFC 6113 5.4.6)
    pub const ENCRYPTED_CHALLENGE: i32 = 138;
    /// PA-REQ-ENC-PA-REP (RFC 6806 11)
    pub const REQ_ENC_PA_REP: i32 = 149;
    /// PA-SPAKE (RFC 9588)
    pub const SPAKE: i32 = 151;
    /// PA-SUPPORTED-ENCTYPES ([MS-KILE] 2.2.8)
    pub const SUPPORTED_ENCTYPES: i32 = 165;
    /// PA-PAC-OPTIONS ([MS-KILE] 2.2.10)
    pub const PAC_OPTIONS: i32 = 167;
}

/// The most elements accepted in a list.
const MAX_ELEMENTS: usize = 64;

/// One element.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PaData<'a> {
    /// `padata-type`, [`pa_type`] or another value.
    pub padata_type: i32,
    /// `padata-value`
    pub padata_value: &'a [u8],
}

/// Does not print the value, which may be unencrypted keys.
impl fmt::Debug for PaData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PaData({}, {} bytes)", self.padata_type, self.padata_value.len())
    }
}

impl<'a> PaData<'a> {
    fn decode(bytes: &'a [u8]) -> Result<PaData<'a>> {
        let mut fields = Fields::sequence(bytes)?;
        let padata_type = int32(fields.field(1)?)?;
        let padata_value = octets(fields.field(2)?)?;
        fields.end()?;
        Ok(PaData { padata_type, padata_value })
    }
}

/// A SEQUENCE OF PA-DATA, validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PaDataList<'a> {
    list: &'a [u8],
}

impl<'a> PaDataList<'a> {
    /// Decodes a list.
    ///
    /// Errors: `InvalidToken` if it is malformed or too long.
    pub fn decode(bytes: &'a [u8]) -> Result<PaDataList<'a>> {
        Ok(PaDataList { list: list(bytes, |element| PaData::decode(element).map(drop))? })
    }

    /// The elements.
    pub fn iter(&self) -> impl Iterator<Item = PaData<'a>> + use<'a> {
        let mut reader = Reader::new(self.list);
        std::iter::repeat(()).map_while(move |()| PaData::decode(reader.raw().ok()?).ok())
    }

    /// The value of the first element of a type.
    pub fn find(&self, padata_type: i32) -> Option<&'a [u8]> {
        self.iter().find(|pa| pa.padata_type == padata_type).map(|pa| pa.padata_value)
    }

    /// Encodes a list of these elements.
    pub fn encode(elements: &[PaData<'_>]) -> Vec<u8> {
        let size = |pa: &PaData<'_>| 24 + pa.padata_value.len();
        let mut writer = Writer::new(16 + elements.iter().map(size).sum::<usize>());
        PaDataList::write_all(elements, &mut writer);
        writer.finish()
    }

    pub(super) fn write_all(elements: &[PaData<'_>], writer: &mut Writer) {
        writer.nest(der::SEQUENCE, |writer| {
            for pa in elements {
                writer.nest(der::SEQUENCE, |writer| {
                    writer.number(1, pa.padata_type);
                    writer.octets(2, pa.padata_value);
                });
            }
        });
    }
}

/// The contents of a SEQUENCE OF, each element validated by `check`.
fn list<'a>(field: &'a [u8], check: impl FnMut(&'a [u8]) -> Result<()>) -> Result<&'a [u8]> {
    fields::sequence_of(field, MAX_ELEMENTS, "Kerberos: a list too long", check)
}

/// ETYPE-INFO2-ENTRY, RFC 4120 5.2.7.5; ETYPE-INFO's entries are read into the same type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EtypeInfo<'a> {
    /// `etype`, the number of the encryption type.
    pub etype: i32,
    /// `salt`; `None`: the default salt.
    pub salt: Option<&'a [u8]>,
    /// `s2kparams`
    pub s2kparams: Option<&'a [u8]>,
}

impl<'a> EtypeInfo<'a> {
    /// Decodes ETYPE-INFO2, in the KDC's order of preference.
    ///
    /// Errors: `InvalidToken` if it is malformed or too long.
    pub fn decode_list2(bytes: &'a [u8]) -> Result<Vec<EtypeInfo<'a>>> {
        let mut found = Vec::new();
        list(bytes, |element| {
            let mut fields = Fields::sequence(element)?;
            found.push(EtypeInfo {
                etype: int32(fields.field(0)?)?,
                salt: maybe(fields.optional(1)?, string)?,
                s2kparams: maybe(fields.optional(2)?, octets)?,
            });
            fields.end()
        })?;
        Ok(found)
    }

    /// Decodes ETYPE-INFO (RFC 4120 5.2.7.4), of KDCs older than RFC 4120.
    ///
    /// Errors: `InvalidToken` if it is malformed or too long.
    pub fn decode_list1(bytes: &'a [u8]) -> Result<Vec<EtypeInfo<'a>>> {
        let mut found = Vec::new();
        list(bytes, |element| {
            let mut fields = Fields::sequence(element)?;
            let etype = int32(fields.field(0)?)?;
            let salt = maybe(fields.optional(1)?, octets)?;
            found.push(EtypeInfo { etype, salt, s2kparams: None });
            fields.end()
        })?;
        Ok(found)
    }

    /// Encodes ETYPE-INFO2.
    pub fn encode_list2(entries: &[EtypeInfo<'_>]) -> Vec<u8> {
        let mut writer = Writer::new(128);
        writer.nest(der::SEQUENCE, |writer| {
            for entry in entries {
                writer.nest(der::SEQUENCE, |writer| {
                    writer.number(0, entry.etype);
                    if let Some(salt) = entry.salt {
                        writer.string(1, salt);
                    }
                    if let Some(s2kparams) = entry.s2kparams {
                        writer.octets(2, s2kparams);
                    }
                });
            }
        });
        writer.finish()
    }
}

/// PA-ENC-TS-ENC, the plaintext of PA-ENC-TIMESTAMP and PA-ENCRYPTED-CHALLENGE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaEncTimestamp {
    /// `patimestamp`, in seconds since 1970.
    pub patimestamp: i64,
    /// `pausec`, below a million.
    pub pausec: Option<u32>,
}

impl PaEncTimestamp {
    /// Decodes the plaintext; triple DES leaves padding behind it.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &[u8]) -> Result<PaEncTimestamp> {
        let mut fields = Fields::sequence(Reader::new(bytes).raw()?)?;
        let patimestamp = time(fields.field(0)?)?;
        let pausec = maybe(fields.optional(1)?, microseconds)?;
        fields.end()?;
        Ok(PaEncTimestamp { patimestamp, pausec })
    }

    /// Encodes the plaintext.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::new(32);
        writer.nest(der::SEQUENCE, |writer| {
            writer.time(0, self.patimestamp);
            if let Some(pausec) = self.pausec {
                writer.number(1, pausec);
            }
        });
        Zeroizing::new(writer.finish())
    }
}
