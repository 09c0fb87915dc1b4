//! KRB-PRIV and EncKrbPrivPart, RFC 4120 5.7, and RFC 3244's ChangePasswdData in it.

use super::fields::{self, Fields, WriteFields, maybe, microseconds, octets, string, time, uint32};
use super::{EncryptedData, HostAddress, PrincipalName, VERSION};
use crate::encoding::der;
use crate::encoding::der::{Reader, Writer};
use crate::types::error::Result;
use std::fmt;
use zeroize::Zeroizing;

/// KRB-PRIV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KrbPriv<'a> {
    /// `enc-part`: an [`EncKrbPrivPart`].
    pub enc_part: EncryptedData<'a>,
}

impl<'a> KrbPriv<'a> {
    /// `[APPLICATION 21]`, also `msg-type`.
    const APPLICATION: u8 = 21;

    /// Decodes a message; bytes after it are ignored.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<KrbPriv<'a>> {
        let mut fields = Fields::message(bytes, Self::APPLICATION)?;
        fields.version(0)?;
        fields.constant(1, Self::APPLICATION.into())?;
        let enc_part = EncryptedData::decode(fields.field(3)?)?;
        fields.end()?;
        Ok(KrbPriv { enc_part })
    }

    /// Encodes the message.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(64 + self.enc_part.cipher.len());
        fields::message(&mut writer, Self::APPLICATION, |writer| {
            writer.number(0, VERSION);
            writer.number(1, Self::APPLICATION);
            writer.tagged(3, |writer| self.enc_part.write(writer));
        });
        writer.finish()
    }
}

/// The plaintext of [`KrbPriv::enc_part`]. Erasing its buffer is the caller's task.
#[derive(Clone, Copy)]
pub struct EncKrbPrivPart<'a> {
    /// `user-data`
    pub user_data: &'a [u8],
    /// `timestamp`, in seconds since 1970.
    pub timestamp: Option<i64>,
    /// `usec`, below a million.
    pub usec: Option<u32>,
    /// `seq-number`
    pub seq_number: Option<u32>,
    /// `s-address`
    pub s_address: HostAddress<'a>,
    /// `r-address`
    pub r_address: Option<HostAddress<'a>>,
}

/// Does not print the data, which may be a password.
impl fmt::Debug for EncKrbPrivPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncKrbPrivPart")
            .field("user_data", &self.user_data.len())
            .finish_non_exhaustive()
    }
}

impl<'a> EncKrbPrivPart<'a> {
    const APPLICATION: u8 = 28;

    /// Decodes the plaintext; triple DES leaves padding behind it.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<EncKrbPrivPart<'a>> {
        let mut fields = Fields::message(bytes, Self::APPLICATION)?;
        let part = EncKrbPrivPart {
            user_data: octets(fields.field(0)?)?,
            timestamp: maybe(fields.optional(1)?, time)?,
            usec: maybe(fields.optional(2)?, microseconds)?,
            seq_number: maybe(fields.optional(3)?, uint32)?,
            s_address: HostAddress::decode(fields.field(4)?)?,
            r_address: maybe(fields.optional(5)?, HostAddress::decode)?,
        };
        fields.end()?;
        Ok(part)
    }

    /// Encodes the plaintext.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::new(256 + self.user_data.len());
        fields::message(&mut writer, Self::APPLICATION, |writer| {
            writer.octets(0, self.user_data);
            if let Some(timestamp) = self.timestamp {
                writer.time(1, timestamp);
            }
            if let Some(usec) = self.usec {
                writer.number(2, usec);
            }
            if let Some(seq_number) = self.seq_number {
                writer.number(3, seq_number);
            }
            writer.tagged(4, |writer| self.s_address.write(writer));
            if let Some(r_address) = &self.r_address {
                writer.tagged(5, |writer| r_address.write(writer));
            }
        });
        Zeroizing::new(writer.finish())
    }
}

/// ChangePasswdData, RFC 3244 2.
#[derive(Clone, Copy)]
pub struct ChangePasswdData<'a> {
    /// `newpasswd`, UTF-8.
    pub newpasswd: &'a [u8],
    /// `targname` and `targrealm`: whose password is set; `None`: the client's own.
    pub target: Option<(PrincipalName<'a>, &'a [u8])>,
}

/// Does not print the password.
impl fmt::Debug for ChangePasswdData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangePasswdData").field("target", &self.target).finish_non_exhaustive()
    }
}

impl<'a> ChangePasswdData<'a> {
    /// Decodes the data.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn decode(bytes: &'a [u8]) -> Result<ChangePasswdData<'a>> {
        let mut fields = Fields::sequence(Reader::new(bytes).raw()?)?;
        let newpasswd = octets(fields.field(0)?)?;
        let name = maybe(fields.optional(1)?, PrincipalName::decode_named)?;
        let realm = maybe(fields.optional(2)?, string)?;
        fields.end()?;
        Ok(ChangePasswdData { newpasswd, target: name.zip(realm) })
    }

    /// Encodes the data.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::new(512 + self.newpasswd.len());
        writer.nest(der::SEQUENCE, |writer| {
            writer.octets(0, self.newpasswd);
            if let Some((name, realm)) = &self.target {
                writer.tagged(1, |writer| name.write(writer));
                writer.string(2, realm);
            }
        });
        Zeroizing::new(writer.finish())
    }
}
