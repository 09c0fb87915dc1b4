//! Connection-oriented DCE RPC over TCP, as a client: [C706] 12 and 13 with [MS-RPCE].
//!
//! An association makes one call at a time: Netlogon's protection numbers the messages of both
//! sides in one sequence, so the next call must wait for the answer.

mod connection;
pub mod endpoint_mapper;
mod pdu;

pub use connection::{Connection, Protection};

use std::fmt;

/// An interface and its version, or a transfer syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syntax {
    /// The UUID in its little-endian encoding.
    pub uuid: [u8; 16],
    /// The major version.
    pub major: u16,
    /// The minor version.
    pub minor: u16,
}

impl Syntax {
    /// NDR, 32 bits ([C706] 14).
    pub const NDR: Syntax = Syntax {
        uuid: [
            0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10,
            0x48, 0x60,
        ],
        major: 2,
        minor: 0,
    };
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RpcError {
    /// The connection cannot be made.
    Unreachable(std::io::ErrorKind),
    /// The deadline has passed.
    TimedOut,
    /// The connection was closed.
    Closed,
    /// The answer violates the protocol.
    Malformed(&'static str),
    /// The server rejects the interface or the protection: its reason.
    BindRefused(u16),
    /// The server returned a fault: its status.
    Fault(u32),
    /// The answer is not protected as agreed, or was modified.
    Altered(&'static str),
    /// The results came as agreed, and cannot be read. Only this call fails: the connection can be
    /// used again.
    Unreadable(&'static str),
    /// The call cannot be made on this side.
    Local(&'static str),
    /// There is no memory for the call or its results.
    OutOfMemory,
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RpcError::Unreachable(kind) => write!(f, "no connection: {kind}"),
            RpcError::TimedOut => f.write_str("no answer in time"),
            RpcError::Closed => f.write_str("the connection was closed"),
            RpcError::Malformed(why) => write!(f, "malformed answer: {why}"),
            RpcError::BindRefused(reason) => write!(f, "RPC bind refused, reason {reason}"),
            RpcError::Fault(status) => write!(f, "RPC fault {status:#010x}"),
            RpcError::Unreadable(why) => write!(f, "answer cannot be read: {why}"),
            RpcError::Altered(why) => write!(f, "answer not protected as agreed: {why}"),
            RpcError::Local(why) => f.write_str(why),
            RpcError::OutOfMemory => f.write_str("out of memory"),
        }
    }
}

impl std::error::Error for RpcError {}
