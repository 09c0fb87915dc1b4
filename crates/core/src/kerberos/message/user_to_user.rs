//! KERB-TGT-REQUEST and KERB-TGT-REPLY of the user-to-user exchange,
//! draft-swift-win2k-krb-user2user-03. A client that cannot get a ticket for the service's
//! long-term key asks for the service's ticket-granting ticket, and has the KDC issue a ticket
//! encrypted with the session key of that.

use super::fields::{Fields, WriteFields, maybe, string};
use super::{PrincipalName, Ticket, VERSION};
use crate::encoding::der;
use crate::encoding::der::{Reader, Writer};
use crate::types::error::Result;

/// A client's request for the service's ticket-granting ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TgtRequest<'a> {
    /// `server-name`
    pub server_name: Option<PrincipalName<'a>>,
    /// `realm`
    pub realm: Option<&'a [u8]>,
}

impl<'a> TgtRequest<'a> {
    /// KRB_TGT_REQ
    const MSG_TYPE: u8 = 16;

    /// Decodes a message; bytes after it are ignored.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<TgtRequest<'a>> {
        let mut fields = Fields::sequence(Reader::new(bytes).raw()?)?;
        fields.version(0)?;
        fields.constant(1, Self::MSG_TYPE.into())?;
        let server_name = maybe(fields.optional(2)?, PrincipalName::decode)?;
        let realm = maybe(fields.optional(3)?, string)?;
        fields.end()?;
        Ok(TgtRequest { server_name, realm })
    }

    /// Encodes the message.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(128);
        writer.nest(der::SEQUENCE, |writer| {
            writer.number(0, VERSION);
            writer.number(1, Self::MSG_TYPE);
            if let Some(name) = &self.server_name {
                writer.tagged(2, |writer| name.write(writer));
            }
            if let Some(realm) = self.realm {
                writer.string(3, realm);
            }
        });
        writer.finish()
    }
}

/// The service's reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TgtReply<'a> {
    /// `ticket`: the service's ticket-granting ticket. Its session key is not sent.
    pub ticket: Ticket<'a>,
}

impl<'a> TgtReply<'a> {
    /// KRB_TGT_REP
    const MSG_TYPE: u8 = 17;

    /// Decodes a message; bytes after it are ignored.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<TgtReply<'a>> {
        let mut fields = Fields::sequence(Reader::new(bytes).raw()?)?;
        fields.version(0)?;
        fields.constant(1, Self::MSG_TYPE.into())?;
        let ticket = Ticket::decode(fields.field(2)?)?;
        fields.end()?;
        Ok(TgtReply { ticket })
    }

    /// Encodes the message.
    pub fn encode(&self) -> Vec<u8> {
        TgtReply::encode_raw(&self.ticket.encode())
    }

    /// Encodes a reply with an already encoded ticket, for example from a credential cache.
    pub fn encode_raw(ticket: &[u8]) -> Vec<u8> {
        let mut writer = Writer::new(64 + ticket.len());
        writer.nest(der::SEQUENCE, |writer| {
            writer.number(0, VERSION);
            writer.number(1, Self::MSG_TYPE);
            writer.tagged(2, |writer| writer.raw(ticket));
        });
        writer.finish()
    }
}
