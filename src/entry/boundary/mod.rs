//! Translation of the caller's pointers, buffers, text and flags, and of results; the panic
//! barrier.

pub(crate) mod arguments;
pub(crate) mod buffers;
pub(crate) mod flags;
pub(crate) mod guard;
pub mod memory;
pub(crate) mod package_info;
pub(crate) mod pointers;
pub(crate) mod query_buffer;
pub(crate) mod status;
pub(crate) mod text;
