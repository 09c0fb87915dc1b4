//! The reason why an AP exchange fails: Kerberos' error code for the peer, and the error for the
//! caller.

use crate::kerberos::message::error_code;
use crate::replay::Refusal;
use crate::types::error::{Denial, Error};

/// A rejection: the code for the peer, and the error for the caller and the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rejection {
    /// The error code, from [`error_code`].
    pub(crate) code: i32,
    pub(crate) error: Error,
}

impl Rejection {
    /// The client is rejected with this code and reason.
    pub(crate) const fn denied(code: i32, why: &'static str) -> Rejection {
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
