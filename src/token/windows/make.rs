//! Which way a token is made.

use super::{System, native, wine};
use crate::config::Tokens;
use crate::error::Result;
use crate::token::Subject;

/// A client's token, up to the level that was agreed on.
pub(super) fn make<S: System>(system: &S, subject: &Subject, tokens: &Tokens) -> Result<S::Handle> {
    if system.is_wine() { wine::make(system, subject) } else { native::make(system, subject, tokens) }
}
