//! AS-REP and TGS-REP, RFC 4120 5.4.2.

use super::fields::{self, Fields, WriteFields, flags, int32, maybe, string, time, uint32};
use super::kdc_req::KdcExchange;
use super::pa_data::{PaData, PaDataList};
use super::{
    EncryptedData, EncryptionKey, HostAddresses, PrincipalName, Ticket, TicketFlags, VERSION,
};
use crate::encoding::der;
use crate::encoding::der::{Reader, Writer};
use crate::types::error::Result;
use zeroize::Zeroizing;

/// KDC-REP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdcRep<'a> {
    /// `padata`; empty if absent. Unprotected.
    pub padata: PaDataList<'a>,
    /// `crealm`, unprotected.
    pub crealm: &'a [u8],
    /// `cname`, unprotected.
    pub cname: PrincipalName<'a>,
    /// `ticket`, encoded; it decodes.
    pub ticket: &'a [u8],
    /// `enc-part`: an [`EncKdcRepPart`].
    pub enc_part: EncryptedData<'a>,
}

impl<'a> KdcRep<'a> {
    /// Decodes a reply of this exchange; bytes after it are ignored.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(exchange: KdcExchange, bytes: &'a [u8]) -> Result<KdcRep<'a>> {
        let mut fields = Fields::message(bytes, exchange.reply())?;
        fields.version(0)?;
        fields.constant(1, exchange.reply().into())?;
        let padata = maybe(fields.optional(2)?, PaDataList::decode)?.unwrap_or_default();
        let crealm = string(fields.field(3)?)?;
        let cname = PrincipalName::decode_named(fields.field(4)?)?;
        let ticket = fields.field(5)?;
        Ticket::decode(ticket)?;
        let enc_part = EncryptedData::decode(fields.field(6)?)?;
        fields.end()?;
        Ok(KdcRep { padata, crealm, cname, ticket, enc_part })
    }

    /// Encodes a reply of this exchange. Only KDCs do this.
    pub fn encode(&self, exchange: KdcExchange) -> Vec<u8> {
        let padata: Vec<PaData<'_>> = self.padata.iter().collect();
        let data: usize = padata.iter().map(|pa| 24 + pa.padata_value.len()).sum();
        let mut writer = Writer::new(256 + data + self.ticket.len() + self.enc_part.cipher.len());
        fields::message(&mut writer, exchange.reply(), |writer| {
            writer.number(0, VERSION);
            writer.number(1, exchange.reply());
            if !padata.is_empty() {
                writer.tagged(2, |writer| PaDataList::write_all(&padata, writer));
            }
            writer.string(3, self.crealm);
            writer.tagged(4, |writer| self.cname.write(writer));
            writer.tagged(5, |writer| writer.raw(self.ticket));
            writer.tagged(6, |writer| self.enc_part.write(writer));
        });
        writer.finish()
    }
}

/// The plaintext of [`KdcRep::enc_part`]. It contains a key: erasing its buffer is the caller's task.
/// Times are seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct EncKdcRepPart<'a> {
    /// `key`, the session key.
    pub key: EncryptionKey<'a>,
    /// `last-req`: the contents of the SEQUENCE OF, validated.
    last_req: &'a [u8],
    /// `nonce` of the request.
    pub nonce: u32,
    /// `key-expiration`: when the client's key expires.
    pub key_expiration: Option<i64>,
    /// `flags` of the ticket.
    pub flags: TicketFlags,
    /// `authtime`
    pub authtime: i64,
    /// `starttime`; if absent, `authtime` applies.
    pub starttime: Option<i64>,
    /// `endtime`
    pub endtime: i64,
    /// `renew-till`
    pub renew_till: Option<i64>,
    /// `srealm`, the service's realm.
    pub srealm: &'a [u8],
    /// `sname`, the service.
    pub sname: PrincipalName<'a>,
    /// `caddr`
    pub caddr: Option<HostAddresses<'a>>,
    /// `encrypted-pa-data` (RFC 6806 11); empty if absent.
    pub encrypted_pa_data: PaDataList<'a>,
}

impl<'a> EncKdcRepPart<'a> {
    /// `[APPLICATION 25]`, EncASRepPart.
    const AS: u8 = 25;
    /// `[APPLICATION 26]`, EncTGSRepPart. MIT's KDC sends it in an AS-REP too.
    const TGS: u8 = 26;

    /// Decodes the plaintext, of either exchange; triple DES leaves padding behind it.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<EncKdcRepPart<'a>> {
        let is_as = bytes.first() == Some(&der::application(Self::AS));
        let mut fields = Fields::message(bytes, if is_as { Self::AS } else { Self::TGS })?;
        let part = EncKdcRepPart {
            key: EncryptionKey::decode(fields.field(0)?)?,
            last_req: last_req(fields.field(1)?)?,
            nonce: uint32(fields.field(2)?)?,
            key_expiration: maybe(fields.optional(3)?, time)?,
            flags: TicketFlags::from_bits_retain(flags(fields.field(4)?)?),
            authtime: time(fields.field(5)?)?,
            starttime: maybe(fields.optional(6)?, time)?,
            endtime: time(fields.field(7)?)?,
            renew_till: maybe(fields.optional(8)?, time)?,
            srealm: string(fields.field(9)?)?,
            sname: PrincipalName::decode_named(fields.field(10)?)?,
            caddr: maybe(fields.optional(11)?, HostAddresses::decode)?,
            encrypted_pa_data: maybe(fields.optional(12)?, PaDataList::decode)?.unwrap_or_default(),
        };
        fields.end()?;
        Ok(part)
    }

    /// The entries of `last-req`: `lr-type` and `lr-value`, in seconds since 1970.
    pub fn last_req(&self) -> impl Iterator<Item = (i32, i64)> + use<'a> {
        let mut reader = Reader::new(self.last_req);
        std::iter::repeat(()).map_while(move |()| last_req_entry(reader.raw().ok()?).ok())
    }

    /// The same with these entries of `last-req`, encoded by [`EncKdcRepPart::encode_last_req`].
    ///
    /// Errors: `InvalidToken` if they are malformed.
    pub fn with_last_req(self, encoded: &'a [u8]) -> Result<EncKdcRepPart<'a>> {
        Ok(EncKdcRepPart { last_req: last_req(encoded)?, ..self })
    }

    /// Encodes entries of `last-req`: `lr-type` and `lr-value`, in seconds since 1970.
    pub fn encode_last_req(entries: &[(i32, i64)]) -> Vec<u8> {
        let mut writer = Writer::new(64);
        writer.nest(der::SEQUENCE, |writer| {
            for (lr_type, lr_value) in entries {
                writer.nest(der::SEQUENCE, |writer| {
                    writer.number(0, *lr_type);
                    writer.time(1, *lr_value);
                });
            }
        });
        writer.finish()
    }

    /// Encodes the plaintext. Only KDCs do this.
    pub fn encode(&self, exchange: KdcExchange) -> Zeroizing<Vec<u8>> {
        let padata: Vec<PaData<'_>> = self.encrypted_pa_data.iter().collect();
        let data: usize = padata.iter().map(|pa| 24 + pa.padata_value.len()).sum();
        let mut writer = Writer::new(512 + data + self.caddr.map_or(0, |caddr| caddr.size()));
        let n = match exchange {
            KdcExchange::As => Self::AS,
            KdcExchange::Tgs => Self::TGS,
        };
        fields::message(&mut writer, n, |writer| {
            writer.tagged(0, |writer| self.key.write(writer));
            writer.tagged(1, |writer| writer.element(der::SEQUENCE, self.last_req));
            writer.number(2, self.nonce);
            if let Some(key_expiration) = self.key_expiration {
                writer.time(3, key_expiration);
            }
            writer.flags(4, self.flags.bits());
            writer.time(5, self.authtime);
            if let Some(starttime) = self.starttime {
                writer.time(6, starttime);
            }
            writer.time(7, self.endtime);
            if let Some(renew_till) = self.renew_till {
                writer.time(8, renew_till);
            }
            writer.string(9, self.srealm);
            writer.tagged(10, |writer| self.sname.write(writer));
            if let Some(caddr) = &self.caddr {
                writer.tagged(11, |writer| caddr.write(writer));
            }
            if !padata.is_empty() {
                writer.tagged(12, |writer| PaDataList::write_all(&padata, writer));
            }
        });
        Zeroizing::new(writer.finish())
    }

    /// A part with only what is required. Only KDCs do this.
    pub fn new(
        key: EncryptionKey<'a>,
        nonce: u32,
        (authtime, endtime): (i64, i64),
        (sname, srealm): (PrincipalName<'a>, &'a [u8]),
    ) -> EncKdcRepPart<'a> {
        EncKdcRepPart {
            key,
            last_req: &[],
            nonce,
            key_expiration: None,
            flags: TicketFlags::empty(),
            authtime,
            starttime: None,
            endtime,
            renew_till: None,
            srealm,
            sname,
            caddr: None,
            encrypted_pa_data: PaDataList::default(),
        }
    }
}

/// The most entries accepted in `last-req`.
const MAX_LAST_REQ: usize = 32;

fn last_req(field: &[u8]) -> Result<&[u8]> {
    fields::sequence_of(field, MAX_LAST_REQ, "EncKDCRepPart: last-req too long", |entry| {
        last_req_entry(entry).map(drop)
    })
}

fn last_req_entry(bytes: &[u8]) -> Result<(i32, i64)> {
    let mut fields = Fields::sequence(bytes)?;
    let entry = (int32(fields.field(0)?)?, time(fields.field(1)?)?);
    fields.end()?;
    Ok(entry)
}
