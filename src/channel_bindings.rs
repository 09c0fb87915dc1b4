//! Channel bindings: the outer channel (TLS) that an authentication is tied to.

use crate::error::{Error, Result};
use md5::{Digest, Md5};

/// The MD5 hash of the caller's channel bindings, as NTLM's `MsvAvChannelBindings` ([MS-NLMP] 2.2.2.1)
/// and Kerberos' authenticator checksum (RFC 4121 4.1.1.2) carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelBindings {
    /// `MD5(gss_channel_bindings_struct)`.
    pub hash: [u8; 16],
}

/// Bytes in the fixed part of `SEC_CHANNEL_BINDINGS`.
const HEADER: usize = 32;

impl ChannelBindings {
    /// Reads a `SEC_CHANNEL_BINDINGS` structure: eight 32-bit words in native order, then the data that they
    /// point to by offset from the structure's start. Lengths and offsets outside the buffer are refused.
    pub fn from_sec_channel_bindings(buffer: &[u8]) -> Result<ChannelBindings> {
        let malformed = Error::InvalidParameter("SEC_CHANNEL_BINDINGS points outside its buffer");
        let header: &[u8; HEADER] = buffer.first_chunk().ok_or(malformed)?;
        let word = |i: usize| u32::from_ne_bytes([header[4 * i], header[4 * i + 1], header[4 * i + 2], header[4 * i + 3]]);
        let slice = |length: u32, offset: u32| -> Result<&[u8]> {
            if length == 0 {
                return Ok(&[]);
            }
            let start = offset as usize;
            let end = start.checked_add(length as usize).ok_or(malformed)?;
            buffer.get(start..end).ok_or(malformed)
        };
        let initiator = slice(word(1), word(2))?;
        let acceptor = slice(word(4), word(5))?;
        let application = slice(word(6), word(7))?;
        let mut md5 = Md5::new();
        md5.update(word(0).to_le_bytes());
        md5.update((initiator.len() as u32).to_le_bytes());
        md5.update(initiator);
        md5.update(word(3).to_le_bytes());
        md5.update((acceptor.len() as u32).to_le_bytes());
        md5.update(acceptor);
        md5.update((application.len() as u32).to_le_bytes());
        md5.update(application);
        Ok(ChannelBindings { hash: md5.finalize().into() })
    }
}
