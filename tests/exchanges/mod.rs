//! Reads the recorded exchanges of `tests/data/exchanges`; `tests/interop/record.py` says what the lines mean.

use std::path::Path;

/// One token of an exchange.
pub(crate) struct Token {
    /// Sent by the initiator.
    pub(crate) from_client: bool,
    pub(crate) bytes: Vec<u8>,
}

/// One recorded exchange.
pub(crate) struct Exchange {
    pub(crate) name: String,
    pub(crate) tokens: Vec<Token>,
}

/// The exchanges whose names start with `prefix`.
pub(crate) fn exchanges(prefix: &str) -> Vec<Exchange> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/exchanges");
    let mut found: Vec<_> = std::fs::read_dir(directory)
        .expect("tests/data/exchanges")
        .map(|entry| entry.expect("a directory entry").path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)))
        .map(|path| read(&path))
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!found.is_empty(), "no exchanges named {prefix}*");
    found
}

fn read(path: &Path) -> Exchange {
    let text = std::fs::read_to_string(path).expect("an exchange");
    let tokens = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(word, _)| matches!(*word, "C" | "S"))
        .map(|(word, bytes)| Token { from_client: word == "C", bytes: hex(bytes) })
        .collect();
    Exchange { name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), tokens }
}

/// Bytes from hex digits; blanks are skipped.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(|b| b.is_ascii_hexdigit()).collect();
    digits.chunks_exact(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
