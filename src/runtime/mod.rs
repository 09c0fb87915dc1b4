//! What the library needs of a running process: watched files, the log, values per process.

pub(crate) mod fork_local;
pub mod log;
pub(crate) mod thread_role;
pub mod watched_file;
