//! The tokens that carry messages of a KDC: IAKERB_PROXY, TOK_ID 05 01.

use crate::encoding::der;
use crate::encoding::der::{Reader, Writer};
use crate::kerberos::finished::Dialect;
use crate::mechanism::IAKERB_OID;
use crate::types::error::{Error, Result};

/// TOK_ID of IAKERB_PROXY.
const PROXY: [u8; 2] = [0x05, 0x01];

/// Universal tag 12: UTF8String.
const UTF8_STRING: u8 = 0x0c;

/// The longest realm's name and the longest cookie that are read, in bytes.
const LONGEST: usize = 1024;

fn realm_tag(dialect: Dialect) -> u8 {
    match dialect {
        Dialect::Draft => UTF8_STRING,
        Dialect::Older => der::OCTET_STRING,
    }
}

/// IAKERB-HEADER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Told by the type of `target-realm`.
    pub dialect: Dialect,
    /// `target-realm`; empty if the initiator does not know it.
    pub target_realm: &'a [u8],
    /// `cookie`
    pub cookie: Option<&'a [u8]>,
    /// `header-flags` of Windows: the four octets after the count of unused bits.
    pub flags: Option<[u8; 4]>,
}

impl<'a> Header<'a> {
    fn decode(bytes: &'a [u8]) -> Result<Header<'a>> {
        let mut fields = Reader::new(bytes);
        let mut realm = Reader::new(fields.read(der::context(1))?);
        let (dialect, target_realm) = match realm.any()? {
            (UTF8_STRING, name) => (Dialect::Draft, name),
            (der::OCTET_STRING, name) => (Dialect::Older, name),
            _ => return Err(Error::InvalidToken("IAKERB: target-realm is no string")),
        };
        realm.end()?;
        let cookie = fields.optional(der::context(2))?;
        let cookie = cookie.map(|field| der::only(field, der::OCTET_STRING)).transpose()?;
        let flags = fields.optional(der::context(3))?;
        let flags = flags.map(|field| der::only(field, der::BIT_STRING)).transpose()?;
        if target_realm.len() > LONGEST || cookie.is_some_and(|cookie| cookie.len() > LONGEST) {
            return Err(Error::InvalidToken("IAKERB: a header too long"));
        }
        let flags = flags.and_then(|bits| match bits {
            [0, a, b, c, d] => Some([*a, *b, *c, *d]),
            _ => None,
        });
        // Extensible: fields after the known ones are ignored.
        Ok(Header { dialect, target_realm, cookie, flags })
    }

    fn write(&self, writer: &mut Writer) {
        writer.nest(der::SEQUENCE, |writer| {
            let tag = realm_tag(self.dialect);
            writer.nest(der::context(1), |writer| writer.element(tag, self.target_realm));
            if let Some(cookie) = self.cookie {
                writer.nest(der::context(2), |writer| writer.element(der::OCTET_STRING, cookie));
            }
            if let Some([a, b, c, d]) = self.flags {
                let bits = [0, a, b, c, d];
                writer.nest(der::context(3), |writer| writer.element(der::BIT_STRING, &bits));
            }
        });
    }
}

/// A token with a message of a KDC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayToken<'a> {
    /// Whether it is in GSS-API's frame.
    pub framed: bool,
    /// The header.
    pub header: Header<'a>,
    /// The message: one element; empty if only the realm is asked for.
    pub message: &'a [u8],
}

impl<'a> RelayToken<'a> {
    /// Reads a token; `None` if it is of another kind. Returns with it the bytes that it has, without
    /// those that callers pass behind it.
    ///
    /// Errors: `InvalidToken` if it is malformed.
    pub fn read(token: &'a [u8]) -> Result<Option<(RelayToken<'a>, &'a [u8])>> {
        let (framed, body, bytes) = if token.first() == Some(&der::APPLICATION_0) {
            let mut outer = Reader::new(token);
            let bytes = outer.raw()?;
            let mut frame = Reader::new(der::only(bytes, der::APPLICATION_0)?);
            if frame.read(der::OBJECT_IDENTIFIER)? != IAKERB_OID {
                return Ok(None);
            }
            (true, frame.rest(), bytes)
        } else {
            (false, token, token)
        };
        let Some(rest) = body.strip_prefix(&PROXY) else { return Ok(None) };
        let mut elements = Reader::new(rest);
        let header = Header::decode(elements.read(der::SEQUENCE)?)?;
        let message = if elements.is_empty() { &[][..] } else { elements.raw()? };
        let left = elements.rest().len();
        let bytes = if framed {
            elements.end()?;
            bytes
        } else {
            // The only token of which the end is not told by a frame.
            bytes.get(..bytes.len() - left).unwrap_or_default()
        };
        Ok(Some((RelayToken { framed, header, message }, bytes)))
    }

    /// Encodes the token.
    pub fn write(&self) -> Vec<u8> {
        let mut writer = Writer::new(64 + self.header.target_realm.len() + self.message.len());
        let body = |writer: &mut Writer| {
            writer.raw(&PROXY);
            self.header.write(writer);
            writer.raw(self.message);
        };
        match self.framed {
            true => writer.nest(der::APPLICATION_0, |writer| {
                writer.element(der::OBJECT_IDENTIFIER, IAKERB_OID);
                body(writer);
            }),
            false => body(&mut writer),
        }
        writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(dialect: Dialect) -> Header<'static> {
        Header { dialect, target_realm: b"R", cookie: None, flags: None }
    }

    #[test]
    fn tokens_are_read_as_they_were_written() {
        for dialect in [Dialect::Draft, Dialect::Older] {
            for framed in [true, false] {
                for (cookie, flags) in [(None, None), (Some(&b"c"[..]), Some([1, 0, 0, 0]))] {
                    for message in [&b""[..], b"\x6a\x00", b"\x7e\x81\x80"] {
                        let message = match message {
                            [0x7e, ..] => [message, &[0; 0x80]].concat(),
                            _ => message.to_vec(),
                        };
                        let header = Header { cookie, flags, ..header(dialect) };
                        let token = RelayToken { framed, header, message: &message };
                        let bytes = token.write();
                        assert_eq!(RelayToken::read(&bytes), Ok(Some((token, &bytes[..]))));
                        if !message.is_empty() {
                            let longer = [&bytes[..], b"rest"].concat();
                            assert_eq!(RelayToken::read(&longer), Ok(Some((token, &bytes[..]))));
                        }
                        for end in 1..bytes.len() {
                            let part = RelayToken::read(&bytes[..end]);
                            assert!(part != Ok(Some((token, &bytes[..]))), "{end}");
                        }
                    }
                }
            }
        }
    }

    /// The header of each answer of Windows' LocalKDC.
    #[test]
    fn a_header_as_windows_writes_it() {
        let flags = Some([1, 0, 0, 0]);
        let header = Header { target_realm: b".", flags, ..header(Dialect::Draft) };
        let mut writer = Writer::new(16);
        header.write(&mut writer);
        assert_eq!(
            writer.finish(),
            [0x30, 0x0e, 0xa1, 0x03, 0x0c, 0x01, 0x2e, 0xa3, 7, 3, 5, 0, 1, 0, 0, 0]
        );
    }

    #[test]
    fn other_tokens_are_told_apart() {
        for other in [&b"\x6e\x00"[..], b"\x60\x0b\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"] {
            assert_eq!(RelayToken::read(other), Ok(None));
        }
        for bad in [
            &b"\x05\x01"[..],
            b"\x05\x01\x30\x00",
            b"\x05\x01\x30\x05\xa1\x03\x02\x01\x00",
            b"\x05\x01\x30\x06\xa1\x04\x0c\x01R\x00",
            b"\x60\x07\x06\x06\x2b\x06\x01\x05\x02",
        ] {
            assert!(RelayToken::read(bad).is_err(), "{bad:02x?}");
        }
        let long = Header { target_realm: &[b'r'; LONGEST + 1], ..header(Dialect::Draft) };
        let long = RelayToken { framed: true, header: long, message: b"" }.write();
        assert!(RelayToken::read(&long).is_err());
    }
}
