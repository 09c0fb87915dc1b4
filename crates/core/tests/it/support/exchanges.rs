//! Reads the recorded exchanges of `tests/data/exchanges`; `tests/suites/interop/record.py` says
//! what the lines mean.
#![allow(clippy::disallowed_methods)] // the folder is listed, so that none is left out

use super::shared;
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
    /// The credentials of the initiator.
    pub(crate) user: String,
    pub(crate) domain: String,
    pub(crate) password: String,
    /// Application data of the channel bindings.
    pub(crate) bindings: Option<Vec<u8>>,
    /// The exported session key.
    pub(crate) key: Option<Vec<u8>>,
    /// In the order in which they were made.
    pub(crate) messages: Vec<Message>,
}

/// One message over the established context.
pub(crate) struct Message {
    pub(crate) from_client: bool,
    pub(crate) data: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    /// The data encrypted; `None` for a message that is signed only.
    pub(crate) sealed: Option<Vec<u8>>,
}

/// The exchanges whose names start with `prefix`.
pub(crate) fn exchanges(prefix: &str) -> Vec<Exchange> {
    let directory = Path::new(shared!("exchanges"));
    let mut found: Vec<_> = std::fs::read_dir(directory)
        .expect("tests/data/exchanges")
        .map(|entry| entry.expect("a directory entry").path())
        .filter(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix))
        })
        .map(|path| read(&path))
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!found.is_empty(), "no exchanges named {prefix}*");
    found
}

fn read(path: &Path) -> Exchange {
    let text = std::fs::read_to_string(path).expect("an exchange");
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut exchange = Exchange {
        name,
        tokens: Vec::new(),
        user: String::new(),
        domain: String::new(),
        password: String::new(),
        bindings: None,
        key: None,
        messages: Vec::new(),
    };
    for (word, value) in text.lines().filter_map(|line| line.split_once(' ')) {
        match word {
            "C" | "S" => {
                exchange.tokens.push(Token { from_client: word == "C", bytes: hex(value) })
            }
            "user" => exchange.user = value.to_owned(),
            "domain" => exchange.domain = value.to_owned(),
            "password" => exchange.password = value.to_owned(),
            "bindings" => exchange.bindings = Some(hex(value)),
            "key" => exchange.key = Some(hex(value)),
            "seal" | "sign" => exchange.messages.push(message(value, word == "seal")),
            _ => {}
        }
    }
    exchange
}

fn message(line: &str, seal: bool) -> Message {
    let words: Vec<&str> = line.split(' ').collect();
    let [side, data, message] = words[..] else { panic!("not a message: {line}") };
    let mut signature = hex(message);
    let sealed = seal.then(|| signature.split_off(16));
    Message { from_client: side == "C", data: hex(data), signature, sealed }
}

/// Bytes from hex digits; blanks are skipped.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(|b| b.is_ascii_hexdigit()).collect();
    digits
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
