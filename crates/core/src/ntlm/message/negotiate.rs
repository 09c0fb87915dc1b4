//! NEGOTIATE_MESSAGE, [MS-NLMP] 2.2.1.1.

use crate::ntlm::flags::NegotiateFlags;
use crate::ntlm::wire::{MessageType, Reader, VERSION, Writer};
use crate::types::error::Result;

/// Where each fixed field begins.
mod at {
    pub(super) const FLAGS: usize = 12;
    pub(super) const DOMAIN: usize = 16;
    pub(super) const WORKSTATION: usize = 24;
    pub(super) const VERSION: usize = 32;
    /// The length with Version.
    pub(super) const PAYLOAD: usize = 40;
}

/// What a client says first. The names are for the log alone, and OEM whatever the flags say.
#[derive(Debug, PartialEq, Eq)]
pub struct Negotiate<'a> {
    /// `NegotiateFlags`.
    pub flags: NegotiateFlags,
    /// `DomainName`.
    pub domain: &'a [u8],
    /// `WorkstationName`.
    pub workstation: &'a [u8],
}

impl<'a> Negotiate<'a> {
    /// Reads the message: 16 bytes and no names at all (the oldest clients), 32 without Version, or
    /// 40 with it.
    pub fn parse(bytes: &'a [u8]) -> Result<Negotiate<'a>> {
        let reader = Reader::new(bytes, MessageType::Negotiate)?;
        let flags = reader.flags(at::FLAGS)?;
        // Without its flag a field is not to be looked at ([MS-NLMP] 2.2.1.1).
        let name = |place, supplied| {
            if flags.contains(supplied) {
                reader.field(place, at::VERSION).map(|field| field.bytes)
            } else {
                Ok(&[][..])
            }
        };
        let domain = name(at::DOMAIN, NegotiateFlags::OEM_DOMAIN_SUPPLIED)?;
        let workstation = name(at::WORKSTATION, NegotiateFlags::OEM_WORKSTATION_SUPPLIED)?;
        Ok(Negotiate { flags, domain, workstation })
    }
}

impl Negotiate<'_> {
    /// Writes a message without names, whose empty fields are left zero, as every Windows since
    /// Vista does.
    pub fn write(flags: NegotiateFlags) -> Vec<u8> {
        let mut writer = Writer::new(MessageType::Negotiate, at::PAYLOAD, 0);
        writer.put_flags(at::FLAGS, flags);
        if flags.contains(NegotiateFlags::VERSION) {
            writer.put(at::VERSION, &VERSION);
        }
        writer.finish()
    }
}
