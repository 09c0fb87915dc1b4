//! The stack that a computation has used. Keys that functions returned, and what ciphers and hashes
//! computed with, are left there, in parts that no variable owns any more.

use std::mem::MaybeUninit;

/// Bytes that are erased at a time. Vectors do that faster than the string instructions that longer
/// pieces would be erased with.
const PIECE: usize = 1024;

/// Erases `PIECES` kilobytes of the stack below the caller's frame.
#[inline(never)]
pub fn erase<const PIECES: usize>() {
    let mut below = [const { MaybeUninit::<[u8; PIECE]>::uninit() }; PIECES];
    for piece in &mut below {
        // The compiler must not leave it out.
        std::hint::black_box(piece.write([0; PIECE]));
    }
}
