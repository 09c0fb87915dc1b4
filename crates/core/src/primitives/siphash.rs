//! SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash whose collisions an attacker without
//! the key cannot choose.

/// The 64-bit hash of `data` under a key of 16 bytes.
pub fn siphash24(key: &[u8; 16], data: &[u8]) -> u64 {
    let key = u128::from_le_bytes(*key);
    let (k0, k1) = (key as u64, (key >> 64) as u64);
    let mut v = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let (words, rest) = data.as_chunks();
    for chunk in words {
        absorb(&mut v, u64::from_le_bytes(*chunk));
    }
    absorb(&mut v, word(rest) | (data.len() as u64) << 56);
    v[2] ^= 0xff;
    (0..4).for_each(|_| round(&mut v));
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

/// Up to eight bytes as a little-endian number.
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

fn absorb(v: &mut [u64; 4], word: u64) {
    v[3] ^= word;
    round(v);
    round(v);
    v[0] ^= word;
}

fn round(v: &mut [u64; 4]) {
    let [mut a, mut b, mut c, mut d] = *v;
    a = a.wrapping_add(b);
    b = b.rotate_left(13) ^ a;
    a = a.rotate_left(32);
    c = c.wrapping_add(d);
    d = d.rotate_left(16) ^ c;
    a = a.wrapping_add(d);
    d = d.rotate_left(21) ^ a;
    c = c.wrapping_add(b);
    b = b.rotate_left(17) ^ c;
    c = c.rotate_left(32);
    *v = [a, b, c, d];
}

#[cfg(test)]
mod tests {
    use super::siphash24;

    /// The paper's example (appendix A), and the first, ninth and last of the reference
    /// implementation's vectors.
    #[test]
    fn published_vectors() {
        let key: [u8; 16] = std::array::from_fn(|n| n as u8);
        let data: [u8; 64] = std::array::from_fn(|n| n as u8);
        assert_eq!(siphash24(&key, &data[..15]), 0xa129_ca61_49be_45e5);
        assert_eq!(
            siphash24(&key, &[]),
            u64::from_le_bytes([0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb, 0x6f, 0x72])
        );
        assert_eq!(
            siphash24(&key, &data[..8]),
            u64::from_le_bytes([0x62, 0x24, 0x93, 0x9a, 0x79, 0xf5, 0xf5, 0x93])
        );
        assert_eq!(
            siphash24(&key, &data[..63]),
            u64::from_le_bytes([0x72, 0x45, 0x06, 0xeb, 0x4c, 0x32, 0x8a, 0x95])
        );
    }
}
