//! Account files, account details, SIDs, and the command that edits them.

mod command;
mod file;
mod reload;
mod sids;
mod validate;
