//! The exported functions: nothing but entry points. Each puts its body behind `guard`,
//! which turns errors and panics into a status; the work is done by the modules beside this folder.
//!
//! The comments here are the header's. Handles, buffers and strings are the caller's unless said otherwise.

mod auth_identity;
mod context;
mod credentials;
mod message;
mod packages;
mod query;
mod unsupported;

pub use auth_identity::*;
pub use context::*;
pub use credentials::*;
pub use message::*;
pub use packages::*;
pub use query::*;
pub use unsupported::*;
