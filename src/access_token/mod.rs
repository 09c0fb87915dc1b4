//! From an authenticated client to something that the operating system understands: an access token
//! on Windows and Wine, a thread's credentials on Unix; and the threads that act as clients.
//!
//! [`Subject`] is what is known of the client; [`Token`] what the platform makes of it. What is
//! decided is decided here; the calls of the operating system are in `platform`.

mod impersonation;
pub mod options;
mod sids;
mod subject;
#[cfg(unix)]
mod unix;
#[cfg(any(windows, test))]
pub(crate) mod windows;

pub(crate) use impersonation::{acting, for_new_thread, impersonate, revert};
pub use options::Options;
pub use sids::Sids;
pub use subject::{Level, Subject};
#[cfg(unix)]
pub use unix::{LocalAccount, Token};
#[cfg(windows)]
pub use windows::Token;

use crate::types::error::Result;

/// Something that a thread can act under.
pub(crate) trait Wearable {
    /// What the thread was before.
    type Before;

    /// The calling thread, and no other, acts as the client from now on. After an error it is what
    /// it was.
    ///
    /// Errors: `NoImpersonation`.
    fn put_on(&self) -> Result<Self::Before>;

    /// The calling thread is again what it was before.
    ///
    /// Errors: `NoImpersonation`; then it may be anything, but not more than it was.
    fn take_off(before: &Self::Before) -> Result<()>;
}
