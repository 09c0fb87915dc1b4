//! Which server answered last, for the whole process, so that only the first request waits for a
//! server that is down.

use super::{Options, Server};
use crate::kerberos::client::KdcService;
use crate::runtime::fork_local::ForkLocal;
use once_cell::race::OnceBox;
use parking_lot::Mutex;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Realms that are remembered.
const MOST: usize = 64;
/// After this the order of the configuration counts again.
const LIFETIME: Duration = Duration::from_secs(300);

/// The server that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Good {
    pub(super) server: Server,
    pub(super) address: SocketAddr,
    /// It did not answer a datagram.
    pub(super) only_tcp: bool,
}

/// What a server is remembered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(u64);

impl Key {
    /// Where the servers come from is part of it: credentials may have configurations of their own.
    pub(super) fn of(service: KdcService, realm: &str, options: &Options) -> Key {
        let mut hasher = DefaultHasher::new();
        (service, realm, options.realm(realm)).hash(&mut hasher);
        (options.dns_lookup, options.dns_uri_lookup, &options.name_servers).hash(&mut hasher);
        (&options.proxies, options.proxies_only).hash(&mut hasher);
        Key(hasher.finish())
    }
}

/// The last used at the end.
type Table = Vec<(Key, Good, Instant)>;

fn table() -> &'static Mutex<Table> {
    static TABLE: OnceBox<ForkLocal<Mutex<Table>>> = OnceBox::new();
    TABLE.get_or_init(Box::default).get(Mutex::default)
}

/// The server that answered last.
pub(super) fn recall(key: Key) -> Option<Good> {
    let table = table().lock();
    let (_, good, when) = table.iter().find(|(known, ..)| *known == key)?;
    (when.elapsed() < LIFETIME).then(|| good.clone())
}

/// Remembers the server that answered.
pub(super) fn remember(key: Key, good: Good) {
    let mut table = table().lock();
    // Its time begins when it is preferred, not with each answer.
    let since = match table.iter().position(|(known, ..)| *known == key) {
        Some(at) => match table.remove(at) {
            (_, old, since) if old == good && since.elapsed() < LIFETIME => since,
            _ => Instant::now(),
        },
        None => Instant::now(),
    };
    if table.len() >= MOST {
        table.remove(0);
    }
    table.push((key, good, since));
}

/// Forgets the server, which has not answered.
pub(super) fn forget(key: Key) {
    table().lock().retain(|(known, ..)| *known != key);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::kdc::Transport;

    #[test]
    fn the_latest_are_kept() {
        let good = |n: u64| Good {
            server: Server { host: format!("h{n}"), port: 88, transport: Transport::Any },
            address: ([127, 0, 0, 1], 88).into(),
            only_tcp: false,
        };
        let key = |n: u64| Key(u64::MAX - n);
        remember(key(0), good(0));
        for n in 1..=MOST as u64 {
            remember(key(n), good(n));
        }
        assert_eq!(recall(key(0)), None);
        assert_eq!(recall(key(5)), Some(good(5)));
        forget(key(5));
        assert_eq!(recall(key(5)), None);
        assert_ne!(
            Key::of(KdcService::Kdc, "R", &Options::default()),
            Key::of(KdcService::Kpasswd, "R", &Options::default())
        );
    }
}
