//! Between an exchange and a KDC.

use crate::types::error::Result;
use crate::types::time::FileTime;
use std::fmt;

/// The services of a realm's KDCs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KdcService {
    /// The KDC itself: AS and TGS.
    Kdc,
    /// The password service, RFC 3244.
    Kpasswd,
}

/// Carries messages to and from KDCs. An implementation has one deadline for all that it carries.
pub trait Kdc: fmt::Debug + Send + Sync {
    /// Sends `request` to a KDC of `realm` and returns its reply, each a message without the length
    /// that goes before it over TCP.
    ///
    /// Errors: `NoAuthority` if no KDC is known or none replies until the deadline.
    fn ask(&self, service: KdcService, realm: &str, request: &[u8]) -> Result<Vec<u8>>;

    /// The current time by the local clock.
    fn now(&self) -> FileTime;
}

/// What an exchange needs next.
#[derive(Debug)]
pub enum Next<T> {
    /// The reply to this request.
    Ask {
        /// Whom to ask.
        service: KdcService,
        /// The realm to ask.
        realm: String,
        /// The message.
        request: Vec<u8>,
    },
    /// Nothing: the exchange has come to its end.
    Done(T),
}

/// An exchange with one KDC, or several one after the other.
pub trait Exchange {
    /// What it leads to.
    type Output;

    /// Takes the reply to the last request, `None` at the start, and returns what is needed next.
    /// `now` is the current time by the local clock.
    ///
    /// Errors: `KrbError` for a refusal; `InvalidToken` and `MessageAltered` for a reply that is
    /// malformed or not the KDC's. The exchange has failed then.
    fn step(&mut self, reply: Option<&[u8]>, now: FileTime) -> Result<Next<Self::Output>>;
}

/// Runs an exchange to its end.
///
/// Errors: those of the exchange and of [`Kdc::ask`].
pub fn run<E: Exchange>(exchange: &mut E, kdc: &dyn Kdc) -> Result<E::Output> {
    let mut next = exchange.step(None, kdc.now())?;
    loop {
        match next {
            Next::Done(output) => return Ok(output),
            Next::Ask { service, realm, request } => {
                let reply = kdc.ask(service, &realm, &request)?;
                next = exchange.step(Some(&reply), kdc.now())?;
            }
        }
    }
}
