//! In which order servers are asked, and for how long each is waited for.
//!
//! A server has a second before the next one is asked too; all that were asked are listened to. One
//! that refuses is left at once. When all have been asked, datagrams are repeated after growing
//! pauses. A request to the password service is not repeated, and a connection over which it has been
//! sent is waited for: it might be carried out twice.

use super::memory::{self, Good, Key};
use super::reply::{Verdict, verdict};
use super::server::{Server, Transport};
use super::socket::Socket;
use super::{Client, Realm, discovery};
use crate::kerberos::client::KdcService;
use crate::net::dns;
use crate::platform::poll;
use crate::types::error::{Error, Result};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a server is waited for before the next one is asked, too.
const TURN: Duration = Duration::from_secs(1);
/// The pause before datagrams are repeated; doubled each time.
const PAUSE: Duration = Duration::from_secs(2);
/// The most time for finding the addresses of one server.
const RESOLVING: Duration = Duration::from_secs(2);
/// The most time for a proxy while there are others.
const PROXY: Duration = Duration::from_secs(5);
/// The most servers that are asked.
const MOST_SERVERS: usize = 32;
/// The most sockets that are open.
const MOST_SOCKETS: usize = 64;

/// Datagram or connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Udp,
    Tcp,
}

impl Transport {
    fn permits(&self, way: Way) -> bool {
        match self {
            Transport::Any => true,
            Transport::Udp => way == Way::Udp,
            Transport::Tcp => way == Way::Tcp,
            Transport::Https { .. } => false,
        }
    }
}

/// A request that is under way.
struct Flight {
    to: Good,
    socket: Socket,
}

/// A request, and what has come of it.
pub(super) struct Schedule<'a> {
    client: &'a Client,
    service: KdcService,
    realm: &'a str,
    request: &'a [u8],
    key: Key,
    /// A datagram is too short for the request or its reply.
    no_udp: bool,
    flights: Vec<Flight>,
    /// A connection of this pass was not made in time.
    timed_out: bool,
    /// What a server said that cannot serve.
    unavailable: Option<Vec<u8>>,
}

/// A server whose addresses are found when its turn comes.
struct Target {
    server: Server,
    addresses: Option<Vec<SocketAddr>>,
}

impl<'a> Schedule<'a> {
    pub(super) fn new(
        client: &'a Client,
        service: KdcService,
        realm: &'a str,
        request: &'a [u8],
    ) -> Schedule<'a> {
        let key = Key::of(service, realm, &client.options);
        Schedule {
            client,
            service,
            realm,
            request,
            key,
            no_udp: false,
            flights: Vec::new(),
            timed_out: false,
            unavailable: None,
        }
    }

    /// Asks until there is an answer.
    pub(super) fn run(mut self) -> Result<Vec<u8>> {
        match self.search() {
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => match self.unavailable.take() {
                Some(reply) => Ok(reply),
                None => Err(Error::NoAuthority("no KDC of the realm answers")),
            },
            Err(error) => Err(error),
        }
    }

    fn search(&mut self) -> Result<Option<Vec<u8>>> {
        let remembered = memory::recall(self.key);
        if let Some(good) = &remembered {
            let only_tcp = good.only_tcp.then_some(Way::Tcp);
            let mut ways = only_tcp.into_iter().chain(self.ways());
            if let Some(way) = ways.find(|&way| good.server.transport.permits(way)) {
                if let Some(reply) = self.attempt(good, way, 0) {
                    return Ok(Some(reply));
                }
                memory::forget(self.key);
            }
        }
        let mut targets: Vec<Target> =
            self.servers()?.into_iter().map(|server| Target { server, addresses: None }).collect();
        // A proxy has no address here that counts.
        if let Some(good) = remembered
            && let Some(at) = targets.iter().position(|target| target.server == good.server)
            && matches!(good.server.transport, Transport::Https { .. })
        {
            targets[..=at].rotate_right(1);
        }
        let mut pause = PAUSE;
        for pass in 0.. {
            self.timed_out = false;
            if let Some(reply) = self.pass(&mut targets, pass) {
                return Ok(Some(reply));
            }
            // Those that refuse do so again.
            if (self.flights.is_empty() && !self.timed_out) || self.is_over() {
                break;
            }
            let until = match self.service {
                KdcService::Kdc => Instant::now() + pause,
                KdcService::Kpasswd => self.client.deadline,
            };
            while !self.flights.is_empty() && Instant::now() < until && !self.is_over() {
                if let Some(reply) = self.listen(until) {
                    return Ok(Some(reply));
                }
            }
            pause *= 2;
        }
        Ok(None)
    }

    /// Asks each server, at first by the preferred way.
    fn pass(&mut self, targets: &mut [Target], pass: u32) -> Option<Vec<u8>> {
        let [preferred, other] = self.ways();
        for way in [preferred, other] {
            let last = targets.len().saturating_sub(1);
            for (at, target) in targets.iter_mut().enumerate() {
                if self.is_over() {
                    return None;
                }
                if let Transport::Https { path } = &target.server.transport {
                    if way == preferred
                        && pass == 0
                        && let Some(reply) = self.by_proxy(&target.server, path, at == last)
                    {
                        return Some(reply);
                    }
                    continue;
                }
                if !target.server.transport.permits(way) {
                    continue;
                }
                if target.addresses.is_none() {
                    target.addresses = Some(self.resolve(&target.server));
                }
                for &address in target.addresses.iter().flatten() {
                    let good = Good { server: target.server.clone(), address, only_tcp: false };
                    if let Some(reply) = self.attempt(&good, way, pass) {
                        return Some(reply);
                    }
                }
            }
        }
        None
    }

    /// The preferred way, and the other.
    fn ways(&self) -> [Way; 2] {
        let short = self.request.len() <= self.client.options.udp_preference_limit;
        // A password is not changed again because an answer got lost.
        match self.service {
            KdcService::Kdc if short && !self.no_udp => [Way::Udp, Way::Tcp],
            _ => [Way::Tcp, Way::Udp],
        }
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.client.deadline
    }

    /// Now and this much later, or the deadline.
    fn until(&self, time: Duration) -> Instant {
        self.client.deadline.min(Instant::now() + time)
    }

    /// The servers to ask, in order.
    fn servers(&self) -> Result<Vec<Server>> {
        let options = &*self.client.options;
        let mut servers = Vec::new();
        if !options.proxies_only {
            let realm = options.realm(self.realm);
            let configured = |realm: &Realm| match self.service {
                KdcService::Kdc => realm.kdcs.clone(),
                KdcService::Kpasswd => realm.kpasswd.clone(),
            };
            servers = realm.map(configured).unwrap_or_default();
            if servers.is_empty() && options.dns_lookup {
                let found = discovery::servers(
                    self.service,
                    self.realm,
                    realm.and_then(|realm| realm.site.as_deref()),
                    options.dns_uri_lookup,
                    &options.name_servers,
                    self.client.deadline,
                );
                match found {
                    Ok(found) => servers = found,
                    Err(why) => self.client.note(format_args!("{}: DNS: {why}", self.realm)),
                }
            }
        }
        servers.extend(options.proxies.iter().cloned());
        servers.truncate(MOST_SERVERS);
        if servers.is_empty() {
            self.client.note(format_args!("{}: no server is configured or in DNS", self.realm));
            return Err(Error::NoAuthority("no KDC of the realm is known"));
        }
        Ok(servers)
    }

    fn resolve(&self, server: &Server) -> Vec<SocketAddr> {
        let servers = &self.client.options.name_servers;
        let until = self.until(RESOLVING);
        match dns::addresses_in_time(&server.host, server.port, servers, until) {
            Ok(addresses) => addresses,
            Err(why) => {
                self.client.note(format_args!("{}: {server}: {why}", self.realm));
                Vec::new()
            }
        }
    }

    /// Asks one address, and listens to all for a turn. In the first pass only if it has not been
    /// asked.
    fn attempt(&mut self, to: &Good, way: Way, pass: u32) -> Option<Vec<u8>> {
        if way == Way::Udp && self.no_udp {
            return None;
        }
        let known = self.flights.iter().find(|flight| {
            flight.to.address == to.address && flight.socket.is_udp() == (way == Way::Udp)
        });
        match known {
            // It has had its turn.
            Some(_) if pass == 0 || self.service == KdcService::Kpasswd => return None,
            Some(flight) => flight.socket.repeat(self.request),
            None if self.flights.len() >= MOST_SOCKETS => {}
            None => {
                let socket = match way {
                    Way::Udp => Socket::by_udp(to.address, self.request),
                    // A connection takes longer than a second over few networks.
                    Way::Tcp => {
                        let until = self.until(TURN.saturating_mul(pass.saturating_add(1)));
                        Socket::by_tcp(to.address, self.request, until)
                    }
                };
                match socket {
                    Ok(socket) => self.flights.push(Flight { to: to.clone(), socket }),
                    Err(error) => {
                        self.timed_out |= error.kind() == ErrorKind::TimedOut;
                        self.note(to, way, &error);
                        return None;
                    }
                }
            }
        }
        let until = match (self.service, way) {
            (KdcService::Kpasswd, Way::Tcp) => self.client.deadline,
            (KdcService::Kpasswd, Way::Udp) => self.until(5 * TURN),
            (KdcService::Kdc, _) => self.until(TURN),
        };
        self.listen(until)
    }

    /// Listens to all servers until then, until one has answered, or until one has failed.
    fn listen(&mut self, until: Instant) -> Option<Vec<u8>> {
        let until = until.min(self.client.deadline);
        while !self.flights.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            let ready = {
                let sockets: Vec<_> =
                    self.flights.iter().map(|flight| flight.socket.waiting()).collect();
                poll::wait(&sockets, left)
            };
            let Ok(ready) = ready else {
                self.flights.clear();
                return None;
            };
            let mut failed = false;
            // From the last on, so that those before keep their places when one is removed.
            for at in (0..ready.len()).rev().filter(|&at| ready[at]) {
                match self.receive(at) {
                    Event::Nothing => {}
                    Event::Answer(reply) => return Some(reply),
                    Event::Failed => failed = true,
                }
            }
            if failed || left.is_zero() {
                return None;
            }
        }
        None
    }

    /// Takes what has come from one server.
    fn receive(&mut self, at: usize) -> Event {
        let Some(flight) = self.flights.get_mut(at) else { return Event::Nothing };
        let (is_udp, to) = (flight.socket.is_udp(), flight.to.clone());
        let way = if is_udp { Way::Udp } else { Way::Tcp };
        let reply = match flight.socket.receive() {
            Ok(None) => return Event::Nothing,
            Ok(Some(reply)) => reply,
            Err(error) => {
                self.note(&to, way, &error);
                self.flights.remove(at);
                return Event::Failed;
            }
        };
        match verdict(self.service, &reply) {
            Verdict::Answer => {
                let only_tcp = way == Way::Tcp && self.ways()[0] == Way::Udp;
                memory::remember(self.key, Good { only_tcp, ..to });
                Event::Answer(reply)
            }
            Verdict::TooBig if is_udp => {
                self.flights.remove(at);
                self.no_udp = true;
                // The same server is asked before others.
                match self.attempt(&to, Way::Tcp, 0) {
                    Some(reply) => Event::Answer(reply),
                    None => Event::Failed,
                }
            }
            Verdict::Unavailable | Verdict::TooBig => {
                self.note(&to, way, &"is not available");
                self.flights.remove(at);
                self.unavailable = Some(reply);
                Event::Failed
            }
            // Anybody can send a datagram with the server's address.
            Verdict::Garbage if is_udp => {
                self.note(&to, way, &"what came is no reply");
                Event::Nothing
            }
            Verdict::Garbage => {
                self.note(&to, way, &"what came is no reply");
                self.flights.remove(at);
                Event::Failed
            }
        }
    }

    fn note(&self, to: &Good, way: Way, why: &dyn std::fmt::Display) {
        let Good { server, address, .. } = to;
        let way = if way == Way::Udp { "UDP" } else { "TCP" };
        self.client.note(format_args!("{}: {server} ({address}) by {way}: {why}", self.realm));
    }

    /// Asks a KDC proxy, and waits for it alone: `last` if there is none after it.
    #[cfg(feature = "kdc-proxy")]
    fn by_proxy(&mut self, server: &Server, path: &str, last: bool) -> Option<Vec<u8>> {
        let until = if last { self.client.deadline } else { self.until(PROXY) };
        let anchors = self.client.options.realm(self.realm).map(|realm| &*realm.http_anchors);
        let addresses = self.resolve(server);
        for address in addresses {
            let url = super::https::Url { host: &server.host, port: server.port, path };
            let reply = super::https::ask(
                address,
                url,
                anchors.unwrap_or_default(),
                self.realm,
                self.request,
                until,
            );
            let to = Good { server: server.clone(), address, only_tcp: false };
            let problem = match reply {
                Ok(reply) => match verdict(self.service, &reply) {
                    Verdict::Answer => {
                        memory::remember(self.key, to);
                        return Some(reply);
                    }
                    Verdict::Unavailable | Verdict::TooBig => {
                        self.unavailable = Some(reply);
                        "is not available".to_owned()
                    }
                    Verdict::Garbage => "what came is no reply".to_owned(),
                },
                Err(why) => why,
            };
            self.client.note(format_args!("{}: {server} ({address}): {problem}", self.realm));
        }
        None
    }

    #[cfg(not(feature = "kdc-proxy"))]
    fn by_proxy(&mut self, server: &Server, _path: &str, _last: bool) -> Option<Vec<u8>> {
        let _ = PROXY;
        self.client.note(format_args!(
            "{}: {server}: the library was built without KDC proxies",
            self.realm
        ));
        None
    }
}

enum Event {
    Nothing,
    Answer(Vec<u8>),
    Failed,
}
