//! Encodings, read from borrowed slices: plain fields, DER, NDR, UTF-16.

pub mod cursor;
pub mod der;
pub mod ndr;
pub mod utf16;
