//! `[tokens]`.

/// `[tokens]`: what clients are to the operating system.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tokens {}
