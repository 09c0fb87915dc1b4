//! The TGS exchange, RFC 4120 3.3: a ticket for a ticket-granting ticket, by one request to the KDC
//! of one realm. [`super::ServiceTicket`] follows referrals by several.

mod kinds;
mod reply;
mod request;

use super::{ClientOptions, Credentials, Exchange, KdcService, Next, clock};
use crate::kerberos::Principal;
use crate::kerberos::message::{KdcExchange, KdcRep, KrbError, error_code};
use crate::primitives::random::SecureRandom;
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;
use request::Sent;
use std::sync::Arc;

pub use kinds::TgsRequest;
pub(super) use kinds::{Kind, realm_of};

/// A request to the TGS of the realm that the ticket-granting ticket is for.
#[derive(Debug)]
pub struct TgsExchange {
    request: TgsRequest,
    options: Arc<ClientOptions>,
    random: &'static dyn SecureRandom,
    /// The KDC's time less ours, in microseconds.
    clock_offset: i64,
    /// Whether the KDC's time was taken from an error already.
    skew_retried: bool,
    sent: Option<Sent>,
}

/// What the TGS issued.
#[derive(Debug)]
pub struct TgsOutput {
    /// The ticket with its key.
    pub credentials: Credentials,
    /// Whether it is not the ticket that was asked for but one for the TGS of another realm, which
    /// is to be asked instead (RFC 6806 8, RFC 4120 3.3.1).
    pub is_referral: bool,
    /// The KDC's time less ours, in microseconds: as it was given, or as learnt from an error.
    pub clock_offset: i64,
    /// Of an S4U2self request: the user as the KDC names it, protected by a checksum.
    pub s4u_user: Option<Principal>,
    /// Whether the KDC says that it knows resource-based constrained delegation.
    pub resource_based: bool,
}

impl TgsExchange {
    /// A request. `clock_offset` is the KDC's time less ours, in microseconds, as far as it is known.
    pub fn new(
        request: TgsRequest,
        options: Arc<ClientOptions>,
        clock_offset: i64,
        random: &'static dyn SecureRandom,
    ) -> TgsExchange {
        TgsExchange { request, options, random, clock_offset, skew_retried: false, sent: None }
    }

    /// The realm that is asked.
    fn realm(&self) -> Result<&str> {
        realm_of(&self.request.tgt)
    }

    fn ask(&mut self, now: FileTime) -> Result<Next<TgsOutput>> {
        let kdc_now = clock::shifted(now, self.clock_offset);
        let (request, sent) = request::build(&self.request, &self.options, kdc_now, self.random)?;
        self.sent = Some(sent);
        Ok(Next::Ask { service: KdcService::Kdc, realm: self.realm()?.to_owned(), request })
    }

    /// Takes a KRB-ERROR. It is unprotected: all that it can do is to make the exchange fail, or be
    /// repeated once with another time.
    fn refused(&mut self, error: &KrbError<'_>, now: FileTime) -> Result<Next<TgsOutput>> {
        // A time at which the ticket is not valid would not help, and an authenticator for a time
        // far off should not exist.
        let tgt = &self.request.tgt;
        let valid = (tgt.starttime.saturating_sub(86400)..tgt.endtime).contains(&error.stime);
        if error.error_code != error_code::SKEW || self.skew_retried || !valid {
            return Err(Error::KrbError(error.error_code));
        }
        self.skew_retried = true;
        self.clock_offset = clock::learn(now, self.clock_offset, error.stime, error.susec);
        self.ask(now)
    }
}

impl Exchange for TgsExchange {
    type Output = TgsOutput;

    fn step(&mut self, reply: Option<&[u8]>, now: FileTime) -> Result<Next<TgsOutput>> {
        let Some(reply) = reply else { return self.ask(now) };
        let sent = self.sent.take().ok_or(Error::Internal("a TGS-REP without a TGS-REQ"))?;
        if let Ok(error) = KrbError::decode(reply) {
            return self.refused(&error, now);
        }
        let reply = KdcRep::decode(KdcExchange::Tgs, reply)?;
        let mut output = reply::check(&self.request, &sent, &self.options, &reply)?;
        output.clock_offset = self.clock_offset;
        Ok(Next::Done(output))
    }
}
