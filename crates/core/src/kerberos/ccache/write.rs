//! Writes principals and credentials.

use super::Credential;
use crate::kerberos::message::EncryptionKey;
use crate::kerberos::principal::Principal;
use crate::types::allocation;
use crate::types::error::{Error, Result};
use zeroize::Zeroizing;

/// The file contents, or a part of them.
pub(super) struct Writer {
    version: u8,
    bytes: Zeroizing<Vec<u8>>,
}

impl Writer {
    /// In this version, with room for so many bytes.
    ///
    /// Errors: `OutOfMemory`.
    pub(super) fn new(version: u8, capacity: usize) -> Result<Writer> {
        Ok(Writer { version, bytes: Zeroizing::new(allocation::vec(capacity)?) })
    }

    pub(super) fn finish(self) -> Zeroizing<Vec<u8>> {
        self.bytes
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.bytes.extend(value.to_be_bytes());
    }

    fn number(&mut self, number: i32) -> Result<()> {
        let number = i16::try_from(number)
            .map_err(|_| Error::InvalidToken("a type's number too large for a credential cache"))?;
        self.bytes.extend(number.to_be_bytes());
        Ok(())
    }

    fn count(&mut self, count: usize) -> Result<()> {
        self.u32(
            u32::try_from(count)
                .map_err(|_| Error::InvalidToken("too much for a credential cache"))?,
        );
        Ok(())
    }

    fn data(&mut self, data: &[u8]) -> Result<()> {
        self.count(data.len())?;
        self.bytes.extend(data);
        Ok(())
    }

    pub(super) fn principal(&mut self, principal: &Principal) -> Result<()> {
        self.u32(principal.name_type.cast_unsigned());
        self.count(principal.components.len())?;
        self.data(&principal.realm)?;
        principal.components.iter().try_for_each(|component| self.data(component))
    }

    pub(super) fn key(&mut self, key: &EncryptionKey<'_>) -> Result<()> {
        self.number(key.keytype)?;
        if self.version == 3 {
            // Repeated in version 3.
            self.number(key.keytype)?;
        }
        self.data(key.keyvalue)
    }

    pub(super) fn credential(&mut self, credential: &Credential<'_>) -> Result<()> {
        self.principal(&credential.client)?;
        self.principal(&credential.server)?;
        self.key(&credential.key)?;
        for time in
            [credential.authtime, credential.starttime, credential.endtime, credential.renew_till]
        {
            self.u32(time);
        }
        self.bytes.push(credential.is_skey.into());
        self.u32(credential.ticket_flags.bits());
        self.count(credential.addresses.len())?;
        for address in &credential.addresses {
            self.number(address.addr_type)?;
            self.data(address.address)?;
        }
        self.count(credential.authdata.len())?;
        for (ad_type, ad_data) in &credential.authdata {
            self.number(*ad_type)?;
            self.data(ad_data)?;
        }
        self.data(credential.ticket)?;
        self.data(credential.second_ticket)
    }
}
