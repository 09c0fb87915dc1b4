//! Functions that are exported on Windows only.

mod forwarded;
mod with_contexts;

pub use forwarded::*;
pub use with_contexts::*;
