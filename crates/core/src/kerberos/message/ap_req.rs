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
        /// use-session-key(1): the ticket is encrypted with the session key of the service's TGT
        /// (user-to-user).
        const USE_SESSION_KEY = 1 << (31 - 1);
        /// mutual-required(2): the client expects an AP-REP.
        const MUTUAL_REQUIRED = 1 << (31 - 2);
        const _ = !0;
    }
}

/// A client's authentication request to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApReq<'a> {
    /// `ap-options`, unprotected.
    pub ap_options: ApOptions,
    /// `ticket`
    pub ticket: Ticket<'a>,
    /// `authenticator`: an [`Authenticator`] under the ticket's session key, usage 11.
    pub authenticator: EncryptedData<'a>,
}

impl<'a> ApReq<'a> {
    /// `[APPLICATION 14]`, also `msg-type`.
    pub(crate) const APPLICATION: u8 = 14;

    /// Decodes a message; bytes after it are ignored.
    ///
    /// Errors: `InvalidToken` if it is malformed.
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

    /// Encodes the message.
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
    /// `cksumtype`, the number of the checksum type; 0x8003 for GSS-API (RFC 4121 4.1.1).
    pub cksumtype: i32,
    /// `checksum`
    pub checksum: &'a [u8],
}

/// Does not print the checksum: GSS-API's may contain delegated keys.
impl fmt::Debug for Checksum<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checksum({}, {} bytes)", self.cksumtype, self.checksum.len())
    }
}

impl<'a> Checksum<'a> {
    /// Decodes the element.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<Checksum<'a>> {
        let mut fields = Fields::sequence(bytes)?;
        let cksumtype = int32(fields.field(0)?)?;
        let checksum = octets(fields.field(1)?)?;
        fields.end()?;
        Ok(Checksum { cksumtype, checksum })
    }

    /// Encodes the element.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(32 + self.checksum.len());
        self.write(&mut writer);
        writer.finish()
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.nest(der::SEQUENCE, |writer| {
            writer.number(0, self.cksumtype);
            writer.octets(1, self.checksum);
        });
    }
}

/// The plaintext of [`ApReq::authenticator`], which proves that the client has the ticket's session
/// key.
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
    /// `ctime`, the client's time, in seconds since 1970.
    pub ctime: i64,
    /// `subkey`, the client's replacement for the session key.
    pub subkey: Option<EncryptionKey<'a>>,
    /// `seq-number`, the number of the client's first message.
    pub seq_number: Option<u32>,
    /// `authorization-data`
    pub authorization_data: Option<AuthorizationData<'a>>,
}

impl<'a> Authenticator<'a> {
    /// `[APPLICATION 2]`
    const APPLICATION: u8 = 2;

    /// Decodes the plaintext.
    ///
    /// Errors: `InvalidToken` if it is malformed.
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

    /// Encodes the plaintext.
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
