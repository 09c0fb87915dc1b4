//! AP-REQ and Authenticator, RFC 4120 5.5.1.

use super::fields::{
    self, Fields, WriteFields, flags, int32, maybe, microseconds, octets, string, time, uint32,
};
use super::{AuthorizationData, EncryptedData, EncryptionKey, PrincipalName, Ticket, VERSION};
use crate::encoding::der;
use crate::encoding::der::Writer;
use crate::types::error::Result;
use bitflags::bitflags;
use std::fmt;
use zeroize::Zeroizing;

bitflags! {
    /// APOptions; bit 0 is the highest one. Unknown bits are kept.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct ApOptions: u32 {
        /// use-session-key(1): the ticket is under the session key of the service's own TGT
        /// (user-to-user).
        const USE_SESSION_KEY = 1 << (31 - 1);
        /// mutual-required(2): the client waits for an AP-REP.
        const MUTUAL_REQUIRED = 1 << (31 - 2);
        const _ = !0;
    }
}

/// A client's request to be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApReq<'a> {
    /// `ap-options`; nothing protects them.
    pub ap_options: ApOptions,
    /// `ticket`
    pub ticket: Ticket<'a>,
    /// `authenticator`: an [`Authenticator`] under the ticket's session key, usage 11.
    pub authenticator: EncryptedData<'a>,
}

impl<'a> ApReq<'a> {
    /// `[APPLICATION 14]`, and `msg-type`.
    pub(crate) const APPLICATION: u8 = 14;

    /// Reads a request. Bytes after it do not count.
    pub fn decode(bytes: &'a [u8]) -> Result<ApReq<'a>> {
        let mut fields = Fields::message(bytes, Self::APPLICATION)?;
        fields.version(0)?;
        fields.constant(1, Self::APPLICATION.into())?;
        let ap_options = ApOptions::from_bits_retain(flags(fields.field(2)?)?);
        let ticket = Ticket::decode(fields.field(3)?)?;
        let authenticator = EncryptedData::decode(fields.field(4)?)?;
        fields.end()?;
        Ok(ApReq { ap_options, ticket, authenticator })
    }

    /// The request's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer =
            Writer::new(256 + self.ticket.enc_part.cipher.len() + self.authenticator.cipher.len());
        fields::message(&mut writer, Self::APPLICATION, |writer| {
            writer.number(0, VERSION);
            writer.number(1, Self::APPLICATION);
            writer.flags(2, self.ap_options.bits());
            writer.tagged(3, |writer| self.ticket.write(writer));
            writer.tagged(4, |writer| self.authenticator.write(writer));
        });
        writer.finish()
    }
}

/// Checksum, RFC 4120 5.2.9.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Checksum<'a> {
    /// `cksumtype`, the number of a checksum type; 0x8003 is GSS-API's (RFC 4121 4.1.1).
    pub cksumtype: i32,
    /// `checksum`
    pub checksum: &'a [u8],
}

/// GSS-API's may hold forwarded keys: it is not shown.
impl fmt::Debug for Checksum<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checksum({}, {} bytes)", self.cksumtype, self.checksum.len())
    }
}

impl<'a> Checksum<'a> {
    /// Reads it.
    pub fn decode(bytes: &'a [u8]) -> Result<Checksum<'a>> {
        let mut fields = Fields::sequence(bytes)?;
        let cksumtype = int32(fields.field(0)?)?;
        let checksum = octets(fields.field(1)?)?;
        fields.end()?;
        Ok(Checksum { cksumtype, checksum })
    }

    fn write(&self, writer: &mut Writer) {
        writer.nest(der::SEQUENCE, |writer| {
            writer.number(0, self.cksumtype);
            writer.octets(1, self.checksum);
        });
    }
}

/// What proves that a client has the ticket's session key, once decrypted.
#[derive(Debug, Clone, Copy)]
pub struct Authenticator<'a> {
    /// `crealm`, the client's realm.
    pub crealm: &'a [u8],
    /// `cname`, the client.
    pub cname: PrincipalName<'a>,
    /// `cksum`
    pub cksum: Option<Checksum<'a>>,
    /// `cusec`, below a million.
    pub cusec: u32,
    /// `ctime`, the client's clock, in seconds since 1970.
    pub ctime: i64,
    /// `subkey`, which the client wants used instead of the session key.
    pub subkey: Option<EncryptionKey<'a>>,
    /// `seq-number`, that of the client's first message.
    pub seq_number: Option<u32>,
    /// `authorization-data`
    pub authorization_data: Option<AuthorizationData<'a>>,
}

impl<'a> Authenticator<'a> {
    /// `[APPLICATION 2]`
    const APPLICATION: u8 = 2;

    /// Reads what decryption gave.
    pub fn decode(bytes: &'a [u8]) -> Result<Authenticator<'a>> {
        let mut fields = Fields::message(bytes, Self::APPLICATION)?;
        fields.version(0)?;
        let authenticator = Authenticator {
            crealm: string(fields.field(1)?)?,
            cname: PrincipalName::decode_named(fields.field(2)?)?,
            cksum: maybe(fields.optional(3)?, Checksum::decode)?,
            cusec: microseconds(fields.field(4)?)?,
            ctime: time(fields.field(5)?)?,
            subkey: maybe(fields.optional(6)?, EncryptionKey::decode)?,
            seq_number: maybe(fields.optional(7)?, uint32)?,
            authorization_data: maybe(fields.optional(8)?, AuthorizationData::decode)?,
        };
        fields.end()?;
        Ok(authenticator)
    }

    /// What is to be encrypted.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let list = self.authorization_data.map_or(0, |list| list.der().len());
        let mut writer =
            Writer::new(512 + list + self.cksum.map_or(0, |cksum| cksum.checksum.len()));
        fields::message(&mut writer, Self::APPLICATION, |writer| {
            writer.number(0, VERSION);
            writer.string(1, self.crealm);
            writer.tagged(2, |writer| self.cname.write(writer));
            if let Some(cksum) = &self.cksum {
                writer.tagged(3, |writer| cksum.write(writer));
            }
            writer.number(4, self.cusec);
            writer.time(5, self.ctime);
            if let Some(subkey) = &self.subkey {
                writer.tagged(6, |writer| subkey.write(writer));
            }
            if let Some(seq_number) = self.seq_number {
                writer.number(7, seq_number);
            }
            if let Some(list) = &self.authorization_data {
                writer.tagged(8, |writer| writer.raw(list.der()));
            }
        });
        Zeroizing::new(writer.finish())
    }
}
