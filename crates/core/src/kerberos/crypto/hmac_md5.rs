//! KERB_CHECKSUM_HMAC_MD5 with keys of other encryption types than RC4's, for [MS-SFU].

use super::{Key, arcfour};

impl Key {
    /// KERB_CHECKSUM_HMAC_MD5 over the concatenated parts (RFC 4757 4), with a key of any encryption
    /// type.
    pub fn checksum_hmac_md5(&self, usage: u32, parts: &[&[u8]]) -> [u8; 16] {
        let tag =
            arcfour::signature(&arcfour::signature_mac(self.bytes()), usage, parts.iter().copied());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(tag.first(16));
        bytes
    }
}
