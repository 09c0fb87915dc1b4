//! As much of DER ([X.690]) as SPNEGO needs: definite, minimal lengths and one-octet tags. Nothing recurses
//! here, so a token nests no deeper than the code that reads it, and nothing is copied or allocated.

use crate::error::{Error, Result};

/// OBJECT IDENTIFIER.
pub const OBJECT_IDENTIFIER: u8 = 0x06;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// ENUMERATED.
pub const ENUMERATED: u8 = 0x0a;
/// GeneralString.
pub const GENERAL_STRING: u8 = 0x1b;
/// SEQUENCE and SEQUENCE OF.
pub const SEQUENCE: u8 = 0x30;
/// `[APPLICATION 0]`, constructed: the frame of RFC 2743 3.1.
pub const APPLICATION_0: u8 = 0x60;

/// `[n]`, constructed: an explicitly tagged field.
pub const fn context(n: u8) -> u8 {
    0xa0 | n
}

/// Reads elements, one after the other, from a borrowed slice.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    /// All has been read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next element, if there is one.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element: its tag and its contents.
    pub fn any(&mut self) -> Result<(u8, &'a [u8])> {
        let (&tag, rest) = self.rest.split_first().ok_or(Error::InvalidToken("DER: an element is missing"))?;
        if tag & 0x1f == 0x1f {
            return Err(Error::InvalidToken("DER: a tag number above 30"));
        }
        let (length, rest) = length(rest)?;
        let (contents, rest) = rest.split_at_checked(length).ok_or(Error::InvalidToken("DER: a length beyond the end"))?;
        self.rest = rest;
        Ok((tag, contents))
    }

    /// The contents of the next element, which must have this tag.
    pub fn read(&mut self, tag: u8) -> Result<&'a [u8]> {
        if self.peek() != Some(tag) {
            return Err(Error::InvalidToken("DER: another tag than the one expected"));
        }
        Ok(self.any()?.1)
    }

    /// The contents of the next element if it has this tag.
    pub fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>> {
        if self.peek() == Some(tag) { Ok(Some(self.any()?.1)) } else { Ok(None) }
    }

    /// Nothing may be left.
    pub fn end(self) -> Result<()> {
        if self.is_empty() { Ok(()) } else { Err(Error::InvalidToken("DER: bytes after the last element")) }
    }
}

/// The contents of the one element, of this tag, that `bytes` must be.
pub fn only(bytes: &[u8], tag: u8) -> Result<&[u8]> {
    let mut reader = Reader::new(bytes);
    let contents = reader.read(tag)?;
    reader.end()?;
    Ok(contents)
}

/// Takes a length off the front of `bytes`.
fn length(bytes: &[u8]) -> Result<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first().ok_or(Error::InvalidToken("DER: a length is missing"))?;
    if first < 0x80 {
        return Ok((usize::from(first), rest));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 4 {
        return Err(Error::InvalidToken("DER: an indefinite or huge length"));
    }
    let (octets, rest) = rest.split_at_checked(count).ok_or(Error::InvalidToken("DER: a length is cut off"))?;
    let value = octets.iter().fold(0u32, |value, &octet| value << 8 | u32::from(octet));
    if octets.first() == Some(&0) || value < 0x80 {
        return Err(Error::InvalidToken("DER: a length is not minimal"));
    }
    Ok((value as usize, rest))
}

/// Octets of an element with `contents` octets of contents.
pub const fn size(contents: usize) -> usize {
    1 + length_size(contents) + contents
}

/// Octets of the length of `contents`.
const fn length_size(contents: usize) -> usize {
    if contents < 0x80 {
        return 1;
    }
    let mut octets = 2;
    let mut rest = contents >> 8;
    while rest != 0 {
        octets += 1;
        rest >>= 8;
    }
    octets
}

/// Writes elements from the outside in. The writer of a constructed element states the size of its contents
/// first, found with [`size`]; so the buffer is allocated once and nothing is moved.
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// For `capacity` octets.
    pub fn new(capacity: usize) -> Writer {
        Writer { out: Vec::with_capacity(capacity) }
    }

    /// Starts an element that `contents` octets follow.
    pub fn open(&mut self, tag: u8, contents: usize) {
        self.out.push(tag);
        let octets = length_size(contents) - 1;
        if octets == 0 {
            self.out.push(contents as u8);
        } else {
            self.out.push(0x80 | octets as u8);
            for i in (0..octets).rev() {
                self.out.push((contents >> (8 * i)) as u8);
            }
        }
    }

    /// Appends octets as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Appends a primitive element.
    pub fn element(&mut self, tag: u8, contents: &[u8]) {
        self.open(tag, contents.len());
        self.raw(contents);
    }

    /// Appends a primitive element under the explicit tag `[n]`.
    pub fn field(&mut self, n: u8, tag: u8, contents: &[u8]) {
        self.open(context(n), size(contents.len()));
        self.element(tag, contents);
    }

    /// What was written.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}

/// Octets that [`Writer::field`] appends for `contents` octets of contents.
pub const fn field_size(contents: usize) -> usize {
    size(size(contents))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_round_trip_and_are_minimal() {
        for n in [0usize, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000] {
            let contents = vec![0x5a; n];
            let mut writer = Writer::new(size(n));
            writer.element(OCTET_STRING, &contents);
            let encoded = writer.finish();
            assert_eq!(encoded.len(), size(n));
            assert_eq!(encoded.capacity(), size(n));
            assert_eq!(only(&encoded, OCTET_STRING).unwrap(), contents);
        }
    }

    #[test]
    fn only_der_is_read() {
        for bad in [
            &b""[..],
            b"\x04",
            b"\x04\x01",
            b"\x04\x80\x00\x00",
            b"\x04\x81\x01\x00",
            b"\x04\x82\x00\x80",
            b"\x04\x82\x01",
            b"\x04\x85\x00\x00\x00\x00\x01\x00",
            b"\x04\x84\xff\xff\xff\xff",
            b"\x04\xff",
            b"\x1f\x81\x01\x00",
        ] {
            assert!(Reader::new(bad).any().is_err(), "{bad:02x?}");
        }
        assert!(only(b"\x04\x00\x00", OCTET_STRING).is_err());
        assert!(only(b"\x04\x00", BIT_STRING).is_err());
    }
}
