//! What differs between operating systems: host name, local time, files.

pub mod ansi;
pub mod helper_process;
mod leaked_once;
pub mod name_servers;
pub mod random;
pub mod shared_file;
pub mod system_dll;
pub mod terminal;
#[cfg(unix)]
mod unix;
pub mod wbclient;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

#[cfg(windows)]
pub(crate) use system::access_token;
#[cfg(windows)]
pub use system::is_wine;
#[cfg(unix)]
pub use system::{accounts, thread_credentials};
pub use system::{
    coarse_millis, default_config_file, host_name, on_stack, private, replay_cache, standard_error,
    stay_loaded, sync_folder, take_after, take_no_signals, to_local, write_line,
};

pub(crate) use leaked_once::LeakedOnce;

use crate::types::time::FileTime;
use std::ffi::OsString;
use std::time::{Duration, SystemTime};

/// The clock's reading, in UTC.
pub fn now() -> FileTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    FileTime::UNIX_EPOCH.plus(since)
}

/// The value of an environment variable; nothing where the process runs with more rights than
/// whoever set its environment (set-user-ID programs).
pub fn environment(name: &str) -> Option<OsString> {
    if system::environment_is_foreign() { None } else { std::env::var_os(name) }
}

/// What tells one version of a file from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileIdentity {
    /// When its content was last changed.
    pub modified: SystemTime,
    /// In bytes.
    pub length: u64,
    /// On Unix, people other than the owner may read or write it.
    pub exposed: bool,
    /// Device, file number and time of the last change to the file's attributes, where the system
    /// has them.
    pub number: [u64; 3],
}
