//! Finding hosts: domain controllers by SRV records ([MS-ADTS] 6.3.6), KDCs by SRV and URI records
//! (RFC 4120 7.2.3.2), and addresses.

pub mod message;
mod resolver;

use crate::net::host::Host;
use crate::platform::{hosts_file, name_servers};
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
                let hosts = records.into_iter().filter_map(|record| match record {
                    Record::Service { priority, weight, target, .. } if !target.is_empty() => {
                        Some((priority, weight, target))
                    }
                    _ => None,
                });
                for host in in_order(hosts, random) {
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

/// The services of this name by SRV records, `_service._protocol.domain`: hosts and ports in the order
/// in which they are to be tried. The error is one line.
pub fn services(
    name: &str,
    servers: &[SocketAddr],
    deadline: Instant,
) -> Result<Vec<(String, u16)>, String> {
    let records = resolver::ask(&or_system(servers), name, Kind::Srv, deadline)?;
    let records = records.into_iter().filter_map(|record| match record {
        Record::Service { priority, weight, port, target } if !target.is_empty() && port != 0 => {
            Some((priority, weight, (target, port)))
        }
        _ => None,
    });
    Ok(in_order(records, random))
}

/// The URIs of this name, `_service.domain`, in the order in which they are to be tried. The error is
/// one line.
pub fn uris(name: &str, servers: &[SocketAddr], deadline: Instant) -> Result<Vec<String>, String> {
    let records = resolver::ask(&or_system(servers), name, Kind::Uri, deadline)?;
    let records = records.into_iter().filter_map(|record| match record {
        Record::Uri { priority, weight, target } => Some((priority, weight, target)),
        _ => None,
    });
    Ok(in_order(records, random))
}

/// The text of this name. The error is one line.
pub fn text(
    name: &str,
    servers: &[SocketAddr],
    deadline: Instant,
) -> Result<Option<String>, String> {
    let records = resolver::ask(&or_system(servers), name, Kind::Txt, deadline)?;
    Ok(records.into_iter().find_map(|record| match record {
        Record::Text(text) => Some(text),
        _ => None,
    }))
}

/// What records name, by priority and weight, in the order to try it, RFC 2782: by priority, and
/// within that at random by weight.
fn in_order<T>(
    records: impl Iterator<Item = (u16, u16, T)>,
    mut random: impl FnMut(u64) -> u64,
) -> Vec<T> {
    let mut rest: Vec<(u16, u64, T)> =
        records.map(|(priority, weight, target)| (priority, weight.into(), target)).collect();
    // Zero weights come first, so that they are chosen now and then.
    rest.sort_by_key(|(priority, weight, _)| (*priority, *weight));
    let mut ordered = Vec::with_capacity(rest.len());
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
        ordered.push(rest.remove(at.unwrap_or(0)).2);
    }
    ordered
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
                _ => None,
            });
        let found: Vec<SocketAddr> = found.take(MOST_ADDRESSES).collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let found = (host, port).to_socket_addrs().map_err(|error| error.kind())?;
    Ok(found.take(MOST_ADDRESSES).collect())
}

/// Like [`addresses`], and within the deadline: the system's table of hosts, then DNS. The system's
/// resolver has no deadline. It is asked only where no DNS server is known.
pub fn addresses_in_time(
    host: &str,
    port: u16,
    servers: &[SocketAddr],
    deadline: Instant,
) -> Result<Vec<SocketAddr>, String> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![(address, port).into()]);
    }
    let of_table = hosts_file::addresses(host);
    if !of_table.is_empty() {
        let found = of_table.into_iter().take(MOST_ADDRESSES);
        return Ok(found.map(|address| (address, port).into()).collect());
    }
    let servers = or_system(servers);
    let mut found = Vec::new();
    if servers.is_empty() {
        found.extend((host, port).to_socket_addrs().map_err(|error| error.to_string())?);
        found.truncate(MOST_ADDRESSES);
        return Ok(found);
    }
    for kind in [Kind::A, Kind::Aaaa] {
        match resolver::ask(&servers, host, kind, deadline) {
            Ok(records) => found.extend(records.into_iter().filter_map(|record| match record {
                Record::Address(address) => Some(SocketAddr::from((address, port))),
                _ => None,
            })),
            Err(why) if found.is_empty() => return Err(why),
            Err(_) => {}
        }
    }
    if found.is_empty() {
        return Err("no address in DNS".into());
    }
    found.truncate(MOST_ADDRESSES);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priority_before_weight() {
        let records =
            [(10, 5, "later"), (0, 1, "light"), (0, 9, "heavy"), (0, 0, "none")].into_iter();
        let ordered = |at: fn(u64) -> u64| in_order(records.clone(), at);
        assert_eq!(ordered(|_| 0), ["none", "light", "heavy", "later"]);
        assert_eq!(ordered(|most| most), ["heavy", "light", "none", "later"]);
        // Over many times, heavy is the first nine times of ten.
        let first = (0..2000).filter(|_| in_order(records.clone(), random)[0] == "heavy").count();
        assert!((1300..2000).contains(&first), "{first}");
    }
}
