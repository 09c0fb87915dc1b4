//! A KDC for the accounts of one server and for that server's own services (RFC 4120 3.1, 3.3): a
//! function of configuration, accounts, request and time.
//!
//! - Pre-authentication is always required, by an encrypted timestamp. An account that does not
//!   exist, is locked out by the throttle, or whose password is wrong looks the same.
//! - Tickets are issued for this server's names only, so that another server cannot pass on a
//!   client's requests to obtain tickets for itself. They are neither forwardable nor renewable.
//! - A ticket is tied to the password that it was got with: a new password ends it, as does
//!   disabling the account.

mod accounts;
mod as_exchange;
mod keys;
mod names;
mod reply;
mod service;
mod tgs_exchange;

pub use accounts::{Accounts, Asked, Candidate, Present, Standing, Tie};
pub use keys::{RealmKeys, RealmSecret};
pub use names::LocalNames;

use super::crypto::Enctype;
use super::message::{KdcExchange, KdcReq, KdcReqBody, KrbError, PrincipalName, error_code};
use super::policy::{Addresses, Policy};
use super::service_name::ServiceName;
use crate::primitives::random::SecureRandom;
use crate::types::address::Address;
use crate::types::error::Result;
use crate::types::time::FileTime;
use reply::{Refusal, refuse};
use std::sync::Arc;
use std::time::Duration;

/// The encryption types of a local realm's keys and tickets, most preferred first. RC4 is none of
/// them: its key is the NT hash, which the account file has.
pub const ENCTYPES: [Enctype; 2] = [Enctype::Aes256Sha1, Enctype::Aes128Sha1];

/// A KDC.
#[derive(Debug)]
pub struct Kdc {
    /// The names of the realm and of this server.
    pub names: LocalNames,
    /// The keys of the realm.
    pub keys: RealmKeys,
    /// The accounts.
    pub accounts: Arc<dyn Accounts>,
    /// How long tickets are valid.
    pub ticket_lifetime: Duration,
    policy: Policy,
    random: &'static dyn SecureRandom,
}

/// The parameters of one request, apart from the message.
#[derive(Debug, Clone, Copy)]
pub struct KdcCall<'a> {
    /// The lists of services to which caller and configuration restrict tickets: one name of each
    /// must fit.
    pub restrictions: &'a [&'a [ServiceName]],
    /// The client's address, if the caller told it.
    pub address: Option<Address>,
    /// The current time.
    pub now: FileTime,
}

/// What a request came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The client has to prove its password first.
    PreauthRequired,
    /// The client has a ticket-granting ticket.
    LoggedOn,
    /// The client has a ticket for a service.
    ServiceTicket,
    /// A wrong password, or an account that may not be used; with the error code.
    Rejected(i32),
    /// A request that cannot be granted, with the error code.
    Refused(i32),
}

/// The answer to a request.
#[derive(Debug)]
pub struct Answer {
    /// The message for the client.
    pub message: Vec<u8>,
    /// What it says.
    pub outcome: Outcome,
}

impl Kdc {
    /// A KDC with these parameters; `max_clock_skew` is how far a client's clock may be off.
    pub fn new(
        names: LocalNames,
        keys: RealmKeys,
        accounts: Arc<dyn Accounts>,
        (max_clock_skew, ticket_lifetime): (Duration, Duration),
        random: &'static dyn SecureRandom,
    ) -> Kdc {
        let policy = Policy {
            enctypes: ENCTYPES.to_vec(),
            max_clock_skew,
            addresses: Addresses::Ignore,
            ..Policy::default()
        };
        Kdc { names, keys, accounts, ticket_lifetime, policy, random }
    }

    /// The KRB-ERROR for a client of IAKERB that means another realm.
    pub(super) fn not_found(&self, now: FileTime) -> Vec<u8> {
        let named = (self.names.name().as_bytes(), PrincipalName::EMPTY);
        KrbError::new(error_code::IAKERB_KDC_NOT_FOUND, now, named).encode()
    }

    /// Answers an AS-REQ or TGS-REQ.
    ///
    /// Errors: `InvalidToken` for a malformed message, `NoAuthority` if the accounts cannot be read,
    /// `Internal` if there are no random numbers. A request that is only refused is no error.
    pub fn answer(&self, request: &[u8], call: &KdcCall<'_>) -> Result<Answer> {
        let outer = KdcReq::decode(request)?;
        let body = KdcReqBody::decode(outer.req_body)?;
        let answered = match self.names.realm(body.realm) {
            None => Err(Refusal::of(error_code::WRONG_REALM)),
            Some(realm) => match outer.exchange {
                KdcExchange::As => self.answer_as(request, &outer, &body, realm, call),
                KdcExchange::Tgs => self.answer_tgs(&outer, &body, realm, call),
            },
        };
        answered.or_else(|refusal| refuse(refusal, self, &body, call.now))
    }
}
