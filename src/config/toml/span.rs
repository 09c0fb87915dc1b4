//! Lengths of time.

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};
use std::time::Duration;

/// A length of time: seconds as a number, or a number with its unit (`"90s"`, `"30m"`, `"10h"`,
/// `"7d"`).
pub(super) struct Span(pub(super) Duration);

/// A length of time, or `"unlimited"`.
pub(super) struct Limit(pub(super) Option<Duration>);

#[derive(Deserialize)]
#[serde(untagged)]
enum SpanValue {
    Seconds(i64),
    Text(String),
}

fn span_of(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    Some(Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(seconds)?))
}

const SPAN: &str = "a length of time such as 90, \"90s\", \"30m\", \"10h\" or \"7d\"";

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        match SpanValue::deserialize(deserializer)
            .map_err(|_| D::Error::custom(format!("expected {SPAN}")))?
        {
            SpanValue::Seconds(seconds) => u64::try_from(seconds)
                .ok()
                .map(Duration::from_secs)
                .map(Span)
                .ok_or_else(|| D::Error::invalid_value(Unexpected::Signed(seconds), &SPAN)),
            SpanValue::Text(text) => span_of(&text)
                .map(Span)
                .ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &SPAN)),
        }
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Limit, D::Error> {
        const LIMIT: &str =
            "\"unlimited\" or a length of time such as 90, \"90s\", \"30m\", \"10h\" or \"7d\"";
        match SpanValue::deserialize(deserializer)
            .map_err(|_| D::Error::custom(format!("expected {LIMIT}")))?
        {
            SpanValue::Seconds(seconds) => u64::try_from(seconds)
                .ok()
                .map(|s| Limit(Some(Duration::from_secs(s))))
                .ok_or_else(|| D::Error::invalid_value(Unexpected::Signed(seconds), &LIMIT)),
            SpanValue::Text(text) if text == "unlimited" => Ok(Limit(None)),
            SpanValue::Text(text) => span_of(&text)
                .map(|d| Limit(Some(d)))
                .ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &LIMIT)),
        }
    }
}
