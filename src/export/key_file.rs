//! A watched file with the key of exported contexts.

use super::Key;
use crate::runtime::watched_file::{Content, Format, Problem, WatchedFile};

/// A file with a key, read again when it has changed. Once it is removed, there is no key.
pub type KeyFile = WatchedFile<KeyFormat>;

/// The format of a [`KeyFile`]: a secret of any bytes.
#[derive(Debug, Default)]
pub struct KeyFormat;

/// The bytes of a binary key. In hexadecimal or base64 a key has more.
const SHORTEST: usize = 32;

impl Format for KeyFormat {
    type Value = Option<Key>;
    const WHAT: &'static str = "key file of [export]";

    /// The whole file is the secret, less surrounding white space, which editors and shells add.
    fn read(
        &self,
        content: &Content<'_>,
        _previous: Option<&Option<Key>>,
    ) -> Result<Option<Key>, String> {
        let secret = content.bytes.trim_ascii();
        if secret.len() < SHORTEST {
            return Err(format!("shorter than {SHORTEST} bytes"));
        }
        if content.exposed {
            tracing::warn!(file = %content.path.display(), "others than its owner may read or write the key of exported contexts");
        }
        Ok(Some(Key::derive(secret)))
    }

    fn without(&self, _problem: Option<&Problem>) -> Option<Key> {
        None
    }
}
