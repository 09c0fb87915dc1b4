//! AP-REP and EncAPRepPart, RFC 4120 5.5.2.

use super::fields::{self, Fields, WriteFields, maybe, microseconds, time, uint32};
use super::{EncryptedData, EncryptionKey, VERSION};
use crate::encoding::der::Writer;
use crate::types::error::Result;
use zeroize::Zeroizing;

/// The service's reply, which proves that the service could decrypt the ticket. In DCE style the
/// client also sends one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApRep<'a> {
    /// `enc-part`: an [`EncApRepPart`] under the ticket's session key, usage 12.
    pub enc_part: EncryptedData<'a>,
}

impl<'a> ApRep<'a> {
    /// `[APPLICATION 15]`, also `msg-type`.
    pub(crate) const APPLICATION: u8 = 15;

    /// Decodes a message; bytes after it are ignored.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<ApRep<'a>> {
        let mut fields = Fields::message(bytes, Self::APPLICATION)?;
        fields.version(0)?;
        fields.constant(1, Self::APPLICATION.into())?;
        let enc_part = EncryptedData::decode(fields.field(2)?)?;
        fields.end()?;
        Ok(ApRep { enc_part })
    }

    /// Encodes the message.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(64 + self.enc_part.cipher.len());
        fields::message(&mut writer, Self::APPLICATION, |writer| {
            writer.number(0, VERSION);
            writer.number(1, Self::APPLICATION);
            writer.tagged(2, |writer| self.enc_part.write(writer));
        });
        writer.finish()
    }
}

/// The plaintext of [`ApRep::enc_part`].
#[derive(Debug, Clone, Copy)]
pub struct EncApRepPart<'a> {
    /// `ctime` of the authenticator, in seconds since 1970.
    pub ctime: i64,
    /// `cusec` of the authenticator, below a million.
    pub cusec: u32,
    /// `subkey`, the service's replacement for the client's sub-key or the session key.
    pub subkey: Option<EncryptionKey<'a>>,
    /// `seq-number`, the number of the service's first message.
    pub seq_number: Option<u32>,
}

impl<'a> EncApRepPart<'a> {
    /// `[APPLICATION 27]`
    const APPLICATION: u8 = 27;

    /// Decodes the plaintext.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<EncApRepPart<'a>> {
        let mut fields = Fields::message(bytes, Self::APPLICATION)?;
        let part = EncApRepPart {
            ctime: time(fields.field(0)?)?,
            cusec: microseconds(fields.field(1)?)?,
            subkey: maybe(fields.optional(2)?, EncryptionKey::decode)?,
            seq_number: maybe(fields.optional(3)?, uint32)?,
        };
        fields.end()?;
        Ok(part)
    }

    /// Encodes the plaintext.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::new(96 + self.subkey.map_or(0, |subkey| subkey.keyvalue.len()));
        fields::message(&mut writer, Self::APPLICATION, |writer| {
            writer.time(0, self.ctime);
            writer.number(1, self.cusec);
            if let Some(subkey) = &self.subkey {
                writer.tagged(2, |writer| subkey.write(writer));
            }
            if let Some(seq_number) = self.seq_number {
                writer.number(3, seq_number);
            }
        });
        Zeroizing::new(writer.finish())
    }
}
