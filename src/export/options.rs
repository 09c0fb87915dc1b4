//! What `[export]` configures.

use super::{Key, KeyFile};
use crate::types::error::{Error, Result};
use std::sync::Arc;
use std::time::Duration;

/// `[export]`: contexts exported to other processes.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The file with the key that other processes share; without one the key is that of this
    /// process and its forked children.
    pub key_file: Option<Arc<KeyFile>>,
    /// How long an exported context can be imported.
    pub lifetime: Duration,
}

impl Options {
    /// Calls `work` with the key in force; fails with `missing` if the configured file has none.
    pub fn with_key<T>(&self, work: impl FnOnce(&Key) -> Result<T>, missing: Error) -> Result<T> {
        match &self.key_file {
            None => work(Key::of_process()?),
            Some(file) => work(file.current().as_ref().as_ref().ok_or(missing)?),
        }
    }
}

impl Default for Options {
    fn default() -> Options {
        Options { key_file: None, lifetime: Duration::from_secs(5 * 60) }
    }
}
