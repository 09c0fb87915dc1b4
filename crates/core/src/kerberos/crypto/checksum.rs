//! Keyed checksums, RFC 3961 4.

use super::derive::{Deriving, Purpose};
use super::mac::{Mac, Tag};
use super::{Enctype, arcfour};
use crate::types::error::{Error, Result};
use std::fmt;

/// A checksum with its type.
pub struct Checksum {
    enctype: Enctype,
    tag: Tag,
}

impl Checksum {
    /// The number of the checksum type: `cksumtype` of RFC 4120 5.2.9.
    pub fn checksum_type(&self) -> i32 {
        self.enctype.checksum_type()
    }

    /// The bytes of the checksum. They are as many as in the tag of messages encrypted with the
    /// same encryption type.
    pub fn bytes(&self) -> &[u8] {
        self.tag.first(self.enctype.tag_length())
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checksum({})", self.checksum_type())
    }
}

/// The checksum key of one usage.
pub(crate) struct Signing {
    enctype: Enctype,
    usage: u32,
    mac: Mac,
}

impl Signing {
    pub(super) fn new(enctype: Enctype, key: &[u8], usage: u32) -> Signing {
        let mac = match enctype {
            Enctype::Rc4Hmac => arcfour::signature_mac(key),
            _ => {
                Mac::new(enctype, &Deriving::new(enctype, key).usage_key(usage, Purpose::Checksum))
            }
        };
        Signing { enctype, usage, mac }
    }

    pub(crate) fn checksum(&self, parts: &[&[u8]]) -> Checksum {
        let parts = parts.iter().copied();
        let tag = match self.enctype {
            Enctype::Rc4Hmac => arcfour::signature(&self.mac, self.usage, parts),
            _ => self.mac.over(parts),
        };
        Checksum { enctype: self.enctype, tag }
    }

    /// Checks a checksum, in constant time.
    pub(crate) fn verify(&self, parts: &[&[u8]], checksum_type: i32, given: &[u8]) -> Result<()> {
        if checksum_type != self.enctype.checksum_type() {
            return Err(Error::MessageAltered(
                "a checksum of a type that does not go with the key",
            ));
        }
        match self.checksum(parts).tag.matches(self.enctype.tag_length(), given) {
            true => Ok(()),
            false => Err(Error::MessageAltered("the checksum does not match")),
        }
    }
}
