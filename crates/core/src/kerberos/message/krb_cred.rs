//! KRB-CRED and EncKrbCredPart, RFC 4120 5.8: tickets with their session keys, used for delegation.

use super::fields::{self, Fields, WriteFields, flags, maybe, microseconds, string, time, uint32};
use super::{
    EncryptedData, EncryptionKey, HostAddress, HostAddresses, PrincipalName, Ticket, TicketFlags,
    VERSION,
};
use crate::encoding::der;
use crate::encoding::der::{Reader, Writer};
use crate::types::error::{Error, Result};
use std::fmt;
use zeroize::Zeroizing;

/// The most tickets accepted in a message. Delegation sends one, the ticket-granting ticket.
const MAX_TICKETS: usize = 32;

/// Tickets, and the encrypted data needed to use them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KrbCred<'a> {
    /// `tickets`: the contents of the SEQUENCE OF Ticket, validated.
    tickets: &'a [u8],
    /// `enc-part`: an [`EncKrbCredPart`], usage 14.
    pub enc_part: EncryptedData<'a>,
}

impl<'a> KrbCred<'a> {
    /// `[APPLICATION 22]`, also `msg-type`.
    const APPLICATION: u8 = 22;

    /// Decodes a message; bytes after it are ignored.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<KrbCred<'a>> {
        let mut fields = Fields::message(bytes, Self::APPLICATION)?;
        fields.version(0)?;
        fields.constant(1, Self::APPLICATION.into())?;
        let tickets = list(fields.field(2)?, |ticket| Ticket::decode(ticket).map(drop))?;
        let enc_part = EncryptedData::decode(fields.field(3)?)?;
        fields.end()?;
        Ok(KrbCred { tickets, enc_part })
    }

    /// Encodes a message with these encoded tickets.
    pub fn encode<T: AsRef<[u8]>>(tickets: &[T], enc_part: &EncryptedData<'_>) -> Vec<u8> {
        let mut writer = Writer::new(
            64 + tickets.iter().map(|ticket| ticket.as_ref().len()).sum::<usize>()
                + enc_part.cipher.len(),
        );
        fields::message(&mut writer, Self::APPLICATION, |writer| {
            writer.number(0, VERSION);
            writer.number(1, Self::APPLICATION);
            writer.tagged(2, |writer| {
                writer.nest(der::SEQUENCE, |writer| {
                    tickets.iter().for_each(|ticket| writer.raw(ticket.as_ref()))
                });
            });
            writer.tagged(3, |writer| enc_part.write(writer));
        });
        writer.finish()
    }

    /// The encoded tickets, for [`Ticket::decode`].
    pub fn tickets(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut reader = Reader::new(self.tickets);
        std::iter::repeat(()).map_while(move |()| reader.raw().ok())
    }

    /// The [`EncKrbCredPart`] of a message that is not encrypted (encryption type 0), as sent by
    /// Heimdal. Only trustworthy if the message is otherwise protected, as it is inside an
    /// authenticator.
    pub fn unencrypted(&self) -> Option<&'a [u8]> {
        if self.enc_part.etype == 0 { Some(self.enc_part.cipher) } else { None }
    }
}

/// The contents of a SEQUENCE OF with 1 to 32 elements, each validated by `check`.
fn list<'a>(field: &'a [u8], check: impl FnMut(&'a [u8]) -> Result<()>) -> Result<&'a [u8]> {
    match fields::sequence_of(field, MAX_TICKETS, "KRB-CRED: too many tickets", check)? {
        [] => Err(Error::InvalidToken("KRB-CRED: no ticket")),
        contents => Ok(contents),
    }
}

/// The plaintext of [`KrbCred::enc_part`]. It contains keys: erasing its buffer is the caller's
/// task.
#[derive(Clone, Copy)]
pub struct EncKrbCredPart<'a> {
    /// `ticket-info`: the contents of the SEQUENCE OF KrbCredInfo, validated.
    ticket_info: &'a [u8],
    /// `nonce`
    pub nonce: Option<u32>,
    /// `timestamp`, in seconds since 1970.
    pub timestamp: Option<i64>,
    /// `usec`, below a million.
    pub usec: Option<u32>,
    /// `s-address`, the sender's address.
    pub s_address: Option<HostAddress<'a>>,
    /// `r-address`, the receiver's address.
    pub r_address: Option<HostAddress<'a>>,
}

impl fmt::Debug for EncKrbCredPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncKrbCredPart")
            .field("ticket_info", &self.ticket_info.len())
            .finish_non_exhaustive()
    }
}

impl<'a> EncKrbCredPart<'a> {
    /// `[APPLICATION 29]`
    const APPLICATION: u8 = 29;

    /// Decodes the plaintext.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<EncKrbCredPart<'a>> {
        let mut fields = Fields::message(bytes, Self::APPLICATION)?;
        let part = EncKrbCredPart {
            ticket_info: list(fields.field(0)?, |info| KrbCredInfo::decode(info).map(drop))?,
            nonce: maybe(fields.optional(1)?, uint32)?,
            timestamp: maybe(fields.optional(2)?, time)?,
            usec: maybe(fields.optional(3)?, microseconds)?,
            s_address: maybe(fields.optional(4)?, HostAddress::decode)?,
            r_address: maybe(fields.optional(5)?, HostAddress::decode)?,
        };
        fields.end()?;
        Ok(part)
    }

    /// The data for each ticket, in the order of the tickets.
    pub fn ticket_info(&self) -> impl Iterator<Item = KrbCredInfo<'a>> + use<'a> {
        let mut reader = Reader::new(self.ticket_info);
        std::iter::repeat(()).map_while(move |()| KrbCredInfo::decode(reader.raw().ok()?).ok())
    }

    /// Encodes the plaintext with only these fields and the sender's time.
    pub fn encode(
        ticket_info: &[KrbCredInfo<'_>],
        timestamp: i64,
        usec: u32,
    ) -> Zeroizing<Vec<u8>> {
        let size = |info: &KrbCredInfo<'_>| 512 + info.caddr.map_or(0, |caddr| caddr.size());
        let mut writer = Writer::new(64 + ticket_info.iter().map(size).sum::<usize>());
        fields::message(&mut writer, Self::APPLICATION, |writer| {
            writer.tagged(0, |writer| {
                writer.nest(der::SEQUENCE, |writer| {
                    ticket_info.iter().for_each(|info| info.write(writer))
                });
            });
            writer.time(2, timestamp);
            writer.number(3, usec);
        });
        Zeroizing::new(writer.finish())
    }
}

/// What is needed to use a ticket. Times are seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct KrbCredInfo<'a> {
    /// `key`, the session key.
    pub key: EncryptionKey<'a>,
    /// `prealm`, the client's realm.
    pub prealm: Option<&'a [u8]>,
    /// `pname`, the client.
    pub pname: Option<PrincipalName<'a>>,
    /// `flags`
    pub flags: Option<TicketFlags>,
    /// `authtime`
    pub authtime: Option<i64>,
    /// `starttime`
    pub starttime: Option<i64>,
    /// `endtime`
    pub endtime: Option<i64>,
    /// `renew-till`
    pub renew_till: Option<i64>,
    /// `srealm`, the service's realm.
    pub srealm: Option<&'a [u8]>,
    /// `sname`, the service.
    pub sname: Option<PrincipalName<'a>>,
    /// `caddr`
    pub caddr: Option<HostAddresses<'a>>,
}

impl<'a> KrbCredInfo<'a> {
    /// Decodes the element.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<KrbCredInfo<'a>> {
        let mut fields = Fields::sequence(bytes)?;
        let info = KrbCredInfo {
            key: EncryptionKey::decode(fields.field(0)?)?,
            prealm: maybe(fields.optional(1)?, string)?,
            pname: maybe(fields.optional(2)?, PrincipalName::decode_named)?,
            flags: maybe(fields.optional(3)?, flags)?.map(TicketFlags::from_bits_retain),
            authtime: maybe(fields.optional(4)?, time)?,
            starttime: maybe(fields.optional(5)?, time)?,
            endtime: maybe(fields.optional(6)?, time)?,
            renew_till: maybe(fields.optional(7)?, time)?,
            srealm: maybe(fields.optional(8)?, string)?,
            sname: maybe(fields.optional(9)?, PrincipalName::decode_named)?,
            caddr: maybe(fields.optional(10)?, HostAddresses::decode)?,
        };
        fields.end()?;
        Ok(info)
    }

    fn write(&self, writer: &mut Writer) {
        writer.nest(der::SEQUENCE, |writer| {
            writer.tagged(0, |writer| self.key.write(writer));
            if let Some(prealm) = self.prealm {
                writer.string(1, prealm);
            }
            if let Some(pname) = &self.pname {
                writer.tagged(2, |writer| pname.write(writer));
            }
            if let Some(flags) = self.flags {
                writer.flags(3, flags.bits());
            }
            for (n, time) in
                [(4, self.authtime), (5, self.starttime), (6, self.endtime), (7, self.renew_till)]
            {
                if let Some(time) = time {
                    writer.time(n, time);
                }
            }
            if let Some(srealm) = self.srealm {
                writer.string(8, srealm);
            }
            if let Some(sname) = &self.sname {
                writer.tagged(9, |writer| sname.write(writer));
            }
            if let Some(caddr) = &self.caddr {
                writer.tagged(10, |writer| caddr.write(writer));
            }
        });
    }
}
