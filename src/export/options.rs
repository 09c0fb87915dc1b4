//! What `[export]` configures.

use std::path::PathBuf;
use std::time::Duration;

/// `[export]`: contexts exported to other processes.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The file with the key that other processes share; without one the key is that of this
    /// process and its forked children.
    pub key_file: Option<PathBuf>,
    /// How long an exported context can be imported.
    pub lifetime: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options { key_file: None, lifetime: Duration::from_secs(5 * 60) }
    }
}
