//! The C boundary: the ABI of `secur32.dll`. Raw pointers end here; below is safe Rust.
//!
//! [`abi`] says how things lie in memory. [`exports`] are the entry points; each calls its work by
//! way of `guard`, the barrier that errors and panics do not pass. A caller's handle becomes an
//! object in `objects`, over the tables of `handle`; a caller's buffers become slices in `buffers`,
//! strings in `text`, flags in `flags`; what the caller is given to keep is on record in `memory`.
//! What is not ours is passed on by `system`.

#[allow(non_camel_case_types, non_snake_case)]
pub mod abi;
mod access_token;
mod async_call;
#[cfg(target_os = "linux")]
mod at_load;
mod auth_identity;
pub mod boundary;
mod context;
mod credentials;
#[allow(non_snake_case)]
pub mod exports;
mod forward;
mod handles;
mod packages;
#[cfg(test)]
mod tests;

// The documentation's names.
