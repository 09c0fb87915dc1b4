//! The small types that all parts share.

pub mod channel_bindings;
pub mod error;
pub mod flags;
pub mod ntstatus;
pub mod sid;
pub mod time;
