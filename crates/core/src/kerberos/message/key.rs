//! EncryptedData and EncryptionKey, RFC 4120 5.2.9.

use super::fields::{Fields, WriteFields, int32, maybe, octets, uint32};
use crate::encoding::der;
use crate::encoding::der::Writer;
use crate::kerberos::crypto::{Enctype, Key};
use crate::types::error::{Error, Result};
use std::fmt;

/// Encrypted data with its encryption type and key version.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EncryptedData<'a> {
    /// `etype`, the number of the encryption type.
    pub etype: i32,
    /// `kvno`, the key version number.
    pub kvno: Option<u32>,
    /// `cipher`, the input of [`Key::decrypt`] and the result of [`Key::encrypt`].
    pub cipher: &'a [u8],
}

impl<'a> EncryptedData<'a> {
    /// Decodes the element.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<EncryptedData<'a>> {
        let mut fields = Fields::sequence(bytes)?;
        let etype = int32(fields.field(0)?)?;
        let kvno = maybe(fields.optional(1)?, uint32)?;
        let cipher = octets(fields.field(2)?)?;
        fields.end()?;
        Ok(EncryptedData { etype, kvno, cipher })
    }

    /// Encodes the element.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(32 + self.cipher.len());
        self.write(&mut writer);
        writer.finish()
    }

    /// The encryption type, if supported.
    pub fn enctype(&self) -> Option<Enctype> {
        Enctype::from_number(self.etype)
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.nest(der::SEQUENCE, |writer| {
            writer.number(0, self.etype);
            if let Some(kvno) = self.kvno {
                writer.number(1, kvno);
            }
            writer.octets(2, self.cipher);
        });
    }
}

/// Does not print the data: with encryption type 0 it is not encrypted and may contain keys.
impl fmt::Debug for EncryptedData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("EncryptedData");
        shown
            .field("etype", &self.etype)
            .field("kvno", &self.kvno)
            .field("cipher", &self.cipher.len())
            .finish()
    }
}

/// A key in a message. Not printed. Erasing the message's buffer is the caller's task.
#[derive(Clone, Copy)]
pub struct EncryptionKey<'a> {
    /// `keytype`, the number of the encryption type.
    pub keytype: i32,
    /// `keyvalue`.
    pub keyvalue: &'a [u8],
}

impl<'a> EncryptionKey<'a> {
    /// Decodes the element.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<EncryptionKey<'a>> {
        let mut fields = Fields::sequence(bytes)?;
        let keytype = int32(fields.field(0)?)?;
        let keyvalue = octets(fields.field(1)?)?;
        fields.end()?;
        Ok(EncryptionKey { keytype, keyvalue })
    }

    /// The element for `key`.
    pub fn of(key: &'a Key) -> EncryptionKey<'a> {
        EncryptionKey { keytype: key.enctype().number(), keyvalue: key.bytes() }
    }

    /// The key.
    ///
    /// Errors: `InvalidToken` for an unsupported encryption type or a wrong length.
    pub fn key(&self) -> Result<Key> {
        let enctype = Enctype::from_number(self.keytype)
            .ok_or(Error::InvalidToken("EncryptionKey: an unsupported encryption type"))?;
        Key::new(enctype, self.keyvalue)
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.nest(der::SEQUENCE, |writer| {
            writer.number(0, self.keytype);
            writer.octets(1, self.keyvalue);
        });
    }
}

impl fmt::Debug for EncryptionKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptionKey({})", self.keytype)
    }
}
