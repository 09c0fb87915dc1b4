//! Values of relations, as MIT krb5 spells them.

use crate::kerberos::crypto::Enctype;

macro_rules! short {
    ($value:ident) => {
        Token::Number($value, false)
    };
}
macro_rules! colon {
    () => {
        Token::Sign(':')
    };
}

/// A truth value: `y`, `yes`, `true`, `t`, `1`, `on` and their opposites, in any letter case.
pub(super) fn boolean(text: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(&["y", "yes", "true", "t", "1", "on"]) {
        Some(true)
    } else if is(&["n", "no", "false", "nil", "0", "off"]) {
        Some(false)
    } else {
        None
    }
}

/// A number as C's `strtol` reads it, without anything behind it.
pub(super) fn integer(text: &str) -> Option<i32> {
    text.trim_ascii_start().parse().ok()
}

/// A length of time in seconds: `36000`, `10h`, `1d12h`, `1h 30m`, `10:00`, `10:00:00`,
/// `1-10:00:00`. What MIT's reader does not know ends the text for it.
pub(super) fn seconds(text: &str) -> Option<i32> {
    let tokens = tokens(text)?;
    let mut rest = tokens.as_slice();
    let first = number(&mut rest)?;
    let sum = match rest {
        [Token::Sign('-'), clock @ ..] => match clock {
            [short!(h), colon!(), short!(m), colon!(), short!(s)] => {
                first * DAY + h * HOUR + m * MINUTE + s
            }
            _ => return None,
        },
        [colon!(), short!(m), colon!(), short!(s)] => first * HOUR + m * MINUTE + s,
        [colon!(), short!(m)] => first * HOUR + m * MINUTE,
        [] => first,
        _ => with_units(first, rest)?,
    };
    i32::try_from(sum).ok()
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

enum Token {
    /// A number, and whether it has more than two digits.
    Number(i64, bool),
    Sign(char),
    Space,
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '0'..='9' => {
                let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                let value: i32 = rest[..length].parse().ok()?;
                tokens.push(Token::Number(value.into(), length > 2));
                length
            }
            '-' | ':' | 'd' | 'h' | 'm' | 's' => {
                tokens.push(Token::Sign(c));
                1
            }
            ' ' | '\t' | '\n' => {
                tokens.push(Token::Space);
                rest.len() - rest.trim_ascii_start().len()
            }
            _ => break,
        };
        rest = &rest[length..];
    }
    Some(tokens)
}

/// A number, perhaps after white space, perhaps negative.
fn number(tokens: &mut &[Token]) -> Option<i64> {
    if let [Token::Space, rest @ ..] = tokens {
        *tokens = rest;
    }
    let (value, rest) = match tokens {
        [Token::Number(value, _), rest @ ..] => (*value, rest),
        [Token::Sign('-'), Token::Number(value, _), rest @ ..] => (-value, rest),
        _ => return None,
    };
    *tokens = rest;
    Some(value)
}

/// Numbers with units, the larger first. `first` is the first number; its unit is next.
fn with_units(first: i64, mut rest: &[Token]) -> Option<i64> {
    const UNITS: [(char, i64); 4] = [('d', DAY), ('h', HOUR), ('m', MINUTE), ('s', 1)];
    let (mut value, mut sum, mut units) = (first, 0i64, UNITS.as_slice());
    loop {
        let [Token::Sign(unit), after @ ..] = rest else { return None };
        let at = units.iter().position(|(name, _)| name == unit)?;
        sum += value * units[at].1;
        units = &units[at + 1..];
        match after {
            [] => return Some(sum),
            // Space at the end is permitted where another number could be.
            [Token::Space] if !units.is_empty() => return Some(sum),
            _ => {
                rest = after;
                value = number(&mut rest)?;
            }
        }
    }
}

/// The encryption types that MIT krb5 calls DEFAULT, as far as they are supported here.
pub(super) const DEFAULT_ENCTYPES: [Enctype; 6] = [
    Enctype::Aes256Sha1,
    Enctype::Aes128Sha1,
    Enctype::Aes256Sha384,
    Enctype::Aes128Sha256,
    Enctype::Des3Sha1,
    Enctype::Rc4Hmac,
];

/// A list of encryption types and families, each perhaps after `+` or `-`. Unknown names, and those
/// of encryption types that are not supported here, are skipped.
pub(super) fn enctypes(text: &str) -> Vec<Enctype> {
    let mut list = Vec::new();
    for word in text.split([' ', '\t', '\r', '\n', ',']) {
        let (name, add) = match word.strip_prefix('-') {
            Some(name) => (name, false),
            None => (word.strip_prefix('+').unwrap_or(word), true),
        };
        let one;
        let family: &[Enctype] = match name.to_ascii_lowercase().as_str() {
            "default" => &DEFAULT_ENCTYPES,
            "aes" => &DEFAULT_ENCTYPES[..4],
            "des3" => &[Enctype::Des3Sha1],
            "rc4" => &[Enctype::Rc4Hmac],
            name => {
                one = Enctype::from_name(name);
                one.as_slice()
            }
        };
        list.retain(|enctype| add || !family.contains(enctype));
        if add {
            let new: Vec<Enctype> =
                family.iter().copied().filter(|enctype| !list.contains(enctype)).collect();
            list.extend(new);
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MIT's documentation, "Supported date and time formats": getdur formats.
    #[test]
    fn lengths_of_time() {
        for (text, expected) in [
            ("3600", Some(3600)),
            ("10h", Some(36_000)),
            ("1d", Some(86_400)),
            ("7d0h0m0s", Some(604_800)),
            ("1h30m", Some(5400)),
            ("1h 30m", Some(5400)),
            ("36000s", Some(36_000)),
            ("10:00", Some(36_000)),
            ("10:00:00", Some(36_000)),
            ("1-01:00:01", Some(90_001)),
            ("-5m", Some(-300)),
            ("30m1h", None),
            ("10:000:00", None),
            ("h", None),
            ("", None),
            ("forever", None),
            ("99999999999", None),
            ("99999d", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn encryption_types() {
        use Enctype::*;
        assert_eq!(enctypes("DEFAULT -rc4 -des3"), DEFAULT_ENCTYPES[..4]);
        assert_eq!(enctypes("rc4-hmac,AES256-cts  nonsense des-cbc-crc"), [Rc4Hmac, Aes256Sha1]);
        assert_eq!(enctypes("aes -aes256-cts +aes256-cts")[3], Aes256Sha1);
        assert_eq!(enctypes("camellia"), []);
    }
}
