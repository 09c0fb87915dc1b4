//! Fields of a SEQUENCE, each with an explicit tag, and the types of RFC 4120 5.2.

use super::VERSION;
use crate::encoding::der;
use crate::encoding::der::{Reader, Writer};
use crate::types::error::{Error, Result};

/// Reads fields in order.
pub(super) struct Fields<'a> {
    reader: Reader<'a>,
    /// The lowest tag that may follow.
    next: u8,
}

impl<'a> Fields<'a> {
    /// The fields of the message `[APPLICATION n]` at the start of `bytes`. Bytes after it are
    /// ignored.
    pub(super) fn message(bytes: &'a [u8], n: u8) -> Result<Fields<'a>> {
        Fields::sequence(Reader::new(bytes).read(der::application(n))?)
    }

    /// The fields of the SEQUENCE in `bytes`.
    pub(super) fn sequence(bytes: &'a [u8]) -> Result<Fields<'a>> {
        Ok(Fields { reader: Reader::new(der::only(bytes, der::SEQUENCE)?), next: 0 })
    }

    /// The contents of field `[n]`, if it is next.
    pub(super) fn optional(&mut self, n: u8) -> Result<Option<&'a [u8]>> {
        self.next = n + 1;
        self.reader.optional(der::context(n))
    }

    /// The contents of field `[n]`, which must be next.
    pub(super) fn field(&mut self, n: u8) -> Result<&'a [u8]> {
        self.optional(n)?.ok_or(Error::InvalidToken("Kerberos: a field is missing or out of order"))
    }

    /// Checks that field `[n]` has this value.
    pub(super) fn constant(&mut self, n: u8, value: i64) -> Result<()> {
        match der::integer(der::only(self.field(n)?, der::INTEGER)?)? == value {
            true => Ok(()),
            false => Err(Error::InvalidToken("Kerberos: another version or message type")),
        }
    }

    /// Checks that field `[n]` is the protocol version.
    pub(super) fn version(&mut self, n: u8) -> Result<()> {
        self.constant(n, VERSION)
    }

    /// Checks that only fields unknown to RFC 4120 follow.
    pub(super) fn end(mut self) -> Result<()> {
        while !self.reader.is_empty() {
            let (tag, _) = self.reader.any()?;
            if tag < der::context(self.next) || tag > der::context(30) {
                return Err(Error::InvalidToken(
                    "Kerberos: a field is repeated, out of order or unknown",
                ));
            }
        }
        Ok(())
    }
}

/// Decodes an Int32.
pub(super) fn int32(field: &[u8]) -> Result<i32> {
    let value = der::integer(der::only(field, der::INTEGER)?)?;
    i32::try_from(value).map_err(|_| Error::InvalidToken("Kerberos: a number out of range"))
}

/// Decodes a UInt32, or its 32 bits encoded as a negative number.
pub(super) fn uint32(field: &[u8]) -> Result<u32> {
    let value = der::integer(der::only(field, der::INTEGER)?)?;
    match u32::try_from(value) {
        Ok(value) => Ok(value),
        Err(_) => match i32::try_from(value) {
            Ok(value) => Ok(value.cast_unsigned()),
            Err(_) => Err(Error::InvalidToken("Kerberos: a number out of range")),
        },
    }
}

/// Decodes Microseconds.
pub(super) fn microseconds(field: &[u8]) -> Result<u32> {
    match der::integer(der::only(field, der::INTEGER)?)? {
        value @ 0..1_000_000 => Ok(value as u32),
        _ => Err(Error::InvalidToken("Kerberos: microseconds out of range")),
    }
}

/// Decodes an OCTET STRING.
pub(super) fn octets(field: &[u8]) -> Result<&[u8]> {
    der::only(field, der::OCTET_STRING)
}

/// Decodes a KerberosString or Realm.
pub(super) fn string(field: &[u8]) -> Result<&[u8]> {
    der::only(field, der::GENERAL_STRING)
}

/// Decodes a KerberosTime to seconds since 1970.
pub(super) fn time(field: &[u8]) -> Result<i64> {
    super::time::parse(der::only(field, der::GENERALIZED_TIME)?)
}

/// Decodes KerberosFlags; bit 0 is the highest one.
pub(super) fn flags(field: &[u8]) -> Result<u32> {
    let Some((&unused, bits)) = der::only(field, der::BIT_STRING)?.split_first() else {
        return Err(Error::InvalidToken("Kerberos: flags without contents"));
    };
    if unused > 7 || (unused > 0 && bits.is_empty()) {
        return Err(Error::InvalidToken("Kerberos: flags with more unused bits than there are"));
    }
    let mut word = [0; 4];
    for (octet, &given) in word.iter_mut().zip(bits) {
        *octet = given;
    }
    // The unused bits of the last octet are ignored.
    if let Some(last) = word.get_mut(..bits.len()).and_then(<[u8]>::last_mut) {
        *last &= 0xff << unused;
    }
    Ok(u32::from_be_bytes(word))
}

/// Decodes an optional field with `read`.
pub(super) fn maybe<'a, T>(
    field: Option<&'a [u8]>,
    read: impl FnOnce(&'a [u8]) -> Result<T>,
) -> Result<Option<T>> {
    field.map(read).transpose()
}

/// The contents of a SEQUENCE OF with at most `most` elements, each validated by `check`; one with
/// more is rejected with the text `too_long`.
pub(super) fn sequence_of<'a>(
    field: &'a [u8],
    most: usize,
    too_long: &'static str,
    mut check: impl FnMut(&'a [u8]) -> Result<()>,
) -> Result<&'a [u8]> {
    let contents = der::only(field, der::SEQUENCE)?;
    let mut reader = Reader::new(contents);
    let mut count = 0;
    while !reader.is_empty() {
        check(reader.raw()?)?;
        count += 1;
        if count > most {
            return Err(Error::InvalidToken(too_long));
        }
    }
    Ok(contents)
}

/// Writes fields.
pub(super) trait WriteFields {
    /// Writes `[n]` with the contents that `contents` writes.
    fn tagged(&mut self, n: u8, contents: impl FnOnce(&mut Writer));
    /// Writes `[n]` INTEGER.
    fn number(&mut self, n: u8, value: impl Into<i64>);
    /// Writes `[n]` OCTET STRING.
    fn octets(&mut self, n: u8, value: &[u8]);
    /// Writes `[n]` KerberosString.
    fn string(&mut self, n: u8, value: &[u8]);
    /// Writes `[n]` KerberosTime.
    fn time(&mut self, n: u8, value: i64);
    /// Writes `[n]` KerberosFlags.
    fn flags(&mut self, n: u8, value: u32);
}

impl WriteFields for Writer {
    fn tagged(&mut self, n: u8, contents: impl FnOnce(&mut Writer)) {
        self.nest(der::context(n), contents);
    }

    fn number(&mut self, n: u8, value: impl Into<i64>) {
        self.tagged(n, |writer| writer.integer(value.into()));
    }

    fn octets(&mut self, n: u8, value: &[u8]) {
        self.field(n, der::OCTET_STRING, value);
    }

    fn string(&mut self, n: u8, value: &[u8]) {
        self.field(n, der::GENERAL_STRING, value);
    }

    fn time(&mut self, n: u8, value: i64) {
        self.field(n, der::GENERALIZED_TIME, &super::time::format(value));
    }

    fn flags(&mut self, n: u8, value: u32) {
        let [a, b, c, d] = value.to_be_bytes();
        self.field(n, der::BIT_STRING, &[0, a, b, c, d]);
    }
}

/// Writes the message `[APPLICATION n] SEQUENCE` with the fields that `fields` writes.
pub(super) fn message(writer: &mut Writer, n: u8, fields: impl FnOnce(&mut Writer)) {
    writer.nest(der::application(n), |writer| writer.nest(der::SEQUENCE, fields));
}
