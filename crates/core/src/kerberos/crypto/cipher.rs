//! Block ciphers in CBC mode with an initial vector of zeros, over the sealed parts of a message,
//! in place: with ciphertext stealing for AES (RFC 3962 5), of whole blocks for triple DES (RFC
//! 3961 6.3).

use super::Enctype;
use crate::types::protection::Part;
use aes::{Aes128Dec, Aes128Enc, Aes256Dec, Aes256Enc};
use cbc::{Decryptor, Encryptor};
use cipher::array::Array;
use cipher::consts::U16;
use cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit,
    KeyInit,
};
use des::TdesEde3;
use zeroize::Zeroize;

/// One block of AES.
const BLOCK: usize = 16;

/// A key made ready to encrypt; zeroed when dropped.
pub(crate) enum Encrypting {
    Aes128(Aes128Enc),
    Aes256(Aes256Enc),
    Des3(TdesEde3),
}

/// A key made ready to decrypt; zeroed when dropped.
pub(crate) enum Decrypting {
    Aes128(Aes128Dec),
    Aes256(Aes256Dec),
    Des3(TdesEde3),
}

/// The schedule of a key whose length its owner has checked.
fn schedule<C: KeyInit>(key: &[u8]) -> C {
    let mut exact = cipher::Key::<C>::default();
    for (to, from) in exact.iter_mut().zip(key) {
        *to = *from;
    }
    let cipher = C::new(&exact);
    exact.as_mut_slice().zeroize();
    cipher
}

impl Encrypting {
    /// The cipher of `enctype`; nothing for RC4, which has no blocks.
    pub(crate) fn new(enctype: Enctype, key: &[u8]) -> Option<Encrypting> {
        Some(match enctype {
            Enctype::Aes128Sha1 | Enctype::Aes128Sha256 => Encrypting::Aes128(schedule(key)),
            Enctype::Aes256Sha1 | Enctype::Aes256Sha384 => Encrypting::Aes256(schedule(key)),
            Enctype::Des3Sha1 => Encrypting::Des3(schedule(key)),
            Enctype::Rc4Hmac => return None,
        })
    }

    /// Encrypts the sealed parts. Their length is at least one block, and for triple DES whole
    /// blocks.
    pub(crate) fn cbc(&self, parts: &mut [Part<'_>]) {
        match self {
            Encrypting::Aes128(aes) => cts_encrypt(aes, parts),
            Encrypting::Aes256(aes) => cts_encrypt(aes, parts),
            Encrypting::Des3(des) => {
                let mut mode = Encryptor::inner_iv_init(des, &Default::default());
                let length = sealed_length(parts);
                in_runs::<8>(parts, length, |run| {
                    mode.encrypt_blocks(Array::cast_slice_from_core_mut(run))
                });
            }
        }
    }

    /// Encrypts one block by itself; nothing happens to anything but one block.
    pub(crate) fn block(&self, block: &mut [u8]) {
        fn one<C: BlockCipherEncrypt>(cipher: &C, block: &mut [u8]) {
            if let Ok(block) = block.try_into() {
                cipher.encrypt_block(block);
            }
        }
        match self {
            Encrypting::Aes128(aes) => one(aes, block),
            Encrypting::Aes256(aes) => one(aes, block),
            Encrypting::Des3(des) => one(des, block),
        }
    }
}

impl Decrypting {
    /// The cipher of `enctype`; nothing for RC4, which has no blocks.
    pub(crate) fn new(enctype: Enctype, key: &[u8]) -> Option<Decrypting> {
        Some(match enctype {
            Enctype::Aes128Sha1 | Enctype::Aes128Sha256 => Decrypting::Aes128(schedule(key)),
            Enctype::Aes256Sha1 | Enctype::Aes256Sha384 => Decrypting::Aes256(schedule(key)),
            Enctype::Des3Sha1 => Decrypting::Des3(schedule(key)),
            Enctype::Rc4Hmac => return None,
        })
    }

    /// Decrypts the sealed parts. Their length is at least one block, and for triple DES whole
    /// blocks.
    pub(crate) fn cbc(&self, parts: &mut [Part<'_>]) {
        match self {
            Decrypting::Aes128(aes) => cts_decrypt(aes, parts),
            Decrypting::Aes256(aes) => cts_decrypt(aes, parts),
            Decrypting::Des3(des) => {
                let mut mode = Decryptor::inner_iv_init(des, &Default::default());
                let length = sealed_length(parts);
                in_runs::<8>(parts, length, |run| {
                    mode.decrypt_blocks(Array::cast_slice_from_core_mut(run))
                });
            }
        }
    }
}

/// Length of what ciphertext stealing treats on its own: the last two blocks, of which the second
/// may be short.
fn tail_length(length: usize) -> usize {
    match length % BLOCK {
        _ if length <= BLOCK => 0,
        0 => 2 * BLOCK,
        short => BLOCK + short,
    }
}

fn cts_encrypt<C: BlockCipherEncrypt<BlockSize = U16>>(cipher: &C, parts: &mut [Part<'_>]) {
    let length = sealed_length(parts);
    let tail = tail_length(length);
    let before = length - tail;
    let mut mode = Encryptor::inner_iv_init(cipher, &Default::default());
    in_runs::<BLOCK>(parts, before, |run| {
        mode.encrypt_blocks(Array::cast_slice_from_core_mut(run))
    });
    if tail > 0 {
        // The last block padded with zeros; then the two change places and the shorter end is cut
        // off.
        let mut blocks = [[0; BLOCK]; 2];
        gather(parts, before, &mut blocks.as_flattened_mut()[..tail]);
        mode.encrypt_blocks(Array::cast_slice_from_core_mut(&mut blocks));
        blocks.swap(0, 1);
        scatter(parts, before, &blocks.as_flattened()[..tail]);
    }
}

fn cts_decrypt<C: BlockCipherDecrypt<BlockSize = U16>>(cipher: &C, parts: &mut [Part<'_>]) {
    let length = sealed_length(parts);
    let tail = tail_length(length);
    let before = length - tail;
    let mut mode = Decryptor::inner_iv_init(cipher, &Default::default());
    in_runs::<BLOCK>(parts, before, |run| {
        mode.decrypt_blocks(Array::cast_slice_from_core_mut(run))
    });
    if tail > 0 {
        let mut blocks = [[0; BLOCK]; 2];
        gather(parts, before, &mut blocks.as_flattened_mut()[..tail]);
        let [last, short] = &mut blocks;
        let mut last = Array(*last);
        cipher.decrypt_block(&mut last);
        // What the encryption cut off its last block but one is what the padding turned into.
        let (given, cut) = short.split_at_mut(tail - BLOCK);
        cut.copy_from_slice(&last[tail - BLOCK..]);
        for (byte, given) in last.iter_mut().zip(given) {
            *byte ^= *given;
        }
        let mut first = Array(*short);
        mode.decrypt_block(&mut first);
        blocks = [first.0, last.0];
        scatter(parts, before, &blocks.as_flattened()[..tail]);
    }
}

/// Bytes in the sealed parts.
pub(crate) fn sealed_length(parts: &[Part<'_>]) -> usize {
    parts.iter().filter(|part| part.seal).map(|part| part.data.len()).sum()
}

/// Calls `work` with the first `length` bytes (whole blocks) of the sealed parts, in their order
/// and in runs as long as the parts allow. A block that lies in several parts is brought together
/// and put back.
fn in_runs<const N: usize>(
    parts: &mut [Part<'_>],
    length: usize,
    mut work: impl FnMut(&mut [[u8; N]]),
) {
    // Counted in bytes of the sealed parts: where this part begins, and how far the work has come.
    let (mut start, mut done) = (0, 0);
    for index in 0..parts.len() {
        let Some(Part { data, seal: true }) = parts.get_mut(index) else { continue };
        let end = start + data.len();
        if done < end.min(length) {
            let run = data.get_mut(done - start..end.min(length) - start).unwrap_or_default();
            let (blocks, rest) = run.as_chunks_mut::<N>();
            done += blocks.len() * N;
            let straddles = !rest.is_empty();
            if !blocks.is_empty() {
                work(blocks);
            }
            if straddles {
                let mut block = [[0; N]];
                gather(parts, done, block.as_flattened_mut());
                work(&mut block);
                scatter(parts, done, block.as_flattened());
                done += N;
            }
        }
        start = end;
    }
}

/// Copies what lies at `at` in the sealed parts into `out`.
fn gather(parts: &mut [Part<'_>], at: usize, out: &mut [u8]) {
    each_piece(parts, at, out.len(), |offset, piece| {
        out[offset..offset + piece.len()].copy_from_slice(piece)
    });
}

/// Copies `bytes` to `at` in the sealed parts.
fn scatter(parts: &mut [Part<'_>], at: usize, bytes: &[u8]) {
    each_piece(parts, at, bytes.len(), |offset, piece| {
        piece.copy_from_slice(&bytes[offset..offset + piece.len()])
    });
}

/// Calls `work` with the pieces of the sealed parts from `at` on, `length` bytes together, and with
/// where each lies in those.
fn each_piece(
    parts: &mut [Part<'_>],
    at: usize,
    length: usize,
    mut work: impl FnMut(usize, &mut [u8]),
) {
    let mut start = 0;
    for part in parts.iter_mut().filter(|part| part.seal) {
        let end = start + part.data.len();
        let (from, to) = (start.max(at), end.min(at + length));
        if from < to {
            work(from - at, &mut part.data[from - start..to - start]);
        }
        start = end;
    }
}
