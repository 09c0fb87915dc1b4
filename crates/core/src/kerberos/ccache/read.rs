//! Reads principals and credentials.

use super::{CUT_OFF, Credential, MALFORMED};
use crate::encoding::cursor::{ByteOrder, Cursor};
use crate::kerberos::message::{EncryptionKey, HostAddress, TicketFlags};
use crate::kerberos::principal::Principal;
use crate::types::error::Result;

/// The most components accepted in a name.
const MAX_COMPONENTS: u32 = 32;
/// The most addresses, or elements of authorization data, accepted in a credential.
const MAX_ELEMENTS: u32 = 256;

/// The unread rest of a file.
pub(super) struct Reader<'a> {
    version: u8,
    cursor: Cursor<'a>,
}

impl<'a> Reader<'a> {
    /// What a cache of this version has after its header.
    pub(super) fn new(version: u8, body: &'a [u8]) -> Reader<'a> {
        Reader { version, cursor: Cursor::new(body, ByteOrder::Big) }
    }

    /// The number of unread bytes.
    pub(super) fn remaining(&self) -> usize {
        self.cursor.remaining()
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        self.cursor.take(length).ok_or(CUT_OFF)
    }

    fn u8(&mut self) -> Result<u8> {
        self.cursor.u8().ok_or(CUT_OFF)
    }

    pub(super) fn u16(&mut self) -> Result<u16> {
        self.cursor.u16().ok_or(CUT_OFF)
    }

    /// The number of a type: signed 16 bits, since Windows' RC4 variants have negative numbers.
    fn number(&mut self) -> Result<i32> {
        self.u16().map(u16::cast_signed).map(i32::from)
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        self.cursor.u32().ok_or(CUT_OFF)
    }

    fn data(&mut self) -> Result<&'a [u8]> {
        let length = self.u32()?;
        self.take(usize::try_from(length).map_err(|_| CUT_OFF)?)
    }

    /// A count of at most `most`.
    fn count(&mut self, most: u32) -> Result<u32> {
        self.u32().and_then(|count| if count <= most { Ok(count) } else { Err(MALFORMED) })
    }

    pub(super) fn principal(&mut self) -> Result<Principal> {
        let name_type = self.u32()?.cast_signed();
        let count = self.count(MAX_COMPONENTS)?;
        let realm = self.data()?.to_vec();
        let components =
            (0..count).map(|_| self.data().map(<[u8]>::to_vec)).collect::<Result<_>>()?;
        Ok(Principal { name_type, realm, components })
    }

    fn key(&mut self) -> Result<EncryptionKey<'a>> {
        let keytype = self.number()?;
        if self.version == 3 {
            // Repeated in version 3.
            self.number()?;
        }
        Ok(EncryptionKey { keytype, keyvalue: self.data()? })
    }

    pub(super) fn credential(&mut self) -> Result<Credential<'a>> {
        let (client, server) = (self.principal()?, self.principal()?);
        let key = self.key()?;
        let [authtime, starttime, endtime, renew_till] =
            [self.u32()?, self.u32()?, self.u32()?, self.u32()?];
        let is_skey = self.u8()? != 0;
        let ticket_flags = TicketFlags::from_bits_retain(self.u32()?);
        let addresses = (0..self.count(MAX_ELEMENTS)?)
            .map(|_| Ok(HostAddress { addr_type: self.number()?, address: self.data()? }))
            .collect::<Result<_>>()?;
        let authdata = (0..self.count(MAX_ELEMENTS)?)
            .map(|_| Ok((self.number()?, self.data()?)))
            .collect::<Result<_>>()?;
        let (ticket, second_ticket) = (self.data()?, self.data()?);
        Ok(Credential {
            client,
            server,
            key,
            authtime,
            starttime,
            endtime,
            renew_till,
            is_skey,
            ticket_flags,
            addresses,
            authdata,
            ticket,
            second_ticket,
        })
    }
}
