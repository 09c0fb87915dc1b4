//! Text for lines of a log: escaped strings, and times.

use crate::types::time::FileTime;
use std::fmt;

/// Appends `text`; characters that could end the line or control a terminal are escaped.
pub(crate) fn escape_into(line: &mut String, text: &str) {
    for c in text.chars() {
        // Line separators, and the bidirectional controls, which reorder displayed text.
        let steers = matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}');
        if c.is_control() || steers {
            line.extend(c.escape_unicode());
        } else {
            line.push(c);
        }
    }
}

/// The longest value in a line, in characters as they are escaped. Peers choose many values.
const LONGEST: usize = 256;

/// The part of a value that is written, and how many characters are left out.
pub(crate) fn cut(value: &str) -> (&str, usize) {
    let mut room = LONGEST;
    for (at, character) in value.char_indices() {
        match room.checked_sub(character.escape_debug().count()) {
            Some(left) => room = left,
            None => return (&value[..at], value[at..].chars().count()),
        }
    }
    (value, 0)
}

/// Displays an instant in the format of ISO 8601.
pub(crate) struct Utc(pub(crate) FileTime);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.unix_seconds();
        let (year, month, day) = civil(seconds.div_euclid(86_400));
        let second = seconds.rem_euclid(86_400);
        let micros = self.0.0 % FileTime::TICKS_PER_SECOND / 10;
        let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{micros:06}Z")
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar. Computed with
/// years that begin in March, so that the leap day is the last one; 400 years have 146097 days.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        // 116444736000000000 is 1970; the others by `date -u -d @N`.
        let at = |unix: i64| {
            Utc(FileTime((116_444_736_000_000_000 + unix * 10_000_000) as u64)).to_string()
        };
        assert_eq!(at(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00.000000Z");
        assert_eq!(at(1_709_164_800), "2024-02-29T00:00:00.000000Z");
        assert_eq!(at(1_709_251_199), "2024-02-29T23:59:59.000000Z");
        assert_eq!(at(4_102_444_800), "2100-01-01T00:00:00.000000Z");
        assert_eq!(at(-1), "1969-12-31T23:59:59.000000Z");
    }
}
