//! AS-REQ and TGS-REQ, RFC 4120 5.4.1.

use super::fields::{self, Fields, WriteFields, flags, int32, maybe, string, time, uint32};
use super::pa_data::{PaData, PaDataList};
use super::{EncryptedData, HostAddresses, PrincipalName, Ticket, VERSION};
use crate::encoding::der;
use crate::encoding::der::{Reader, Writer};
use crate::types::error::{Error, Result};
use bitflags::bitflags;

bitflags! {
    /// KDCOptions; bit 0 is the highest one. Unknown bits are kept.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct KdcOptions: u32 {
        /// forwardable(1)
        const FORWARDABLE = 1 << (31 - 1);
        /// forwarded(2)
        const FORWARDED = 1 << (31 - 2);
        /// proxiable(3)
        const PROXIABLE = 1 << (31 - 3);
        /// proxy(4)
        const PROXY = 1 << (31 - 4);
        /// allow-postdate(5)
        const ALLOW_POSTDATE = 1 << (31 - 5);
        /// postdated(6)
        const POSTDATED = 1 << (31 - 6);
        /// renewable(8)
        const RENEWABLE = 1 << (31 - 8);
        /// cname-in-addl-tkt(14), [MS-SFU] 2.2.3: S4U2proxy
        const CNAME_IN_ADDL_TKT = 1 << (31 - 14);
        /// canonicalize(15), RFC 6806 3
        const CANONICALIZE = 1 << (31 - 15);
        /// request-anonymous(16), RFC 8062
        const REQUEST_ANONYMOUS = 1 << (31 - 16);
        /// disable-transited-check(26)
        const DISABLE_TRANSITED_CHECK = 1 << (31 - 26);
        /// renewable-ok(27)
        const RENEWABLE_OK = 1 << (31 - 27);
        /// enc-tkt-in-skey(28): user-to-user
        const ENC_TKT_IN_SKEY = 1 << (31 - 28);
        /// renew(30)
        const RENEW = 1 << (31 - 30);
        /// validate(31)
        const VALIDATE = 1 << 0;
        const _ = !0;
    }
}

/// The most encryption types, and the most tickets, accepted in a request.
const MAX_ELEMENTS: usize = 64;

/// Which exchange a message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KdcExchange {
    /// The authentication service.
    As,
    /// The ticket-granting service.
    Tgs,
}

impl KdcExchange {
    /// `[APPLICATION n]` of the request, also `msg-type`.
    const fn request(self) -> u8 {
        match self {
            KdcExchange::As => 10,
            KdcExchange::Tgs => 12,
        }
    }

    /// `[APPLICATION n]` of the reply, also `msg-type`.
    pub(super) const fn reply(self) -> u8 {
        self.request() + 1
    }
}

/// KDC-REQ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdcReq<'a> {
    /// AS-REQ or TGS-REQ.
    pub exchange: KdcExchange,
    /// `padata`; empty if absent.
    pub padata: PaDataList<'a>,
    /// `req-body`, encoded, for [`KdcReqBody::decode`] and for checksums.
    pub req_body: &'a [u8],
}

impl<'a> KdcReq<'a> {
    /// Decodes a request; bytes after it are ignored.
    ///
    /// Errors: `InvalidToken` if it is malformed. The body is checked by [`KdcReqBody::decode`].
    pub fn decode(bytes: &'a [u8]) -> Result<KdcReq<'a>> {
        let exchange = match bytes.first() {
            Some(&tag) if tag == der::application(KdcExchange::As.request()) => KdcExchange::As,
            Some(&tag) if tag == der::application(KdcExchange::Tgs.request()) => KdcExchange::Tgs,
            _ => return Err(Error::InvalidToken("neither AS-REQ nor TGS-REQ")),
        };
        let mut fields = Fields::message(bytes, exchange.request())?;
        fields.version(1)?;
        fields.constant(2, exchange.request().into())?;
        let padata = maybe(fields.optional(3)?, PaDataList::decode)?.unwrap_or_default();
        let req_body = fields.field(4)?;
        fields.end()?;
        Ok(KdcReq { exchange, padata, req_body })
    }

    /// Encodes a request with these elements of pre-authentication data and this encoded body.
    pub fn encode(exchange: KdcExchange, padata: &[PaData<'_>], req_body: &[u8]) -> Vec<u8> {
        let data: usize = padata.iter().map(|pa| 24 + pa.padata_value.len()).sum();
        let mut writer = Writer::new(64 + data + req_body.len());
        fields::message(&mut writer, exchange.request(), |writer| {
            writer.number(1, VERSION);
            writer.number(2, exchange.request());
            if !padata.is_empty() {
                writer.tagged(3, |writer| PaDataList::write_all(padata, writer));
            }
            writer.tagged(4, |writer| writer.raw(req_body));
        });
        writer.finish()
    }
}

/// KDC-REQ-BODY. Times are seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct KdcReqBody<'a> {
    /// `kdc-options`
    pub kdc_options: KdcOptions,
    /// `cname`, the client; AS-REQ only.
    pub cname: Option<PrincipalName<'a>>,
    /// `realm`: the service's, in an AS-REQ also the client's.
    pub realm: &'a [u8],
    /// `sname`, the service.
    pub sname: Option<PrincipalName<'a>>,
    /// `from`
    pub from: Option<i64>,
    /// `till`
    pub till: i64,
    /// `rtime`
    pub rtime: Option<i64>,
    /// `nonce`
    pub nonce: u32,
    /// `etype`: the contents of the SEQUENCE OF Int32.
    etype: &'a [u8],
    /// `addresses`
    pub addresses: Option<HostAddresses<'a>>,
    /// `enc-authorization-data`
    pub enc_authorization_data: Option<EncryptedData<'a>>,
    /// `additional-tickets`: the contents of the SEQUENCE OF Ticket.
    additional_tickets: &'a [u8],
}

impl<'a> KdcReqBody<'a> {
    /// Decodes a body.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<KdcReqBody<'a>> {
        let mut fields = Fields::sequence(bytes)?;
        let body = KdcReqBody {
            kdc_options: KdcOptions::from_bits_retain(flags(fields.field(0)?)?),
            cname: maybe(fields.optional(1)?, PrincipalName::decode_named)?,
            realm: string(fields.field(2)?)?,
            sname: maybe(fields.optional(3)?, PrincipalName::decode_named)?,
            from: maybe(fields.optional(4)?, time)?,
            till: time(fields.field(5)?)?,
            rtime: maybe(fields.optional(6)?, time)?,
            nonce: uint32(fields.field(7)?)?,
            etype: list(fields.field(8)?, |element| int32(element).map(drop))?,
            addresses: maybe(fields.optional(9)?, HostAddresses::decode)?,
            enc_authorization_data: maybe(fields.optional(10)?, EncryptedData::decode)?,
            additional_tickets: maybe(fields.optional(11)?, |field| {
                list(field, |ticket| Ticket::decode(ticket).map(drop))
            })?
            .unwrap_or_default(),
        };
        fields.end()?;
        Ok(body)
    }

    /// The numbers of the encryption types, most preferred first.
    pub fn etypes(&self) -> impl Iterator<Item = i32> + use<'a> {
        let mut reader = Reader::new(self.etype);
        std::iter::repeat(()).map_while(move |()| int32(reader.raw().ok()?).ok())
    }

    /// The additional tickets, encoded, for [`Ticket::decode`].
    pub fn additional_tickets(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut reader = Reader::new(self.additional_tickets);
        std::iter::repeat(()).map_while(move |()| reader.raw().ok())
    }
}

fn list<'a>(field: &'a [u8], check: impl FnMut(&'a [u8]) -> Result<()>) -> Result<&'a [u8]> {
    fields::sequence_of(field, MAX_ELEMENTS, "KDC-REQ: a list too long", check)
}

/// The contents of a [`KdcReqBody`] that a client sends. Times are seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct NewKdcReqBody<'a> {
    /// `kdc-options`
    pub kdc_options: KdcOptions,
    /// `cname`
    pub cname: Option<PrincipalName<'a>>,
    /// `realm`
    pub realm: &'a [u8],
    /// `sname`
    pub sname: Option<PrincipalName<'a>>,
    /// `till`
    pub till: i64,
    /// `rtime`
    pub rtime: Option<i64>,
    /// `nonce`, below 2^31: some KDCs read it as signed.
    pub nonce: u32,
    /// `etype`
    pub etypes: &'a [i32],
    /// `enc-authorization-data`
    pub enc_authorization_data: Option<EncryptedData<'a>>,
    /// `additional-tickets`, encoded.
    pub additional_tickets: &'a [&'a [u8]],
}

impl NewKdcReqBody<'_> {
    /// Encodes the body.
    pub fn encode(&self) -> Vec<u8> {
        let tickets: usize = self.additional_tickets.iter().map(|ticket| ticket.len()).sum();
        let data = self.enc_authorization_data.map_or(0, |data| data.cipher.len());
        let mut writer = Writer::new(512 + tickets + data);
        writer.nest(der::SEQUENCE, |writer| {
            writer.flags(0, self.kdc_options.bits());
            if let Some(cname) = &self.cname {
                writer.tagged(1, |writer| cname.write(writer));
            }
            writer.string(2, self.realm);
            if let Some(sname) = &self.sname {
                writer.tagged(3, |writer| sname.write(writer));
            }
            writer.time(5, self.till);
            if let Some(rtime) = self.rtime {
                writer.time(6, rtime);
            }
            writer.number(7, self.nonce);
            writer.tagged(8, |writer| {
                writer.nest(der::SEQUENCE, |writer| {
                    self.etypes.iter().for_each(|&etype| writer.integer(etype.into()));
                });
            });
            if let Some(data) = &self.enc_authorization_data {
                writer.tagged(10, |writer| data.write(writer));
            }
            if !self.additional_tickets.is_empty() {
                writer.tagged(11, |writer| {
                    writer.nest(der::SEQUENCE, |writer| {
                        self.additional_tickets.iter().for_each(|ticket| writer.raw(ticket));
                    });
                });
            }
        });
        writer.finish()
    }
}
