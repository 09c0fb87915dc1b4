//! A watched file with the key of exported contexts.

use super::Key;
use crate::runtime::watched_file::{Content, Format, Problem, WatchedFile};

/// A file with a key, read again when it has changed. Once it is removed, there is no key.
pub type KeyFile = WatchedFile<KeyFormat>;

/// What one version of a key file has.
#[derive(Debug, Default)]
pub struct FileKey {
    /// The key.
    pub key: Option<Key>,
    /// Why it cannot be random, if it cannot. It is used all the same.
    pub weakness: Option<&'static str>,
    /// Why there is no key.
    pub problem: Option<Problem>,
}

/// The format of a [`KeyFile`]: a secret of any bytes.
#[derive(Debug, Default)]
pub struct KeyFormat;

/// The bytes of a binary key. In hexadecimal or base64 a key has more.
const SHORTEST: usize = 32;

/// The secret in a file: all of it if it is a binary key, which may begin or end with any byte, else
/// without the white space around it, which editors and shells add.
fn secret(content: &[u8]) -> &[u8] {
    let text = content.trim_ascii();
    match content.len() == SHORTEST && !is_printable(text) {
        true => content,
        false => text,
    }
}

fn is_printable(text: &[u8]) -> bool {
    text.iter().all(|byte| (b' '..=b'~').contains(byte))
}

/// Why the secret cannot be random, if it cannot. Of 32 random bytes 16 differ but for one key in
/// 10^20, and one in 10^13 is printable; text with as much randomness is longer.
fn weakness(secret: &[u8]) -> Option<&'static str> {
    let mut seen = [false; 256];
    secret.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    let different = seen.iter().filter(|seen| **seen).count();
    let printable = is_printable(secret);
    match () {
        () if different < 12 => Some("it has hardly any different bytes"),
        () if printable && secret.len() < 43 => Some("it is text, and too short for random text"),
        () if printable && secret.contains(&b' ') => Some("it is text with spaces"),
        () => None,
    }
}

impl Format for KeyFormat {
    type Value = FileKey;
    const WHAT: &'static str = "key file of [export]";

    fn read(&self, content: &Content<'_>, _previous: Option<&FileKey>) -> Result<FileKey, String> {
        let secret = secret(content.bytes);
        if secret.len() < SHORTEST {
            return Err(format!("shorter than {SHORTEST} bytes"));
        }
        if content.exposed {
            tracing::warn!(file = %content.path.display(), "others than its owner may read or write the key of exported contexts");
        }
        let weakness = weakness(secret);
        if let Some(why) = weakness {
            tracing::warn!(file = %content.path.display(), "the key of exported contexts is not random: {why}");
        }
        Ok(FileKey { key: Some(Key::derive(secret)), weakness, problem: None })
    }

    fn without(&self, problem: Option<&Problem>) -> FileKey {
        FileKey { problem: problem.cloned(), ..FileKey::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_are_taken_as_they_are() {
        let mut raw: Vec<u8> = (100..132).collect();
        for (first, last) in [(b' ', b'\n'), (b'\t', 0), (0, b'\r')] {
            (raw[0], raw[31]) = (first, last);
            assert_eq!(secret(&raw), raw);
            assert_eq!(weakness(secret(&raw)), None);
        }
        let text = b"  bm90IHJhbmRvbSBidXQgYXMgbG9uZyBhcyBhIGtleSBpcw==\r\n";
        assert_eq!(secret(text), text.trim_ascii());
        assert_eq!(weakness(secret(text)), None);
    }

    #[test]
    fn what_cannot_be_random_is_noticed() {
        for weak in [
            &[7; 32][..],
            &[0; 64],
            b"correct horse battery staple and so on",
            b"0123456789abcdef0123456789abcdef",
            b"a sentence that has many words, and so is longer than a key needs to be",
        ] {
            assert!(weakness(weak).is_some(), "{}", weak.escape_ascii());
        }
        let hex = b"8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d";
        assert_eq!(weakness(hex), None);
    }
}
