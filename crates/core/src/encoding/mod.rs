//! Encodings, read from borrowed slices: fixed-size fields, DER, NDR, UTF-16.

pub mod cursor;
pub mod der;
pub mod ndr;
pub mod utf16;
