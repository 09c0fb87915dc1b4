//! The table `[tokens]`.

use crate::config::Tokens;
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TokensTable {}

impl TokensTable {
    pub(super) fn into_tokens(self) -> Result<Tokens, String> {
        Ok(Tokens {})
    }
}
