//! The subset of DER ([X.690]) that SPNEGO and Kerberos need: definite, minimal lengths and
//! one-octet tags. Nothing recurses, so nesting is bounded by the code that reads it. Reading
//! neither copies nor allocates.

use crate::types::error::{Error, Result};

/// Universal tag 2: INTEGER.
pub const INTEGER: u8 = 0x02;
/// Universal tag 6: OBJECT IDENTIFIER.
pub const OBJECT_IDENTIFIER: u8 = 0x06;
/// Universal tag 4: OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// Universal tag 3: BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// Universal tag 10: ENUMERATED.
pub const ENUMERATED: u8 = 0x0a;
/// Universal tag 24: GeneralizedTime.
pub const GENERALIZED_TIME: u8 = 0x18;
/// Universal tag 27: GeneralString.
pub const GENERAL_STRING: u8 = 0x1b;
/// Universal tag 16, constructed: SEQUENCE and SEQUENCE OF.
pub const SEQUENCE: u8 = 0x30;
/// `[APPLICATION 0]`, constructed: the GSS-API frame of RFC 2743 3.1.
pub const APPLICATION_0: u8 = 0x60;

/// `[APPLICATION n]`, constructed; `n` is 30 at most.
pub const fn application(n: u8) -> u8 {
    APPLICATION_0 | n
}

/// `[n]`, constructed: an explicitly tagged field; `n` is 30 at most.
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

    /// Whether everything has been read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next element, if there is one.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element: its tag and its contents.
    ///
    /// Errors: `InvalidToken` if there is none, for a tag number above 30, and for a length that is
    /// not minimal or exceeds the data.
    pub fn any(&mut self) -> Result<(u8, &'a [u8])> {
        let (&tag, rest) =
            self.rest.split_first().ok_or(Error::InvalidToken("DER: an element is missing"))?;
        if tag & 0x1f == 0x1f {
            return Err(Error::InvalidToken("DER: a tag number above 30"));
        }
        let (length, rest) = length(rest)?;
        let (contents, rest) = rest
            .split_at_checked(length)
            .ok_or(Error::InvalidToken("DER: a length beyond the end"))?;
        self.rest = rest;
        Ok((tag, contents))
    }

    /// The contents of the next element, which must have this tag.
    ///
    /// Errors: `InvalidToken` for another tag, and as for [`Reader::any`].
    pub fn read(&mut self, tag: u8) -> Result<&'a [u8]> {
        if self.peek() != Some(tag) {
            return Err(Error::InvalidToken("DER: another tag than the one expected"));
        }
        Ok(self.any()?.1)
    }

    /// The contents of the next element if it has this tag.
    ///
    /// Errors: as for [`Reader::any`].
    pub fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>> {
        if self.peek() == Some(tag) { Ok(Some(self.any()?.1)) } else { Ok(None) }
    }

    /// The next element with its tag and length octets.
    ///
    /// Errors: as for [`Reader::any`].
    pub fn raw(&mut self) -> Result<&'a [u8]> {
        let before = self.rest;
        self.any()?;
        Ok(before.get(..before.len() - self.rest.len()).unwrap_or_default())
    }

    /// The unread rest.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Checks that everything has been read.
    ///
    /// Errors: `InvalidToken` if bytes are left.
    pub fn end(self) -> Result<()> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(Error::InvalidToken("DER: bytes after the last element"))
        }
    }
}

/// The contents of the single element in `bytes`, which must have this tag.
///
/// Errors: `InvalidToken` for another tag, malformed DER, or bytes after the element.
pub fn only(bytes: &[u8], tag: u8) -> Result<&[u8]> {
    let mut reader = Reader::new(bytes);
    let contents = reader.read(tag)?;
    reader.end()?;
    Ok(contents)
}

/// The value of an INTEGER with these contents.
///
/// Errors: `InvalidToken` unless the contents are minimal and one to eight octets long.
pub fn integer(contents: &[u8]) -> Result<i64> {
    match contents {
        [] => Err(Error::InvalidToken("DER: an INTEGER without contents")),
        [0, second, ..] if *second < 0x80 => {
            Err(Error::InvalidToken("DER: an INTEGER is not minimal"))
        }
        [0xff, second, ..] if *second >= 0x80 => {
            Err(Error::InvalidToken("DER: an INTEGER is not minimal"))
        }
        [_, _, _, _, _, _, _, _, _, ..] => {
            Err(Error::InvalidToken("DER: an INTEGER of more than 64 bits"))
        }
        [first, rest @ ..] => {
            let first = i64::from(first.cast_signed());
            Ok(rest.iter().fold(first, |value, &octet| value << 8 | i64::from(octet)))
        }
    }
}

/// Splits the length octets off the front of `bytes`; returns the length and the rest.
fn length(bytes: &[u8]) -> Result<(usize, &[u8])> {
    let (&first, rest) =
        bytes.split_first().ok_or(Error::InvalidToken("DER: a length is missing"))?;
    if first < 0x80 {
        return Ok((usize::from(first), rest));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 4 {
        return Err(Error::InvalidToken("DER: an indefinite or huge length"));
    }
    let (octets, rest) =
        rest.split_at_checked(count).ok_or(Error::InvalidToken("DER: a length is cut off"))?;
    let value = octets.iter().fold(0u32, |value, &octet| value << 8 | u32::from(octet));
    if octets.first() == Some(&0) || value < 0x80 {
        return Err(Error::InvalidToken("DER: a length is not minimal"));
    }
    Ok((value as usize, rest))
}

/// The encoded size, in octets, of an element with `contents` octets of contents.
pub const fn size(contents: usize) -> usize {
    1 + length_size(contents) + contents
}

/// The number of length octets for `contents` octets of contents.
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

/// Writes elements. For a constructed element, either state the size of its contents first (see
/// [`size`]), so that nothing has to be moved, or use [`Writer::nest`].
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// An empty writer with room for `capacity` octets.
    pub fn new(capacity: usize) -> Writer {
        Writer { out: Vec::with_capacity(capacity) }
    }

    /// Writes the tag and length of an element; its `contents` octets must follow.
    pub fn open(&mut self, tag: u8, contents: usize) {
        let octets = length_size(contents) - 1;
        if octets == 0 {
            self.out.extend_from_slice(&[tag, contents as u8]);
        } else {
            self.out.extend_from_slice(&[tag, 0x80 | octets as u8]);
            self.out.extend((0..octets).rev().map(|octet| (contents >> (8 * octet)) as u8));
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

    /// Appends a constructed element; `contents` writes its contents. If the length needs more than
    /// one octet, the contents are moved to make room.
    pub fn nest(&mut self, tag: u8, contents: impl FnOnce(&mut Writer)) {
        self.out.extend([tag, 0]);
        let start = self.out.len();
        contents(self);
        let length = self.out.len() - start;
        let octets = length_size(length) - 1;
        if octets == 0 {
            self.out[start - 1] = length as u8;
            return;
        }
        let end = self.out.len();
        self.out.resize(end + octets, 0);
        self.out.copy_within(start..end, start + octets);
        self.out[start - 1] = 0x80 | octets as u8;
        for (at, octet) in self.out[start..start + octets].iter_mut().enumerate() {
            *octet = (length >> (8 * (octets - 1 - at))) as u8;
        }
    }

    /// Appends an INTEGER.
    pub fn integer(&mut self, value: i64) {
        let octets = value.to_be_bytes();
        // The fewest octets that preserve the value and its sign.
        let sign_bits = (value ^ (value >> 63)).leading_zeros();
        let spare = (sign_bits as usize - 1) / 8;
        self.element(INTEGER, &octets[spare..]);
    }

    /// The encoded octets.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}

/// The octets that [`Writer::field`] writes for `contents` octets of contents.
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
    fn nested_elements_are_those_whose_size_was_stated() {
        for n in [0usize, 1, 0x7d, 0x7e, 0x7f, 0x80, 0xfc, 0xfd, 0x100, 0xfffb, 0xfffc, 0x1_0000] {
            let contents = vec![0x5a; n];
            let mut stated = Writer::new(0);
            stated.open(SEQUENCE, field_size(n) + 3);
            stated.field(1, OCTET_STRING, &contents);
            stated.raw(b"end");
            let mut nested = Writer::new(0);
            nested.nest(SEQUENCE, |writer| {
                writer.nest(context(1), |writer| writer.element(OCTET_STRING, &contents));
                writer.raw(b"end");
            });
            assert_eq!(nested.finish(), stated.finish(), "{n}");
        }
    }

    /// Examples of the encoding rules in X.690 8.3.
    #[test]
    fn integers_are_minimal_and_signed() {
        for (value, octets) in [
            (0i64, &b"\x02\x01\x00"[..]),
            (127, b"\x02\x01\x7f"),
            (128, b"\x02\x02\x00\x80"),
            (255, b"\x02\x02\x00\xff"),
            (256, b"\x02\x02\x01\x00"),
            (-1, b"\x02\x01\xff"),
            (-128, b"\x02\x01\x80"),
            (-129, b"\x02\x02\xff\x7f"),
            (-138, b"\x02\x02\xff\x76"),
            (0xffff_ffff, b"\x02\x05\x00\xff\xff\xff\xff"),
            (i64::MAX, b"\x02\x08\x7f\xff\xff\xff\xff\xff\xff\xff"),
            (i64::MIN, b"\x02\x08\x80\x00\x00\x00\x00\x00\x00\x00"),
        ] {
            let mut writer = Writer::new(0);
            writer.integer(value);
            assert_eq!(writer.finish(), octets, "{value}");
            assert_eq!(integer(only(octets, INTEGER).unwrap()), Ok(value));
        }
        for bad in [
            &b""[..],
            b"\x00\x7f",
            b"\x00\x00",
            b"\xff\x80",
            b"\xff\xff",
            &[1; 9],
            b"\x00\x80\0\0\0\0\0\0\0",
        ] {
            assert!(integer(bad).is_err(), "{bad:02x?}");
        }
    }

    #[test]
    fn a_raw_element_has_its_tag_and_length() {
        let mut reader = Reader::new(b"\x04\x01\x05\x30\x00");
        assert_eq!(reader.raw(), Ok(&b"\x04\x01\x05"[..]));
        assert_eq!(reader.raw(), Ok(&b"\x30\x00"[..]));
        assert!(reader.raw().is_err());
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
