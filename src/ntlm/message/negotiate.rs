//! NEGOTIATE_MESSAGE, [MS-NLMP] 2.2.1.1.

use crate::error::Result;
use crate::ntlm::flags::NegotiateFlags;
use crate::ntlm::wire::{Charset, MessageType, Reader, VERSION, Writer};

/// Where each fixed field begins.
mod at {
    pub(super) const FLAGS: usize = 12;
    pub(super) const DOMAIN: usize = 16;
    pub(super) const WORKSTATION: usize = 24;
    pub(super) const VERSION: usize = 32;
    /// The length with Version.
    pub(super) const PAYLOAD: usize = 40;
}

/// What a client says first.
#[derive(Debug, PartialEq, Eq)]
pub struct Negotiate {
    /// `NegotiateFlags`.
    pub flags: NegotiateFlags,
    /// `DomainName`, only for the log.
    pub domain: String,
    /// `WorkstationName`, only for the log.
    pub workstation: String,
}

impl Negotiate {
    /// Reads the message: 16 bytes and no names at all (the oldest clients), 32 without Version, or 40 with it.
    pub fn parse(bytes: &[u8]) -> Result<Negotiate> {
        let reader = Reader::new(bytes, MessageType::Negotiate)?;
        let flags = reader.flags(at::FLAGS)?;
        let name = |place: usize, supplied: NegotiateFlags| {
            if !flags.contains(supplied) {
                // The field is not to be looked at ([MS-NLMP] 2.2.1.1).
                return Ok(String::new());
            }
            // These two are OEM whatever the flags say.
            Charset::Oem.decode(reader.field(place, at::VERSION)?.bytes)
        };
        let domain = name(at::DOMAIN, NegotiateFlags::OEM_DOMAIN_SUPPLIED)?;
        let workstation = name(at::WORKSTATION, NegotiateFlags::OEM_WORKSTATION_SUPPLIED)?;
        Ok(Negotiate { flags, domain, workstation })
    }

    /// Writes a message without names, whose empty fields are left zero, as every Windows since Vista does.
    pub fn write(flags: NegotiateFlags) -> Vec<u8> {
        let mut writer = Writer::new(MessageType::Negotiate, at::PAYLOAD, 0);
        writer.put_flags(at::FLAGS, flags);
        if flags.contains(NegotiateFlags::VERSION) {
            writer.put(at::VERSION, &VERSION);
        }
        writer.finish()
    }
}
