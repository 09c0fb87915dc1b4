//! The configuration: TOML read into [`Settings`], and [`Settings`] written as TOML.
//!
//! Settings are plain values. Who opens the files that they name, and keeps both in force, is
//! [`server`](crate::server).

mod defaults;
pub mod krb5_conf;
mod names;
mod render;
mod settings;
mod toml;

pub use settings::{Accounts, Limits, Negotiate, Outbound, OutboundProvider, Settings};
pub use toml::parse;
