//! Encodings, read from borrowed slices: fixed-size fields, DER, NDR, UTF-16, XPRESS Huffman.

pub mod cursor;
pub mod der;
pub mod ndr;
pub mod utf16;
pub mod xpress_huffman;
