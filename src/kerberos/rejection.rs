//! Why an AP exchange ends, in Kerberos' own codes and in ours.

use super::message::error_code;
use super::replay::Refusal;
use crate::error::{Denial, Error};

/// A refusal: what the peer may be told, and what the caller and the log are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rejection {
    /// [`error_code`].
    pub(super) code: i32,
    pub(super) error: Error,
}

impl Rejection {
    /// The client is not let in.
    pub(super) const fn denied(code: i32, why: &'static str) -> Rejection {
        Rejection { code, error: Error::LogonDenied(Denial::Ticket(why)) }
    }
}

impl From<Error> for Rejection {
    fn from(error: Error) -> Rejection {
        Rejection { code: error_code::GENERIC, error }
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Rejection {
        let code = match refusal {
            Refusal::Replayed => error_code::REPEAT,
            Refusal::Stale => error_code::SKEW,
            Refusal::Unavailable(_) => error_code::GENERIC,
        };
        Rejection { code, error: refusal.into() }
    }
}
