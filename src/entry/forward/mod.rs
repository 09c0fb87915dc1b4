//! Calls of the operating system's own `secur32.dll`: for packages that are not this library's,
//! such as Schannel, with their credentials and contexts; for the process's own outbound
//! credentials; and for functions that are not SSPI's (`exports::windows`).
//!
//! All of the caller's handles are of this library's tables. An entry there may stand for a handle
//! of secur32.dll ([`Object`](super::handles::Object)), so that an invalid handle never reaches it.

mod allocated;
mod calls;
mod functions;
mod handles;
mod inside;
mod memory;
mod packages;
#[cfg(test)]
mod tests;

pub(super) use calls::{
    StepOn, accept, acquire, acquire_outbound, change_password, import, initiate,
};
#[cfg(windows)]
pub(super) use functions::procedure;
pub(super) use functions::{Form, own_table};
pub(super) use handles::{Forwarded, end, find, find_outbound};
pub(super) use memory::{free_context_buffer, gave_memory};
pub(super) use packages::{add_package, delete_package, others, package};
