//! Encodings, read from borrowed slices: DER, NDR, UTF-16.

pub mod der;
pub mod ndr;
pub mod utf16;
