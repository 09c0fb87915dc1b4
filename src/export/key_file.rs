//! A key file that is watched.

use super::Key;
use crate::runtime::watched_file::{Content, Problem, Source, Watched};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file with a key, read again when it has changed. One that is gone has none.
#[derive(Debug)]
pub struct KeyFile(Watched<Format>);

impl KeyFile {
    /// Reads the file for the first time. Problems are logged.
    pub fn open(path: PathBuf) -> KeyFile {
        KeyFile(Watched::open(Some(path), Format))
    }

    /// The key, if the file has one.
    pub fn current(&self) -> Arc<Option<Key>> {
        self.0.current()
    }

    /// The file's path.
    pub fn path(&self) -> Option<&Path> {
        self.0.path()
    }
}

impl PartialEq for KeyFile {
    fn eq(&self, other: &KeyFile) -> bool {
        self.path() == other.path()
    }
}

#[derive(Debug)]
struct Format;

/// As many bytes as a key has. In hexadecimal or base64 a key has more.
const SHORTEST: usize = 32;

impl Source for Format {
    type Value = Option<Key>;
    const WHAT: &'static str = "key file of [export]";

    /// All of the file counts, whatever it is made of, but for white space around it: editors and
    /// shells add that.
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

    fn expected(&self, _problem: &Problem) -> bool {
        false
    }

    fn withdraw(&self, problem: &Problem) -> bool {
        *problem == Problem::Missing
    }
}
