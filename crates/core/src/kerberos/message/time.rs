//! KerberosTime (RFC 4120 5.2.3): `YYYYMMDDHHMMSSZ`, in UTC, without fractions, as seconds since
//! 1970.

use crate::types::error::{Error, Result};

/// The earliest representable time, 0000-01-01 00:00:00, in seconds since 1970.
pub const FIRST: i64 = -62_167_219_200;
/// The latest representable time, 9999-12-31 23:59:59, in seconds since 1970.
pub const LAST: i64 = 253_402_300_799;

const DAY: i64 = 86_400;

/// Parses a time; returns seconds since 1970. Leap seconds are rejected: no peer's clock has them.
///
/// Errors: `InvalidToken`.
pub fn parse(text: &[u8]) -> Result<i64> {
    const MALFORMED: Error = Error::InvalidToken("KerberosTime: not YYYYMMDDHHMMSSZ");
    let &[y1, y2, y3, y4, mo1, mo2, d1, d2, h1, h2, mi1, mi2, s1, s2, b'Z'] = text else {
        return Err(MALFORMED);
    };
    let digit = |octet: u8| i64::from(octet.wrapping_sub(b'0'));
    if [y1, y2, y3, y4, mo1, mo2, d1, d2, h1, h2, mi1, mi2, s1, s2]
        .iter()
        .any(|octet| !octet.is_ascii_digit())
    {
        return Err(MALFORMED);
    }
    let two = |tens: u8, ones: u8| 10 * digit(tens) + digit(ones);
    let year = 100 * two(y1, y2) + two(y3, y4);
    let (month, day) = (two(mo1, mo2), two(d1, d2));
    let (hour, minute, second) = (two(h1, h2), two(mi1, mi2), two(s1, s2));
    if !(1..=12).contains(&month)
        || day < 1
        || day > days_in(year, month)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return Err(Error::InvalidToken("KerberosTime: no such time"));
    }
    Ok(days_before(year, month, day) * DAY + hour * 3600 + minute * 60 + second)
}

/// Formats a time, given in seconds since 1970. A time out of range becomes the nearest one in
/// range.
pub fn format(unix: i64) -> [u8; 15] {
    let unix = unix.clamp(FIRST, LAST);
    let (year, month, day) = date(unix.div_euclid(DAY));
    let second = unix.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let digit = |value: i64| b'0' + (value % 10) as u8;
    let [y1, y2, y3, y4] = [year / 1000, year / 100, year / 10, year].map(digit);
    let [mo1, mo2, d1, d2] = [month / 10, month, day / 10, day].map(digit);
    let [h1, h2, mi1, mi2, s1, s2] =
        [hour / 10, hour, minute / 10, minute, second / 10, second].map(digit);
    [y1, y2, y3, y4, mo1, mo2, d1, d2, h1, h2, mi1, mi2, s1, s2, b'Z']
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The days from 1970-01-01 to a day of the Gregorian calendar. Years start in March here, so that
/// the leap day is the last day of a year, and the days before the `m`th month are a linear
/// function of `m`, rounded down.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let since_march = (month + 9) % 12;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (153 * since_march + 2) / 5 + day - 1 - BEFORE_1970
}

/// The days from 0000-03-01 to 1970-01-01.
const BEFORE_1970: i64 = 719_468;
/// The days in 400 years.
const ERA: i64 = 146_097;

/// The inverse of [`days_before`]: year, month and day.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + BEFORE_1970;
    let era = days.div_euclid(ERA);
    let of_era = days.rem_euclid(ERA);
    // Without the leap days before it, the day's number gives the year.
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / (ERA - 1)) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let since_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * since_march + 2) / 5 + 1;
    let month = if since_march < 10 { since_march + 3 } else { since_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From `date -u -d '1985-11-06 21:06:27' +%s` (RFC 4120 5.2.3's example) and similar.
    const TIMES: [(&[u8; 15], i64); 9] = [
        (b"19851106210627Z", 500_159_187),
        (b"19700101000000Z", 0),
        (b"19691231235959Z", -1),
        (b"20000229120000Z", 951_825_600),
        (b"20370913024805Z", 2_136_422_885),
        (b"20380119031408Z", 2_147_483_648),
        (b"21060207062816Z", 4_294_967_296),
        (b"00000101000000Z", FIRST),
        (b"99991231235959Z", LAST),
    ];

    #[test]
    fn times_are_those_that_date_gives() {
        for (text, unix) in TIMES {
            assert_eq!(parse(text), Ok(unix), "{}", text.escape_ascii());
            assert_eq!(format(unix), *text);
        }
        assert_eq!(format(i64::MIN), *TIMES[7].0);
        assert_eq!(format(i64::MAX), *TIMES[8].0);
    }

    /// All days, counted from the first.
    #[test]
    fn every_day_follows_the_one_before() {
        let mut unix = FIRST;
        for year in 0..=9999 {
            for month in 1..=12 {
                let days = match month {
                    2 if year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) => 29,
                    2 => 28,
                    4 | 6 | 9 | 11 => 30,
                    _ => 31,
                };
                for day in 1..=days {
                    let text = format!("{year:04}{month:02}{day:02}235958Z");
                    assert_eq!(parse(text.as_bytes()), Ok(unix + DAY - 2), "{text}");
                    assert_eq!(format(unix + DAY - 2), text.as_bytes());
                    unix += DAY;
                }
                let after = format!("{year:04}{month:02}{:02}000000Z", days + 1);
                assert!(parse(after.as_bytes()).is_err(), "{after}");
            }
        }
        assert_eq!(unix, LAST + 1);
    }

    #[test]
    fn nothing_else_is_a_time() {
        for bad in [
            &b""[..],
            b"19851106210627",
            b"19851106210627z",
            b"19851106210627.0Z",
            b"198511062106Z",
            b"19851106210627+0000",
            b"8511062106270Z",
            b"19850006210627Z",
            b"19851306210627Z",
            b"19851100210627Z",
            b"19851106240627Z",
            b"19851106216027Z",
            b"19851106210660Z",
            b"1985110621062:Z",
            b"1985110621062/Z",
            b"-9851106210627Z",
            b"+9851106210627Z",
            b" 9851106210627Z",
        ] {
            assert!(parse(bad).is_err(), "{}", bad.escape_ascii());
        }
    }
}
