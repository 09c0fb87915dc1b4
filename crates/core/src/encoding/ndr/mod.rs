//! NDR ([C706] chapter 14), as used by PACs and Netlogon.

pub mod reader;
mod writer;
