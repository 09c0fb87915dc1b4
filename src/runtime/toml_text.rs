//! Parsing TOML, with errors of one line.

use serde::de::DeserializeOwned;

/// Deserializes a TOML document. The error is one line, and begins with the line number if known.
pub(crate) fn from_toml<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    toml::from_str(text).map_err(|e| {
        let message = e.message().replace('\n', ", ");
        match e.span() {
            Some(span) => format!(
                "line {}: {message}",
                1 + text.bytes().take(span.start).filter(|&b| b == b'\n').count()
            ),
            None => message,
        }
    })
}
