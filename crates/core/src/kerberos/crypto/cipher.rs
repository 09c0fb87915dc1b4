//! Block ciphers in CBC mode with an initial vector of zeros, applied in place to the sealed parts
//! of a message: with ciphertext stealing for AES (RFC 3962 5), on whole blocks for triple DES (RFC
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

/// The block size of AES, in bytes.
const BLOCK: usize = 16;

/// A key schedule for encryption. Zeroed when dropped.
pub(crate) enum Encrypting {
    Aes128(Aes128Enc),
    Aes256(Aes256Enc),
    Des3(TdesEde3),
}

/// A key schedule for decryption. Zeroed when dropped.
pub(crate) enum Decrypting {
    Aes128(Aes128Dec),
    Aes256(Aes256Dec),
    Des3(TdesEde3),
}

/// The key schedule for `key`, whose length the caller has checked.
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
    /// The cipher of `enctype`; `None` for RC4, a stream cipher.
    pub(crate) fn new(enctype: Enctype, key: &[u8]) -> Option<Encrypting> {
        Some(match enctype {
            Enctype::Aes128Sha1 | Enctype::Aes128Sha256 => Encrypting::Aes128(schedule(key)),
            Enctype::Aes256Sha1 | Enctype::Aes256Sha384 => Encrypting::Aes256(schedule(key)),
            Enctype::Des3Sha1 => Encrypting::Des3(schedule(key)),
            Enctype::Rc4Hmac => return None,
        })
    }

    /// Encrypts the sealed parts. They must have at least one block in total, and for triple DES
    /// whole blocks.
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

    /// Encrypts a single block. Input of another length is left unchanged.
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
    /// The cipher of `enctype`; `None` for RC4, a stream cipher.
    pub(crate) fn new(enctype: Enctype, key: &[u8]) -> Option<Decrypting> {
        Some(match enctype {
            Enctype::Aes128Sha1 | Enctype::Aes128Sha256 => Decrypting::Aes128(schedule(key)),
            Enctype::Aes256Sha1 | Enctype::Aes256Sha384 => Decrypting::Aes256(schedule(key)),
            Enctype::Des3Sha1 => Decrypting::Des3(schedule(key)),
            Enctype::Rc4Hmac => return None,
        })
    }

    /// Decrypts the sealed parts. They must have at least one block in total, and for triple DES
    /// whole blocks.
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

/// The length of the part that ciphertext stealing treats separately: the last two blocks, of which
/// the second may be incomplete.
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
        // The last block is padded with zeros; then both blocks are swapped and the end is cut off.
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
        // The bytes cut off the second last block appear in the decrypted last one, at the place of
        // the zero padding.
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

/// The total length of the sealed parts, in bytes.
pub(crate) fn sealed_length(parts: &[Part<'_>]) -> usize {
    parts.iter().filter(|part| part.seal).map(|part| part.data.len()).sum()
}

/// Calls `work` with the first `length` bytes (whole blocks) of the sealed parts, in order and in
/// runs as long as the parts permit. A block that spans parts is copied together and back.
fn in_runs<const N: usize>(
    parts: &mut [Part<'_>],
    length: usize,
    mut work: impl FnMut(&mut [[u8; N]]),
) {
    // Offsets into the sealed bytes: the start of this part, and the end of the processed bytes.
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

/// Copies the sealed bytes at offset `at` into `out`.
fn gather(parts: &mut [Part<'_>], at: usize, out: &mut [u8]) {
    each_piece(parts, at, out.len(), |offset, piece| {
        out[offset..offset + piece.len()].copy_from_slice(piece)
    });
}

/// Copies `bytes` to the sealed bytes at offset `at`.
fn scatter(parts: &mut [Part<'_>], at: usize, bytes: &[u8]) {
    each_piece(parts, at, bytes.len(), |offset, piece| {
        piece.copy_from_slice(&bytes[offset..offset + piece.len()])
    });
}

/// Calls `work` with each contiguous piece of the `length` sealed bytes at offset `at`, together
/// with the offset of the piece within them.
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
