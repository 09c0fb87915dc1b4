//! UPN_DNS_INFO, [MS-PAC] 2.10.

use crate::encoding::utf16::Utf16;
use crate::types::error::{Error, Result};
use crate::types::sid::Sid;

/// The client's names in DNS format. They are empty if they are not text.
#[derive(Debug, Clone, Copy)]
pub struct UpnDnsInfo<'a> {
    /// Upn: userPrincipalName, or a constructed one.
    pub upn: Utf16<'a>,
    /// DnsDomainName: of the account's domain.
    pub dns_domain_name: Utf16<'a>,
    /// Flag U: the account has no userPrincipalName; Upn is constructed from its name and domain.
    pub upn_is_constructed: bool,
    /// SamName, if the structure is extended (flag S).
    pub sam_name: Option<Utf16<'a>>,
    /// Sid, if the structure is extended.
    pub sid: Option<Sid>,
}

/// Flag U.
const CONSTRUCTED: u32 = 1;
/// Flag S.
const EXTENDED: u32 = 2;

const MALFORMED: Error = Error::InvalidToken("PAC: malformed UPN_DNS_INFO");

impl<'a> UpnDnsInfo<'a> {
    /// Parses the buffer.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub(super) fn parse(contents: &'a [u8]) -> Result<UpnDnsInfo<'a>> {
        let flags =
            contents.get(8..).and_then(|rest| rest.first_chunk()).copied().ok_or(MALFORMED)?;
        let flags = u32::from_le_bytes(flags);
        let extended = flags & EXTENDED != 0;
        Ok(UpnDnsInfo {
            upn: Utf16::if_text(field(contents, 0)?)?,
            dns_domain_name: Utf16::if_text(field(contents, 4)?)?,
            upn_is_constructed: flags & CONSTRUCTED != 0,
            sam_name: if extended { Some(Utf16::if_text(field(contents, 12)?)?) } else { None },
            sid: if extended { Some(Sid::from_bytes(field(contents, 16)?)?) } else { None },
        })
    }
}

/// The contents described by the length and offset at `at`; offsets are relative to the start of
/// the buffer.
fn field(contents: &[u8], at: usize) -> Result<&[u8]> {
    let &[a, b, c, d] = contents.get(at..).and_then(|rest| rest.first_chunk()).ok_or(MALFORMED)?;
    let length = usize::from(u16::from_le_bytes([a, b]));
    let offset = usize::from(u16::from_le_bytes([c, d]));
    if length == 0 {
        return Ok(&[]);
    }
    contents.get(offset..offset + length).ok_or(MALFORMED)
}
