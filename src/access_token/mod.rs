//! From an authenticated client to the operating system's terms: an access token on Windows and
//! Wine, a thread's credentials on Unix; and impersonation by threads.
//!
//! [`Subject`] describes the client; [`Token`] is what the platform makes of it. Decisions are made
//! here; the calls of the operating system are in `platform`.

mod config;
mod impersonation;
pub mod options;
mod sids;
mod subject;
#[cfg(unix)]
mod unix;
#[cfg(any(windows, test))]
pub(crate) mod windows;

pub use crate::platform::access_token::Level;
pub use config::Config;
#[cfg(unix)]
pub(crate) use impersonation::become_client;
pub(crate) use impersonation::{
    ActAs, Acting, acting, check_thread, impersonate, revert, work_for,
};
pub use options::Options;
pub use sids::Sids;
pub use subject::Subject;
#[cfg(unix)]
pub use unix::{LocalAccount, Token};
#[cfg(windows)]
pub use windows::Token;

use crate::types::error::Result;

/// A token that a thread can impersonate a client with.
pub(crate) trait Impersonate {
    /// The identity that the thread had before.
    type Previous;

    /// The calling thread, and no other, acts as the client from now on. After an error its
    /// identity is unchanged.
    ///
    /// Errors: `NoImpersonation`.
    fn begin(&self) -> Result<Self::Previous>;

    /// Restores the calling thread's previous identity.
    ///
    /// Errors: `NoImpersonation`; the thread may then have any identity with no more rights than
    /// before.
    fn end(previous: &Self::Previous) -> Result<()>;
}
