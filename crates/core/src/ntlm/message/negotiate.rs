//! NEGOTIATE_MESSAGE, [MS-NLMP] 2.2.1.1.

use crate::ntlm::flags::NegotiateFlags;
use crate::ntlm::wire::{MessageType, Reader, VERSION, Writer};
use crate::types::error::Result;

/// The offsets of the fixed fields.
mod at {
    pub(super) const FLAGS: usize = 12;
    pub(super) const DOMAIN: usize = 16;
    pub(super) const WORKSTATION: usize = 24;
    pub(super) const VERSION: usize = 32;
    /// The length of the fixed part with Version.
    pub(super) const PAYLOAD: usize = 40;
}

/// NEGOTIATE_MESSAGE. The names are only logged; they are OEM regardless of the flags. One that
/// cannot be read is empty: some clients (Heimdal's) write it where the fixed part should be.
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
    /// Parses the message, whose fixed part has 16 bytes without names (the oldest clients), 32
    /// without Version, or 40 with it.
    ///
    /// Errors: `InvalidToken` if signature, type or flags are missing or wrong.
    pub fn parse(bytes: &'a [u8]) -> Result<Negotiate<'a>> {
        let reader = Reader::new(bytes, MessageType::Negotiate)?;
        let flags = reader.flags(at::FLAGS)?;
        // A field without its flag is ignored ([MS-NLMP] 2.2.1.1).
        let name = |place, supplied| match reader.field(place, at::VERSION) {
            Ok(field) if flags.contains(supplied) => field.bytes,
            _ => &[][..],
        };
        let domain = name(at::DOMAIN, NegotiateFlags::OEM_DOMAIN_SUPPLIED);
        let workstation = name(at::WORKSTATION, NegotiateFlags::OEM_WORKSTATION_SUPPLIED);
        Ok(Negotiate { flags, domain, workstation })
    }
}

impl Negotiate<'_> {
    /// Writes a message without names. The empty fields are zero, as in all Windows versions since
    /// Vista.
    ///
    /// Errors: `OutOfMemory`.
    pub fn write(flags: NegotiateFlags) -> Result<Vec<u8>> {
        let mut writer = Writer::new(MessageType::Negotiate, at::PAYLOAD, 0)?;
        writer.put_flags(at::FLAGS, flags);
        if flags.contains(NegotiateFlags::VERSION) {
            writer.put(at::VERSION, &VERSION);
        }
        Ok(writer.finish())
    }
}
