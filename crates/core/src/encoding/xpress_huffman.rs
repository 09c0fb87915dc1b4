//! Decompression of LZ77+Huffman, also called XPRESS Huffman ([MS-XCA] 2.1 and 2.2).
//!
//! The data is in blocks for 64 KiB of output each. A block begins with the lengths of 512 prefix
//! codes, four bits each. A bit stream follows, in 16-bit words with the highest bit first. Symbols
//! below 256 are bytes, the others are matches: four bits of the length and four of the distance's
//! size. Long lengths stand as bytes between the words of the bit stream.

use crate::types::error::{Error, Result};

/// The number of symbols.
const SYMBOLS: usize = 512;
/// The bytes of a block's table.
const TABLE: usize = SYMBOLS / 2;
/// The longest code, in bits.
const LONGEST: usize = 15;
/// The output of a block, in bytes.
const BLOCK: usize = 1 << 16;
/// The shortest match, in bytes.
const SHORTEST_MATCH: usize = 3;

const MALFORMED: Error = Error::InvalidToken("XPRESS Huffman: malformed");

/// Decompresses `input` to exactly `size` bytes. The caller limits `size`, which is allocated.
///
/// Errors: `InvalidToken` if the data is malformed or ends early, `OutOfMemory`.
pub fn decompress(input: &[u8], size: usize) -> Result<Vec<u8>> {
    let mut output = Vec::new();
    output.try_reserve_exact(size).map_err(|_| Error::OutOfMemory)?;
    let mut rest = input;
    while output.len() < size {
        let (table, stream) = rest.split_first_chunk::<TABLE>().ok_or(MALFORMED)?;
        let codes = Codes::new(table)?;
        let end = size.min(output.len().saturating_add(BLOCK));
        let mut bits = Bits::new(stream);
        while output.len() < end {
            let symbol = codes.read(&mut bits)?;
            match u8::try_from(symbol) {
                Ok(byte) => output.push(byte),
                Err(_) => copy_match(symbol, &mut bits, &mut output, size)?,
            }
        }
        rest = bits.bytes;
    }
    Ok(output)
}

/// Appends a match, at most up to `size` bytes of output.
fn copy_match(symbol: u16, bits: &mut Bits<'_>, output: &mut Vec<u8>, size: usize) -> Result<()> {
    const LONG: usize = 15;
    let mut length = usize::from(symbol & 15);
    if length == LONG {
        length = match bits.byte()? {
            255 => match bits.u16()? {
                0 => usize::try_from(bits.u32()?).map_err(|_| MALFORMED)?,
                length => length.into(),
            },
            more => LONG + usize::from(more),
        };
        // The long forms include what the short ones can express.
        if length < LONG {
            return Err(MALFORMED);
        }
    }
    let length = length.checked_add(SHORTEST_MATCH).ok_or(MALFORMED)?;
    let distance_bits = u32::from(symbol >> 4 & 15);
    let distance = (1 << distance_bits) + usize::from(bits.take(distance_bits)?);
    let from = output.len().checked_sub(distance).ok_or(MALFORMED)?;
    if length > size - output.len() {
        return Err(MALFORMED);
    }
    // Source and destination may overlap, so that the copied bytes repeat.
    for at in from..from + length {
        let byte = *output.get(at).ok_or(MALFORMED)?;
        output.push(byte);
    }
    Ok(())
}

/// Prefix codes: canonical, ordered by length and then by symbol.
struct Codes {
    /// The symbols in the order of their codes.
    symbols: [u16; SYMBOLS],
    /// How many codes have each length.
    counts: [u16; LONGEST + 1],
}

impl Codes {
    fn new(table: &[u8; TABLE]) -> Result<Codes> {
        let lengths =
            || table.iter().flat_map(|byte| [byte & 15, byte >> 4]).map(usize::from).zip(0u16..);
        let mut codes = Codes { symbols: [0; SYMBOLS], counts: [0; LONGEST + 1] };
        let mut used = 0;
        for length in 1..=LONGEST {
            let of_length = lengths().filter(|&(other, _)| other == length);
            for (place, (_, symbol)) in codes.symbols.iter_mut().skip(used).zip(of_length) {
                *place = symbol;
                used += 1;
            }
        }
        for (length, _) in lengths() {
            if let Some(count) = codes.counts.get_mut(length) {
                *count += 1;
            }
        }
        // Every sequence of bits has exactly one meaning.
        let filled = codes.counts.iter().enumerate().skip(1);
        let filled: u32 =
            filled.map(|(length, &count)| u32::from(count) << (LONGEST - length)).sum();
        match filled == 1 << LONGEST {
            true => Ok(codes),
            false => Err(MALFORMED),
        }
    }

    /// The next symbol.
    fn read(&self, bits: &mut Bits<'_>) -> Result<u16> {
        // The codes of one length follow each other; the first of the next length continues them.
        let ahead = u32::from(bits.peek());
        let (mut first_code, mut first_symbol) = (0, 0);
        for (length, &count) in self.counts.iter().enumerate().skip(1) {
            let count = u32::from(count);
            let code = ahead >> (16 - length);
            if code - first_code < count {
                let symbol = self.symbols.get((first_symbol + code - first_code) as usize);
                bits.take(length as u32)?;
                return symbol.copied().ok_or(MALFORMED);
            }
            first_code = (first_code + count) << 1;
            first_symbol += count;
        }
        Err(MALFORMED)
    }
}

/// The bit stream, with the bytes between its words.
struct Bits<'a> {
    /// What has not been read.
    bytes: &'a [u8],
    /// The bits ahead, the next one highest: between 16 and 32, of which `count` are known.
    buffer: u32,
    /// The number of bits in the buffer, including zeros after the end of the data.
    count: u32,
    /// The number of such zeros.
    beyond: u32,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Bits<'a> {
        let mut bits = Bits { bytes, buffer: 0, count: 0, beyond: 0 };
        bits.refill();
        bits.refill();
        bits
    }

    /// Appends a word to the buffer.
    fn refill(&mut self) {
        let word = self.u16().unwrap_or_else(|_| {
            self.beyond += 16;
            0
        });
        self.buffer |= u32::from(word) << (16 - self.count);
        self.count += 16;
    }

    /// The next 16 bits, which stay.
    fn peek(&self) -> u16 {
        (self.buffer >> 16) as u16
    }

    /// The next `count` bits, at most 15.
    fn take(&mut self, count: u32) -> Result<u16> {
        let taken = (u64::from(self.buffer) << count >> 32) as u16;
        self.buffer <<= count;
        self.count -= count;
        if self.count < self.beyond {
            return Err(MALFORMED);
        }
        if self.count < 16 {
            self.refill();
        }
        Ok(taken)
    }

    /// The next bytes that are not part of the bit stream.
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (array, rest) = self.bytes.split_first_chunk().ok_or(MALFORMED)?;
        self.bytes = rest;
        Ok(*array)
    }

    fn byte(&mut self) -> Result<u8> {
        self.array().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table with these lengths of the codes of these symbols.
    fn table(lengths: &[(usize, u8)]) -> Vec<u8> {
        let mut table = vec![0; TABLE];
        for &(symbol, length) in lengths {
            table[symbol / 2] |= length << (4 * (symbol % 2));
        }
        table
    }

    /// [MS-XCA] 3.2: the alphabet, all literals.
    fn alphabet() -> Vec<u8> {
        let lengths: Vec<_> = (usize::from(b'a')..=usize::from(b'z'))
            .map(|symbol| (symbol, if symbol < usize::from(b'w') { 5 } else { 4 }))
            .chain([(256, 4)])
            .collect();
        let stream = [
            0xd8, 0x52, 0x3e, 0xd7, 0x94, 0x11, 0x5b, 0xe9, 0x19, 0x5f, 0xf9, 0xd6, 0x7c, 0xdf,
            0x8d, 0x04, 0, 0, 0, 0,
        ];
        [&table(&lengths), &stream[..]].concat()
    }

    /// [MS-XCA] 3.2: `abc` a hundred times, three literals and a long match.
    fn hundred() -> Vec<u8> {
        let lengths = [(97, 3), (98, 3), (99, 2), (256, 2), (256 + 31, 2)];
        [&table(&lengths), &[0xa8, 0xdc, 0, 0, 0xff, 0x26, 1][..]].concat()
    }

    #[test]
    fn examples_of_the_specification() {
        let letters = b"abcdefghijklmnopqrstuvwxyz";
        assert_eq!(decompress(&alphabet(), 26).as_deref(), Ok(&letters[..]));
        assert_eq!(
            alphabet()[48..62],
            [0x50, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x45, 0x44, 0x04]
        );
        assert_eq!(decompress(&hundred(), 300), Ok(b"abc".repeat(100)));
    }

    #[test]
    fn the_output_is_as_long_as_stated_or_none() {
        assert_eq!(decompress(&[], 0), Ok(vec![]));
        // The match is longer than what is left, and nothing comes after it.
        assert!(decompress(&hundred(), 299).is_err());
        assert!(decompress(&hundred(), 400).is_err());
        for data in [alphabet(), hundred()] {
            let size = if data == alphabet() { 26 } else { 300 };
            for length in 0..data.len() {
                // Words after the last symbol need not be there.
                if let Ok(output) = decompress(&data[..length], size) {
                    assert_eq!(Ok(output), decompress(&data, size), "{length}");
                }
            }
            for at in 0..data.len() {
                for bit in 0..8 {
                    let mut changed = data.clone();
                    changed[at] ^= 1 << bit;
                    if let Ok(output) = decompress(&changed, size) {
                        assert_eq!(output.len(), size);
                    }
                }
            }
        }
    }

    #[test]
    fn tables_and_matches_that_mean_nothing() {
        // Codes that are missing, or too many.
        for lengths in [&[][..], &[(97, 1)], &[(97, 1), (98, 1), (99, 1)], &[(97, 2), (98, 1)]] {
            assert!(
                decompress(&[&table(lengths), &[0; 8][..]].concat(), 4).is_err(),
                "{lengths:?}"
            );
        }
        // A match before the start: symbol 256 is three bytes at distance 1.
        let lengths = table(&[(97, 1), (256, 1)]);
        let bits = |word: u16| [&lengths, &word.to_le_bytes()[..], &[0; 6]].concat();
        assert!(decompress(&bits(1 << 15), 4).is_err());
        assert_eq!(decompress(&bits(1 << 14), 4), Ok(b"aaaa".to_vec()));
        // A long length below the short ones, and one of four bytes.
        let lengths = table(&[(97, 1), (256 + 15, 1)]);
        let long = |more: &[u8]| [&lengths, &[0, 0x40, 0, 0][..], more].concat();
        assert!(decompress(&long(&[255, 14, 0]), 18).is_err());
        assert_eq!(decompress(&long(&[0]), 19), Ok(vec![b'a'; 19]));
        assert_eq!(decompress(&long(&[255, 16, 0]), 20), Ok(vec![b'a'; 20]));
        assert_eq!(decompress(&long(&[255, 0, 0, 0, 0, 1, 0]), 65540), Ok(vec![b'a'; 65540]));
        assert!(decompress(&long(&[255, 0, 0, 255, 255, 255, 255]), 65540).is_err());
    }

    /// Each has a table of its own, and distances go back into the block before.
    #[test]
    fn blocks() {
        let lengths = table(&[(97, 1), (256 + 15, 1)]);
        let first = [&lengths, &[0, 0x40, 0, 0, 255, 0xfc, 0xff][..]].concat();
        let lengths = table(&[(98, 1), (256, 1)]);
        let second = [&lengths, &[0, 0x40, 0, 0][..]].concat();
        let both = [first, second].concat();
        let expected = [&[b'a'; 65536][..], b"bbbb"].concat();
        assert_eq!(decompress(&both, expected.len()), Ok(expected));
    }
}
