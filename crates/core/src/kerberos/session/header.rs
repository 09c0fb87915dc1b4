//! The headers of RFC 4121's tokens (4.2.6).

use crate::types::error::{Error, Result};
use bitflags::bitflags;

/// The length of a header, in bytes.
pub(super) const HEADER: usize = 16;

bitflags! {
    /// Flags, RFC 4121 4.2.2. Undefined bits are kept: the checksum covers them too.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct Flags: u8 {
        /// Sent by the acceptor.
        const SENT_BY_ACCEPTOR = 1;
        /// Encrypted; only in Wrap tokens.
        const SEALED = 2;
        /// Protected with the acceptor's sub-key.
        const ACCEPTOR_SUBKEY = 4;
        const _ = !0;
    }
}

/// `TOK_ID` of MIC tokens.
const MIC: [u8; 2] = [4, 4];
/// `TOK_ID` of Wrap tokens.
const WRAP: [u8; 2] = [5, 4];

/// The header of a MIC token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mic {
    pub(super) flags: Flags,
    pub(super) number: u64,
}

impl Mic {
    pub(super) fn bytes(&self) -> [u8; HEADER] {
        header(MIC, self.flags, [0xff; 4], self.number)
    }

    /// Parses the header of `token`; returns it and the rest.
    pub(super) fn read(token: &[u8]) -> Result<(Mic, &[u8])> {
        let (header, rest) = token.split_first_chunk().ok_or(SHORT)?;
        let (flags, fields, number) = fields(MIC, header)?;
        if fields != [0xff; 4] || flags.contains(Flags::SEALED) {
            return Err(Error::InvalidToken("a MIC token header with wrong filler"));
        }
        Ok((Mic { flags, number }, rest))
    }
}

/// The header of a Wrap token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wrap {
    pub(super) flags: Flags,
    /// `EC`: the bytes of filler, or the length of the checksum.
    pub(super) extra: u16,
    /// `RRC`: by how many bytes the part after the header was rotated to the right.
    pub(super) rotation: u16,
    pub(super) number: u64,
}

impl Wrap {
    pub(super) fn bytes(&self) -> [u8; HEADER] {
        let ([a, b], [c, d]) = (self.extra.to_be_bytes(), self.rotation.to_be_bytes());
        header(WRAP, self.flags, [a, b, c, d], self.number)
    }

    /// Parses the header of `token`; returns it and the rest.
    pub(super) fn read(token: &[u8]) -> Result<(Wrap, &[u8])> {
        let (header, rest) = token.split_first_chunk().ok_or(SHORT)?;
        let (flags, [a, b, c, d], number) = fields(WRAP, header)?;
        let (extra, rotation) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        Ok((Wrap { flags, extra, rotation, number }, rest))
    }

    /// The header as covered by the checksum of a message that is not encrypted (RFC 4121 4.2.4).
    pub(super) fn without_lengths(self) -> [u8; HEADER] {
        Wrap { extra: 0, rotation: 0, ..self }.bytes()
    }

    /// The header as encrypted after a message (RFC 4121 4.2.4).
    pub(super) fn unrotated(self) -> [u8; HEADER] {
        Wrap { rotation: 0, ..self }.bytes()
    }
}

const SHORT: Error = Error::InvalidToken("a truncated token");

fn header(kind: [u8; 2], flags: Flags, fields: [u8; 4], number: u64) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    let (front, back) = bytes.split_at_mut(8);
    front.copy_from_slice(&[
        kind[0],
        kind[1],
        flags.bits(),
        0xff,
        fields[0],
        fields[1],
        fields[2],
        fields[3],
    ]);
    back.copy_from_slice(&number.to_be_bytes());
    bytes
}

/// Parses a header of this kind: the flags, the four bytes after the filler, and the sequence
/// number.
fn fields(kind: [u8; 2], header: &[u8; HEADER]) -> Result<(Flags, [u8; 4], u64)> {
    let [k, l, flags, filler, a, b, c, d, number @ ..] = *header;
    if [k, l] != kind {
        return Err(Error::InvalidToken("a token of another kind"));
    }
    if filler != 0xff {
        return Err(Error::InvalidToken("a token header with wrong filler"));
    }
    Ok((Flags::from_bits_retain(flags), [a, b, c, d], u64::from_be_bytes(number)))
}
