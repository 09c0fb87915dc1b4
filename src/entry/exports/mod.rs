//! The exported functions. Each runs its body in `guard`, which turns errors and panics into a
//! status, and decides whether the call is for an object of this library or forwarded. The work is
//! done by the modules beside this folder.
//!
//! The doc comments here go into the header. Handles, buffers and strings belong to the caller
//! unless documented otherwise.

#[macro_use]
mod route;

mod async_call;
mod attributes;
mod auth_identity;
mod context;
mod credentials;
mod describe;
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
pub use describe::*;
pub use function_table::*;
pub use packages::*;
pub use password::*;
#[cfg(unix)]
pub use unix_token::*;
#[cfg(windows)]
pub use windows::*;
