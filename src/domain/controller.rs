//! Finding the domain's controllers, and choosing between them.

use super::Options;
use crate::net::dns;
use crate::net::host::Host;
use crate::net::rpc::endpoint_mapper;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The domain's controllers, preferred first: those that are configured, or those that DNS lists.
/// The error is one line.
pub fn find(options: &Options, deadline: Instant) -> Result<Vec<Host>, String> {
    match options.controllers.is_empty() {
        true => {
            let site = options.site.as_deref();
            dns::domain_controllers(&options.realm, site, &options.name_servers, deadline)
        }
        false => Ok(options.controllers.clone()),
    }
}

/// The controller's addresses, with its Netlogon's port or the endpoint mapper's.
///
/// Controllers found by DNS, or with DNS servers of the configuration's, have their addresses from
/// there too. Others are resolved by the system, which may know them from elsewhere.
pub fn addresses(
    options: &Options,
    controller: &Host,
    deadline: Instant,
) -> Result<Vec<SocketAddr>, ErrorKind> {
    let port = controller.port.unwrap_or(endpoint_mapper::PORT);
    let by_dns = options.controllers.is_empty() || !options.name_servers.is_empty();
    let servers = by_dns.then_some(options.name_servers.as_slice());
    dns::addresses(&controller.host, port, servers, deadline)
}

/// A failed controller is not tried for this long, doubled after each further failure.
const FIRST_BACKOFF: Duration = Duration::from_secs(3);
/// At most this long.
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// The controllers of a domain, preferred first, and their recent failures.
#[derive(Debug, Default)]
pub struct Controllers {
    known: Vec<Known>,
    /// When they were looked up; `None`: not yet.
    found: Option<Instant>,
}

#[derive(Debug)]
struct Known {
    name: Host,
    /// Not tried before then, unless no other is available.
    retry_at: Option<Instant>,
    backoff: Duration,
}

impl Known {
    fn is_available(&self, now: Instant) -> bool {
        self.retry_at.is_none_or(|until| until <= now)
    }
}

impl Controllers {
    /// They were looked up longer ago than this, or never.
    pub fn are_older_than(&self, age: Duration, now: Instant) -> bool {
        self.found.is_none_or(|found| now.duration_since(found) > age)
    }

    /// Replaces the list. The failures of those listed before are kept.
    pub fn set(&mut self, names: Vec<Host>, now: Instant) {
        let mut before = std::mem::take(&mut self.known);
        for name in names {
            let known = match before.iter().position(|known| known.name == name) {
                Some(at) => before.swap_remove(at),
                None => Known { name, retry_at: None, backoff: FIRST_BACKOFF },
            };
            self.known.push(known);
        }
        self.found = Some(now);
    }

    /// The controllers to try, in order: those available, or all if none is.
    pub fn candidates(&self, now: Instant) -> Vec<Host> {
        let mut candidates: Vec<&Known> =
            self.known.iter().filter(|known| known.is_available(now)).collect();
        if candidates.is_empty() {
            candidates = self.known.iter().collect();
            candidates.sort_by_key(|known| known.retry_at);
        }
        candidates.into_iter().map(|known| known.name.clone()).collect()
    }

    /// Available controllers preferred to `name`.
    pub fn preferred_to(&self, name: &Host, now: Instant) -> Vec<Host> {
        let better = self.known.iter().take_while(|known| known.name != *name);
        better.filter(|known| known.is_available(now)).map(|known| known.name.clone()).collect()
    }

    /// There is a controller besides `name`.
    pub fn has_other_than(&self, name: &Host) -> bool {
        self.known.iter().any(|known| known.name != *name)
    }

    /// It has failed recently.
    pub fn is_unavailable(&self, name: &Host, now: Instant) -> bool {
        self.known.iter().any(|known| known.name == *name && !known.is_available(now))
    }

    /// All have failed recently.
    pub fn all_unavailable(&self, now: Instant) -> bool {
        self.known.iter().all(|known| !known.is_available(now))
    }

    /// Notes that it failed.
    pub fn failed(&mut self, name: &Host, now: Instant) {
        if let Some(known) = self.known.iter_mut().find(|known| known.name == *name) {
            known.retry_at = Some(now + known.backoff);
            known.backoff = (known.backoff * 2).min(LONGEST_BACKOFF);
        }
    }

    /// Notes that it answered.
    pub fn succeeded(&mut self, name: &Host) {
        if let Some(known) = self.known.iter_mut().find(|known| known.name == *name) {
            (known.retry_at, known.backoff) = (None, FIRST_BACKOFF);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_controller_is_retried_after_a_while() {
        let [a, b]: [Host; 2] = ["a", "b"].map(|name| name.parse().unwrap());
        let start = Instant::now();
        let mut controllers = Controllers::default();
        controllers.set(vec![a.clone(), b.clone()], start);
        assert_eq!(controllers.candidates(start), [a.clone(), b.clone()]);
        controllers.failed(&a, start);
        assert_eq!(controllers.candidates(start), [&b].map(Clone::clone));
        assert_eq!(controllers.preferred_to(&b, start), []);
        let later = start + FIRST_BACKOFF;
        assert_eq!(controllers.preferred_to(&b, later), [&a].map(Clone::clone));
        // A second failure counts for more, and is not forgotten when the list is made anew.
        controllers.failed(&a, later);
        controllers.set(vec![a.clone(), b.clone()], later);
        assert_eq!(controllers.candidates(later + FIRST_BACKOFF), [&b].map(Clone::clone));
        // If none is available, all are tried, the one that failed longest ago first.
        controllers.failed(&b, later);
        assert_eq!(controllers.candidates(later), [b.clone(), a.clone()]);
        controllers.succeeded(&a);
        assert_eq!(controllers.candidates(later), [a]);
    }
}
