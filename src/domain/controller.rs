//! Which domain controllers there are, and which of them is asked.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// A domain controller by name or address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    /// Its host name, or its address.
    pub host: String,
    /// Netlogon's TCP port; without one the endpoint mapper is asked for it.
    pub port: Option<u16>,
}

/// Takes `host`, `host:port`, an address, or `address:port` with brackets around one of IPv6.
impl FromStr for Name {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Name, &'static str> {
        const NONE: &str = "not the name or address of a domain controller";
        let (host, port) = match text.parse::<IpAddr>() {
            Ok(_) => (text, None),
            Err(_) => match text.rsplit_once(':') {
                Some((host, port)) => {
                    (host, Some(port.parse().ok().filter(|&port| port != 0).ok_or(NONE)?))
                }
                None => (text, None),
            },
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '%');
        if host.is_empty() || !host.chars().all(known) {
            return Err(NONE);
        }
        Ok(Name { host: host.to_owned(), port })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

/// After a failure a controller is left alone for this long, then for twice as long each time.
const FIRST_REST: Duration = Duration::from_secs(3);
/// At most this long.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// The controllers of a domain, preferred first, and how they have fared.
#[derive(Debug, Default)]
pub struct Controllers {
    known: Vec<Known>,
    /// When they were found; `None`: not yet.
    found: Option<Instant>,
}

#[derive(Debug)]
struct Known {
    name: Name,
    /// It is not asked before then, unless there is no other.
    rests_until: Option<Instant>,
    rest: Duration,
}

impl Known {
    fn has_rested(&self, now: Instant) -> bool {
        self.rests_until.is_none_or(|until| until <= now)
    }
}

impl Controllers {
    /// They were found longer ago than this, or never.
    pub fn are_older_than(&self, age: Duration, now: Instant) -> bool {
        self.found.is_none_or(|found| now.duration_since(found) > age)
    }

    /// Takes these for all that there are. How they have fared is kept.
    pub fn set(&mut self, names: Vec<Name>, now: Instant) {
        let mut before = std::mem::take(&mut self.known);
        for name in names {
            let known = match before.iter().position(|known| known.name == name) {
                Some(at) => before.swap_remove(at),
                None => Known { name, rests_until: None, rest: FIRST_REST },
            };
            self.known.push(known);
        }
        self.found = Some(now);
    }

    /// Whom to ask, in this order: who does not rest, or, if all do, everybody.
    pub fn candidates(&self, now: Instant) -> Vec<Name> {
        let mut candidates: Vec<&Known> =
            self.known.iter().filter(|known| known.has_rested(now)).collect();
        if candidates.is_empty() {
            candidates = self.known.iter().collect();
            candidates.sort_by_key(|known| known.rests_until);
        }
        candidates.into_iter().map(|known| known.name.clone()).collect()
    }

    /// Who is preferred to `name` and has rested.
    pub fn preferred_to(&self, name: &Name, now: Instant) -> Vec<Name> {
        let better = self.known.iter().take_while(|known| known.name != *name);
        better.filter(|known| known.has_rested(now)).map(|known| known.name.clone()).collect()
    }

    /// There is somebody else than `name`.
    pub fn is_not_alone(&self, name: &Name) -> bool {
        self.known.iter().any(|known| known.name != *name)
    }

    /// It has failed not long ago.
    pub fn rests(&self, name: &Name, now: Instant) -> bool {
        self.known.iter().any(|known| known.name == *name && !known.has_rested(now))
    }

    /// Everyone has.
    pub fn all_rest(&self, now: Instant) -> bool {
        self.known.iter().all(|known| !known.has_rested(now))
    }

    /// It has failed.
    pub fn failed(&mut self, name: &Name, now: Instant) {
        if let Some(known) = self.known.iter_mut().find(|known| known.name == *name) {
            known.rests_until = Some(now + known.rest);
            known.rest = (known.rest * 2).min(LONGEST_REST);
        }
    }

    /// It has answered.
    pub fn works(&mut self, name: &Name) {
        if let Some(known) = self.known.iter_mut().find(|known| known.name == *name) {
            (known.rests_until, known.rest) = (None, FIRST_REST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_and_without_a_port() {
        for (text, host, port) in [
            ("dc1.ad.example.test", "dc1.ad.example.test", None),
            ("dc1:49152", "dc1", Some(49152)),
            ("192.0.2.1", "192.0.2.1", None),
            ("192.0.2.1:1024", "192.0.2.1", Some(1024)),
            ("2001:db8::1", "2001:db8::1", None),
            ("[2001:db8::1]:1024", "2001:db8::1", Some(1024)),
        ] {
            let name: Name = text.parse().unwrap();
            assert_eq!((name.host.as_str(), name.port), (host, port), "{text}");
            assert_eq!(name.to_string(), text);
        }
        for text in ["", ":1", "dc1:", "dc1:0", "dc1:65536", "dc 1", "\\\\dc1", "dc1/x"] {
            assert!(text.parse::<Name>().is_err(), "{text}");
        }
    }

    #[test]
    fn who_has_failed_rests_and_comes_back() {
        let [a, b]: [Name; 2] = ["a", "b"].map(|name| name.parse().unwrap());
        let start = Instant::now();
        let mut controllers = Controllers::default();
        controllers.set(vec![a.clone(), b.clone()], start);
        assert_eq!(controllers.candidates(start), [a.clone(), b.clone()]);
        controllers.failed(&a, start);
        assert_eq!(controllers.candidates(start), [&b].map(Clone::clone));
        assert_eq!(controllers.preferred_to(&b, start), []);
        let later = start + FIRST_REST;
        assert_eq!(controllers.preferred_to(&b, later), [&a].map(Clone::clone));
        // A second failure counts for more, and is not forgotten when the list is made anew.
        controllers.failed(&a, later);
        controllers.set(vec![a.clone(), b.clone()], later);
        assert_eq!(controllers.candidates(later + FIRST_REST), [&b].map(Clone::clone));
        // If all rest, somebody has to be asked: who has rested longest.
        controllers.failed(&b, later);
        assert_eq!(controllers.candidates(later), [b.clone(), a.clone()]);
        controllers.works(&a);
        assert_eq!(controllers.candidates(later), [a]);
    }
}
