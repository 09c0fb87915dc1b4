//! The data signed by a ticket signature, [MS-PAC] 2.8.3: EncTicketPart with a single zero byte in
//! place of the PAC.
//!
//! The ticket's original bytes are used. Only the headers of the elements around the PAC are
//! rewritten, since their lengths change.

use crate::encoding::der;
use crate::encoding::der::Reader;
use crate::kerberos::message::authorization_data::ad_type::{IF_RELEVANT, WIN2K_PAC};
use crate::types::error::{Error, Result};
use smallvec::SmallVec;

/// The greatest accepted nesting of AD-IF-RELEVANT.
const MAX_DEPTH: usize = 8;

const MALFORMED: Error = Error::InvalidToken("PAC: cannot be found in its ticket");

/// An element around the PAC, or the PAC's OCTET STRING: the positions of its parts in the ticket.
#[derive(Debug, Clone, Copy)]
struct Element {
    start: usize,
    contents: usize,
    end: usize,
}

/// The elements from the outermost to the PAC's own: three at the start, then for each
/// AD-IF-RELEVANT the SEQUENCE OF, its entry, the tag of ad-data, and the OCTET STRING.
type Path = SmallVec<[Element; 16]>;

/// Calls `with` with the pieces of EncTicketPart with a single zero byte in place of `pac`.
///
/// Errors: `InvalidToken` if the first PAC in the ticket is not `pac`.
pub(super) fn without_pac<T>(
    enc_ticket_part: &[u8],
    pac: &[u8],
    with: impl FnOnce(&[&[u8]]) -> Result<T>,
) -> Result<T> {
    let path = path_to_pac(enc_ticket_part)?;
    let innermost = path.last().ok_or(MALFORMED)?;
    if enc_ticket_part.get(innermost.contents..innermost.end) != Some(pac) {
        return Err(MALFORMED);
    }
    // From the innermost element outwards: each shrinks by as many bytes as the ones in it.
    let mut headers: SmallVec<[Header; 16]> = SmallVec::new();
    let mut removed = pac.len().wrapping_sub(1);
    for element in path.iter().rev() {
        let tag = *enc_ticket_part.get(element.start).ok_or(MALFORMED)?;
        let header = Header::new(tag, (element.end - element.contents).wrapping_sub(removed));
        removed =
            removed.wrapping_add(element.contents - element.start).wrapping_sub(header.length);
        headers.push(header);
    }
    let mut parts: SmallVec<[&[u8]; 32]> = SmallVec::new();
    let mut at = 0;
    for (element, header) in path.iter().zip(headers.iter().rev()) {
        parts.push(enc_ticket_part.get(at..element.start).ok_or(MALFORMED)?);
        parts.push(header.bytes());
        at = element.contents;
    }
    parts.push(&[0]);
    // Triple DES leaves its padding after the ticket, which the KDC has not signed.
    let end = path.first().ok_or(MALFORMED)?.end;
    parts.push(enc_ticket_part.get(innermost.end..end).ok_or(MALFORMED)?);
    with(&parts)
}

/// The tag and length octets of an element, as DER.
struct Header {
    bytes: [u8; 6],
    length: usize,
}

impl Header {
    fn new(tag: u8, contents: usize) -> Header {
        let [a, b, c, d] = (contents as u32).to_be_bytes();
        let (bytes, length) = match contents {
            0..0x80 => ([tag, d, 0, 0, 0, 0], 2),
            0x80..0x100 => ([tag, 0x81, d, 0, 0, 0], 3),
            0x100..0x1_0000 => ([tag, 0x82, c, d, 0, 0], 4),
            0x1_0000..0x100_0000 => ([tag, 0x83, b, c, d, 0], 5),
            _ => ([tag, 0x84, a, b, c, d], 6),
        };
        Header { bytes, length }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// Iterates over the elements of one level, by their positions in the ticket.
struct Walk<'a> {
    ticket: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Walk<'a> {
    fn into(ticket: &'a [u8], element: Element) -> Walk<'a> {
        Walk { ticket, at: element.contents, end: element.end }
    }

    /// The next element, with its tag.
    fn next(&mut self) -> Result<Option<(u8, Element)>> {
        let level = self.ticket.get(self.at..self.end).ok_or(MALFORMED)?;
        if level.is_empty() {
            return Ok(None);
        }
        let mut reader = Reader::new(level);
        let (tag, contents) = reader.any()?;
        let end = self.end - reader.rest().len();
        let element = Element { start: self.at, contents: end - contents.len(), end };
        self.at = end;
        Ok(Some((tag, element)))
    }

    /// The next element with this tag; others are skipped.
    fn find(&mut self, wanted: u8) -> Result<Element> {
        while let Some((tag, element)) = self.next()? {
            if tag == wanted {
                return Ok(element);
            }
        }
        Err(MALFORMED)
    }
}

/// The path to the first PAC.
fn path_to_pac(ticket: &[u8]) -> Result<Path> {
    let mut path = Path::new();
    // EncTicketPart ::= [APPLICATION 3] SEQUENCE { ... authorization-data [10] AuthorizationData
    // OPTIONAL }
    let mut level = Walk { ticket, at: 0, end: ticket.len() };
    for tag in [der::application(3), der::SEQUENCE, der::context(10)] {
        let element = level.find(tag)?;
        path.push(element);
        level = Walk::into(ticket, element);
    }
    let authorization_data = level.find(der::SEQUENCE)?;
    if in_authorization_data(ticket, authorization_data, 0, &mut path)? {
        Ok(path)
    } else {
        Err(MALFORMED)
    }
}

/// Extends `path` to the first PAC within `list`, a SEQUENCE OF. If there is none, returns false
/// and leaves `path` unchanged.
fn in_authorization_data(
    ticket: &[u8],
    list: Element,
    depth: usize,
    path: &mut Path,
) -> Result<bool> {
    if depth > MAX_DEPTH {
        return Err(MALFORMED);
    }
    path.push(list);
    let mut entries = Walk::into(ticket, list);
    while let Some((_, entry)) = entries.next()? {
        // SEQUENCE { ad-type [0] Int32, ad-data [1] OCTET STRING }
        let mut fields = Walk::into(ticket, entry);
        let number = Walk::into(ticket, fields.find(der::context(0))?).find(der::INTEGER)?;
        let ad_type = ticket.get(number.contents..number.end).and_then(integer).ok_or(MALFORMED)?;
        if ad_type != IF_RELEVANT && ad_type != WIN2K_PAC {
            continue;
        }
        let ad_data = fields.find(der::context(1))?;
        let octets = Walk::into(ticket, ad_data).find(der::OCTET_STRING)?;
        path.extend([entry, ad_data, octets]);
        if ad_type == WIN2K_PAC {
            return Ok(true);
        }
        let inner = Walk::into(ticket, octets).find(der::SEQUENCE)?;
        if in_authorization_data(ticket, inner, depth + 1, path)? {
            return Ok(true);
        }
        path.truncate(path.len() - 3);
    }
    path.pop();
    Ok(false)
}

/// Decodes an INTEGER of at most four bytes.
fn integer(contents: &[u8]) -> Option<i32> {
    let sign = if contents.first()? & 0x80 == 0 { 0 } else { -1 };
    (contents.len() <= 4)
        .then(|| contents.iter().fold(sign, |value, byte| value << 8 | i32::from(*byte)))
}
