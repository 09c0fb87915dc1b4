//! What is passed on to the system's own `secur32.dll`: packages other than ours, such as Schannel,
//! with their credentials and contexts; and the functions of that DLL that are not SSPI's
//! (`exports::passed_on`).
//!
//! A program's handles are all of our tables. One that stands for a handle of the system's is told
//! apart there ([`Object`](super::objects::Object)), so that whatever else a program passes never
//! reaches the system.

mod calls;
mod functions;
mod handles;
mod inside;
mod memory;
mod packages;
#[cfg(test)]
mod tests;

pub(super) use calls::{StepOn, accept, acquire, change_password, import, initiate};
#[cfg(windows)]
pub(super) use functions::procedure;
pub(super) use functions::{Form, own_table};
pub(super) use handles::{Forwarded, end, find};
pub(super) use memory::{free, gave_memory};
pub(super) use packages::{add_package, delete_package, others, package};
