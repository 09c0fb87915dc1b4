//! Message protection: the arguments and results shared by all mechanisms' sessions.

/// A part of a message, in the message's order. All parts are signed; those with `seal` are also
/// encrypted.
#[derive(Debug)]
pub struct Part<'a> {
    /// The caller's bytes, processed in place.
    pub data: &'a mut [u8],
    /// Whether to encrypt it (SECBUFFER_DATA), or only sign it (SECBUFFER_READONLY_WITH_CHECKSUM).
    pub seal: bool,
}

/// `SecPkgContext_Sizes`, all in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// The longest authentication token.
    pub max_token: u32,
    /// The longest signature of `MakeSignature`.
    pub max_signature: u32,
    /// The block size to which encrypted messages are padded; 1 for none.
    pub block_size: u32,
    /// The most bytes that `EncryptMessage` writes to the SECBUFFER_TOKEN buffer.
    pub security_trailer: u32,
}

/// The quality of protection of a message.
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
    /// The name of the signature algorithm.
    pub signature_name: &'static str,
    /// The name of the encryption algorithm.
    pub encrypt_name: &'static str,
    /// The length of the session key, in bits.
    pub key_bits: u32,
    /// The number of the signature algorithm, as in Windows.
    pub signature_id: u32,
    /// The number of the encryption algorithm, as in Windows.
    pub encrypt_id: u32,
}
