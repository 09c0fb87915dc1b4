//! n-fold, RFC 3961 5.1.

/// Stretches or shrinks `input` to `N` bytes. Copies of the input, each rotated to the right by 13
/// bits more than the one before, are concatenated up to the least common multiple of both lengths,
/// and added in blocks of `N` bytes with end-around carry.
pub const fn n_fold<const N: usize>(input: &[u8]) -> [u8; N] {
    let mut out = [0u8; N];
    let length = input.len();
    if length == 0 || N == 0 {
        return out;
    }
    let total = length / greatest_common_divisor(length, N) * N;
    let bits = length * 8;
    let mut carry = 0u32;
    // From the last byte to the first, in the direction of the carry.
    let mut at = total;
    while at > 0 {
        at -= 1;
        // The bit of the input at which this byte of the copy starts.
        let turned = (at / length) * 13 % bits;
        let first = ((at % length) * 8 + bits - turned) % bits;
        let high = input[first / 8] as u32;
        let low = input[(first / 8 + 1) % length] as u32;
        let byte = ((high << 8 | low) >> (8 - first % 8)) & 0xff;
        carry += out[at % N] as u32 + byte;
        out[at % N] = carry as u8;
        carry >>= 8;
    }
    // End-around carry, until none is left.
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
