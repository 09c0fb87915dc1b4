//! Connections to other machines.

pub mod dns;
pub mod rpc;
