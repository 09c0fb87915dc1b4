//! `negossp`: the server side of the SSPI Negotiate package, behind the C ABI of `secur32.dll`.
//!
//! C programs reach the library through [`entry`]; everything below it is safe Rust. See
//! `ARCHITECTURE.md` for the map and for the path of one call.
//!
//! The `rlib` exists for the project's own tests, fuzz targets and benchmarks. Its Rust paths are not a
//! stable interface: the C ABI is.

#![deny(unsafe_code)]

pub mod authority;
pub mod channel_bindings;
pub mod config;
pub mod context;
pub mod credential;
pub mod der;
pub mod domain;
#[allow(unsafe_code)]
pub mod entry;
pub mod error;
pub mod export;
pub mod flags;
pub mod kerberos;
pub mod log;
pub mod mechanism;
pub mod ndr;
pub mod negotiate;
pub mod ntlm;
pub mod ntstatus;
pub mod packed;
mod per_process;
#[allow(unsafe_code)]
pub mod platform;
pub mod principal;
mod rc4;
pub mod session;
pub mod sid;
pub mod time;
pub mod token;
pub mod utf16;
pub mod watch;
pub mod winbind;

// Unit tests share helpers with the tests in tests/, which know the crate by this name.
#[cfg(test)]
extern crate self as negossp;
