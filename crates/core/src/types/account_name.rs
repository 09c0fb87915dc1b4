//! Account and domain names as Windows compares them.

use std::borrow::Cow;

/// A name in the form used for comparison: upper case, with the same table as in NTOWFv2.
pub fn fold(name: &str) -> Cow<'_, str> {
    if name.bytes().all(|b| b.is_ascii() && !b.is_ascii_lowercase()) {
        return Cow::Borrowed(name);
    }
    if name.is_ascii() {
        return Cow::Owned(name.to_ascii_uppercase());
    }
    Cow::Owned(name.chars().map(upcase).collect())
}

/// A name in lower case, by the same table: the same for all names that Windows takes for one, and
/// different for others.
pub fn downcase(name: &str) -> String {
    name.chars().map(|c| lower_of(upcase(c))).collect()
}

/// The character whose upper case `upper` is; itself where that is not one alone.
fn lower_of(upper: char) -> char {
    let mut lower = upper.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(l), None) if upcase(l) == upper => l,
        _ => upper,
    }
}

/// Calls `work` with the [`fold`]ed name. Short ASCII names, as most are, need no allocation.
pub fn with_folded<R>(name: &str, work: impl FnOnce(&str) -> R) -> R {
    let mut buffer = [0; 64];
    match buffer.get_mut(..name.len()) {
        Some(upper) if name.is_ascii() => {
            upper.copy_from_slice(name.as_bytes());
            upper.make_ascii_uppercase();
            work(std::str::from_utf8(upper).unwrap_or_default())
        }
        _ => work(&fold(name)),
    }
}

/// Whether two names are the same to Windows.
pub fn same(a: &str, b: &str) -> bool {
    a == b || fold(a) == fold(b)
}

/// Upper case by Windows' table: maps single UTF-16 code units, independent of language, and leaves
/// letters that only look like another's lower case (micro sign, dotless i, long s).
pub fn upcase(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    if (c as u32) > 0xffff {
        return c;
    }
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(u), None) if c == '\u{3c2}' || u.to_lowercase().eq([c]) => u,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_in_place_is_folding() {
        let long = "a".repeat(65);
        for name in ["", "alice", "ALICE", "j\u{f6}rg", "a@b.example.com", &long, &long[1..]] {
            assert!(with_folded(name, |folded| folded == fold(name)), "{name}");
        }
    }

    /// [MS-UCODEREF] 3.1.5.3 maps single UTF-16 units, and letters whose lower case is another one
    /// stay: the micro sign is no small mu. The final sigma is the exception in the table.
    #[test]
    fn only_letters_of_the_table_are_folded() {
        for (small, capital) in
            [("\u{3bc}", "\u{39c}"), ("\u{3c2}", "\u{3a3}"), ("\u{f6}", "\u{d6}")]
        {
            assert!(same(small, capital), "{small}");
        }
        for (one, other) in [
            ("\u{b5}", "\u{39c}"),
            ("\u{17f}", "S"),
            ("\u{131}", "I"),
            ("\u{df}", "SS"),
            // Deseret: two units each.
            ("\u{10428}", "\u{10400}"),
        ] {
            assert!(!same(one, other), "{one}");
        }
    }
}
