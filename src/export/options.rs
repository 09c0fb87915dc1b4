//! What `[export]` configures.

use std::path::PathBuf;
use std::time::Duration;

/// `[export]`: contexts exported to other processes.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The file with the key that other processes share; without one the key is that of this
    /// process and its forked children.
    pub key_file: Option<PathBuf>,
    /// The file with the key before this one, under which contexts are still imported.
    pub previous_key_file: Option<PathBuf>,
    /// Who contexts are exported to and imported by; `None`: servers with this server's name.
    pub audience: Option<String>,
    /// The file in which processes that share nothing else note what has been imported.
    pub once_file: Option<PathBuf>,
    /// How long an exported context can be imported.
    pub lifetime: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            key_file: None,
            previous_key_file: None,
            audience: None,
            once_file: None,
            lifetime: Duration::from_secs(5 * 60),
        }
    }
}
