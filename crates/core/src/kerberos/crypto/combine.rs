//! Two keys combined into one: PRF+ and KRB-FX-CF2, RFC 6113 5.1.

use super::derive::des3_key;
use super::secret::Secret;
use super::{Enctype, Key};
use zeroize::Zeroizing;

impl Key {
    /// KRB-FX-CF2 of this key and `other`, each with the text that says what it is used for. The
    /// result has this key's encryption type.
    pub fn combine(&self, pepper: &str, other: &Key, other_pepper: &str) -> Key {
        let enctype = self.enctype();
        let length = match enctype {
            // The seed of random-to-key has no parity bits.
            Enctype::Des3Sha1 => 21,
            _ => enctype.key_length(),
        };
        let mut seed = self.prf_plus(pepper, length);
        for (to, from) in seed.iter_mut().zip(&*other.prf_plus(other_pepper, length)) {
            *to ^= from;
        }
        let mut secret = Secret::zeros(enctype.key_length());
        match seed.first_chunk::<21>() {
            Some(bits) if enctype == Enctype::Des3Sha1 => des3_key(bits, &mut secret),
            _ => secret.copy_from_slice(&seed),
        }
        Key::from_secret(enctype, secret)
    }

    /// The first `length` bytes of PRF+: pseudo-random outputs for the counted input.
    fn prf_plus(&self, pepper: &str, length: usize) -> Zeroizing<Vec<u8>> {
        // Not grown: that would leave copies behind. No output is longer than 64 bytes.
        let mut bytes = Zeroizing::new(Vec::with_capacity(length + 64));
        for count in 1..=u8::MAX {
            if bytes.len() >= length {
                break;
            }
            bytes.extend_from_slice(&self.prf(&[&[count], pepper.as_bytes()].concat()));
        }
        bytes.truncate(length);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kerberos::crypto::string_to_key;

    /// RFC 6113 A, and MIT krb5's `t_cf2` for the other encryption types.
    const COMBINED: [(Enctype, &str); 6] = [
        (Enctype::Aes128Sha1, "97df97e4b798b29eb31ed7280287a92a"),
        (Enctype::Aes256Sha1, "4d6ca4e629785c1f01baf55e2e548566b9617ae3a96868c337cb93b5e72b1c7b"),
        (Enctype::Des3Sha1, "e58f9eb643862c13ad38e529313462a7f73e62834fe54a01"),
        (Enctype::Rc4Hmac, "24d7f6b6bae4e5c00d2082c5ebab3672"),
        (Enctype::Aes128Sha256, "edd02a39d2dbde31611c16e610be062c"),
        (Enctype::Aes256Sha384, "67f6ea530aea85a37dcbb23349ea52dcc61ca8493ff557252327fd8304341584"),
    ];

    #[test]
    fn combined_keys_are_the_published_ones() {
        for (enctype, expected) in COMBINED {
            let key = |name: &str| string_to_key(enctype, name, name.as_bytes(), None).unwrap();
            let combined = key("key1").combine("a", &key("key2"), "b");
            let hex: String = combined.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, expected, "{enctype:?}");
            assert_eq!(combined.enctype(), enctype);
        }
    }
}
