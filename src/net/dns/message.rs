//! DNS messages, RFC 1035 4: a question, and its answer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The record types that are queried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An IPv4 address.
    A = 1,
    /// An IPv6 address, RFC 3596.
    Aaaa = 28,
    /// A text.
    Txt = 16,
    /// A service's hosts, RFC 2782.
    Srv = 33,
    /// A service's URIs, RFC 7553.
    Uri = 256,
}

/// A record of a queried type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A or AAAA.
    Address(IpAddr),
    /// SRV.
    Service {
        /// Lower values are tried first.
        priority: u16,
        /// Among equal priorities, the relative share of requests.
        weight: u16,
        /// The port.
        port: u16,
        /// The host's name.
        target: String,
    },
    /// TXT: its first string, of printable characters.
    Text(String),
    /// URI, of printable characters.
    Uri {
        /// Lower values are tried first.
        priority: u16,
        /// Among equal priorities, the relative share of requests.
        weight: u16,
        /// The URI.
        target: String,
    },
}

/// Why an answer cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It is longer than one datagram: to be repeated by TCP.
    Truncated,
    /// It is not the answer to this question.
    NotOurs,
    /// The server refuses or fails: its RCODE.
    Refused(u8),
    /// It is malformed.
    Malformed,
}

const IN: u16 = 1;
const RECURSION_DESIRED: u8 = 1;
const NXDOMAIN: u8 = 3;
/// Longest name, and longest label.
const NAME: usize = 255;
const LABEL: usize = 63;
/// Records that are read at most.
const MOST_RECORDS: usize = 256;

/// The question for records of a name; `None` if the name is invalid.
pub fn question(id: u16, name: &str, kind: Kind) -> Option<Vec<u8>> {
    let mut out = id.to_be_bytes().to_vec();
    out.extend([RECURSION_DESIRED, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    let start = out.len();
    for label in name.trim_end_matches('.').split('.') {
        if label.is_empty() || label.len() > LABEL {
            return None;
        }
        out.push(label.len() as u8);
        out.extend(label.as_bytes());
    }
    out.push(0);
    if out.len() - start > NAME {
        return None;
    }
    out.extend((kind as u16).to_be_bytes());
    out.extend(IN.to_be_bytes());
    Some(out)
}

/// The records that answer `question`, made by [`question`]. There may be none.
pub fn answer(question: &[u8], bytes: &[u8]) -> Result<Vec<Record>, Failure> {
    let header: &[u8; 12] = bytes.first_chunk().ok_or(Failure::NotOurs)?;
    let asked = question.get(12..).unwrap_or_default();
    let echoed = bytes.get(12..12 + asked.len()).ok_or(Failure::NotOurs)?;
    let (flags, code) = (header[2], header[3] & 0xf);
    // QR, and the same identifier and question in any letter case.
    let matches = question.starts_with(&header[..2]) && flags & 0x80 != 0 && header[4..6] == [0, 1];
    if !matches || !echoed.eq_ignore_ascii_case(asked) {
        return Err(Failure::NotOurs);
    }
    match code {
        0 => {}
        NXDOMAIN => return Ok(Vec::new()),
        code => return Err(Failure::Refused(code)),
    }
    if flags & 2 != 0 {
        return Err(Failure::Truncated);
    }
    let count = usize::from(u16::from_be_bytes([header[6], header[7]])).min(MOST_RECORDS);
    records(bytes, 12 + asked.len(), count).ok_or(Failure::Malformed)
}

fn records(bytes: &[u8], mut at: usize, count: usize) -> Option<Vec<Record>> {
    let mut found = Vec::new();
    for _ in 0..count {
        let (_, after) = name(bytes, at)?;
        let &[t0, t1, c0, c1, _, _, _, _, l0, l1] = bytes.get(after..)?.first_chunk()?;
        let start = after + 10;
        let end = start + usize::from(u16::from_be_bytes([l0, l1]));
        let data = bytes.get(start..end)?;
        if u16::from_be_bytes([c0, c1]) == IN {
            found.extend(record(bytes, u16::from_be_bytes([t0, t1]), start, data)?);
        }
        at = end;
    }
    Some(found)
}

/// The record of that type; `Some(None)` for other types, such as an alias, whose target follows
/// it.
fn record(bytes: &[u8], kind: u16, start: usize, data: &[u8]) -> Option<Option<Record>> {
    Some(Some(if kind == Kind::A as u16 {
        Record::Address(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?)))
    } else if kind == Kind::Aaaa as u16 {
        Record::Address(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?)))
    } else if kind == Kind::Srv as u16 {
        let &[p0, p1, w0, w1, port0, port1] = data.first_chunk()?;
        let (target, _) = name(bytes, start + 6)?;
        Record::Service {
            priority: u16::from_be_bytes([p0, p1]),
            weight: u16::from_be_bytes([w0, w1]),
            port: u16::from_be_bytes([port0, port1]),
            target,
        }
    } else if kind == Kind::Txt as u16 {
        let (&length, rest) = data.split_first()?;
        match printable(rest.get(..usize::from(length))?) {
            Some(text) => Record::Text(text),
            None => return Some(None),
        }
    } else if kind == Kind::Uri as u16 {
        let (&[p0, p1, w0, w1], target) = data.split_first_chunk()?;
        match printable(target) {
            Some(target) => Record::Uri {
                priority: u16::from_be_bytes([p0, p1]),
                weight: u16::from_be_bytes([w0, w1]),
                target,
            },
            None => return Some(None),
        }
    } else {
        return Some(None);
    }))
}

/// A text of visible ASCII characters.
fn printable(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.bytes().all(|c| c.is_ascii_graphic()).then(|| text.to_owned())
}

/// The name at `at`, and where it ends. Compression pointers must point backwards, so that reading
/// terminates.
fn name(bytes: &[u8], at: usize) -> Option<(String, usize)> {
    let (mut text, mut here, mut before, mut end) = (String::new(), at, at, None);
    loop {
        match *bytes.get(here)? {
            0 => return Some((text, end.unwrap_or(here + 1))),
            high @ 0xc0.. => {
                let target = usize::from(high & 0x3f) << 8 | usize::from(*bytes.get(here + 1)?);
                if target >= before {
                    return None;
                }
                end = end.or(Some(here + 2));
                (here, before) = (target, target);
            }
            length if usize::from(length) <= LABEL => {
                let label = bytes.get(here + 1..here + 1 + usize::from(length))?;
                if !label.iter().all(|c| c.is_ascii_alphanumeric() || b"-_".contains(c))
                    || text.len() + label.len() > NAME
                {
                    return None;
                }
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(std::str::from_utf8(label).ok()?);
                here += 1 + usize::from(length);
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(question: &[u8], answers: u8, records: &[u8]) -> Vec<u8> {
        let mut bytes = question.to_vec();
        bytes[2] |= 0x80;
        bytes[7] = answers;
        [bytes, records.to_vec()].concat()
    }

    /// Laid out by hand from RFC 1035 4.1 and RFC 2782.
    #[test]
    fn services_and_addresses() {
        let asked = question(0x1234, "_ldap._tcp.example.test.", Kind::Srv).unwrap();
        assert_eq!(
            asked,
            b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x05_ldap\x04_tcp\x07example\x04test\0\0\x21\0\x01"
        );
        // The owner is the question's name; the target ends in the question's domain, at byte 23.
        let record = b"\xc0\x0c\0\x21\0\x01\0\0\x0e\x10\0\x0c\0\x0a\0\x64\x01\x85\x03dc1\xc0\x17";
        let expected = Record::Service {
            priority: 10,
            weight: 100,
            port: 389,
            target: "dc1.example.test".into(),
        };
        assert_eq!(answer(&asked, &reply(&asked, 1, record)), Ok(vec![expected.clone()]));
        // Other records are present too: an alias.
        let alias = b"\xc0\x0c\0\x05\0\x01\0\0\0\0\0\x02\xc0\x17";
        assert_eq!(
            answer(&asked, &reply(&asked, 2, &[&alias[..], record].concat())),
            Ok(vec![expected])
        );
        let asked = question(1, "dc1.example.test", Kind::A).unwrap();
        let record = b"\xc0\x0c\0\x01\0\x01\0\0\0\0\0\x04\xc0\0\x02\x01";
        assert_eq!(
            answer(&asked, &reply(&asked, 1, record)),
            Ok(vec![Record::Address([192, 0, 2, 1].into())])
        );
        assert_eq!(answer(&asked, &reply(&asked, 0, b"")), Ok(vec![]));
        for length in 0..record.len() {
            assert_eq!(
                answer(&asked, &reply(&asked, 1, &record[..length])),
                Err(Failure::Malformed)
            );
        }
    }

    /// RFC 1035 3.3.14 and RFC 7553 4.
    #[test]
    fn texts_and_uris() {
        let asked = question(1, "_kerberos.example.test", Kind::Txt).unwrap();
        let record = b"\xc0\x0c\0\x10\0\x01\0\0\0\0\0\x08\x05REALM\x01x";
        let text = Record::Text("REALM".into());
        assert_eq!(answer(&asked, &reply(&asked, 1, record)), Ok(vec![text]));
        let asked = question(1, "_kerberos.example.test", Kind::Uri).unwrap();
        let record = b"\xc0\x0c\x01\0\0\x01\0\0\0\0\0\x13\0\x0a\0\x01krb5srv::tcp:kdc";
        let target = "krb5srv::tcp:kdc".to_owned();
        let uri = Record::Uri { priority: 10, weight: 1, target };
        let mut record = record.to_vec();
        record[11] = 20;
        assert_eq!(answer(&asked, &reply(&asked, 1, &record)), Ok(vec![uri]));
        // A string longer than its record, and one that is not to be shown.
        let asked = question(1, "_kerberos.example.test", Kind::Txt).unwrap();
        let record = b"\xc0\x0c\0\x10\0\x01\0\0\0\0\0\x03\x05RE";
        assert_eq!(answer(&asked, &reply(&asked, 1, record)), Err(Failure::Malformed));
        let record = b"\xc0\x0c\0\x10\0\x01\0\0\0\0\0\x03\x02R\n";
        assert_eq!(answer(&asked, &reply(&asked, 1, record)), Ok(vec![]));
    }

    #[test]
    fn what_is_no_answer() {
        let asked = question(7, "example.test", Kind::A).unwrap();
        let good = reply(&asked, 0, b"");
        let edited = |at: usize, value: u8| {
            let mut bytes = good.clone();
            bytes[at] = value;
            answer(&asked, &bytes)
        };
        assert_eq!(edited(1, 8), Err(Failure::NotOurs));
        assert_eq!(edited(2, 1), Err(Failure::NotOurs));
        assert_eq!(edited(13, b'f'), Err(Failure::NotOurs));
        assert_eq!(edited(13, b'E'), Ok(vec![]), "letters of another case");
        assert_eq!(edited(3, 3), Ok(vec![]), "no such name");
        assert_eq!(edited(3, 5), Err(Failure::Refused(5)));
        assert_eq!(edited(2, 0x83), Err(Failure::Truncated));
        for length in 0..good.len() {
            assert_eq!(answer(&asked, &good[..length]), Err(Failure::NotOurs));
        }
        // Names that refer to themselves, forwards, or to each other.
        for owner in
            [&b"\xc0\x1e"[..], b"\xc0\x20", b"\xff\xff", b"\x01a\xc0\x1e", b"\x40", b"\x01\x00"]
        {
            let record = [owner, b"\0\x01\0\x01\0\0\0\0\0\x04\xc0\0\x02\x01"].concat();
            assert_eq!(
                answer(&asked, &reply(&asked, 1, &record)),
                Err(Failure::Malformed),
                "{owner:?}"
            );
        }
        for name in ["", ".", "a..b", &"x".repeat(64), &"x.".repeat(130)] {
            assert_eq!(question(1, name, Kind::A), None, "{name}");
        }
    }
}
