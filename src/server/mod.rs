//! The one place that assembles: settings and opened files become what contexts use.

pub mod credential;
pub(crate) mod current;
