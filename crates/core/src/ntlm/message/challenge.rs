//! CHALLENGE_MESSAGE, [MS-NLMP] 2.2.1.2.

use crate::ntlm::av_pair::{self, AvPairs, id};
use crate::ntlm::flags::NegotiateFlags;
use crate::ntlm::policy::ServerNames;
use crate::ntlm::wire::{Charset, MessageType, Reader, VERSION, Writer};
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;

/// The offsets of the fixed fields.
mod at {
    pub(super) const TARGET_NAME: usize = 12;
    pub(super) const FLAGS: usize = 20;
    pub(super) const SERVER_CHALLENGE: usize = 24;
    /// The end of the shortest message, before Reserved and TargetInfo.
    pub(super) const RESERVED: usize = 32;
    pub(super) const TARGET_INFO: usize = 40;
    pub(super) const VERSION: usize = 48;
    pub(super) const PAYLOAD: usize = 56;
}

/// CHALLENGE_MESSAGE, as parsed by the client.
pub struct Challenge<'a> {
    /// `NegotiateFlags`.
    pub flags: NegotiateFlags,
    /// `ServerChallenge`.
    pub server_challenge: [u8; 8],
    /// `TargetName`.
    pub target_name: String,
    /// `TargetInfo`; `None` if the server sent none.
    pub target_info: Option<AvPairs<'a>>,
}

impl<'a> Challenge<'a> {
    /// Parses the message.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn parse(bytes: &'a [u8]) -> Result<Challenge<'a>> {
        let reader = Reader::new(bytes, MessageType::Challenge)?;
        let flags = reader.flags(at::FLAGS)?;
        let charset = Charset::from_flags(flags)
            .ok_or(Error::InvalidToken("CHALLENGE_MESSAGE chooses no character set"))?;
        let server_challenge = reader.array(at::SERVER_CHALLENGE)?;
        // Undefined unless the client asked for it ([MS-NLMP] 2.2.1.2).
        let target_name = if flags.contains(NegotiateFlags::REQUEST_TARGET) {
            charset.decode(reader.field(at::TARGET_NAME, at::RESERVED)?.bytes)?
        } else {
            String::new()
        };
        let target_info = target_info_in(&reader, flags)?;
        Ok(Challenge { flags, server_challenge, target_name, target_info })
    }

    /// `TargetInfo` of the message; `None` if it has none.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn target_info_of(bytes: &'a [u8]) -> Result<Option<AvPairs<'a>>> {
        let reader = Reader::new(bytes, MessageType::Challenge)?;
        target_info_in(&reader, reader.flags(at::FLAGS)?)
    }
}

fn target_info_in<'a>(reader: &Reader<'a>, flags: NegotiateFlags) -> Result<Option<AvPairs<'a>>> {
    if !flags.contains(NegotiateFlags::TARGET_INFO) {
        return Ok(None);
    }
    let field = reader.field(at::TARGET_INFO, at::VERSION)?;
    if field.bytes.is_empty() { Ok(None) } else { AvPairs::parse(field.bytes).map(Some) }
}

/// Writes the message.
///
/// Errors: `Internal` if the server's names are too long.
pub fn write(
    flags: NegotiateFlags,
    server_challenge: &[u8; 8],
    server: &ServerNames,
    now: FileTime,
) -> Result<Vec<u8>> {
    let charset = Charset::from_flags(flags).unwrap_or(Charset::Unicode);
    let mut writer = Writer::new(MessageType::Challenge, at::PAYLOAD, 456)?;
    writer.put_flags(at::FLAGS, flags);
    writer.put(at::SERVER_CHALLENGE, server_challenge);
    if flags.contains(NegotiateFlags::VERSION) {
        writer.put(at::VERSION, &VERSION);
    }
    let target = if flags.contains(NegotiateFlags::TARGET_TYPE_DOMAIN) {
        &server.nb_domain
    } else if flags.contains(NegotiateFlags::TARGET_TYPE_SERVER) {
        &server.nb_computer
    } else {
        ""
    };
    writer.field(at::TARGET_NAME, |out| charset.encode(target, out))?;
    writer.field(at::TARGET_INFO, |out| target_info(server, now, out))?;
    Ok(writer.finish())
}

/// Appends the server's names in Windows' order. Both NetBIOS names are mandatory, though possibly
/// empty ([MS-NLMP] 2.2.2.1).
fn target_info(server: &ServerNames, now: FileTime, out: &mut Vec<u8>) {
    av_pair::put_text(out, id::NB_DOMAIN_NAME, &server.nb_domain);
    av_pair::put_text(out, id::NB_COMPUTER_NAME, &server.nb_computer);
    for (av_id, name) in [
        (id::DNS_DOMAIN_NAME, &server.dns_domain),
        (id::DNS_COMPUTER_NAME, &server.dns_computer),
        (id::DNS_TREE_NAME, &server.dns_tree),
    ] {
        if !name.is_empty() {
            av_pair::put_text(out, av_id, name);
        }
    }
    av_pair::put(out, id::TIMESTAMP, &now.0.to_le_bytes());
    av_pair::put(out, id::EOL, &[]);
}
