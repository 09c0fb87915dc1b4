//! The accounts of the machine: the account file and what is known besides passwords.

pub mod account;
pub mod details;
pub mod edit;
pub mod file;
pub mod smbpasswd;
