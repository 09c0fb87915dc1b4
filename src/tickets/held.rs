//! Tickets in memory: those of one credential.

use super::base::Base;
use crate::kerberos::client::Credentials;
use crate::types::error::Error;
use crate::types::time::FileTime;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Service tickets that a credential holds at most.
const MOST: usize = 256;
/// Rejected tickets that a credential remembers at most.
const MOST_REJECTED: usize = 16;
/// Ticket-granting tickets of other realms that a credential holds at most.
const MOST_CROSS_REALM: usize = 64;
/// Failures that a credential remembers at most.
const MOST_FAILURES: usize = 64;
/// A ticket that ends sooner, in seconds, is not used any more.
pub(super) const MARGIN: i64 = 60;
/// A renewable ticket-granting ticket that ends sooner, in seconds, is renewed.
pub(super) const RENEW_BEFORE: i64 = 600;
/// After a renewal that failed, the next is tried.
pub(super) const RENEW_AGAIN: Duration = Duration::from_secs(60);
/// How long a failure is the answer to the same question.
const FAILURE_AGE: Duration = Duration::from_secs(5);

/// What a ticket was asked for by: the target's name, and for user-to-user authentication the
/// service's ticket.
pub(super) type Key = (String, Option<Vec<u8>>);

/// The tickets, and what could not be had.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// What service tickets are asked for with.
    pub(super) base: Option<Base>,
    /// Not before then is a renewal tried again.
    pub(super) renew_after: Option<Instant>,
    /// Ticket-granting tickets of other realms, from referrals.
    pub(super) cross_realm: Vec<Arc<Credentials>>,
    /// The forwarded ticket-granting ticket.
    pub(super) forwarded: Option<Arc<Credentials>>,
    /// The KDC's refusal of the client.
    refusal: Option<(Error, Instant)>,
    /// Tickets that services have rejected, which caches may still have.
    rejected: VecDeque<Arc<Credentials>>,
    services: HashMap<Key, Arc<Credentials>>,
    failures: HashMap<Key, (Error, Instant)>,
}

impl Held {
    /// The ticket for this key, if it is valid. `now` is the time by the KDC's clock.
    pub(super) fn service(&self, key: &Key, now: FileTime) -> Option<Arc<Credentials>> {
        self.services.get(key).filter(|ticket| ticket.is_valid(now, MARGIN)).cloned()
    }

    /// Begins anew with a ticket-granting ticket. Service tickets are kept if they are the same
    /// client's.
    pub(super) fn begin(&mut self, base: Base) {
        if self.base.as_ref().is_some_and(|held| held.client() != base.client()) {
            self.services.clear();
        }
        self.cross_realm.clear();
        self.forwarded = None;
        self.base = Some(base);
    }

    /// The KDC's refusal of the client that is still the answer.
    pub(super) fn refusal(&self) -> Option<Error> {
        self.refusal.filter(|(_, at)| at.elapsed() < FAILURE_AGE).map(|(error, _)| error)
    }

    /// Remembers a KDC's refusal of the client for a while: a wrong password would else count once
    /// for each service against the account.
    pub(super) fn refuse(&mut self, error: Error) {
        if matches!(error, Error::KrbError(_)) {
            self.refusal = Some((error, Instant::now()));
        }
    }

    /// Keeps a ticket. The one that ends first makes room.
    pub(super) fn insert(&mut self, key: Key, ticket: Arc<Credentials>) {
        self.failures.remove(&key);
        if self.services.len() >= MOST && !self.services.contains_key(&key) {
            let first = self.services.iter().min_by_key(|(_, ticket)| ticket.endtime);
            if let Some(first) = first.map(|(key, _)| key.clone()) {
                self.services.remove(&first);
            }
        }
        self.services.insert(key, ticket);
    }

    /// Keeps the ticket-granting tickets of other realms.
    pub(super) fn insert_cross_realm(&mut self, tickets: Vec<Arc<Credentials>>) {
        for ticket in tickets {
            self.cross_realm.retain(|other| other.server != ticket.server);
            if self.cross_realm.len() < MOST_CROSS_REALM {
                self.cross_realm.push(ticket);
            }
        }
    }

    /// Whether a service has rejected this ticket.
    pub(super) fn is_rejected(&self, ticket: &Credentials) -> bool {
        self.rejected.iter().any(|rejected| rejected.ticket == ticket.ticket)
    }

    /// Removes a ticket that its service has rejected.
    pub(super) fn forget(&mut self, ticket: &Arc<Credentials>) {
        if self.rejected.len() >= MOST_REJECTED {
            self.rejected.pop_front();
        }
        self.rejected.push_back(ticket.clone());
        self.services.retain(|_, held| !Arc::ptr_eq(held, ticket));
    }

    /// The failure that is still the answer.
    pub(super) fn failure(&self, key: &Key) -> Option<Error> {
        self.failures.get(key).filter(|(_, at)| at.elapsed() < FAILURE_AGE).map(|(error, _)| *error)
    }

    /// Remembers a failure for a while: a KDC that does not answer would else be waited for again
    /// with every context.
    pub(super) fn fail(&mut self, key: Key, error: Error) {
        if matches!(error, Error::OutOfMemory) {
            return;
        }
        if self.failures.len() >= MOST_FAILURES {
            self.failures.clear();
        }
        self.failures.insert(key, (error, Instant::now()));
    }
}
