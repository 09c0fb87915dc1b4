//! Encryption types by number and name.

use crate::persist::{MALFORMED, Persist, Reader, Writer};
use crate::types::error::Result;

/// An encryption type, by its number in RFC 3961 8 and the IANA registry.
///
/// Single DES and exportable RC4 are not supported: RFC 6649 and RFC 8429 deprecated them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i32)]
pub enum Enctype {
    /// des3-cbc-sha1-kd (RFC 3961 6.3).
    Des3Sha1 = 16,
    /// aes128-cts-hmac-sha1-96 (RFC 3962).
    Aes128Sha1 = 17,
    /// aes256-cts-hmac-sha1-96 (RFC 3962).
    Aes256Sha1 = 18,
    /// aes128-cts-hmac-sha256-128 (RFC 8009).
    Aes128Sha256 = 19,
    /// aes256-cts-hmac-sha384-192 (RFC 8009).
    Aes256Sha384 = 20,
    /// rc4-hmac, also called arcfour-hmac (RFC 4757).
    Rc4Hmac = 23,
}

impl Enctype {
    /// All encryption types, by number.
    pub const ALL: [Enctype; 6] = [
        Enctype::Des3Sha1,
        Enctype::Aes128Sha1,
        Enctype::Aes256Sha1,
        Enctype::Aes128Sha256,
        Enctype::Aes256Sha384,
        Enctype::Rc4Hmac,
    ];

    /// The encryption type with this number, if supported.
    pub fn from_number(number: i32) -> Option<Enctype> {
        Enctype::ALL.into_iter().find(|enctype| enctype.number() == number)
    }

    /// The number on the wire.
    pub fn number(self) -> i32 {
        self as i32
    }

    /// The name, as shown and accepted by MIT's tools.
    pub fn name(self) -> &'static str {
        match self {
            Enctype::Des3Sha1 => "des3-cbc-sha1",
            Enctype::Aes128Sha1 => "aes128-cts-hmac-sha1-96",
            Enctype::Aes256Sha1 => "aes256-cts-hmac-sha1-96",
            Enctype::Aes128Sha256 => "aes128-cts-hmac-sha256-128",
            Enctype::Aes256Sha384 => "aes256-cts-hmac-sha384-192",
            Enctype::Rc4Hmac => "arcfour-hmac",
        }
    }

    /// The encryption type with this name, or an alias accepted by MIT's or Heimdal's
    /// configuration, in any letter case.
    pub fn from_name(name: &str) -> Option<Enctype> {
        let others = |enctype| -> &[&str] {
            match enctype {
                Enctype::Des3Sha1 => &["des3-cbc-sha1-kd", "des3-hmac-sha1"],
                Enctype::Aes128Sha1 => &["aes128-sha1", "aes128-cts"],
                Enctype::Aes256Sha1 => &["aes256-sha1", "aes256-cts"],
                Enctype::Aes128Sha256 => &["aes128-sha2"],
                Enctype::Aes256Sha384 => &["aes256-sha2"],
                Enctype::Rc4Hmac => &["rc4-hmac", "arcfour-hmac-md5"],
            }
        };
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        Enctype::ALL
            .into_iter()
            .find(|&enctype| is(enctype.name()) || others(enctype).iter().copied().any(is))
    }

    /// The length of a key, in bytes.
    pub fn key_length(self) -> usize {
        match self {
            Enctype::Des3Sha1 => 24,
            Enctype::Aes128Sha1 | Enctype::Aes128Sha256 | Enctype::Rc4Hmac => 16,
            Enctype::Aes256Sha1 | Enctype::Aes256Sha384 => 32,
        }
    }

    /// The length of the confounder, the random bytes that precede every plaintext, in bytes.
    pub fn confounder_length(self) -> usize {
        match self {
            Enctype::Des3Sha1 | Enctype::Rc4Hmac => 8,
            _ => 16,
        }
    }

    /// The length of the authentication tag of an encrypted message, in bytes.
    pub fn tag_length(self) -> usize {
        match self {
            Enctype::Des3Sha1 => 20,
            Enctype::Aes128Sha1 | Enctype::Aes256Sha1 => 12,
            Enctype::Aes128Sha256 | Enctype::Rc4Hmac => 16,
            Enctype::Aes256Sha384 => 24,
        }
    }

    /// The last bytes of a ciphertext, as many as the authentication tag has. The replay cache
    /// identifies an authenticator by them, as does MIT's library. RC4's tag is at the other end,
    /// but its last bytes depend on the whole plaintext too.
    pub fn tag_of(self, cipher: &[u8]) -> &[u8] {
        cipher.get(cipher.len().saturating_sub(self.tag_length())..).unwrap_or_default()
    }

    /// The block size to which plaintexts are padded, in bytes; 1 for no padding. Only triple DES
    /// pads. RFC 3961 does not mark the padding: removing it is left to the content.
    pub fn padding(self) -> usize {
        match self {
            Enctype::Des3Sha1 => 8,
            _ => 1,
        }
    }

    /// The length of the ciphertext for `plain` bytes of plaintext, in bytes.
    pub fn sealed_length(self, plain: usize) -> usize {
        self.confounder_length() + plain.next_multiple_of(self.padding()) + self.tag_length()
    }

    /// The number of the associated checksum type (RFC 3961 8, RFC 8009 8, RFC 4757 4).
    pub fn checksum_type(self) -> i32 {
        match self {
            Enctype::Des3Sha1 => 12,
            Enctype::Aes128Sha1 => 15,
            Enctype::Aes256Sha1 => 16,
            Enctype::Aes128Sha256 => 19,
            Enctype::Aes256Sha384 => 20,
            Enctype::Rc4Hmac => -138,
        }
    }
}

impl Persist for Enctype {
    fn pack(&self, out: &mut Writer) -> Result<()> {
        self.number().cast_unsigned().pack(out)
    }

    fn unpack(from: &mut Reader<'_>) -> Result<Enctype> {
        Enctype::from_number(u32::unpack(from)?.cast_signed()).ok_or(MALFORMED)
    }
}
