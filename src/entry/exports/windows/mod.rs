//! Functions that are exported on Windows alone.

mod forwarded;
mod with_contexts;

pub use forwarded::*;
pub use with_contexts::*;
