//! The protocols behind the SSPI package Negotiate: SPNEGO, NTLM and Kerberos, for servers and
//! clients.
//!
//! This crate does no I/O. It opens no file or socket, reads no clock, environment or
//! configuration, starts no thread and has no `unsafe` code. Each step of an exchange is a function
//! of a state, a token and what the caller passes in: policies as plain values, the time, and a few
//! traits for what only the caller knows ([`ntlm::Authority`], [`kerberos::KeySource`],
//! [`replay::ReplayCache`], [`principal::directory::Directory`],
//! [`primitives::random::SecureRandom`]). What a step decides, it returns.
//!
//! [`context`] is the door: [`context::Accepting`] and [`context::Initiating`].

#![forbid(unsafe_code)]

pub mod context;
pub mod encoding;
pub mod kerberos;
pub mod mechanism;
pub mod negotiate;
pub mod ntlm;
pub mod persist;
pub mod primitives;
pub mod principal;
pub mod replay;
pub mod types;
