//! AuthorizationData, RFC 4120 5.2.6: a list of typed elements, some of which contain lists.

use super::fields::{Fields, WriteFields, int32, octets};
use crate::encoding::der;
use crate::encoding::der::{Reader, Writer};
use crate::types::error::{Error, Result};

/// Element types.
pub mod ad_type {
    /// AD-IF-RELEVANT: a list whose unknown elements may be ignored.
    pub const IF_RELEVANT: i32 = 1;
    /// AD-KDCIssued: a list with a checksum by the KDC.
    pub const KDC_ISSUED: i32 = 4;
    /// AD-AND-OR: a list of which some elements must be satisfied.
    pub const AND_OR: i32 = 5;
    /// AD-MANDATORY-FOR-KDC: a list that a KDC must understand.
    pub const MANDATORY_FOR_KDC: i32 = 8;
    /// AD-CAMMAC (RFC 7751): a list with several checksums.
    pub const CAMMAC: i32 = 96;
    /// AD-WIN2K-PAC ([MS-PAC] 2.2).
    pub const WIN2K_PAC: i32 = 128;
    /// AD-ETYPE-NEGOTIATION (RFC 4537 3).
    pub const ETYPE_NEGOTIATION: i32 = 129;
    /// KERB_AUTH_DATA_TOKEN_RESTRICTIONS ([MS-KILE] 3.1.1.4)
    pub const TOKEN_RESTRICTIONS: i32 = 141;
    /// KERB-LOCAL ([MS-KILE] 2.2.4)
    pub const KERB_LOCAL: i32 = 142;
    /// AD-AUTH-DATA-AP-OPTIONS ([MS-KILE] 2.2.5)
    pub const AP_OPTIONS: i32 = 143;
    /// AD-AUTH-DATA-CLIENT-TARGET ([MS-KILE] 2.2.6)
    pub const CLIENT_TARGET: i32 = 144;
}

/// The greatest accepted nesting of lists.
const MAX_DEPTH: usize = 8;
/// The most elements accepted in all nested lists together.
const MAX_ELEMENTS: usize = 256;

/// An element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// `ad-type`, [`ad_type`] or another value.
    pub ad_type: i32,
    /// `ad-data`.
    pub ad_data: &'a [u8],
    /// Whether it is in an AD-IF-RELEVANT, and may be ignored if unknown.
    pub if_relevant: bool,
}

/// A list that is validated down to the innermost AD-IF-RELEVANT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthorizationData<'a> {
    der: &'a [u8],
}

impl<'a> AuthorizationData<'a> {
    /// Decodes a list.
    ///
    /// Errors: `InvalidToken` if it is malformed, has bytes after it, or exceeds the limits of
    /// depth and number.
    pub fn decode(bytes: &'a [u8]) -> Result<AuthorizationData<'a>> {
        let list = AuthorizationData { der: bytes };
        let mut walk = list.walk();
        walk.enter(bytes)?;
        while walk.step()?.is_some() {}
        Ok(list)
    }

    /// The encoded list: tag, length and contents.
    pub fn der(&self) -> &'a [u8] {
        self.der
    }

    /// The elements in order, with those of AD-IF-RELEVANT lists of any depth in place. Other
    /// containers are returned as one element: the contents of AD-KDCIssued and AD-CAMMAC have no
    /// meaning until their checksum is verified.
    pub fn iter(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        let mut walk = self.walk();
        let entered = walk.enter(self.der).is_ok();
        std::iter::repeat(()).map_while(move |()| if entered { walk.step().ok()? } else { None })
    }

    /// The first element of this type, in the order of [`AuthorizationData::iter`].
    pub fn find(&self, ad_type: i32) -> Option<&'a [u8]> {
        self.iter().find(|element| element.ad_type == ad_type).map(|element| element.ad_data)
    }

    /// Encodes a list of elements, each a type and its data.
    pub fn encode(elements: &[(i32, &[u8])]) -> Vec<u8> {
        let mut writer =
            Writer::new(64 + elements.iter().map(|(_, ad_data)| ad_data.len() + 24).sum::<usize>());
        writer.nest(der::SEQUENCE, |writer| {
            for (ad_type, ad_data) in elements {
                writer.nest(der::SEQUENCE, |writer| {
                    writer.number(0, *ad_type);
                    writer.octets(1, ad_data);
                });
            }
        });
        writer.finish()
    }

    fn walk(&self) -> Walk<'a> {
        Walk { lists: std::array::from_fn(|_| Reader::new(&[])), depth: 0, elements: 0 }
    }
}

/// The read positions in the open lists.
struct Walk<'a> {
    lists: [Reader<'a>; MAX_DEPTH],
    /// The number of open lists.
    depth: usize,
    /// The number of elements read.
    elements: usize,
}

impl<'a> Walk<'a> {
    /// Opens a list.
    fn enter(&mut self, list: &'a [u8]) -> Result<()> {
        let contents = der::only(list, der::SEQUENCE)?;
        let place = self
            .lists
            .get_mut(self.depth)
            .ok_or(Error::InvalidToken("AuthorizationData: lists nested too deep"))?;
        *place = Reader::new(contents);
        self.depth += 1;
        Ok(())
    }

    /// The next element other than AD-IF-RELEVANT.
    fn step(&mut self) -> Result<Option<Element<'a>>> {
        while let Some(list) = self.depth.checked_sub(1).and_then(|open| self.lists.get_mut(open)) {
            if list.is_empty() {
                self.depth -= 1;
                continue;
            }
            let mut fields = Fields::sequence(list.raw()?)?;
            let ad_type = int32(fields.field(0)?)?;
            let ad_data = octets(fields.field(1)?)?;
            fields.end()?;
            self.elements += 1;
            if self.elements > MAX_ELEMENTS {
                return Err(Error::InvalidToken("AuthorizationData: too many elements"));
            }
            if ad_type != ad_type::IF_RELEVANT {
                return Ok(Some(Element { ad_type, ad_data, if_relevant: self.depth > 1 }));
            }
            self.enter(ad_data)?;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize, inner: &[(i32, &[u8])]) -> Vec<u8> {
        let mut list = AuthorizationData::encode(inner);
        for _ in 1..depth {
            list = AuthorizationData::encode(&[(ad_type::IF_RELEVANT, &list)]);
        }
        list
    }

    #[test]
    fn elements_are_found_at_any_depth_that_is_allowed() {
        for depth in 1..=MAX_DEPTH {
            let list = nested(depth, &[(7, b"seven"), (ad_type::WIN2K_PAC, b"pac")]);
            let list = AuthorizationData::decode(&list).unwrap();
            assert_eq!(list.find(ad_type::WIN2K_PAC), Some(&b"pac"[..]));
            assert_eq!(list.find(9), None);
            assert!(list.iter().all(|element| element.if_relevant == (depth > 1)));
            assert_eq!(list.iter().count(), 2);
        }
        assert!(AuthorizationData::decode(&nested(MAX_DEPTH + 1, &[])).is_err());
    }

    #[test]
    fn elements_come_in_their_order() {
        let inner = AuthorizationData::encode(&[(2, b"b"), (3, b"c")]);
        let list = AuthorizationData::encode(&[
            (ad_type::IF_RELEVANT, &inner),
            (4, b"d"),
            (1, &inner),
            (5, b"e"),
        ]);
        let types: Vec<_> = AuthorizationData::decode(&list)
            .unwrap()
            .iter()
            .map(|e| (e.ad_type, e.if_relevant))
            .collect();
        assert_eq!(types, [(2, true), (3, true), (4, false), (2, true), (3, true), (5, false)]);
    }

    #[test]
    fn elements_are_bounded_over_all_lists() {
        let half = AuthorizationData::encode(&vec![(2, &b""[..]); MAX_ELEMENTS / 2 - 1]);
        let full = AuthorizationData::encode(&[(1, &half), (1, &half)]);
        assert_eq!(AuthorizationData::decode(&full).unwrap().iter().count(), MAX_ELEMENTS - 2);
        let more = AuthorizationData::encode(&[(1, &half), (1, &half), (3, b"")]);
        assert!(AuthorizationData::decode(&more).is_err());
    }

    #[test]
    fn what_is_not_a_list_is_refused_wherever_it_stands() {
        assert!(AuthorizationData::decode(b"\x30\x00").unwrap().iter().next().is_none());
        assert!(AuthorizationData::decode(b"").is_err());
        assert!(AuthorizationData::decode(b"\x30\x00\x00").is_err());
        assert!(AuthorizationData::decode(&AuthorizationData::encode(&[(1, b"")])).is_err());
        assert!(
            AuthorizationData::decode(&AuthorizationData::encode(&[(1, b"\x30\x01\x00")])).is_err()
        );
        assert!(AuthorizationData::decode(&AuthorizationData::encode(&[(2, b"anything")])).is_ok());
    }
}
