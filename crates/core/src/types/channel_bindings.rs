//! Channel bindings: the outer channel (TLS) that an authentication is tied to.

use crate::types::address::Address;
use crate::types::error::{Error, Result};
use crate::types::flags::ContextFlags;
use md5::{Digest, Md5};
use std::fmt;
use subtle::ConstantTimeEq;

/// The MD5 hash of the caller's channel bindings, as NTLM's `MsvAvChannelBindings` ([MS-NLMP]
/// 2.2.2.1) and Kerberos' authenticator checksum (RFC 4121 4.1.1.2) carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelBindings {
    /// `MD5(gss_channel_bindings_struct)`.
    pub hash: [u8; 16],
    /// The initiator's address, if the caller gives it.
    pub initiator: Option<Address>,
}

/// How strictly data that clients may omit is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// Not at all.
    Off,
    /// If the client sends it.
    WhenSent,
    /// The client must send it.
    Require,
}

impl fmt::Display for Strictness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Strictness::Off => "off",
            Strictness::WhenSent => "when-sent",
            Strictness::Require => "require",
        })
    }
}

/// Bytes in the fixed part of `SEC_CHANNEL_BINDINGS`.
const HEADER: usize = 32;

impl ChannelBindings {
    /// Reads a `SEC_CHANNEL_BINDINGS` structure: eight 32-bit words in native order, then the data
    /// that they point to by offset from the structure's start. Lengths and offsets outside the
    /// buffer are rejected.
    pub fn from_sec_channel_bindings(buffer: &[u8]) -> Result<ChannelBindings> {
        let malformed = Error::InvalidParameter("SEC_CHANNEL_BINDINGS points outside its buffer");
        let header: &[u8; HEADER] = buffer.first_chunk().ok_or(malformed)?;
        let word = |i: usize| {
            u32::from_ne_bytes([
                header[4 * i],
                header[4 * i + 1],
                header[4 * i + 2],
                header[4 * i + 3],
            ])
        };
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
        Ok(ChannelBindings {
            hash: md5.finalize().into(),
            initiator: Address::new(word(0), initiator),
        })
    }
}

/// Checks the client's bindings against the caller's.
///
/// Bindings given by the caller are required of the client (`ApplicationRequiresCBT`), unless the
/// caller sets ASC_REQ_ALLOW_MISSING_BINDINGS. Behind a proxy (ASC_REQ_PROXY_BINDINGS) they cannot
/// match and are not compared. The configuration (`strictness`) can require bindings in any case,
/// or ignore them.
pub fn check(
    theirs: Option<&[u8; 16]>,
    strictness: Strictness,
    ours: Option<&ChannelBindings>,
    requirements: ContextFlags,
) -> Result<()> {
    if strictness == Strictness::Off {
        return Ok(());
    }
    let required = strictness == Strictness::Require;
    if requirements.contains(ContextFlags::PROXY_BINDINGS) {
        return match theirs {
            None if required => Err(Error::BadBindings("the client sent none")),
            _ => Ok(()),
        };
    }
    match (ours, theirs) {
        (Some(ours), Some(theirs)) if bool::from(ours.hash.ct_eq(theirs)) => Ok(()),
        (Some(_), Some(_)) => Err(Error::BadBindings("the client's are another channel's")),
        (Some(_), None)
            if required || !requirements.contains(ContextFlags::ALLOW_MISSING_BINDINGS) =>
        {
            Err(Error::BadBindings("the client sent none"))
        }
        (None, _) if required => {
            Err(Error::BadBindings("required by configuration, but the server program gave none"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPLICATION: &[u8] =
        b"tls-server-end-point:\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f";

    fn structure(words: [u32; 8], data: &[u8]) -> Vec<u8> {
        words.into_iter().flat_map(u32::to_ne_bytes).chain(data.iter().copied()).collect()
    }

    fn hash_of(buffer: &[u8]) -> Option<String> {
        let bindings = ChannelBindings::from_sec_channel_bindings(buffer).ok()?;
        Some(bindings.hash.iter().map(|b| format!("{b:02x}")).collect())
    }

    /// The hashes were computed with Python's hashlib over the structure of RFC 2744 3.11, in
    /// little endian.
    #[test]
    fn hashes_are_those_of_gss_channel_bindings_struct() {
        let length = APPLICATION.len() as u32;
        let tls = structure([0, 0, 0, 0, 0, 0, length, 32], APPLICATION);
        assert_eq!(hash_of(&tls).as_deref(), Some("8f1214c9c9cab8dc3bf866da9aba57a7"));
        // With addresses, and the parts in another order than that of their offsets.
        let data = [APPLICATION, b"\x0a\x00\x00\x02x", b"\x7f\x00\x00\x01"].concat();
        let all = structure([2, 4, 32 + length + 5, 2, 5, 32 + length, length, 32], &data);
        assert_eq!(hash_of(&all).as_deref(), Some("111f14dc682f83c2a5d6dfd89fe07519"));
        // Empty parts may have any offset.
        let empty = structure([0, 0, u32::MAX, 0, 0, u32::MAX, length, 32], APPLICATION);
        assert_eq!(hash_of(&empty), hash_of(&tls));
    }

    #[test]
    fn the_initiator_may_have_an_address() {
        let read = |kind, bytes: &[u8]| {
            let buffer = structure([kind, bytes.len() as u32, 32, 0, 0, 0, 0, 0], bytes);
            ChannelBindings::from_sec_channel_bindings(&buffer).unwrap().initiator
        };
        assert_eq!(read(2, &[10, 0, 0, 1]), Some(Address::V4([10, 0, 0, 1])));
        assert_eq!(read(24, &[7; 16]), Some(Address::V6([7; 16])));
        assert_eq!(read(23, &[7; 16]), read(24, &[7; 16]));
        assert_eq!(read(2, &[7; 16]), None);
        assert_eq!(read(0, &[]), None);
    }

    #[test]
    fn lengths_and_offsets_outside_are_refused() {
        let good = structure([0, 0, 0, 0, 0, 0, 8, 32], b"12345678");
        assert!(hash_of(&good).is_some());
        for end in 0..good.len() {
            assert_eq!(hash_of(&good[..end]), None, "{end} bytes");
        }
        for position in [1, 4, 6] {
            for (length, offset) in
                [(9, 32), (8, 33), (1, 40), (1, u32::MAX), (u32::MAX, 1), (u32::MAX, u32::MAX)]
            {
                let mut words = [0; 8];
                words[position] = length;
                words[position + 1] = offset;
                assert_eq!(
                    hash_of(&structure(words, b"12345678")),
                    None,
                    "{position}: {length} at {offset}"
                );
            }
        }
    }
}
