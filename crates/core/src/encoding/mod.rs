//! Encodings, read from borrowed slices: fixed-size fields, DER, NDR, UTF-16, XPRESS Huffman; and
//! bytes as text, base64 and hexadecimal.

pub mod base64;
pub mod cursor;
pub mod der;
pub mod hex;
pub mod ndr;
pub mod utf16;
pub mod xpress_huffman;
