//! The messages of credential cache managers (MIT's documentation, "KCM protocol"; Heimdal's
//! `kcm`), read from bytes that are not trusted.
//!
//! A request is the protocol's version, an operation, and its arguments, without anything between
//! them. A reply is a code, 0 for success, and the results. Numbers are big-endian, names end with a
//! zero, principals and credentials have the form of a cache file of version 4.

use crate::encoding::cursor::{ByteOrder, Cursor};
use zeroize::Zeroizing;

/// The longest reply, as MIT's library has it.
pub const LONGEST: usize = 10 << 20;

/// The number of a cache or a credential.
pub type Uuid = [u8; 16];

/// An operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Operation {
    /// () -> name
    GenNew = 3,
    /// (name, principal) -> ()
    Initialize = 4,
    /// (name) -> ()
    Destroy = 5,
    /// (name, credential) -> ()
    Store = 6,
    /// (name) -> principal
    GetPrincipal = 8,
    /// (name) -> UUIDs
    GetCredUuidList = 9,
    /// (name, UUID) -> credential
    GetCredByUuid = 10,
    /// (name, flags, matching credential) -> ()
    RemoveCred = 11,
    /// () -> UUIDs
    GetCacheUuidList = 18,
    /// (UUID) -> name
    GetCacheByUuid = 19,
    /// () -> name
    GetDefaultCache = 20,
    /// (name) -> ()
    SetDefaultCache = 21,
    /// (name) -> seconds
    GetKdcOffset = 22,
    /// (name, seconds) -> ()
    SetKdcOffset = 23,
    /// (name) -> count, and for each credential its length and itself; MIT's extension
    GetCredList = 13001,
    /// (name, seconds, principal, count, and for each credential its length and itself) -> ();
    /// MIT's extension
    Replace = 13002,
}

/// A request. It may contain keys, and is erased when dropped.
#[derive(Debug, Clone)]
pub struct Request(Zeroizing<Vec<u8>>);

impl Request {
    /// A request without arguments.
    pub fn new(operation: Operation) -> Request {
        let [high, low] = (operation as u16).to_be_bytes();
        // With room, so that no part of it is left behind when it grows.
        let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
        bytes.extend([2, 0, high, low]);
        Request(bytes)
    }

    /// Appends a name, which has no zeros.
    pub fn name(mut self, name: &str) -> Request {
        self.0.extend(name.bytes().filter(|&byte| byte != 0));
        self.0.push(0);
        self
    }

    /// Appends a number.
    pub fn number(self, number: u32) -> Request {
        self.bytes(&number.to_be_bytes())
    }

    /// Appends bytes.
    pub fn bytes(mut self, bytes: &[u8]) -> Request {
        if self.0.capacity() - self.0.len() < bytes.len() {
            let mut longer = Zeroizing::new(Vec::with_capacity(2 * (self.0.len() + bytes.len())));
            longer.extend_from_slice(&self.0);
            self.0 = longer;
        }
        self.0.extend(bytes);
        self
    }

    /// The message, without the length before it.
    pub fn message(&self) -> &[u8] {
        &self.0
    }
}

/// A code of MIT's that a reply has instead of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(pub i32);

impl Code {
    /// KRB5_CC_NOTFOUND
    pub const NOT_FOUND: Code = Code(-1_765_328_243);
    /// KRB5_CC_END
    pub const END: Code = Code(-1_765_328_242);
    /// KRB5_CC_IO
    pub const IO: Code = Code(-1_765_328_191);
    /// KRB5_FCC_NOFILE
    pub const NO_FILE: Code = Code(-1_765_328_189);
    /// KRB5_FCC_INTERNAL
    pub const INTERNAL: Code = Code(-1_765_328_188);
    /// KRB5_CC_NOSUPP
    pub const NO_SUPPORT: Code = Code(-1_765_328_137);

    /// The manager does not know the operation: Heimdal's, and sssd's of two kinds.
    pub fn is_unknown_operation(self) -> bool {
        [Code::INTERNAL, Code::IO, Code::NO_SUPPORT].contains(&self)
    }

    /// There is no such cache or credential, or none any more.
    pub fn is_missing(self) -> bool {
        [Code::NO_FILE, Code::NOT_FOUND, Code::END].contains(&self)
    }
}

/// Why a reply has no results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The manager says so.
    Code(Code),
    /// It is not a reply.
    Malformed,
}

/// The results of a reply, which is without the length and the transport's code before it.
pub fn results(reply: &[u8]) -> Result<&[u8], Failure> {
    let (code, results) = reply.split_first_chunk().ok_or(Failure::Malformed)?;
    match i32::from_be_bytes(*code) {
        0 => Ok(results),
        code => Err(Failure::Code(Code(code))),
    }
}

/// A result that is a name.
pub fn name(results: &[u8]) -> Option<&str> {
    let end = results.iter().position(|&byte| byte == 0)?;
    std::str::from_utf8(results.get(..end)?).ok()
}

/// A result that is a number.
pub fn number(results: &[u8]) -> Option<i32> {
    results.first_chunk().copied().map(i32::from_be_bytes)
}

/// Results that are UUIDs.
pub fn uuids(results: &[u8]) -> Option<&[Uuid]> {
    match results.as_chunks() {
        (uuids, []) => Some(uuids),
        _ => None,
    }
}

/// Results that are credentials, each alone.
pub fn credentials(results: &[u8]) -> Option<Vec<&[u8]>> {
    let mut cursor = Cursor::new(results, ByteOrder::Big);
    let count = cursor.u32()?;
    let mut credentials = Vec::new();
    for _ in 0..count {
        let length = usize::try_from(cursor.u32()?).ok()?;
        credentials.push(cursor.take(length)?);
    }
    Some(credentials)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of MIT's `kcm.h` and of its documentation ("KCM protocol").
    #[test]
    fn requests_are_as_mit_s() {
        let request = Request::new(Operation::GetPrincipal).name("1000:2");
        assert_eq!(request.message(), b"\x02\0\0\x081000:2\0");
        let request = Request::new(Operation::GetCredByUuid).name("a").bytes(&[7; 16]);
        assert_eq!(request.message(), [b"\x02\0\0\x0aa\0", &[7; 16][..]].concat());
        let request = Request::new(Operation::GetCredList).name("a");
        assert_eq!(request.message(), b"\x02\0\x32\xc9a\0");
        let request = Request::new(Operation::SetKdcOffset).name("a").number(-2i32 as u32);
        assert_eq!(request.message(), b"\x02\0\0\x17a\0\xff\xff\xff\xfe");
        // A name cannot end early.
        assert_eq!(Request::new(Operation::Destroy).name("a\0b").message(), b"\x02\0\0\x05ab\0");
        let long = Request::new(Operation::Store).bytes(&[1; 5000]).bytes(&[2; 9000]);
        assert_eq!(long.message().len(), 4 + 14_000);
    }

    #[test]
    fn results_are_read_within_their_bounds() {
        assert_eq!(results(b"\0\0\0\0rest"), Ok(&b"rest"[..]));
        assert_eq!(results(b"\x96\xc7\x3a\xc3"), Err(Failure::Code(Code::NO_FILE)));
        assert_eq!(results(b"\0\0\0"), Err(Failure::Malformed));
        assert_eq!((name(b"a\0rest"), name(b"a"), name(b"\xff\0")), (Some("a"), None, None));
        assert_eq!((number(b"\xff\xff\xff\xfe"), number(b"\0")), (Some(-2), None));
        assert_eq!(uuids(&[1; 32]).map(<[Uuid]>::len), Some(2));
        assert_eq!((uuids(&[]).map(<[Uuid]>::len), uuids(&[1; 17])), (Some(0), None));
        assert_eq!(credentials(b"\0\0\0\x02\0\0\0\x01a\0\0\0\0"), Some(vec![&b"a"[..], b""]));
        for wrong in [
            &b"\0\0\0"[..],
            b"\xff\xff\xff\xff",
            b"\0\0\0\x01\xff\xff\xff\xffa",
            b"\0\0\0\x02\0\0\0\x01a",
        ] {
            assert_eq!(credentials(wrong), None);
        }
    }
}
