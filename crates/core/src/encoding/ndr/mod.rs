//! NDR ([C706] chapter 14), which PACs and Netlogon use.

pub mod reader;
mod writer;
