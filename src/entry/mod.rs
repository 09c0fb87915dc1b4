//! The C boundary: the ABI of `secur32.dll`. Raw pointers are read and written here only; the rest
//! of the library, except for `platform`, is safe Rust.
//!
//! Its parts, from top to bottom. Each uses those below it only:
//!
//! - [`exports`]: the exported functions. Each runs within `guard` (errors and panics become
//!   statuses) and decides where its call goes: to an object of this library, or to `forward`.
//! - `context`, `credentials`, `access_token`, `auth_identity`, `packages`, `async_call`: the work
//!   for this library's objects. `forward`: calls of the operating system's own `secur32.dll`, for
//!   packages that are not this library's.
//! - `handles`: from a caller's handle to an object.
//! - [`boundary`]: buffers, strings, flags, statuses, memory that the caller frees.
//! - [`abi`]: types and constants as they lie in memory.
//!
//! # C caller's contract
//!
//! The exported functions rely on these promises of a C caller, as the functions of Windows do.
//! `SAFETY` comments refer to them by name. Everything else, such as the values of handles, lengths
//! and flags, is checked.
//!
//! - **handles**: a pointer to a handle is NULL or points to a `SecHandle`. Its words may have any
//!   values.
//! - **strings**: a string is NULL or ends with a zero character. If its length is given too, it
//!   has as many characters.
//! - **buffers**: a pointer to a descriptor is NULL or points to one. Its `pBuffers` is NULL or
//!   points to `cBuffers` buffers. Each buffer's `pvBuffer` is NULL or points to `cbBuffer` bytes,
//!   which may be written to unless the function only reads the buffer.
//! - **identities**: a pointer to an identity is NULL or points to a `SEC_WINNT_AUTH_IDENTITY` of
//!   either form, to its EX form, or to a block that begins with its EX2 form, with the strings
//!   that it points to. The functions that change an identity may write to it and its strings.
//! - **attributes**: the buffer of an attribute is NULL or what the attribute's documentation says:
//!   the structure to be filled, or a function or its argument.
//! - **outputs**: a pointer to any other output is NULL or points to memory of its type, or of the
//!   length that another argument gives, that may be written to.
//! - **callbacks**: a function that the caller registers has the documented type and may be called
//!   from any thread with the argument that was registered with it.
//! - **freed memory**: the caller does not use memory after it has freed it.
//!
//! Nothing needs to be aligned. Two arguments may point to the same memory: what a call reads it has
//! read before it writes there, and a new handle is written last. During a call no other thread
//! writes to memory that the arguments point to, or reads memory that is an output. An asynchronous
//! call lasts until it is complete or its context has been freed.
//!
//! A function whose `# Safety` section says "as the function's own" takes the arguments of an
//! exported function, with these promises.

#[allow(non_camel_case_types, non_snake_case, non_upper_case_globals)]
pub mod abi;
mod access_token;
mod async_call;
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
