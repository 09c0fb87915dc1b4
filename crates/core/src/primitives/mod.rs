//! Primitives that no dependency provides in the form needed here.

pub(crate) mod crc32;
pub mod nt_hash;
pub mod random;
pub(crate) mod rc4;
pub mod siphash;
pub mod stack;
