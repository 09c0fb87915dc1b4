//! The machine's accounts: the account file, and the file of account details.

pub(crate) mod account;
pub(crate) mod details;
pub mod edit;
pub(crate) mod file;
pub mod smbpasswd;
