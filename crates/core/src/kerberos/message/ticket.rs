//! Ticket and EncTicketPart, RFC 4120 5.3.

use super::fields::{self, Fields, WriteFields, flags, int32, maybe, octets, string, time};
use super::{AuthorizationData, EncryptedData, EncryptionKey, PrincipalName, Unprotected, VERSION};
use crate::encoding::der;
use crate::encoding::der::{Reader, Writer};
use crate::types::error::{Error, Result};
use bitflags::bitflags;
use zeroize::Zeroizing;

/// A ticket as sent by the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket<'a> {
    /// `realm` of the service.
    pub realm: Unprotected<&'a [u8]>,
    /// `sname`, the service.
    pub sname: Unprotected<PrincipalName<'a>>,
    /// `enc-part`: an [`EncTicketPart`] encrypted with the service's key, usage 2.
    pub enc_part: EncryptedData<'a>,
}

impl<'a> Ticket<'a> {
    /// `[APPLICATION 1]`
    pub(super) const APPLICATION: u8 = 1;

    /// Decodes a ticket.
    ///
    /// Errors: `InvalidToken` if it is malformed or has bytes after it.
    pub fn decode(bytes: &'a [u8]) -> Result<Ticket<'a>> {
        let mut fields = Fields::sequence(der::only(bytes, der::application(Self::APPLICATION))?)?;
        fields.version(0)?;
        let realm = Unprotected(string(fields.field(1)?)?);
        let sname = Unprotected(PrincipalName::decode_named(fields.field(2)?)?);
        let enc_part = EncryptedData::decode(fields.field(3)?)?;
        fields.end()?;
        Ok(Ticket { realm, sname, enc_part })
    }

    /// Encodes the ticket.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(128 + self.enc_part.cipher.len());
        self.write(&mut writer);
        writer.finish()
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        fields::message(writer, Self::APPLICATION, |writer| {
            writer.number(0, VERSION);
            writer.string(1, self.realm.0);
            writer.tagged(2, |writer| self.sname.0.write(writer));
            writer.tagged(3, |writer| self.enc_part.write(writer));
        });
    }
}

bitflags! {
    /// TicketFlags, RFC 4120 5.3; bit 0 is the highest one. Unknown bits are kept.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct TicketFlags: u32 {
        /// forwardable(1)
        const FORWARDABLE = 1 << (31 - 1);
        /// forwarded(2)
        const FORWARDED = 1 << (31 - 2);
        /// proxiable(3)
        const PROXIABLE = 1 << (31 - 3);
        /// proxy(4)
        const PROXY = 1 << (31 - 4);
        /// may-postdate(5)
        const MAY_POSTDATE = 1 << (31 - 5);
        /// postdated(6)
        const POSTDATED = 1 << (31 - 6);
        /// invalid(7)
        const INVALID = 1 << (31 - 7);
        /// renewable(8)
        const RENEWABLE = 1 << (31 - 8);
        /// initial(9)
        const INITIAL = 1 << (31 - 9);
        /// pre-authent(10)
        const PRE_AUTHENT = 1 << (31 - 10);
        /// hw-authent(11)
        const HW_AUTHENT = 1 << (31 - 11);
        /// transited-policy-checked(12)
        const TRANSITED_POLICY_CHECKED = 1 << (31 - 12);
        /// ok-as-delegate(13)
        const OK_AS_DELEGATE = 1 << (31 - 13);
        /// enc-pa-rep (15), RFC 6806 11
        const ENC_PA_REP = 1 << (31 - 15);
        /// anonymous(16), RFC 8062 3
        const ANONYMOUS = 1 << (31 - 16);
        const _ = !0;
    }
}

/// TransitedEncoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransitedEncoding<'a> {
    /// `tr-type`; 1 is DOMAIN-X500-COMPRESS.
    pub tr_type: i32,
    /// `contents`; empty if there is no realm between the client's and the service's.
    pub contents: &'a [u8],
}

impl<'a> TransitedEncoding<'a> {
    fn decode(bytes: &'a [u8]) -> Result<TransitedEncoding<'a>> {
        let mut fields = Fields::sequence(bytes)?;
        let tr_type = int32(fields.field(0)?)?;
        let contents = octets(fields.field(1)?)?;
        fields.end()?;
        Ok(TransitedEncoding { tr_type, contents })
    }
}

/// HostAddress, RFC 4120 5.2.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostAddress<'a> {
    /// `addr-type`, RFC 4120 7.5.3: 2 IPv4, 24 IPv6, 20 NetBIOS name.
    pub addr_type: i32,
    /// `address`.
    pub address: &'a [u8],
}

impl<'a> HostAddress<'a> {
    /// Decodes the element.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<HostAddress<'a>> {
        let mut fields = Fields::sequence(bytes)?;
        let addr_type = int32(fields.field(0)?)?;
        let address = octets(fields.field(1)?)?;
        fields.end()?;
        Ok(HostAddress { addr_type, address })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.nest(der::SEQUENCE, |writer| {
            writer.number(0, self.addr_type);
            writer.octets(1, self.address);
        });
    }
}

/// The most addresses accepted in a list.
const MAX_ADDRESSES: usize = 128;

/// HostAddresses, validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostAddresses<'a> {
    /// The contents of the SEQUENCE OF HostAddress.
    list: &'a [u8],
}

impl<'a> HostAddresses<'a> {
    /// Decodes the list.
    ///
    /// Errors: `InvalidToken` if it is malformed or too long.
    pub fn decode(bytes: &'a [u8]) -> Result<HostAddresses<'a>> {
        let list = der::only(bytes, der::SEQUENCE)?;
        let mut reader = Reader::new(list);
        let mut count = 0;
        while !reader.is_empty() {
            HostAddress::decode(reader.raw()?)?;
            count += 1;
            if count > MAX_ADDRESSES {
                return Err(Error::InvalidToken("HostAddresses: too many"));
            }
        }
        Ok(HostAddresses { list })
    }

    /// The addresses.
    pub fn iter(&self) -> impl Iterator<Item = HostAddress<'a>> + use<'a> {
        let mut reader = Reader::new(self.list);
        std::iter::repeat(()).map_while(move |()| HostAddress::decode(reader.raw().ok()?).ok())
    }

    /// Whether there are no addresses, so that the ticket is valid from all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Encodes a list of these addresses.
    pub fn encode(addresses: &[HostAddress<'_>]) -> Vec<u8> {
        let mut writer = Writer::new(32);
        writer.nest(der::SEQUENCE, |writer| {
            addresses.iter().for_each(|address| address.write(writer))
        });
        writer.finish()
    }

    /// The approximate encoded size, in octets.
    pub(super) fn size(&self) -> usize {
        self.list.len()
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.element(der::SEQUENCE, self.list);
    }
}

/// The plaintext of [`Ticket::enc_part`]. Times are seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct EncTicketPart<'a> {
    /// `flags`
    pub flags: TicketFlags,
    /// `key`, the session key.
    pub key: EncryptionKey<'a>,
    /// `crealm`, the client's realm.
    pub crealm: &'a [u8],
    /// `cname`, the client.
    pub cname: PrincipalName<'a>,
    /// `transited`
    pub transited: TransitedEncoding<'a>,
    /// `authtime`, the time of the client's initial authentication.
    pub authtime: i64,
    /// `starttime`; if absent, `authtime` applies.
    pub starttime: Option<i64>,
    /// `endtime`
    pub endtime: i64,
    /// `renew-till`
    pub renew_till: Option<i64>,
    /// `caddr`, the addresses from which the ticket may be used.
    pub caddr: Option<HostAddresses<'a>>,
    /// `authorization-data`
    pub authorization_data: Option<AuthorizationData<'a>>,
}

impl<'a> EncTicketPart<'a> {
    /// `[APPLICATION 3]`
    const APPLICATION: u8 = 3;

    /// Decodes the plaintext.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<EncTicketPart<'a>> {
        let mut fields = Fields::message(bytes, Self::APPLICATION)?;
        let part = EncTicketPart {
            flags: TicketFlags::from_bits_retain(flags(fields.field(0)?)?),
            key: EncryptionKey::decode(fields.field(1)?)?,
            crealm: string(fields.field(2)?)?,
            cname: PrincipalName::decode_named(fields.field(3)?)?,
            transited: TransitedEncoding::decode(fields.field(4)?)?,
            authtime: time(fields.field(5)?)?,
            starttime: maybe(fields.optional(6)?, time)?,
            endtime: time(fields.field(7)?)?,
            renew_till: maybe(fields.optional(8)?, time)?,
            caddr: maybe(fields.optional(9)?, HostAddresses::decode)?,
            authorization_data: maybe(fields.optional(10)?, AuthorizationData::decode)?,
        };
        fields.end()?;
        Ok(part)
    }

    /// Encodes the plaintext. Only KDCs do this; here, tests.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let list = self.authorization_data.map_or(0, |list| list.der().len())
            + self.caddr.map_or(0, |caddr| caddr.size());
        let mut writer = Writer::new(512 + list);
        fields::message(&mut writer, Self::APPLICATION, |writer| {
            writer.flags(0, self.flags.bits());
            writer.tagged(1, |writer| self.key.write(writer));
            writer.string(2, self.crealm);
            writer.tagged(3, |writer| self.cname.write(writer));
            writer.tagged(4, |writer| {
                writer.nest(der::SEQUENCE, |writer| {
                    writer.number(0, self.transited.tr_type);
                    writer.octets(1, self.transited.contents);
                });
            });
            writer.time(5, self.authtime);
            if let Some(starttime) = self.starttime {
                writer.time(6, starttime);
            }
            writer.time(7, self.endtime);
            if let Some(renew_till) = self.renew_till {
                writer.time(8, renew_till);
            }
            if let Some(caddr) = &self.caddr {
                writer.tagged(9, |writer| caddr.write(writer));
            }
            if let Some(list) = &self.authorization_data {
                writer.tagged(10, |writer| writer.raw(list.der()));
            }
        });
        Zeroizing::new(writer.finish())
    }
}
