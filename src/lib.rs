//! `negossp`: the server side of the SSPI Negotiate package, behind the C ABI of `secur32.dll`.
//!
//! C programs reach the library through [`entry`]; everything below it is safe Rust. See
//! `ARCHITECTURE.md` for the map and for the path of one call.
//!
//! The `rlib` exists for the project's own tests, fuzz targets and benchmarks. Its Rust paths are
//! not a stable interface: the C ABI is.

#![deny(unsafe_code)]

pub mod access_token;
pub mod authority;
pub mod config;
pub mod domain;
#[allow(unsafe_code)]
pub mod entry;
pub mod export;
pub mod net;
#[allow(unsafe_code)]
pub mod platform;
pub mod runtime;
pub mod server;
pub mod stores;
pub mod tickets;
pub mod winbind;

// The protocols, under the names that they have there.
pub use negossp_core::{
    context, encoding, kerberos, mechanism, negotiate, ntlm, persist, primitives, principal,
    replay, types,
};

/// An `rlib` user with an allocator of their own builds without the feature.
#[cfg(feature = "memory-reserve")]
#[global_allocator]
static HEAP: platform::heap::Heap = platform::heap::Heap;

// Unit tests share helpers with the tests in tests/, which know the crate by this name.
#[cfg(test)]
extern crate self as negossp;
