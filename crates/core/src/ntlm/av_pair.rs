//! AV_PAIR lists, [MS-NLMP] 2.2.2.1: the target information of CHALLENGE_MESSAGE and of NTLMv2
//! responses.

use super::wire;
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;

/// The values of AvId.
pub mod id {
    /// MsvAvEOL: the end of the list.
    pub const EOL: u16 = 0;
    /// MsvAvNbComputerName
    pub const NB_COMPUTER_NAME: u16 = 1;
    /// MsvAvNbDomainName
    pub const NB_DOMAIN_NAME: u16 = 2;
    /// MsvAvDnsComputerName
    pub const DNS_COMPUTER_NAME: u16 = 3;
    /// MsvAvDnsDomainName
    pub const DNS_DOMAIN_NAME: u16 = 4;
    /// MsvAvDnsTreeName
    pub const DNS_TREE_NAME: u16 = 5;
    /// MsvAvFlags
    pub const FLAGS: u16 = 6;
    /// MsvAvTimestamp
    pub const TIMESTAMP: u16 = 7;
    /// MsvAvSingleHost
    pub const SINGLE_HOST: u16 = 8;
    /// MsvAvTargetName
    pub const TARGET_NAME: u16 = 9;
    /// MsvAvChannelBindings
    pub const CHANNEL_BINDINGS: u16 = 10;
}

/// Bit of `MsvAvFlags`: AUTHENTICATE_MESSAGE has a MIC.
pub const FLAG_MIC: u32 = 2;
/// Bit of `MsvAvFlags`: the client has the target name from an untrusted source.
pub const FLAG_UNTRUSTED_TARGET: u32 = 4;

/// The length of Single_Host_Data in bytes: Size, Z4, CustomData, MachineID.
const SINGLE_HOST: usize = 4 + 4 + 8 + 32;

/// A list with validated lengths, without its `MsvAvEOL`.
#[derive(Clone, Copy, Default)]
pub struct AvPairs<'a> {
    pairs: &'a [u8],
}

impl<'a> AvPairs<'a> {
    /// Validates the list at the start of `bytes`, up to its `MsvAvEOL`. Bytes after that are
    /// ignored.
    ///
    /// Errors: `InvalidToken` if the terminator is missing or has a value.
    pub fn parse(bytes: &'a [u8]) -> Result<AvPairs<'a>> {
        let mut at = 0;
        loop {
            let (av_id, value, next) =
                pair(bytes, at).ok_or(Error::InvalidToken("AV pairs without MsvAvEOL"))?;
            if av_id == id::EOL {
                if !value.is_empty() {
                    return Err(Error::InvalidToken("MsvAvEOL with a value"));
                }
                return Ok(AvPairs { pairs: &bytes[..at] });
            }
            at = next;
        }
    }

    /// The pairs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let pairs = self.pairs;
        let mut at = 0;
        std::iter::from_fn(move || {
            let (av_id, value, next) = pair(pairs, at)?;
            at = next;
            Some((av_id, value))
        })
    }

    /// The first value with this id.
    pub fn get(&self, wanted: u16) -> Option<&'a [u8]> {
        self.iter().find(|(av_id, _)| *av_id == wanted).map(|(_, value)| value)
    }

    /// The only value with this id. Two of them are rejected: client and server could use different
    /// ones.
    fn only(&self, wanted: u16) -> Result<Option<&'a [u8]>> {
        let mut values = self.iter().filter(|(av_id, _)| *av_id == wanted).map(|(_, value)| value);
        let value = values.next();
        if values.next().is_some() {
            return Err(Error::InvalidToken("a repeated AV pair"));
        }
        Ok(value)
    }

    /// The value with this id, which must have `N` bytes.
    fn array<const N: usize>(&self, wanted: u16) -> Result<Option<[u8; N]>> {
        let malformed = Error::InvalidToken("an AV pair has the wrong length");
        self.only(wanted)?.map(|value| value.try_into().map_err(|_| malformed)).transpose()
    }

    /// `MsvAvFlags`; 0 if absent.
    pub fn flags(&self) -> Result<u32> {
        Ok(self.array(id::FLAGS)?.map_or(0, u32::from_le_bytes))
    }

    /// `MsvAvTimestamp`.
    pub fn timestamp(&self) -> Result<Option<FileTime>> {
        Ok(self.array(id::TIMESTAMP)?.map(|ticks| FileTime(u64::from_le_bytes(ticks))))
    }

    /// `MsvAvChannelBindings`; all zeros count as absent.
    pub fn channel_bindings(&self) -> Result<Option<[u8; 16]>> {
        Ok(self.array(id::CHANNEL_BINDINGS)?.filter(|hash| *hash != [0; 16]))
    }

    /// Whether there is a `MsvAvChannelBindings`: clients that support channel bindings send zeros
    /// where they have none ([MS-NLMP] 2.2.2.1).
    pub fn supports_channel_bindings(&self) -> Result<bool> {
        Ok(self.only(id::CHANNEL_BINDINGS)?.is_some())
    }

    /// MachineID of `MsvAvSingleHost` ([MS-NLMP] 2.2.2.2): random bytes that a Windows client chooses
    /// at each start. A structure of another length has none.
    pub fn machine_id(&self) -> Result<Option<[u8; 32]>> {
        let value = self.only(id::SINGLE_HOST)?.filter(|value| value.len() == SINGLE_HOST);
        Ok(value.and_then(|value| value.last_chunk().copied()))
    }

    /// Whether a client that was sent the list `sent` returns it: this list has each of its pairs
    /// once, with the same value. Those that clients set themselves do not count.
    pub(super) fn returns(&self, sent: &AvPairs<'_>) -> bool {
        // Most clients append theirs.
        let added = self.pairs.strip_prefix(sent.pairs).map(|pairs| AvPairs { pairs });
        if added.is_some_and(|added| added.iter().all(|(av_id, _)| is_clients(av_id))) {
            return true;
        }
        sent.iter().filter(|(av_id, _)| !is_clients(*av_id)).all(|(av_id, value)| {
            self.iter().filter(|(other, _)| *other == av_id).map(|(_, value)| value).eq([value])
        })
    }

    /// `MsvAvTargetName`; an empty one counts as absent.
    pub fn target_name(&self) -> Result<Option<String>> {
        self.only(id::TARGET_NAME)?.filter(|name| !name.is_empty()).map(wire::utf16).transpose()
    }
}

/// Whether clients set this pair in their responses, whatever the server sends.
pub(super) fn is_clients(av_id: u16) -> bool {
    matches!(av_id, id::FLAGS | id::SINGLE_HOST | id::TARGET_NAME | id::CHANNEL_BINDINGS)
}

/// The pair at `at`: its id and value, and the position of the next one.
fn pair(bytes: &[u8], at: usize) -> Option<(u16, &[u8], usize)> {
    let header: &[u8; 4] = bytes.get(at..)?.first_chunk()?;
    let length = usize::from(u16::from_le_bytes([header[2], header[3]]));
    let start = at + 4;
    let value = bytes.get(start..start.checked_add(length)?)?;
    Some((u16::from_le_bytes([header[0], header[1]]), value, start + length))
}

/// The longest value: the limit of the 16-bit length, rounded down to whole UTF-16 units. No
/// realistic name reaches it.
const LONGEST: usize = 0xfffe;

/// Appends a pair; the value is truncated to the maximum length.
pub fn put(out: &mut Vec<u8>, av_id: u16, value: &[u8]) {
    put_with(out, av_id, |out| out.extend_from_slice(value));
}

/// Appends `MsvAvSingleHost` with this MachineID ([MS-NLMP] 2.2.2.2). CustomData is for the same
/// platform only and stays empty.
pub fn put_machine_id(out: &mut Vec<u8>, machine_id: &[u8; 32]) {
    put_with(out, id::SINGLE_HOST, |out| {
        out.extend_from_slice(&(SINGLE_HOST as u32).to_le_bytes());
        out.extend_from_slice(&[0; 4 + 8]);
        out.extend_from_slice(machine_id);
    });
}

/// Appends a pair with text in UTF-16LE.
pub fn put_text(out: &mut Vec<u8>, av_id: u16, text: &str) {
    put_with(out, av_id, |out| wire::put_utf16(text, out));
}

fn put_with(out: &mut Vec<u8>, av_id: u16, write: impl FnOnce(&mut Vec<u8>)) {
    let header = out.len();
    out.extend_from_slice(&av_id.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    let start = out.len();
    write(out);
    out.truncate(start + LONGEST);
    let length = (out.len() - start) as u16;
    out[header + 2..start].copy_from_slice(&length.to_le_bytes());
}
