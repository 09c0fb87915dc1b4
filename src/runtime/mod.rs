//! Services for the rest of the library within one process: watched files, the log, values per
//! process.

pub(crate) mod fork_gate;
pub(crate) mod fork_local;
pub mod log;
pub(crate) mod log_text;
pub(crate) mod machine_id;
pub(crate) mod mutex;
pub(crate) mod thread_role;
pub(crate) mod threads;
pub(crate) mod toml_text;
pub mod watched_file;
