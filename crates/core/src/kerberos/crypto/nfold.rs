//! n-fold, RFC 3961 5.1.

/// Stretches or shrinks `input` to `N` bytes: copies of it, each turned 13 bits further to the
/// right than the one before, up to the least common multiple of both lengths, added up in pieces
/// of `N` bytes with an end-around carry.
pub const fn n_fold<const N: usize>(input: &[u8]) -> [u8; N] {
    let mut out = [0u8; N];
    let length = input.len();
    if length == 0 || N == 0 {
        return out;
    }
    let total = length / greatest_common_divisor(length, N) * N;
    let bits = length * 8;
    let mut carry = 0u32;
    // From the last byte to the first, so that the carry goes its way.
    let mut at = total;
    while at > 0 {
        at -= 1;
        // The bit of the input that this byte of the copy begins with.
        let turned = (at / length) * 13 % bits;
        let first = ((at % length) * 8 + bits - turned) % bits;
        let high = input[first / 8] as u32;
        let low = input[(first / 8 + 1) % length] as u32;
        let byte = ((high << 8 | low) >> (8 - first % 8)) & 0xff;
        carry += out[at % N] as u32 + byte;
        out[at % N] = carry as u8;
        carry >>= 8;
    }
    // What is carried out at the front comes in at the end, until nothing is left.
    while carry > 0 {
        let mut at = N;
        while at > 0 && carry > 0 {
            at -= 1;
            carry += out[at] as u32;
            out[at] = carry as u8;
            carry >>= 8;
        }
    }
    out
}

const fn greatest_common_divisor(mut a: usize, mut b: usize) -> usize {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
