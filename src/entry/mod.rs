//! The C boundary: the ABI of `secur32.dll`. Raw pointers end here; below is safe Rust.
//!
//! [`abi`] says how things lie in memory.

// The documentation's names.
#[allow(non_camel_case_types, non_snake_case)]
pub mod abi;
