//! EncryptedData and EncryptionKey, RFC 4120 5.2.9.

use super::fields::{Fields, WriteFields, int32, maybe, octets, uint32};
use crate::encoding::der;
use crate::encoding::der::Writer;
use crate::kerberos::crypto::{Enctype, Key};
use crate::types::error::{Error, Result};
use std::fmt;

/// What was encrypted, and how.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EncryptedData<'a> {
    /// `etype`, the number of an encryption type.
    pub etype: i32,
    /// `kvno`, the version of the key.
    pub kvno: Option<u32>,
    /// `cipher`, as [`Key::decrypt`] takes it and [`Key::encrypt`] gives it.
    pub cipher: &'a [u8],
}

impl<'a> EncryptedData<'a> {
    /// Reads it.
    pub fn decode(bytes: &'a [u8]) -> Result<EncryptedData<'a>> {
        let mut fields = Fields::sequence(bytes)?;
        let etype = int32(fields.field(0)?)?;
        let kvno = maybe(fields.optional(1)?, uint32)?;
        let cipher = octets(fields.field(2)?)?;
        fields.end()?;
        Ok(EncryptedData { etype, kvno, cipher })
    }

    /// The encryption type, if it is one of ours.
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

/// What is not encrypted, as encryption type 0 says, may hold keys: it is not shown.
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

/// A key in a message; never shown. The message's buffer is the caller's to erase.
#[derive(Clone, Copy)]
pub struct EncryptionKey<'a> {
    /// `keytype`, the number of an encryption type.
    pub keytype: i32,
    /// `keyvalue`.
    pub keyvalue: &'a [u8],
}

impl<'a> EncryptionKey<'a> {
    /// Reads it.
    pub fn decode(bytes: &'a [u8]) -> Result<EncryptionKey<'a>> {
        let mut fields = Fields::sequence(bytes)?;
        let keytype = int32(fields.field(0)?)?;
        let keyvalue = octets(fields.field(1)?)?;
        fields.end()?;
        Ok(EncryptionKey { keytype, keyvalue })
    }

    /// For the message that is to hold `key`.
    pub fn of(key: &'a Key) -> EncryptionKey<'a> {
        EncryptionKey { keytype: key.enctype().number(), keyvalue: key.bytes() }
    }

    /// The key, if its encryption type is one of ours and it is as long as that one's are.
    pub fn key(&self) -> Result<Key> {
        let enctype = Enctype::from_number(self.keytype)
            .ok_or(Error::InvalidToken("EncryptionKey: an encryption type not spoken here"))?;
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
