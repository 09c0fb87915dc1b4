//! The exported functions: nothing but entry points. Each puts its body behind `guard`,
//! which turns errors and panics into a status; the work is done by the modules beside this folder.
//!
//! The comments here are the header's. Handles, buffers and strings are the caller's unless said
//! otherwise.

#[macro_use]
mod route;

mod async_call;
mod attributes;
mod auth_identity;
mod context;
mod credentials;
mod function_table;
mod packages;
mod password;
#[cfg(unix)]
mod unix_token;
#[cfg(windows)]
mod windows;

pub use async_call::*;
pub use attributes::*;
pub use auth_identity::*;
pub use context::*;
pub use credentials::*;
pub use function_table::*;
pub use packages::*;
pub use password::*;
#[cfg(unix)]
pub use unix_token::*;
#[cfg(windows)]
pub use windows::*;
