//! `[export]`.

use crate::export::{Key, KeyFile};
use crate::types::error::{Error, Result};
use std::sync::Arc;
use std::time::Duration;

/// `[export]`: contexts that travel to other processes.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// The file whose key other processes have too; without one the key is that of this process and
    /// its forked children.
    pub key_file: Option<Arc<KeyFile>>,
    /// How long an exported context can be imported.
    pub lifetime: Duration,
}

impl Export {
    /// What `work` does with the key in force; `missing` if the file that was named has none.
    pub fn with_key<T>(&self, work: impl FnOnce(&Key) -> Result<T>, missing: Error) -> Result<T> {
        match &self.key_file {
            None => work(Key::of_process()?),
            Some(file) => work(file.current().as_ref().as_ref().ok_or(missing)?),
        }
    }
}

impl Default for Export {
    fn default() -> Export {
        Export { key_file: None, lifetime: Duration::from_secs(5 * 60) }
    }
}
