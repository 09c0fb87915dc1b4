//! The exported functions: nothing but entry points. Each puts its body behind `guard`,
//! which turns errors and panics into a status; the work is done by the modules beside this folder.
//!
//! The comments here are the header's. Handles, buffers and strings are the caller's unless said
//! otherwise.

mod async_call;
mod attributes;
mod auth_identity;
mod context;
mod credentials;
mod export_import;
#[cfg(windows)]
mod forwarded;
mod message;
mod packages;
mod password;
mod query;
mod token;
#[cfg(unix)]
mod unix_token;
#[cfg(windows)]
mod with_contexts;

pub use async_call::*;
pub use attributes::*;
pub use auth_identity::*;
pub use context::*;
pub use credentials::*;
pub use export_import::*;
#[cfg(windows)]
pub use forwarded::*;
pub use message::*;
pub use packages::*;
pub use password::*;
pub use query::*;
pub use token::*;
#[cfg(unix)]
pub use unix_token::*;
#[cfg(windows)]
pub use with_contexts::*;
