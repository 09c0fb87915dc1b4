//! The C boundary: the ABI of `secur32.dll`. Raw pointers end here; below is safe Rust.
//!
//! [`abi`] says how things lie in memory. [`exports`] are the entry points; each calls its work by way of
//! `guard`, the barrier that errors and panics do not pass. A caller's handle becomes an object in `objects`,
//! over the tables of `handle`; a caller's buffers become slices in `buffers`, strings in `text`, flags in
//! `flags`; what the caller is given to keep is on record in `memory`. What is not ours is passed on by `system`.

// The documentation's names.
#[allow(non_camel_case_types, non_snake_case)]
pub mod abi;
mod answer;
mod async_call;
#[cfg(target_os = "linux")]
mod at_load;
mod auth_identity;
mod buffers;
mod complete;
mod conversation;
mod converse;
mod credentials;
#[allow(non_snake_case)]
pub mod exports;
mod flags;
mod guard;
mod handle;
mod hash_callback;
mod identity;
mod identity_ex2;
mod lock;
mod memory;
mod message;
#[cfg(test)]
mod message_tests;
mod objects;
mod packages;
mod password;
mod query;
mod set;
mod status;
mod sync;
mod system;
mod tables;
#[cfg(test)]
mod tests;
mod text;
mod token;
mod travel;
#[cfg(unix)]
mod unix_token;
