//! The machine's accounts: the account file, and the file of account details.

pub mod account;
pub mod details;
pub mod file;
pub mod keys;
pub mod smbpasswd;
pub mod winpr_sam;
