//! Chooses how a token is made.

use super::system::System;
use super::{native, wine};
use crate::access_token::{Options, Subject};
use crate::types::error::Result;

/// A client's token, up to the level that was agreed on.
pub(crate) fn make<S: System>(
    system: &S,
    subject: &Subject,
    tokens: &Options,
) -> Result<S::Handle> {
    let made = if system.is_wine() {
        wine::make(system, subject, tokens)
    } else {
        native::make(system, subject, tokens)
    };
    let client = subject.principal.display_name();
    match &made {
        Ok(_) => tracing::debug!("token of {client:?}, at most {:?}", subject.level),
        Err(error) => tracing::info!("no token of {client:?}: {error}"),
    }
    made
}
