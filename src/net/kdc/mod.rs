//! KDCs: where they are, and messages to and from them (RFC 4120 7.2).
//!
//! The servers are those of the configuration, or else those in DNS. The next one is asked when one
//! does not answer within a second, and the others are still listened to. What comes in is not
//! protected: whether a reply is right is for the exchange to decide, and here only whether it can
//! be one.

mod discovery;
#[cfg(feature = "kdc-proxy")]
mod https;
mod memory;
mod reply;
mod schedule;
mod server;
mod socket;

pub use discovery::realm_of_domain;
pub use server::{Server, Transport};

use crate::kerberos::client::{Kdc, KdcService};
use crate::platform;
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;
use parking_lot::Mutex;
use schedule::Schedule;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Requests longer than this travel by TCP first, in bytes.
pub const UDP_PREFERENCE_LIMIT: usize = 1465;

/// The servers of a realm.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Realm {
    /// Its KDCs, and proxies to them. If empty, those in DNS.
    pub kdcs: Vec<Server>,
    /// Its password services, and proxies to them. If empty, those in DNS.
    pub kpasswd: Vec<Server>,
    /// Where the certificates are that sign the proxies' own: `FILE:path` or `DIR:path`. If empty, the
    /// system's trusted ones.
    pub http_anchors: Vec<String>,
    /// The site whose servers are preferred among those in DNS.
    pub site: Option<String>,
}

/// Where KDCs are, and how they are asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Options {
    /// Realms by their names.
    pub realms: BTreeMap<String, Realm>,
    /// Servers that are not configured are looked up in DNS.
    pub dns_lookup: bool,
    /// Also by URI records.
    pub dns_uri_lookup: bool,
    /// The DNS servers; if empty, the system's.
    pub name_servers: Vec<SocketAddr>,
    /// Longer requests travel by TCP first, in bytes.
    pub udp_preference_limit: usize,
    /// KDC proxies for every realm (`KDC_PROXY_SETTINGS`), asked after the realm's own servers.
    pub proxies: Vec<Server>,
    /// Only these proxies are asked (`KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY`).
    pub proxies_only: bool,
    /// How long a [`Client`] waits in all.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            realms: BTreeMap::new(),
            dns_lookup: true,
            dns_uri_lookup: true,
            name_servers: Vec::new(),
            udp_preference_limit: UDP_PREFERENCE_LIMIT,
            proxies: Vec::new(),
            proxies_only: false,
            timeout: Duration::from_secs(10),
        }
    }
}

impl Options {
    /// The realm with this name. In DNS letter case makes no difference, and an entry in another case
    /// is better than a search there.
    fn realm(&self, name: &str) -> Option<&Realm> {
        self.realms.get(name).or_else(|| {
            let mut others = self.realms.iter();
            others.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, realm)| realm)
        })
    }
}

/// The most lines that are kept of what was tried.
const MOST_NOTES: usize = 64;

/// Asks KDCs for one operation, which may take several requests and has one deadline. Nothing is
/// shared with other clients but which server has answered last.
pub struct Client {
    options: Arc<Options>,
    deadline: Instant,
    notes: Mutex<Vec<String>>,
}

impl Client {
    /// A client whose deadline begins now, by [`Options::timeout`].
    pub fn new(options: Arc<Options>) -> Client {
        let deadline = Instant::now() + options.timeout;
        Client::with_deadline(options, deadline)
    }

    /// A client with this deadline.
    pub fn with_deadline(options: Arc<Options>, deadline: Instant) -> Client {
        Client { options, deadline, notes: Mutex::new(Vec::new()) }
    }

    /// What was tried so far, a line each: which servers, and why they did not answer.
    pub fn notes(&self) -> Vec<String> {
        self.notes.lock().clone()
    }

    fn note(&self, line: fmt::Arguments<'_>) {
        tracing::debug!("{line}");
        let mut notes = self.notes.lock();
        if notes.len() < MOST_NOTES {
            notes.push(line.to_string());
        }
    }
}

impl Kdc for Client {
    fn ask(&self, service: KdcService, realm: &str, request: &[u8]) -> Result<Vec<u8>> {
        if realm.is_empty() {
            return Err(Error::NoAuthority("a realm without a name"));
        }
        Schedule::new(self, service, realm, request).run()
    }

    fn now(&self) -> FileTime {
        platform::now()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
