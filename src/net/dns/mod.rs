//! Finding domain controllers and their addresses: by SRV records, [MS-ADTS] 6.3.6.

pub mod message;
mod resolver;

use crate::net::host::Host;
use crate::platform::name_servers;
use message::{Kind, Record};
use std::borrow::Cow;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::time::Instant;

/// The most controllers taken from DNS.
const MOST_CONTROLLERS: usize = 16;
/// The most addresses tried per host.
const MOST_ADDRESSES: usize = 4;

/// The domain controllers of `realm` that DNS lists, preferred first, those of `site` before
/// others. `servers` are the DNS servers to ask; if empty, the system's. The error is one line.
pub fn domain_controllers(
    realm: &str,
    site: Option<&str>,
    servers: &[SocketAddr],
    deadline: Instant,
) -> Result<Vec<Host>, String> {
    let servers = or_system(servers);
    let everywhere = format!("_ldap._tcp.dc._msdcs.{realm}");
    let of_site = site.map(|site| format!("_ldap._tcp.{site}._sites.dc._msdcs.{realm}"));
    let mut found: Vec<Host> = Vec::new();
    let mut error = format!("no SRV records of {everywhere}");
    for name in of_site.iter().chain([&everywhere]) {
        match resolver::ask(&servers, name, Kind::Srv, deadline) {
            Ok(records) => {
                for host in in_order(records, random) {
                    let name = Host { host, port: None };
                    if !found.contains(&name) && found.len() < MOST_CONTROLLERS {
                        found.push(name);
                    }
                }
            }
            Err(why) => error = format!("{name}: {why}"),
        }
    }
    if found.is_empty() { Err(error) } else { Ok(found) }
}

/// The hosts of SRV records in the order to try them, RFC 2782: by priority, and within that at
/// random by weight.
fn in_order(records: Vec<Record>, mut random: impl FnMut(u64) -> u64) -> Vec<String> {
    let mut rest: Vec<(u16, u64, String)> = records
        .into_iter()
        .filter_map(|record| match record {
            Record::Service { priority, weight, target } if !target.is_empty() => {
                Some((priority, u64::from(weight), target))
            }
            _ => None,
        })
        .collect();
    // Zero weights come first, so that they are chosen now and then.
    rest.sort_by_key(|(priority, weight, _)| (*priority, *weight));
    let mut hosts = Vec::with_capacity(rest.len());
    while let Some(&(first, ..)) = rest.first() {
        let same = rest.iter().take_while(|(priority, ..)| *priority == first);
        let mut chosen = random(same.clone().map(|(_, weight, _)| weight).sum());
        let at = same.map(|(_, weight, _)| *weight).position(|weight| {
            match chosen.checked_sub(weight) {
                Some(left) if left > 0 => {
                    chosen = left;
                    false
                }
                _ => true,
            }
        });
        hosts.push(rest.remove(at.unwrap_or(0)).2);
    }
    hosts
}

/// A number from 0 up to `most`.
fn random(most: u64) -> u64 {
    let mut bytes = [0; 8];
    // Without entropy the order is fixed.
    let _ = getrandom::fill(&mut bytes);
    u64::from_le_bytes(bytes) % (most + 1)
}

/// These DNS servers; if none, the system's.
fn or_system(servers: &[SocketAddr]) -> Cow<'_, [SocketAddr]> {
    match servers {
        [] => name_servers::name_servers().into(),
        servers => servers.into(),
    }
}

/// The host's addresses, with this port. `servers` are DNS servers to ask before the system's
/// resolver, if empty those of the system; `None`: only the system's resolver.
pub fn addresses(
    host: &str,
    port: u16,
    servers: Option<&[SocketAddr]>,
    deadline: Instant,
) -> Result<Vec<SocketAddr>, ErrorKind> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![(address, port).into()]);
    }
    if let Some(servers) = servers {
        let servers = or_system(servers);
        let by = |kind| resolver::ask(&servers, host, kind, deadline).unwrap_or_default();
        let found =
            [Kind::A, Kind::Aaaa].into_iter().flat_map(by).filter_map(|record| match record {
                Record::Address(address) => Some((address, port).into()),
                Record::Service { .. } => None,
            });
        let found: Vec<SocketAddr> = found.take(MOST_ADDRESSES).collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let found = (host, port).to_socket_addrs().map_err(|error| error.kind())?;
    Ok(found.take(MOST_ADDRESSES).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(priority: u16, weight: u16, target: &str) -> Record {
        Record::Service { priority, weight, target: target.into() }
    }

    #[test]
    fn priority_before_weight() {
        let records = || {
            vec![
                service(10, 5, "later"),
                service(0, 1, "light"),
                service(0, 9, "heavy"),
                service(0, 0, "none"),
            ]
        };
        let ordered = |at: fn(u64) -> u64| in_order(records(), at);
        assert_eq!(ordered(|_| 0), ["none", "light", "heavy", "later"]);
        assert_eq!(ordered(|most| most), ["heavy", "light", "none", "later"]);
        // Over many times, heavy is the first nine times of ten.
        let first = (0..2000).filter(|_| in_order(records(), random)[0] == "heavy").count();
        assert!((1300..2000).contains(&first), "{first}");
        assert!(in_order(vec![service(0, 0, "")], random).is_empty());
    }
}
