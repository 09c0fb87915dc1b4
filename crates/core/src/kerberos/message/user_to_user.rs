//! KERB-TGT-REQUEST and KERB-TGT-REPLY of the user-to-user exchange,
//! draft-swift-win2k-krb-user2user-03: a client that cannot have a ticket under the service's
//! long-term key asks for the service's ticket-granting ticket, and then has the KDC make one under
//! that one's session key.

use super::fields::{Fields, WriteFields, maybe, string};
use super::{PrincipalName, Ticket, VERSION};
use crate::encoding::der;
use crate::encoding::der::{Reader, Writer};
use crate::types::error::Result;

/// A client's question for the service's ticket-granting ticket.
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

    /// Reads a question. Bytes after it do not count.
    pub fn decode(bytes: &'a [u8]) -> Result<TgtRequest<'a>> {
        let mut fields = Fields::sequence(Reader::new(bytes).raw()?)?;
        fields.version(0)?;
        fields.constant(1, Self::MSG_TYPE.into())?;
        let server_name = maybe(fields.optional(2)?, PrincipalName::decode)?;
        let realm = maybe(fields.optional(3)?, string)?;
        fields.end()?;
        Ok(TgtRequest { server_name, realm })
    }

    /// The question's bytes.
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

/// The service's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TgtReply<'a> {
    /// `ticket`: the service's ticket-granting ticket, whose session key stays with the service.
    pub ticket: Ticket<'a>,
}

impl<'a> TgtReply<'a> {
    /// KRB_TGT_REP
    const MSG_TYPE: u8 = 17;

    /// Reads an answer. Bytes after it do not count.
    pub fn decode(bytes: &'a [u8]) -> Result<TgtReply<'a>> {
        let mut fields = Fields::sequence(Reader::new(bytes).raw()?)?;
        fields.version(0)?;
        fields.constant(1, Self::MSG_TYPE.into())?;
        let ticket = Ticket::decode(fields.field(2)?)?;
        fields.end()?;
        Ok(TgtReply { ticket })
    }

    /// The answer's bytes.
    pub fn encode(&self) -> Vec<u8> {
        TgtReply::encode_raw(&self.ticket.encode())
    }

    /// The answer that holds a ticket as it stands, of a credential cache for instance.
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
