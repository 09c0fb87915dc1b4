//! Netlogon as a domain member speaks it with a domain controller, [MS-NRPC]: the secure channel,
//! and network logons over it.

mod channel;
mod credential;
mod logon;
mod machine;
mod procedures;
mod seal;
pub mod validation;

pub use channel::{Channel, Refusal};
pub use credential::{Session, session_key};
pub use logon::{Request, logon};
pub use machine::Machine;
pub use seal::{SIGNATURE_LENGTH, Seal};

use crate::net::rpc::Syntax;

/// The interface.
pub const INTERFACE: Syntax = Syntax {
    uuid: [
        0x78, 0x56, 0x34, 0x12, 0x34, 0x12, 0xcd, 0xab, 0xef, 0x00, 0x01, 0x23, 0x45, 0x67, 0xcf,
        0xfb,
    ],
    major: 1,
    minor: 0,
};
