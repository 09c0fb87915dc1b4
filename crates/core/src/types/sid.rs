//! Security identifiers: [MS-DTYP] 2.4.2.

use crate::types::error::{Error, Result};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// A SID, revision 1: an authority and up to 15 sub-authorities, of which the last is the relative
/// identifier (RID).
#[derive(Clone, Copy)]
pub struct Sid {
    authority: [u8; 6],
    count: u8,
    sub_authorities: [u32; Sid::MAX_SUB_AUTHORITIES],
}

const MALFORMED: Error = Error::InvalidToken("a malformed SID");

impl Sid {
    /// As many sub-authorities as there can be.
    pub const MAX_SUB_AUTHORITIES: usize = 15;
    /// The longest SID in its binary form, in bytes.
    pub const MAX_LENGTH: usize = 8 + 4 * Sid::MAX_SUB_AUTHORITIES;

    /// The SID of this authority, which has 48 bits, and these sub-authorities. `None` if it is too
    /// great or they are too many.
    pub fn new(authority: u64, sub_authorities: &[u32]) -> Option<Sid> {
        let [0, 0, authority @ ..] = authority.to_be_bytes() else { return None };
        let mut sid = Sid { authority, count: 0, sub_authorities: [0; Sid::MAX_SUB_AUTHORITIES] };
        for sub_authority in sub_authorities {
            sid.push(*sub_authority)?;
        }
        Some(sid)
    }

    /// A SID that is known when the library is built; one that there cannot be does not compile.
    pub(crate) const fn well_known(authority: u64, sub_authorities: &[u32]) -> Sid {
        let [0, 0, a, b, c, d, e, f] = authority.to_be_bytes() else {
            panic!("an authority has 48 bits")
        };
        let mut sid = Sid {
            authority: [a, b, c, d, e, f],
            count: 0,
            sub_authorities: [0; Sid::MAX_SUB_AUTHORITIES],
        };
        while (sid.count as usize) < sub_authorities.len() {
            sid.sub_authorities[sid.count as usize] = sub_authorities[sid.count as usize];
            sid.count += 1;
        }
        sid
    }

    /// One more sub-authority; `None` if there is no room.
    fn push(&mut self, sub_authority: u32) -> Option<()> {
        *self.sub_authorities.get_mut(usize::from(self.count))? = sub_authority;
        self.count += 1;
        Some(())
    }

    /// The SID at the front of `bytes` in its binary form ([MS-DTYP] 2.4.2.2), and what follows it.
    pub fn split_from(bytes: &[u8]) -> Result<(Sid, &[u8])> {
        let (&[revision, count, a, b, c, d, e, f], rest) =
            bytes.split_first_chunk().ok_or(MALFORMED)?;
        if revision != 1 || usize::from(count) > Sid::MAX_SUB_AUTHORITIES {
            return Err(MALFORMED);
        }
        let (numbers, rest) = rest.split_at_checked(4 * usize::from(count)).ok_or(MALFORMED)?;
        let mut sid = Sid {
            authority: [a, b, c, d, e, f],
            count,
            sub_authorities: [0; Sid::MAX_SUB_AUTHORITIES],
        };
        for (to, from) in sid.sub_authorities.iter_mut().zip(numbers.as_chunks().0) {
            *to = u32::from_le_bytes(*from);
        }
        Ok((sid, rest))
    }

    /// The SID that `bytes` are, with nothing behind it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Sid> {
        match Sid::split_from(bytes)? {
            (sid, []) => Ok(sid),
            _ => Err(MALFORMED),
        }
    }

    /// Length of its binary form, in bytes.
    pub fn byte_length(&self) -> usize {
        8 + 4 * usize::from(self.count)
    }

    /// Appends its binary form.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.extend([1, self.count]);
        out.extend(self.authority);
        out.extend(self.sub_authorities().iter().flat_map(|number| number.to_le_bytes()));
    }

    /// Its binary form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.byte_length());
        self.write_to(&mut out);
        out
    }

    /// The identifier authority: 5 for Windows accounts.
    pub fn authority(&self) -> u64 {
        let [a, b, c, d, e, f] = self.authority;
        u64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }

    /// The sub-authorities.
    pub fn sub_authorities(&self) -> &[u32] {
        self.sub_authorities.get(..usize::from(self.count)).unwrap_or_default()
    }

    /// Whether a domain or a machine has given it to one of its accounts or groups: S-1-5-21, the
    /// domain's three numbers, and the account's.
    pub fn is_of_domain(&self) -> bool {
        self.authority() == 5 && matches!(self.sub_authorities(), [21, _, _, _, _])
    }

    /// The account of this relative identifier in the domain that `self` is; `None` if `self` has
    /// no room for it.
    pub fn with_rid(&self, rid: u32) -> Option<Sid> {
        let mut sub_authorities = self.sub_authorities;
        *sub_authorities.get_mut(usize::from(self.count))? = rid;
        Some(Sid { authority: self.authority, count: self.count + 1, sub_authorities })
    }

    /// The domain and the relative identifier that make up this SID; `None` if it has no
    /// sub-authority.
    pub fn split_rid(&self) -> Option<(Sid, u32)> {
        let (rid, domain) = self.sub_authorities().split_last()?;
        Some((Sid::new(self.authority(), domain)?, *rid))
    }
}

impl PartialEq for Sid {
    fn eq(&self, other: &Sid) -> bool {
        self.authority == other.authority && self.sub_authorities() == other.sub_authorities()
    }
}

impl Eq for Sid {}

impl PartialOrd for Sid {
    fn partial_cmp(&self, other: &Sid) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By authority, then by sub-authorities: a domain stands right before its accounts.
impl Ord for Sid {
    fn cmp(&self, other: &Sid) -> Ordering {
        self.authority
            .cmp(&other.authority)
            .then_with(|| self.sub_authorities().cmp(other.sub_authorities()))
    }
}

impl Hash for Sid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.authority.hash(state);
        self.sub_authorities().hash(state);
    }
}

/// `S-1-5-21-...`, [MS-DTYP] 2.4.2.1.
impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.authority() {
            authority if authority <= u64::from(u32::MAX) => write!(f, "S-1-{authority}")?,
            authority => write!(f, "S-1-0x{authority:012X}")?,
        }
        self.sub_authorities().iter().try_for_each(|number| write!(f, "-{number}"))
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Takes what [`Sid`]'s `Display` gives, also with a small `s` or `x`.
impl FromStr for Sid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Sid> {
        const MALFORMED: Error = Error::InvalidParameter("not a SID");
        let mut parts = text.split('-');
        if !parts.next().is_some_and(|part| part.eq_ignore_ascii_case("S"))
            || parts.next() != Some("1")
        {
            return Err(MALFORMED);
        }
        let authority = parts.next().ok_or(MALFORMED)?;
        let authority = match authority.strip_prefix("0x").or_else(|| authority.strip_prefix("0X"))
        {
            Some(hex) if hex.len() == 12 => number(hex, 16),
            Some(_) => None,
            None => number(authority, 10),
        };
        let mut sid = authority.and_then(|authority| Sid::new(authority, &[])).ok_or(MALFORMED)?;
        for part in parts {
            let number = number(part, 10).and_then(|number| u32::try_from(number).ok());
            number.and_then(|number| sid.push(number)).ok_or(MALFORMED)?;
        }
        Ok(sid)
    }
}

/// A number of digits only, no sign.
fn number(text: &str, radix: u32) -> Option<u64> {
    if text.chars().all(|c| c.is_digit(radix)) {
        u64::from_str_radix(text, radix).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [MS-DTYP] 2.4.2.4 gives these well-known SIDs as text; the bytes follow 2.4.2.2.
    #[test]
    fn text_and_bytes() {
        let cases: [(&str, &[u8]); 5] = [
            ("S-1-0-0", b"\x01\x01\0\0\0\0\0\0\0\0\0\0"),
            ("S-1-5-18", b"\x01\x01\0\0\0\0\0\x05\x12\0\0\0"),
            ("S-1-5-32-544", b"\x01\x02\0\0\0\0\0\x05\x20\0\0\0\x20\x02\0\0"),
            ("S-1-16-4096", b"\x01\x01\0\0\0\0\0\x10\0\x10\0\0"),
            ("S-1-0x010203040506-4294967295", b"\x01\x01\x01\x02\x03\x04\x05\x06\xff\xff\xff\xff"),
        ];
        for (text, bytes) in cases {
            let sid: Sid = text.parse().unwrap();
            assert_eq!(sid.to_bytes(), bytes, "{text}");
            assert_eq!(Sid::from_bytes(bytes).unwrap(), sid);
            assert_eq!(sid.to_string(), text);
            assert_eq!(sid.byte_length(), bytes.len());
        }
        assert_eq!("s-1-0X0000000000ff-1".parse::<Sid>().unwrap().to_string(), "S-1-255-1");
    }

    #[test]
    fn the_longest_sid() {
        let longest = Sid::new(5, &[u32::MAX; 15]).unwrap();
        assert_eq!(longest.byte_length(), Sid::MAX_LENGTH);
        assert_eq!(longest.to_string().parse::<Sid>().unwrap(), longest);
        assert_eq!(Sid::from_bytes(&longest.to_bytes()).unwrap(), longest);
        assert!(longest.with_rid(1).is_none());
        assert!(Sid::new(5, &[0; 16]).is_none());
        assert!(Sid::new(1 << 48, &[]).is_none());
        assert!(Sid::new((1 << 48) - 1, &[]).is_some());
    }

    #[test]
    fn nothing_else_is_a_sid() {
        for text in [
            "",
            "S",
            "S-1",
            "S-2-5-18",
            "S-1-",
            "S-1-5-",
            "S-1--5",
            "S-1-5-+18",
            "S-1-+5-18",
            "S-1-5-4294967296",
            "S-1-281474976710656-1",
            "S-1-0xff-1",
            "S-1-0x1000000000000-1",
            "S-1-5-18 ",
            "T-1-5-18",
            "S-1-5-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1",
        ] {
            assert!(text.parse::<Sid>().is_err(), "{text}");
        }
        let good = "S-1-5-21-1-2-3-500".parse::<Sid>().unwrap().to_bytes();
        for length in 0..good.len() {
            assert!(Sid::from_bytes(&good[..length]).is_err());
        }
        assert!(Sid::from_bytes(&[&good[..], &[0]].concat()).is_err());
        let broken = |at: usize, value: u8| {
            let mut bytes = [&good[..], &[0; 64]].concat();
            bytes[at] = value;
            Sid::split_from(&bytes).is_err()
        };
        assert!(broken(0, 0) && broken(0, 2) && broken(1, 16) && broken(1, 255) && !broken(1, 15));
    }

    #[test]
    fn domains_and_accounts() {
        let domain: Sid = "S-1-5-21-1-2-3".parse().unwrap();
        let account = domain.with_rid(500).unwrap();
        assert_eq!(account.to_string(), "S-1-5-21-1-2-3-500");
        assert_eq!(account.split_rid(), Some((domain, 500)));
        assert_eq!(Sid::new(5, &[]).unwrap().split_rid(), None);
        let mut sorted: Vec<Sid> =
            ["S-1-5-21-1-2-4", "S-1-16-0", "S-1-5-21-1-2-3-500", "S-1-5-21-1-2-3"]
                .map(|text| text.parse().unwrap())
                .into();
        sorted.sort();
        let sorted: Vec<String> = sorted.iter().map(Sid::to_string).collect();
        assert_eq!(sorted, ["S-1-5-21-1-2-3", "S-1-5-21-1-2-3-500", "S-1-5-21-1-2-4", "S-1-16-0"]);
    }

    #[test]
    fn what_no_longer_counts_does_not_count() {
        use std::collections::HashSet;
        let (cut, _) = Sid::new(5, &[21, 1]).unwrap().split_rid().unwrap();
        let plain = Sid::new(5, &[21]).unwrap();
        assert_eq!(cut, plain);
        assert!(HashSet::from([cut]).contains(&plain));
    }
}
