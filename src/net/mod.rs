//! Connections to other machines.

pub mod dns;
pub mod host;
pub mod kdc;
pub mod rpc;
