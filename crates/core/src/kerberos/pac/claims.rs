//! PAC_CLIENT_CLAIMS_INFO and PAC_DEVICE_CLAIMS_INFO, [MS-PAC] 2.11 and 2.13: the claims of
//! [MS-ADTS] 2.2.18.
//!
//! Domain controllers compress claims if that saves enough, with XPRESS Huffman. The other two
//! formats are not read: no domain controller is known to use them.

use crate::encoding::ndr::reader::{Pointer, Reader};
use crate::encoding::utf16::Utf16;
use crate::encoding::xpress_huffman::decompress;
use crate::types::allocation;
use crate::types::error::{Error, Result};
use std::borrow::Cow;

/// CLAIMS_SET_METADATA, [MS-ADTS] 2.2.18.8.
#[derive(Debug, Clone)]
pub struct Claims<'a> {
    /// usCompressionFormat
    pub compression: Compression,
    /// ClaimsSet: a CLAIMS_SET, serialized; `None` if it is compressed in a way that is not
    /// supported.
    claims_set: Option<Cow<'a, [u8]>>,
}

/// The longest claims that are decompressed, in bytes. Those of a real client have a few thousand: a
/// token has at most 65535 bytes, with a PAC that is not compressed as a whole.
const LONGEST: u32 = 1 << 20;

/// CLAIMS_COMPRESSION_FORMAT, [MS-ADTS] 2.2.18.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// COMPRESSION_FORMAT_NONE
    None,
    /// COMPRESSION_FORMAT_LZNT1
    Lznt1,
    /// COMPRESSION_FORMAT_XPRESS
    Xpress,
    /// COMPRESSION_FORMAT_XPRESS_HUFF
    XpressHuff,
}

/// CLAIMS_ARRAY, [MS-ADTS] 2.2.18.6: the claims from one source.
#[derive(Debug, Clone)]
pub struct ClaimsArray<'a> {
    /// usClaimsSourceType: 1 for Active Directory, 2 for a certificate.
    pub source: u16,
    /// ClaimEntries
    pub claims: Vec<Claim<'a>>,
}

/// CLAIM_ENTRY, [MS-ADTS] 2.2.18.5.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    /// Id
    pub id: Utf16<'a>,
    /// Values
    pub values: ClaimValues<'a>,
}

/// The values of a claim, all of one type (CLAIM_TYPE, [MS-ADTS] 2.2.18.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimValues<'a> {
    /// CLAIM_TYPE_INT64
    Int64(Vec<i64>),
    /// CLAIM_TYPE_UINT64
    Uint64(Vec<u64>),
    /// CLAIM_TYPE_STRING
    String(Vec<Utf16<'a>>),
    /// CLAIM_TYPE_BOOLEAN
    Boolean(Vec<bool>),
    /// A type without known values, by its number.
    Other(u16),
}

const MISSING: Error = Error::InvalidToken("PAC: values of a claim are missing");

impl<'a> Claims<'a> {
    /// Parses the buffer.
    ///
    /// Errors: `InvalidToken` if it is malformed, `OutOfMemory`.
    pub fn parse(contents: &'a [u8]) -> Result<Claims<'a>> {
        let mut reader = Reader::type_serialized(contents)?;
        let r = &mut reader;
        r.pointer()?.required()?;
        let claims_set_size = r.u32()?;
        let claims_set = r.pointer()?;
        let compression = match r.u16()? {
            0 => Compression::None,
            2 => Compression::Lznt1,
            3 => Compression::Xpress,
            4 => Compression::XpressHuff,
            _ => return Err(Error::InvalidToken("PAC: claims compressed in an unknown way")),
        };
        let size = r.u32()?;
        // usReservedType, ulReservedFieldSize and ReservedField follow the data read here.
        claims_set.required()?;
        let (_, _, _) = (r.u16()?, r.u32()?, r.pointer()?.is_present());
        let claims_set = r.conformant(claims_set_size, 1, 1)?;
        let claims_set = match compression {
            Compression::None => Some(Cow::from(claims_set)),
            Compression::XpressHuff if size > LONGEST => {
                return Err(Error::InvalidToken("PAC: claims that are too long"));
            }
            Compression::XpressHuff => Some(decompress(claims_set, size as usize)?.into()),
            Compression::Lznt1 | Compression::Xpress => None,
        };
        Ok(Claims { compression, claims_set })
    }

    /// The claims by their sources; `None` if they are compressed in a way that is not supported.
    ///
    /// Errors: `InvalidToken` if they are malformed.
    pub fn arrays(&self) -> Result<Option<Vec<ClaimsArray<'_>>>> {
        self.claims_set.as_deref().map(claims_arrays).transpose()
    }
}

/// Parses the ClaimsArrays of a CLAIMS_SET, [MS-ADTS] 2.2.18.7.
fn claims_arrays(claims_set: &[u8]) -> Result<Vec<ClaimsArray<'_>>> {
    let mut reader = Reader::type_serialized(claims_set)?;
    let r = &mut reader;
    r.pointer()?.required()?;
    let count = r.u32()?;
    let arrays = r.pointer()?;
    // usReservedType, ulReservedFieldSize, ReservedField
    let (_, _, _) = (r.u16()?, r.u32()?, r.pointer()?.is_present());
    if !arrays.is_present() {
        return if count == 0 { Ok(Vec::new()) } else { Err(MISSING) };
    }
    let mut heads = Reader::new(r.conformant(count, 12, 4)?);
    // The buffer holds that many; their referents follow all of them.
    let mut arrays = allocation::vec(count as usize)?;
    for _ in 0..count {
        let (source, claim_count, entries) = (heads.u16()?, heads.u32()?, heads.pointer()?);
        let claims = match entries.read(|| claim_entries(r, claim_count))? {
            Some(claims) => claims,
            None if claim_count == 0 => Vec::new(),
            None => return Err(MISSING),
        };
        arrays.push(ClaimsArray { source, claims });
    }
    Ok(arrays)
}

/// The part of a claim in its array, without referents.
struct Head {
    id: Pointer,
    kind: u16,
    count: u32,
    values: Option<Pointer>,
}

fn claim_entries<'a>(r: &mut Reader<'a>, count: u32) -> Result<Vec<Claim<'a>>> {
    // A claim takes eight or sixteen bytes, depending on its type.
    if r.u32()? != count || count as usize > r.rest().len() / 8 {
        return Err(MISSING);
    }
    let mut heads = allocation::vec(count as usize)?;
    for _ in 0..count {
        let (id, kind) = (r.pointer()?, r.u16()?);
        if r.u16()? != kind {
            return Err(Error::InvalidToken("PAC: a claim of two types"));
        }
        heads.push(match kind {
            1 | 2 | 3 | 6 => Head { id, kind, count: r.u32()?, values: Some(r.pointer()?) },
            _ => Head { id, kind, count: 0, values: None },
        });
    }
    let mut claims = allocation::vec(heads.len())?;
    for head in &heads {
        claims.push(claim(r, head)?);
    }
    Ok(claims)
}

fn claim<'a>(r: &mut Reader<'a>, head: &Head) -> Result<Claim<'a>> {
    head.id.required()?;
    let id = r.wide_string()?;
    let Some(values) = head.values else {
        return Ok(Claim { id, values: ClaimValues::Other(head.kind) });
    };
    if !values.is_present() && head.count > 0 {
        return Err(MISSING);
    }
    let values = match head.kind {
        3 => ClaimValues::String(if values.is_present() {
            strings(r, head.count)?
        } else {
            Vec::new()
        }),
        kind => {
            let numbers = if values.is_present() { r.conformant(head.count, 8, 8)? } else { &[] };
            let (numbers, _) = numbers.as_chunks();
            let (count, numbers) = (numbers.len(), numbers.iter().copied());
            match kind {
                1 => {
                    ClaimValues::Int64(allocation::collect(numbers.map(i64::from_le_bytes), count)?)
                }
                2 => ClaimValues::Uint64(allocation::collect(
                    numbers.map(u64::from_le_bytes),
                    count,
                )?),
                _ => ClaimValues::Boolean(allocation::collect(
                    numbers.map(|number| u64::from_le_bytes(number) != 0),
                    count,
                )?),
            }
        }
    };
    Ok(Claim { id, values })
}

fn strings<'a>(r: &mut Reader<'a>, count: u32) -> Result<Vec<Utf16<'a>>> {
    let mut pointers = Reader::new(r.conformant(count, 4, 4)?);
    let mut strings = allocation::vec(count as usize)?;
    for _ in 0..count {
        pointers.pointer()?.required()?;
        strings.push(r.wide_string()?);
    }
    Ok(strings)
}
