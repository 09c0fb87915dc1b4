//! PAC_CLIENT_INFO, [MS-PAC] 2.7: ties a PAC to its ticket.

use super::Pac;
use crate::encoding::utf16::Utf16;
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;

/// Client and time of the ticket.
#[derive(Debug, Clone, Copy)]
pub struct ClientInfo<'a> {
    /// ClientId: `authtime` of the ticket.
    pub client_id: FileTime,
    /// Name: `cname` of the ticket.
    pub name: Utf16<'a>,
}

impl<'a> ClientInfo<'a> {
    /// Parses the buffer.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub(super) fn parse(contents: &'a [u8]) -> Result<ClientInfo<'a>> {
        const CUT: Error = Error::InvalidToken("PAC: PAC_CLIENT_INFO cut short");
        let (client_id, rest) = contents.split_first_chunk().ok_or(CUT)?;
        let (length, rest) = rest.split_first_chunk().ok_or(CUT)?;
        let name = rest.get(..usize::from(u16::from_le_bytes(*length))).ok_or(CUT)?;
        Ok(ClientInfo {
            client_id: FileTime(u64::from_le_bytes(*client_id)),
            name: Utf16::new(name)?,
        })
    }

    /// Whether ClientId is within the second `unix` (since 1970): tickets have no fractions.
    fn is_within_second(&self, unix: i64) -> bool {
        /// The seconds from 1601 to 1970.
        const EPOCH: i64 = 11_644_473_600;
        i64::try_from(self.client_id.0 / FileTime::TICKS_PER_SECOND)
            .is_ok_and(|seconds| seconds - EPOCH == unix)
    }

    /// Whether Name is `components`, separated by slashes without quoting, optionally followed by
    /// an at sign and `realm`.
    fn names<'n>(&self, components: impl Iterator<Item = &'n [u8]>, realm: &[u8]) -> bool {
        let mut name = self.name.chars().flat_map(|c| {
            let mut bytes = [0; 4];
            let length = c.encode_utf8(&mut bytes).len();
            bytes.into_iter().take(length)
        });
        for (at, component) in components.enumerate() {
            let slash: &[u8] = if at > 0 { b"/" } else { b"" };
            if !slash.iter().chain(component).all(|byte| name.next() == Some(*byte)) {
                return false;
            }
        }
        match name.next() {
            None => true,
            Some(b'@') => name.eq(realm.iter().copied()),
            Some(_) => false,
        }
    }
}

impl Pac<'_> {
    /// Checks that the PAC belongs to the ticket with this authtime (seconds since 1970), cname and
    /// crealm.
    ///
    /// The name in the PAC is cname's components, separated by slashes without quoting: MIT's
    /// KRB5_PRINCIPAL_UNPARSE_DISPLAY. A cname of type NT-ENTERPRISE has the at sign in its only
    /// component. An at sign and crealm may follow, as in S4U2Self for a client of another realm.
    ///
    /// Errors: [`Error::MessageAltered`] for another ticket's PAC, [`Error::InvalidToken`] without
    /// PAC_CLIENT_INFO.
    pub fn check_client_info<'n>(
        &self,
        authtime: i64,
        cname: impl IntoIterator<Item = &'n [u8]>,
        crealm: &[u8],
    ) -> Result<()> {
        let info =
            self.client_info.as_ref().ok_or(Error::InvalidToken("PAC: no PAC_CLIENT_INFO"))?;
        if !info.is_within_second(authtime) {
            return Err(Error::MessageAltered("PAC: made for a ticket of another time"));
        }
        if !info.names(cname.into_iter(), crealm) {
            return Err(Error::MessageAltered("PAC: made for another client's ticket"));
        }
        Ok(())
    }
}
