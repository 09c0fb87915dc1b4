//! The configuration.

mod file;
