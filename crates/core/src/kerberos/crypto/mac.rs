//! HMAC after its key schedule, with the hash of an encryption type.

use super::Enctype;
use hmac::{Hmac, KeyInit, Mac as _};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha384};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// The longest hash output in use, in bytes.
const MAX_OUTPUT: usize = 48;

/// A keyed hash. Its state is zeroed when dropped.
#[derive(Clone)]
pub(crate) enum Mac {
    Md5(Hmac<Md5>),
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
}

macro_rules! each {
    ($self:expr, $mac:ident => $call:expr) => {
        match $self {
            Mac::Md5($mac) => $call,
            Mac::Sha1($mac) => $call,
            Mac::Sha256($mac) => $call,
            Mac::Sha384($mac) => $call,
        }
    };
}

/// HMAC with the key `key`. Keys are never longer than a block of the hash.
fn keyed<M: KeyInit>(key: &[u8]) -> M {
    // Hmac pads shorter keys with zeros. Passing a whole block avoids a fallible call.
    let mut block = hmac::digest::Key::<M>::default();
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mac = M::new(&block);
    block.as_mut_slice().zeroize();
    mac
}

impl Mac {
    /// The keyed hash for `enctype`.
    pub(super) fn new(enctype: Enctype, key: &[u8]) -> Mac {
        match enctype {
            Enctype::Rc4Hmac => Mac::Md5(keyed(key)),
            Enctype::Des3Sha1 | Enctype::Aes128Sha1 | Enctype::Aes256Sha1 => Mac::Sha1(keyed(key)),
            Enctype::Aes128Sha256 => Mac::Sha256(keyed(key)),
            Enctype::Aes256Sha384 => Mac::Sha384(keyed(key)),
        }
    }

    /// HMAC-SHA1, for any encryption type.
    pub(super) fn sha1(key: &[u8]) -> Mac {
        Mac::Sha1(keyed(key))
    }

    /// The hash over the concatenated parts.
    pub(super) fn over<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> Tag {
        let mut tag = Tag { bytes: [0; MAX_OUTPUT], length: 0 };
        each!(self, keyed => {
            let mut mac = keyed.clone();
            parts.into_iter().for_each(|part| mac.update(part));
            tag.fill(&mac.finalize().into_bytes());
        });
        tag
    }
}

/// A hash, possibly truncated. Zeroed when dropped, since keys are derived from hashes.
pub(super) struct Tag {
    bytes: [u8; MAX_OUTPUT],
    length: usize,
}

impl Tag {
    fn fill(&mut self, bytes: &[u8]) {
        self.length = bytes.len().min(MAX_OUTPUT);
        for (to, from) in self.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
    }

    /// The first `length` bytes, or all if there are fewer.
    pub(super) fn first(&self, length: usize) -> &[u8] {
        self.bytes.get(..length.min(self.length)).unwrap_or_default()
    }

    /// Whether the first `length` bytes equal `given`, in constant time.
    pub(super) fn matches(&self, length: usize, given: &[u8]) -> bool {
        self.first(length).ct_eq(given).into()
    }
}

impl Drop for Tag {
    fn drop(&mut self) {
        self.bytes.as_mut_slice().zeroize();
    }
}
