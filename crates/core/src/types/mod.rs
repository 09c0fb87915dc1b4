//! The small types that all parts share.

pub mod account_name;
pub mod address;
pub mod allocation;
pub mod bindings_result;
pub mod channel_bindings;
pub mod error;
pub mod flags;
pub mod identity;
pub mod krb_error_code;
pub mod logon_names;
pub mod ntstatus;
pub mod protection;
pub mod sid;
pub mod time;
