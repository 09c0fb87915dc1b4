//! RC4 with a cloneable state, so that a message that fails verification leaves the session
//! unchanged.

use zeroize::Zeroize;

/// One RC4 key stream; erased when dropped.
#[derive(Clone)]
pub(crate) struct Rc4 {
    state: [u8; 256],
    i: u8,
    j: u8,
}

impl Drop for Rc4 {
    fn drop(&mut self) {
        // As a slice: an array would be erased byte by byte.
        self.state.as_mut_slice().zeroize();
    }
}

impl Rc4 {
    /// Schedules a key of 16 bytes. RC4 repeats its key, so a key of 8 bytes is passed twice in a
    /// row.
    pub(crate) fn new(key: &[u8; 16]) -> Rc4 {
        let mut state: [u8; 256] = std::array::from_fn(|i| i as u8);
        let mut j = 0u8;
        // In rounds of the key's length, so that the compiler unrolls them.
        for round in 0..16 {
            for (at, key) in key.iter().enumerate() {
                let i = 16 * round + at;
                j = j.wrapping_add(state[i]).wrapping_add(*key);
                state.swap(i, usize::from(j));
            }
        }
        Rc4 { state, i: 0, j: 0 }
    }

    /// Encrypts or decrypts `data` in place.
    pub(crate) fn apply(&mut self, data: &mut [u8]) {
        // Eight key stream bytes at a time, so that data is accessed in words.
        let (words, rest) = data.as_chunks_mut::<8>();
        let mut stream = Stream { state: &mut self.state, i: self.i, j: self.j };
        for word in words {
            let key = std::array::from_fn(|_| stream.next());
            *word = (u64::from_ne_bytes(*word) ^ u64::from_ne_bytes(key)).to_ne_bytes();
        }
        for byte in rest {
            *byte ^= stream.next();
        }
        (self.i, self.j) = (stream.i, stream.j);
    }

    /// The state, with both of its indices.
    pub(crate) fn parts(&self) -> (&[u8; 256], u8, u8) {
        (&self.state, self.i, self.j)
    }

    /// The inverse of [`Rc4::parts`]; `None` if it is not a valid state.
    pub(crate) fn from_parts(state: &[u8; 256], i: u8, j: u8) -> Option<Rc4> {
        let rc4 = Rc4 { state: *state, i, j };
        // A valid state is a permutation of all bytes.
        let mut seen = [false; 256];
        rc4.state.iter().for_each(|&byte| seen[usize::from(byte)] = true);
        (!seen.contains(&false)).then_some(rc4)
    }
}

/// A key stream whose counters are kept in registers.
struct Stream<'a> {
    state: &'a mut [u8; 256],
    i: u8,
    j: u8,
}

impl Stream<'_> {
    #[inline(always)]
    fn next(&mut self) -> u8 {
        self.i = self.i.wrapping_add(1);
        let a = self.state[usize::from(self.i)];
        self.j = self.j.wrapping_add(a);
        let b = self.state[usize::from(self.j)];
        self.state[usize::from(self.i)] = b;
        self.state[usize::from(self.j)] = a;
        self.state[usize::from(a.wrapping_add(b))]
    }
}

#[cfg(test)]
mod tests {
    use super::Rc4;

    fn stream(key: &[u8; 16], from: usize) -> [u8; 16] {
        // Pieces of odd lengths; the stream must not depend on them.
        let mut rc4 = Rc4::new(key);
        let mut out = vec![0; from + 16];
        for piece in out.chunks_mut(13) {
            rc4.apply(piece);
        }
        std::array::from_fn(|i| out[from + i])
    }

    // RFC 6229 2: key lengths 128 and 64 bits.
    #[test]
    fn rfc_6229_128_bits() {
        let key = std::array::from_fn(|i| i as u8 + 1);
        assert_eq!(stream(&key, 0), 0x9ac7cc9a609d1ef7b2932899cde41b97u128.to_be_bytes());
        assert_eq!(stream(&key, 16), 0x5248c4959014126a6e8a84f11d1a9e1cu128.to_be_bytes());
        assert_eq!(stream(&key, 4096), 0xa36a4c301ae8ac13610ccbc12256caccu128.to_be_bytes());
    }

    #[test]
    fn rfc_6229_64_bits() {
        let key = std::array::from_fn(|i| i as u8 % 8 + 1);
        assert_eq!(stream(&key, 0), 0x97ab8a1bf0afb96132f2f67258da15a8u128.to_be_bytes());
        assert_eq!(stream(&key, 16), 0x8263efdb45c4a18684ef87e6b19e5b09u128.to_be_bytes());
    }
}
