//! Reads and writes the elements of NTLM messages: fixed fields, payload fields, text.

use super::flags::NegotiateFlags;
use crate::types::allocation;
use crate::types::error::{Error, Result};

/// The signature that starts every message.
pub(super) const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

/// The VERSION structure sent by this implementation ([MS-NLMP] 2.2.2.10): 10.0, build 20348,
/// NTLMSSP_REVISION_W2K3.
pub(super) const VERSION: [u8; 8] = [10, 0, 0x7c, 0x4f, 0, 0, 0, 15];

/// MessageType.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessageType {
    Negotiate = 1,
    Challenge = 2,
    Authenticate = 3,
}

/// The bytes of a message, possibly truncated.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Checks signature and type.
    ///
    /// Errors: `InvalidToken` if either is wrong.
    pub(super) fn new(bytes: &'a [u8], expected: MessageType) -> Result<Reader<'a>> {
        let reader = Reader { bytes };
        if bytes.get(..8) != Some(SIGNATURE) {
            return Err(Error::InvalidToken("not an NTLM message"));
        }
        if reader.u32(8)? != expected as u32 {
            return Err(Error::InvalidToken("not the expected NTLM message"));
        }
        Ok(reader)
    }

    /// The `N` bytes at `at`.
    pub(super) fn array<const N: usize>(&self, at: usize) -> Result<[u8; N]> {
        self.bytes
            .get(at..)
            .and_then(|rest| rest.first_chunk())
            .copied()
            .ok_or(Error::InvalidToken("truncated NTLM message"))
    }

    fn u16(&self, at: usize) -> Result<u16> {
        self.array(at).map(u16::from_le_bytes)
    }

    /// The little-endian number at `at`.
    pub(super) fn u32(&self, at: usize) -> Result<u32> {
        self.array(at).map(u32::from_le_bytes)
    }

    /// The NegotiateFlags at `at`.
    pub(super) fn flags(&self, at: usize) -> Result<NegotiateFlags> {
        self.u32(at).map(NegotiateFlags::from_bits_retain)
    }

    /// The payload described by the length, maximum length and offset at `at`. The offset of an
    /// empty field is ignored (clients send 0, or the end), and so is the maximum length ([MS-NLMP]
    /// 2.2.1).
    ///
    /// Errors: `InvalidToken` for a payload that exceeds the message or overlaps its fixed part,
    /// the first `fixed` bytes.
    pub(super) fn field(&self, at: usize, fixed: usize) -> Result<Field<'a>> {
        let length = usize::from(self.u16(at)?);
        let offset = self.u32(at + 4)? as usize;
        if length == 0 {
            return Ok(Field { bytes: &[], offset: None });
        }
        let outside = Error::InvalidToken("NTLM field lies outside its message");
        if offset < fixed {
            return Err(outside);
        }
        let end = offset.checked_add(length).ok_or(outside)?;
        let bytes = self.bytes.get(offset..end).ok_or(outside)?;
        Ok(Field { bytes, offset: Some(offset) })
    }
}

/// A payload field.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    /// The contents.
    pub(super) bytes: &'a [u8],
    /// The offset in the message; `None` if empty.
    pub(super) offset: Option<usize>,
}

/// A message under construction: the fixed part is allocated first; payload fields are appended and
/// described in it.
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// A message with signature, type and a fixed part of `fixed` bytes, zeros so far, and with
    /// room for `payload` more bytes.
    ///
    /// Errors: `OutOfMemory`.
    pub(super) fn new(message: MessageType, fixed: usize, payload: usize) -> Result<Writer> {
        let mut bytes = allocation::vec(fixed + payload)?;
        bytes.extend_from_slice(SIGNATURE);
        bytes.extend_from_slice(&(message as u32).to_le_bytes());
        bytes.resize(fixed, 0);
        Ok(Writer { bytes })
    }

    /// Writes into the fixed part.
    pub(super) fn put(&mut self, at: usize, value: &[u8]) {
        if let Some(place) = self.bytes.get_mut(at..at + value.len()) {
            place.copy_from_slice(value);
        }
    }

    /// Writes NegotiateFlags into the fixed part.
    pub(super) fn put_flags(&mut self, at: usize, flags: NegotiateFlags) {
        self.put(at, &flags.bits().to_le_bytes());
    }

    /// Appends a payload field written by `write` and describes it at `at`.
    ///
    /// Errors: `Internal` if the field or the message exceeds 16-bit lengths.
    pub(super) fn field(&mut self, at: usize, write: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        const TOO_LONG: Error = Error::Internal("an NTLM field of 64 KiB or more");
        let offset = self.bytes.len();
        write(&mut self.bytes);
        let length = u16::try_from(self.bytes.len() - offset).map_err(|_| TOO_LONG)?;
        let offset = u32::try_from(offset).map_err(|_| TOO_LONG)?;
        self.put(at, &length.to_le_bytes());
        self.put(at + 2, &length.to_le_bytes());
        self.put(at + 4, &offset.to_le_bytes());
        Ok(())
    }

    /// The finished message.
    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// The character encoding of a message.
///
/// OEM means the code page of the client's machine, which no message tells. Text that is valid UTF-8
/// is taken for it, as Unix clients send it; what is not ASCII is hardly ever valid by accident.
/// Other text is taken for ISO 8859-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    Unicode,
    Oem,
}

impl Charset {
    /// The encoding selected by these flags; Unicode if both are set ([MS-NLMP] 2.2.2.5, "A").
    pub(super) fn from_flags(flags: NegotiateFlags) -> Option<Charset> {
        if flags.contains(NegotiateFlags::UNICODE) {
            Some(Charset::Unicode)
        } else if flags.contains(NegotiateFlags::OEM) {
            Some(Charset::Oem)
        } else {
            None
        }
    }

    /// The length of a code unit in bytes.
    pub(super) fn unit(self) -> usize {
        match self {
            Charset::Unicode => 2,
            Charset::Oem => 1,
        }
    }

    /// Decodes text.
    ///
    /// Errors: `InvalidToken` for odd lengths, unpaired surrogates and NUL.
    pub(super) fn decode(self, bytes: &[u8]) -> Result<String> {
        match self {
            Charset::Unicode => utf16(bytes),
            Charset::Oem => {
                if bytes.contains(&0) {
                    return Err(Error::InvalidToken("a NUL in a name"));
                }
                let mut text = allocation::string(2 * bytes.len())?;
                match std::str::from_utf8(bytes) {
                    Ok(utf8) => text.push_str(utf8),
                    Err(_) => text.extend(bytes.iter().map(|byte| char::from(*byte))),
                }
                Ok(text)
            }
        }
    }

    /// Encodes text; characters missing from OEM become question marks.
    pub(super) fn encode(self, text: &str, out: &mut Vec<u8>) {
        match self {
            Charset::Unicode => put_utf16(text, out),
            Charset::Oem => {
                out.extend(text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')))
            }
        }
    }
}

/// Decodes UTF-16LE text.
///
/// Errors: `InvalidToken` for odd lengths, unpaired surrogates and NUL.
pub(super) fn utf16(bytes: &[u8]) -> Result<String> {
    const MALFORMED: Error = Error::InvalidToken("a name is not UTF-16");
    let (units, []) = bytes.as_chunks::<2>() else { return Err(MALFORMED) };
    // Fast path: most names are ASCII.
    if units.iter().all(|[low, high]| *high == 0 && low.is_ascii() && *low != 0) {
        // A field has less than 64 KiB, so this is small.
        return String::from_utf8(units.iter().map(|[low, _]| *low).collect())
            .map_err(|_| MALFORMED);
    }
    // Three bytes for a unit, four for two.
    let mut text = allocation::string(3 * units.len())?;
    for c in char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit))) {
        match c {
            Ok('\0') => return Err(Error::InvalidToken("a NUL in a name")),
            Ok(c) => text.push(c),
            Err(_) => return Err(MALFORMED),
        }
    }
    Ok(text)
}

/// Appends text as UTF-16LE.
pub(super) fn put_utf16(text: &str, out: &mut Vec<u8>) {
    if !text.is_ascii() {
        out.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        return;
    }
    let start = out.len();
    out.resize(start + 2 * text.len(), 0);
    let (units, _) = out[start..].as_chunks_mut::<2>();
    for ([low, _], byte) in units.iter_mut().zip(text.bytes()) {
        *low = byte;
    }
}
