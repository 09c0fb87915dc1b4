//! The accounts of the machine: the account file and what is known besides passwords.

pub(crate) mod account;
pub(crate) mod details;
pub mod edit;
pub(crate) mod file;
pub mod smbpasswd;
