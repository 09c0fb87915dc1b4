//! FAST, RFC 6113 5.4: requests and replies of a KDC inside an armor.

use super::fields::{
    Fields, WriteFields, flags, int32, maybe, microseconds, octets, string, time, uint32,
};
use super::pa_data::{PaData, PaDataList};
use super::{Checksum, EncryptedData, EncryptionKey, PrincipalName};
use crate::encoding::der;
use crate::encoding::der::Writer;
use crate::types::error::Result;
use zeroize::Zeroizing;

/// FX_FAST_ARMOR_AP_REQUEST: the armor is an AP-REQ.
const ARMOR_AP_REQUEST: i32 = 1;

/// KrbFastArmoredReq, the value of PA-FX-FAST in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FastArmoredReq<'a> {
    /// The AP-REQ in `armor`, encoded; `None` if there is no armor of this kind, as in a TGS-REQ.
    pub armor: Option<&'a [u8]>,
    /// `req-checksum`
    pub req_checksum: Checksum<'a>,
    /// `enc-fast-req`: a [`FastReq`].
    pub enc_fast_req: EncryptedData<'a>,
}

impl<'a> FastArmoredReq<'a> {
    /// Decodes a PA-FX-FAST-REQUEST.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<FastArmoredReq<'a>> {
        let mut fields = Fields::sequence(der::only(bytes, der::context(0))?)?;
        let armor = maybe(fields.optional(0)?, |field| {
            let mut fields = Fields::sequence(field)?;
            let armor_type = int32(fields.field(0)?)?;
            let value = octets(fields.field(1)?)?;
            fields.end()?;
            Ok((armor_type == ARMOR_AP_REQUEST).then_some(value))
        })?;
        let req_checksum = Checksum::decode(fields.field(1)?)?;
        let enc_fast_req = EncryptedData::decode(fields.field(2)?)?;
        fields.end()?;
        Ok(FastArmoredReq { armor: armor.flatten(), req_checksum, enc_fast_req })
    }

    /// Encodes a PA-FX-FAST-REQUEST.
    pub fn encode(&self) -> Vec<u8> {
        let armor = self.armor.unwrap_or_default();
        let mut writer = Writer::new(256 + armor.len() + self.enc_fast_req.cipher.len());
        writer.nest(der::context(0), |writer| {
            writer.nest(der::SEQUENCE, |writer| {
                if let Some(armor) = self.armor {
                    writer.tagged(0, |writer| {
                        writer.nest(der::SEQUENCE, |writer| {
                            writer.number(0, ARMOR_AP_REQUEST);
                            writer.octets(1, armor);
                        });
                    });
                }
                writer.tagged(1, |writer| self.req_checksum.write(writer));
                writer.tagged(2, |writer| self.enc_fast_req.write(writer));
            });
        });
        writer.finish()
    }
}

/// KrbFastReq.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FastReq<'a> {
    /// `fast-options`; bit 0 is the highest one.
    pub fast_options: u32,
    /// `padata`
    pub padata: PaDataList<'a>,
    /// `req-body`, encoded.
    pub req_body: &'a [u8],
}

impl<'a> FastReq<'a> {
    /// Decodes the plaintext; triple DES leaves padding behind it.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<FastReq<'a>> {
        let mut fields = Fields::sequence(der::Reader::new(bytes).raw()?)?;
        let fast_options = flags(fields.field(0)?)?;
        let padata = PaDataList::decode(fields.field(1)?)?;
        let req_body = fields.field(2)?;
        fields.end()?;
        Ok(FastReq { fast_options, padata, req_body })
    }

    /// Encodes the plaintext, without options.
    pub fn encode(padata: &[PaData<'_>], req_body: &[u8]) -> Vec<u8> {
        let data: usize = padata.iter().map(|pa| 24 + pa.padata_value.len()).sum();
        let mut writer = Writer::new(64 + data + req_body.len());
        writer.nest(der::SEQUENCE, |writer| {
            writer.flags(0, 0);
            writer.tagged(1, |writer| PaDataList::write_all(padata, writer));
            writer.tagged(2, |writer| writer.raw(req_body));
        });
        writer.finish()
    }
}

/// KrbFastArmoredRep, the value of PA-FX-FAST in a reply or error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FastArmoredRep<'a> {
    /// `enc-fast-rep`: a [`FastResponse`].
    pub enc_fast_rep: EncryptedData<'a>,
}

impl<'a> FastArmoredRep<'a> {
    /// Decodes a PA-FX-FAST-REPLY.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<FastArmoredRep<'a>> {
        let mut fields = Fields::sequence(der::only(bytes, der::context(0))?)?;
        let enc_fast_rep = EncryptedData::decode(fields.field(0)?)?;
        fields.end()?;
        Ok(FastArmoredRep { enc_fast_rep })
    }

    /// Encodes a PA-FX-FAST-REPLY. Only KDCs do this.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(64 + self.enc_fast_rep.cipher.len());
        writer.nest(der::context(0), |writer| {
            writer.nest(der::SEQUENCE, |writer| {
                writer.tagged(0, |writer| self.enc_fast_rep.write(writer));
            });
        });
        writer.finish()
    }
}

/// KrbFastResponse. It may contain a key: erasing its buffer is the caller's task.
#[derive(Debug, Clone, Copy)]
pub struct FastResponse<'a> {
    /// `padata`, in place of the outer one.
    pub padata: PaDataList<'a>,
    /// `strengthen-key`
    pub strengthen_key: Option<EncryptionKey<'a>>,
    /// `finished`: in a reply, not in an error.
    pub finished: Option<FastFinished<'a>>,
    /// `nonce` of the request's inner body.
    pub nonce: u32,
}

/// KrbFastFinished: what else the armor protects of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FastFinished<'a> {
    /// `timestamp`, the KDC's time in seconds since 1970.
    pub timestamp: i64,
    /// `usec`, below a million.
    pub usec: u32,
    /// `crealm`
    pub crealm: &'a [u8],
    /// `cname`
    pub cname: PrincipalName<'a>,
    /// `ticket-checksum`, over the encoded ticket.
    pub ticket_checksum: Checksum<'a>,
}

impl<'a> FastFinished<'a> {
    fn decode(bytes: &'a [u8]) -> Result<FastFinished<'a>> {
        let mut fields = Fields::sequence(bytes)?;
        let finished = FastFinished {
            timestamp: time(fields.field(0)?)?,
            usec: microseconds(fields.field(1)?)?,
            crealm: string(fields.field(2)?)?,
            cname: PrincipalName::decode_named(fields.field(3)?)?,
            ticket_checksum: Checksum::decode(fields.field(4)?)?,
        };
        fields.end()?;
        Ok(finished)
    }
}

impl<'a> FastResponse<'a> {
    /// Decodes the plaintext; triple DES leaves padding behind it.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<FastResponse<'a>> {
        let mut fields = Fields::sequence(der::Reader::new(bytes).raw()?)?;
        let response = FastResponse {
            padata: PaDataList::decode(fields.field(0)?)?,
            strengthen_key: maybe(fields.optional(1)?, EncryptionKey::decode)?,
            finished: maybe(fields.optional(2)?, FastFinished::decode)?,
            nonce: uint32(fields.field(3)?)?,
        };
        fields.end()?;
        Ok(response)
    }

    /// Encodes the plaintext. Only KDCs do this.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let padata: Vec<PaData<'_>> = self.padata.iter().collect();
        let data: usize = padata.iter().map(|pa| 24 + pa.padata_value.len()).sum();
        let mut writer = Writer::new(1024 + data);
        writer.nest(der::SEQUENCE, |writer| {
            writer.tagged(0, |writer| PaDataList::write_all(&padata, writer));
            if let Some(key) = &self.strengthen_key {
                writer.tagged(1, |writer| key.write(writer));
            }
            if let Some(finished) = &self.finished {
                writer.tagged(2, |writer| {
                    writer.nest(der::SEQUENCE, |writer| {
                        writer.time(0, finished.timestamp);
                        writer.number(1, finished.usec);
                        writer.string(2, finished.crealm);
                        writer.tagged(3, |writer| finished.cname.write(writer));
                        writer.tagged(4, |writer| finished.ticket_checksum.write(writer));
                    });
                });
            }
            writer.number(3, self.nonce);
        });
        Zeroizing::new(writer.finish())
    }
}
