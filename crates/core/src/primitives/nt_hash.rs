//! The NT hash of a password: NTLM's key, and Kerberos' for RC4 (RFC 4757 2).

use md4::{Digest, Md4};
use zeroize::Zeroizing;

/// `NTOWFv1`: MD4 of the password in UTF-16LE ([MS-NLMP] 3.3.1).
pub fn nt_hash(password: &str) -> [u8; 16] {
    let mut utf16 = Zeroizing::new(Vec::with_capacity(password.len() * 2));
    utf16.extend(password.encode_utf16().flat_map(u16::to_le_bytes));
    Md4::digest(&*utf16).into()
}
