//! The privilege attribute certificate (PAC) of Active Directory: [MS-PAC].
//!
//! KDCs include it in a ticket's authorization data (AD-WIN2K-PAC, 128, within AD-IF-RELEVANT). It
//! describes the client: names, SIDs, groups. The contents of a [`Pac`] are trustworthy only after
//! [`Pac::verify_server`] and [`Pac::check_client_info`] have succeeded.
//!
//! Everything is read in place, from the ticket's plaintext. Claims and device information are
//! parsed on demand only.

mod claims;
mod client_info;
mod device_info;
mod groups;
mod logon_info;
mod signature;
mod ticket;
mod upn_dns_info;

pub use claims::{Claim, ClaimValues, Claims, ClaimsArray, Compression};
pub use client_info::ClientInfo;
pub use device_info::{DeviceInfo, DomainGroups};
pub use groups::{ExtraSids, GroupMembership, GroupMemberships};
pub use logon_info::Form;
pub use logon_info::{LogonInfo, user_flags};
pub use signature::Signature;
pub use upn_dns_info::UpnDnsInfo;

use crate::types::error::{Error, Result};
use crate::types::sid::Sid;
use signature::Signatures;
use smallvec::SmallVec;
use std::fmt;

/// ulType of PAC_INFO_BUFFER, [MS-PAC] 2.4.
pub mod buffer_type {
    /// KERB_VALIDATION_INFO
    pub const LOGON_INFO: u32 = 1;
    /// PAC_CREDENTIAL_INFO: for PKINIT clients, encrypted with a key that only they have
    pub const CREDENTIALS_INFO: u32 = 2;
    /// PAC_SIGNATURE_DATA made with the service's key
    pub const SERVER_SIGNATURE: u32 = 6;
    /// PAC_SIGNATURE_DATA made with the KDC's key, over the server signature
    pub const KDC_SIGNATURE: u32 = 7;
    /// PAC_CLIENT_INFO
    pub const CLIENT_INFO: u32 = 10;
    /// S4U_DELEGATION_INFO
    pub const DELEGATION_INFO: u32 = 11;
    /// UPN_DNS_INFO
    pub const UPN_DNS_INFO: u32 = 12;
    /// PAC_CLIENT_CLAIMS_INFO
    pub const CLIENT_CLAIMS: u32 = 13;
    /// PAC_DEVICE_INFO
    pub const DEVICE_INFO: u32 = 14;
    /// PAC_DEVICE_CLAIMS_INFO
    pub const DEVICE_CLAIMS: u32 = 15;
    /// PAC_SIGNATURE_DATA made with the KDC's key, over the ticket
    pub const TICKET_SIGNATURE: u32 = 16;
    /// PAC_ATTRIBUTES_INFO
    pub const ATTRIBUTES_INFO: u32 = 17;
    /// PAC_REQUESTOR
    pub const REQUESTOR: u32 = 18;
    /// PAC_SIGNATURE_DATA made with the KDC's key, over the PAC
    pub const FULL_SIGNATURE: u32 = 19;

    /// All of the above. Each may occur once in a PAC.
    pub(super) const KNOWN: [u32; 14] = [
        LOGON_INFO,
        CREDENTIALS_INFO,
        SERVER_SIGNATURE,
        KDC_SIGNATURE,
        CLIENT_INFO,
        DELEGATION_INFO,
        UPN_DNS_INFO,
        CLIENT_CLAIMS,
        DEVICE_INFO,
        DEVICE_CLAIMS,
        TICKET_SIGNATURE,
        ATTRIBUTES_INFO,
        REQUESTOR,
        FULL_SIGNATURE,
    ];
}

/// The most buffers accepted. There are 14 known types.
const MAX_BUFFERS: usize = 64;

/// A parsed PAC, not verified.
#[derive(Clone)]
pub struct Pac<'a> {
    bytes: &'a [u8],
    logon_info: Option<LogonInfo<'a>>,
    client_info: Option<ClientInfo<'a>>,
    upn_dns_info: Option<UpnDnsInfo<'a>>,
    attributes: Option<u32>,
    requestor: Option<Sid>,
    signatures: Signatures<'a>,
    client_claims: Option<&'a [u8]>,
    device_claims: Option<&'a [u8]>,
    device_info: Option<&'a [u8]>,
}

/// An entry of the table at the start: PAC_INFO_BUFFER.
#[derive(Clone, Copy)]
struct InfoBuffer<'a> {
    kind: u32,
    /// The offset of the buffer in the PAC, in bytes.
    offset: usize,
    contents: &'a [u8],
}

impl<'a> Pac<'a> {
    /// Parses a PACTYPE, the `ad-data` of an AD-WIN2K-PAC. Unknown buffer types are ignored.
    ///
    /// Errors: `InvalidToken` for what [MS-PAC] forbids, and for ambiguous contents: overlapping or
    /// repeated buffers.
    pub fn parse(bytes: &'a [u8]) -> Result<Pac<'a>> {
        let buffers = info_buffers(bytes)?;
        check_overlap(&buffers)?;
        let mut pac = Pac {
            bytes,
            logon_info: None,
            client_info: None,
            upn_dns_info: None,
            attributes: None,
            requestor: None,
            signatures: Signatures::default(),
            client_claims: None,
            device_claims: None,
            device_info: None,
        };
        let mut seen = 0u64;
        for buffer in &buffers {
            if buffer_type::KNOWN.contains(&buffer.kind) {
                // All known types are less than 64.
                if seen & 1 << buffer.kind != 0 {
                    return Err(Error::InvalidToken("PAC: a buffer stands there twice"));
                }
                seen |= 1 << buffer.kind;
                pac.take(buffer)?;
            }
        }
        Ok(pac)
    }

    fn take(&mut self, buffer: &InfoBuffer<'a>) -> Result<()> {
        let contents = buffer.contents;
        match buffer.kind {
            buffer_type::LOGON_INFO => self.logon_info = Some(LogonInfo::parse(contents)?),
            buffer_type::CLIENT_INFO => self.client_info = Some(ClientInfo::parse(contents)?),
            buffer_type::UPN_DNS_INFO => self.upn_dns_info = Some(UpnDnsInfo::parse(contents)?),
            // The buffer may be empty for a client without claims.
            buffer_type::CLIENT_CLAIMS => {
                self.client_claims = Some(contents).filter(|claims| !claims.is_empty())
            }
            buffer_type::DEVICE_CLAIMS => {
                self.device_claims = Some(contents).filter(|claims| !claims.is_empty())
            }
            buffer_type::DEVICE_INFO => self.device_info = Some(contents),
            buffer_type::ATTRIBUTES_INFO => self.attributes = Some(attributes_info(contents)?),
            buffer_type::REQUESTOR => self.requestor = Some(Sid::from_bytes(contents)?),
            buffer_type::SERVER_SIGNATURE => {
                self.signatures.server = Some(Signature::parse(buffer)?)
            }
            buffer_type::KDC_SIGNATURE => self.signatures.kdc = Some(Signature::parse(buffer)?),
            buffer_type::TICKET_SIGNATURE => {
                self.signatures.ticket = Some(Signature::parse(buffer)?)
            }
            buffer_type::FULL_SIGNATURE => self.signatures.full = Some(Signature::parse(buffer)?),
            // CREDENTIALS_INFO is for the client, and DELEGATION_INFO names services.
            _ => {}
        }
        Ok(())
    }

    /// KERB_VALIDATION_INFO: the client's account. Absent from the PACs of realms that are not
    /// domains (MIT's KDC).
    pub fn logon_info(&self) -> Option<&LogonInfo<'a>> {
        self.logon_info.as_ref()
    }

    /// PAC_CLIENT_INFO: identifies the ticket that the PAC belongs to.
    pub fn client_info(&self) -> Option<&ClientInfo<'a>> {
        self.client_info.as_ref()
    }

    /// UPN_DNS_INFO.
    pub fn upn_dns_info(&self) -> Option<&UpnDnsInfo<'a>> {
        self.upn_dns_info.as_ref()
    }

    /// PAC_ATTRIBUTES_INFO, [MS-PAC] 2.14: bit 0 if the client requested a PAC, bit 1 if it got one
    /// without a request.
    pub fn attributes(&self) -> Option<u32> {
        self.attributes
    }

    /// PAC_REQUESTOR, [MS-PAC] 2.15: the SID of the account that requested the ticket.
    pub fn requestor(&self) -> Option<Sid> {
        self.requestor
    }

    /// The contents of PAC_CLIENT_CLAIMS_INFO, not parsed.
    pub fn client_claims_bytes(&self) -> Option<&'a [u8]> {
        self.client_claims
    }

    /// The contents of PAC_DEVICE_CLAIMS_INFO, not parsed.
    pub fn device_claims_bytes(&self) -> Option<&'a [u8]> {
        self.device_claims
    }

    /// The contents of PAC_DEVICE_INFO, not parsed.
    pub fn device_info_bytes(&self) -> Option<&'a [u8]> {
        self.device_info
    }

    /// Parses PAC_CLIENT_CLAIMS_INFO, [MS-PAC] 2.11.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn client_claims(&self) -> Result<Option<Claims<'a>>> {
        self.client_claims.map(Claims::parse).transpose()
    }

    /// Parses PAC_DEVICE_CLAIMS_INFO, [MS-PAC] 2.13.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn device_claims(&self) -> Result<Option<Claims<'a>>> {
        self.device_claims.map(Claims::parse).transpose()
    }

    /// Parses PAC_DEVICE_INFO, [MS-PAC] 2.12.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn device_info(&self) -> Result<Option<DeviceInfo<'a>>> {
        self.device_info.map(DeviceInfo::parse).transpose()
    }
}

/// Does not print the bytes, which include session keys of other protocols.
impl fmt::Debug for Pac<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pac({:?}, {:?})", self.logon_info, self.client_info)
    }
}

/// The table of PACTYPE, [MS-PAC] 2.3. Each buffer is checked to be after the table, within the PAC
/// and at a multiple of eight.
fn info_buffers(bytes: &[u8]) -> Result<SmallVec<[InfoBuffer<'_>; 16]>> {
    const CUT: Error = Error::InvalidToken("PAC: cut short");
    let (&[a, b, c, d, version @ ..], rest) = bytes.split_first_chunk::<8>().ok_or(CUT)?;
    if version != [0; 4] {
        return Err(Error::InvalidToken("PAC: of an unknown version"));
    }
    let count = u32::from_le_bytes([a, b, c, d]) as usize;
    if count > MAX_BUFFERS {
        return Err(Error::InvalidToken("PAC: too many buffers"));
    }
    let (table, _) = rest.as_chunks::<16>();
    let table = table.get(..count).ok_or(CUT)?;
    let behind_table = 8 + 16 * count;
    let mut buffers = SmallVec::new();
    for &[a, b, c, d, e, f, g, h, offset @ ..] in table {
        const OUTSIDE: Error = Error::InvalidToken("PAC: a buffer lies outside");
        let size = u32::from_le_bytes([e, f, g, h]) as usize;
        let offset = usize::try_from(u64::from_le_bytes(offset)).map_err(|_| OUTSIDE)?;
        if offset < behind_table || !offset.is_multiple_of(8) {
            return Err(OUTSIDE);
        }
        let contents = bytes.get(offset..).and_then(|rest| rest.get(..size)).ok_or(OUTSIDE)?;
        buffers.push(InfoBuffer { kind: u32::from_le_bytes([a, b, c, d]), offset, contents });
    }
    Ok(buffers)
}

/// Rejects bytes shared by two buffers: bytes that count as zero in a signature could then be part
/// of another buffer, unsigned.
fn check_overlap(buffers: &[InfoBuffer<'_>]) -> Result<()> {
    let mut ranges: SmallVec<[(usize, usize); 16]> = buffers
        .iter()
        .filter(|b| !b.contents.is_empty())
        .map(|b| (b.offset, b.offset + b.contents.len()))
        .collect();
    ranges.sort_unstable();
    match ranges.windows(2).any(|pair| matches!(pair, [(_, end), (start, _)] if start < end)) {
        true => Err(Error::InvalidToken("PAC: buffers overlap")),
        false => Ok(()),
    }
}

/// PAC_ATTRIBUTES_INFO: a length in bits, then the bits in 32-bit words, of which only the first is
/// used.
fn attributes_info(contents: &[u8]) -> Result<u32> {
    const MALFORMED: Error = Error::InvalidToken("PAC: malformed PAC_ATTRIBUTES_INFO");
    let (length, flags) = contents.split_first_chunk().ok_or(MALFORMED)?;
    let length = u32::from_le_bytes(*length);
    let (words, _) = flags.as_chunks();
    if length.div_ceil(32) as usize > words.len() {
        return Err(MALFORMED);
    }
    let Some(word) = words.first() else { return Ok(0) };
    let mask = if length >= 32 { u32::MAX } else { (1 << length) - 1 };
    Ok(u32::from_le_bytes(*word) & mask)
}
