//! Protection of messages: what every mechanism's session takes and returns.

/// One piece of a message, in the message's order. All pieces are signed; those with `seal` are
/// encrypted too.
#[derive(Debug)]
pub struct Part<'a> {
    /// The caller's bytes, worked on in place.
    pub data: &'a mut [u8],
    /// Encrypt it (SECBUFFER_DATA), or sign it alone (SECBUFFER_READONLY_WITH_CHECKSUM).
    pub seal: bool,
}

/// `SecPkgContext_Sizes`, all in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Longest token of the authentication.
    pub max_token: u32,
    /// Longest signature that `MakeSignature` makes.
    pub max_signature: u32,
    /// Messages to be encrypted are padded to a multiple of this; 1 for none.
    pub block_size: u32,
    /// Bytes that `EncryptMessage` puts into the SECBUFFER_TOKEN buffer, at most.
    pub security_trailer: u32,
}

/// Quality of protection of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qop {
    /// Signed and encrypted.
    Encrypt,
    /// `SECQOP_WRAP_NO_ENCRYPT`: signed only, in the format of a sealed message.
    NoEncrypt,
}

/// `SecPkgContext_KeyInfo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyInfo {
    /// Name of the signature algorithm.
    pub signature_name: &'static str,
    /// Name of the encryption algorithm.
    pub encrypt_name: &'static str,
    /// Bits of the session key in effect.
    pub key_bits: u32,
    /// Number of the signature algorithm, as Windows gives it.
    pub signature_id: u32,
    /// Number of the encryption algorithm, as Windows gives it.
    pub encrypt_id: u32,
}
