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
#[path = "../crates/core/src/context/mod.rs"]
pub mod context;
pub mod domain;
#[path = "../crates/core/src/encoding/mod.rs"]
pub mod encoding;
#[allow(unsafe_code)]
pub mod entry;
pub mod export;
#[path = "../crates/core/src/kerberos/mod.rs"]
pub mod kerberos;
#[path = "../crates/core/src/mechanism.rs"]
pub mod mechanism;
#[path = "../crates/core/src/negotiate/mod.rs"]
pub mod negotiate;
pub mod net;
#[path = "../crates/core/src/ntlm/mod.rs"]
pub mod ntlm;
#[path = "../crates/core/src/persist/mod.rs"]
pub mod persist;
#[allow(unsafe_code)]
pub mod platform;
#[path = "../crates/core/src/primitives/mod.rs"]
pub mod primitives;
#[path = "../crates/core/src/principal/mod.rs"]
pub mod principal;
#[path = "../crates/core/src/replay/mod.rs"]
pub mod replay;
pub mod runtime;
pub mod server;
pub mod stores;
#[path = "../crates/core/src/types/mod.rs"]
pub mod types;
pub mod winbind;

// Unit tests share helpers with the tests in tests/, which know the crate by this name.
#[cfg(test)]
extern crate self as negossp;
