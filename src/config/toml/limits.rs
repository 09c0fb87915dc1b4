//! The table `[limits]`.

use super::span::Span;
use crate::config::Limits;
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LimitsTable {
    contexts: Option<u32>,
    credentials: Option<u32>,
    max_token: Option<u32>,
    half_open: Option<u32>,
    half_open_bytes: Option<u32>,
    half_open_age: Option<Span>,
}

/// Below this a client's AUTHENTICATE_MESSAGE with long names no longer fits.
const SMALLEST_MAX_TOKEN: u32 = 2888;

/// Token fields of SPNEGO and NTLM are addressed with 32 bits; nothing sane comes near a mebibyte.
const LARGEST_MAX_TOKEN: u32 = 1 << 20;

impl LimitsTable {
    pub(super) fn into_limits(self) -> Result<Limits, String> {
        let default = Limits::default();
        let max_token = self.max_token.unwrap_or(default.max_token);
        if !(SMALLEST_MAX_TOKEN..=LARGEST_MAX_TOKEN).contains(&max_token) {
            return Err(format!(
                "[limits] max_token = {max_token} is outside {SMALLEST_MAX_TOKEN} to {LARGEST_MAX_TOKEN}"
            ));
        }
        Ok(Limits {
            contexts: self.contexts.unwrap_or(default.contexts),
            credentials: self.credentials.unwrap_or(default.credentials),
            max_token,
            half_open: self.half_open.unwrap_or(default.half_open),
            half_open_bytes: self.half_open_bytes.unwrap_or(default.half_open_bytes),
            half_open_age: self.half_open_age.map_or(default.half_open_age, |span| span.0),
        })
    }
}
