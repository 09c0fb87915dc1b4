//! What a cache file begins with.

use super::read::Reader;
use super::write::Writer;
use super::{CUT_OFF, CredentialCache};
use crate::types::error::{Error, Result};

/// The tag of the KDC's offset, the only one that there is.
const DELTA_TIME: u16 = 1;

/// By how much the KDC's clock is ahead of this machine's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KdcOffset {
    /// Seconds; negative if it is behind.
    pub seconds: i32,
    /// Microseconds.
    pub microseconds: i32,
}

impl KdcOffset {
    /// The form in a file's header, and in a keyring.
    pub fn to_bytes(self) -> [u8; 8] {
        let [a, b, c, d] = self.seconds.to_be_bytes();
        let [e, f, g, h] = self.microseconds.to_be_bytes();
        [a, b, c, d, e, f, g, h]
    }

    /// Reads that form; what follows it does not count.
    pub fn from_bytes(bytes: &[u8]) -> Option<KdcOffset> {
        let (seconds, rest) = bytes.split_first_chunk()?;
        let microseconds = rest.first_chunk()?;
        Some(KdcOffset {
            seconds: i32::from_be_bytes(*seconds),
            microseconds: i32::from_be_bytes(*microseconds),
        })
    }
}

impl CredentialCache<'_> {
    /// The offset of the KDC's clock in a cache file, if that has one.
    pub fn kdc_offset(file: &[u8]) -> Option<KdcOffset> {
        let [5, 4, a, b, rest @ ..] = file else { return None };
        let mut fields = Reader::new(4, rest.get(..usize::from(u16::from_be_bytes([*a, *b])))?);
        while fields.remaining() > 0 {
            let (tag, length) = (fields.u16().ok()?, fields.u16().ok()?);
            let value = fields.take(length.into()).ok()?;
            if tag == DELTA_TIME && value.len() == 8 {
                return KdcOffset::from_bytes(value);
            }
        }
        None
    }
}

/// The version of a file, and what follows that.
pub(super) fn version(file: &[u8]) -> Result<(u8, &[u8])> {
    match file {
        [5, version @ (3 | 4), body @ ..] => Ok((*version, body)),
        [5, 1 | 2, ..] => Err(Error::UnknownCredentials("a credential cache of an old version")),
        _ => Err(Error::UnknownCredentials("not a credential cache")),
    }
}

/// What follows the header of a file.
pub(super) fn skip(file: &[u8]) -> Result<Reader<'_>> {
    let (version, body) = version(file)?;
    let body = match (version, body) {
        (4, [a, b, rest @ ..]) => {
            rest.get(usize::from(u16::from_be_bytes([*a, *b]))..).ok_or(CUT_OFF)?
        }
        (4, _) => return Err(CUT_OFF),
        (_, body) => body,
    };
    Ok(Reader::new(version, body))
}

/// The header of version 4.
pub(super) fn write(out: &mut Writer, offset: Option<KdcOffset>) {
    out.raw(&[5, 4]);
    match offset {
        None => out.raw(&[0, 0]),
        Some(offset) => {
            out.raw(&[0, 12, 0, DELTA_TIME as u8, 0, 8]);
            out.raw(&offset.to_bytes());
        }
    }
}
