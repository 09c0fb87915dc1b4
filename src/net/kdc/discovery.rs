//! Servers and realms in DNS: SRV records (RFC 4120 7.2.3.2, RFC 3244), MIT krb5's URI records
//! (draft-mccallum-kitten-krb-service-discovery) and TXT records. Nothing protects them: they can
//! lead to a wrong KDC, which has no key that would be believed.

use super::{Server, Transport};
use crate::kerberos::client::KdcService;
use crate::net::dns;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The most servers taken from DNS.
const MOST_SERVERS: usize = 16;
/// The most time for one kind of record: some servers do not answer for types that they do not know.
const PATIENCE: Duration = Duration::from_secs(2);
/// The most domains, from a host's own upwards, whose TXT record is looked for.
const MOST_DOMAINS: usize = 8;

/// The servers of a realm, preferred first. The error is one line.
pub(super) fn servers(
    service: KdcService,
    realm: &str,
    site: Option<&str>,
    by_uri: bool,
    name_servers: &[SocketAddr],
    deadline: Instant,
) -> Result<Vec<Server>, String> {
    let (name, port) = match service {
        KdcService::Kdc => ("_kerberos", 88),
        KdcService::Kpasswd => ("_kpasswd", 464),
    };
    let until = || deadline.min(Instant::now() + PATIENCE);
    let mut found = Vec::new();
    if by_uri {
        let uris = dns::uris(&format!("{name}.{realm}"), name_servers, until());
        found.extend(uris.unwrap_or_default().iter().filter_map(|uri| of_uri(uri, port)));
    }
    let mut error = None;
    if found.is_empty() {
        let sites = [site.map(|site| format!("{site}._sites.{realm}")), Some(realm.to_owned())];
        for domain in sites.iter().flatten() {
            for (protocol, transport) in [("_udp", Transport::Udp), ("_tcp", Transport::Tcp)] {
                match dns::services(&format!("{name}.{protocol}.{domain}"), name_servers, until()) {
                    Ok(hosts) => hosts.into_iter().for_each(|(host, port)| {
                        add(&mut found, Server { host, port, transport: transport.clone() });
                    }),
                    Err(why) => error = Some(why),
                }
            }
        }
    }
    found.truncate(MOST_SERVERS);
    match (found.is_empty(), error) {
        (true, Some(error)) => Err(error),
        _ => Ok(found),
    }
}

/// Adds a server; one that is listed for both protocols is one server.
fn add(found: &mut Vec<Server>, server: Server) {
    let same = |other: &&mut Server| (&other.host, other.port) == (&server.host, server.port);
    match found.iter_mut().find(same) {
        Some(other) if other.transport != server.transport => other.transport = Transport::Any,
        Some(_) => {}
        None => found.push(server),
    }
}

/// `krb5srv:flags:transport:host`
fn of_uri(uri: &str, port: u16) -> Option<Server> {
    let mut parts = uri.splitn(4, ':');
    let (scheme, _flags) = (parts.next()?, parts.next()?);
    let (transport, host) = (parts.next()?.to_ascii_lowercase(), parts.next()?);
    if !scheme.eq_ignore_ascii_case("krb5srv") {
        return None;
    }
    match transport.as_str() {
        "udp" => Server::at(host, port, Transport::Udp),
        "tcp" => Server::at(host, port, Transport::Tcp),
        "kkdcp" if host.starts_with("https://") => Server::parse(host, port),
        _ => None,
    }
}

/// The realm of a host or domain by the TXT records `_kerberos.DOMAIN` of it and the domains that it
/// is in (`dns_lookup_realm`).
pub fn realm_of_domain(
    domain: &str,
    name_servers: &[SocketAddr],
    deadline: Instant,
) -> Option<String> {
    let mut rest = Some(domain.trim_end_matches('.')).filter(|domain| !domain.is_empty());
    for _ in 0..MOST_DOMAINS {
        let domain = rest?;
        if Instant::now() >= deadline {
            return None;
        }
        if let Ok(Some(realm)) = dns::text(&format!("_kerberos.{domain}"), name_servers, deadline) {
            return Some(realm).filter(|realm| !realm.is_empty());
        }
        rest = domain.split_once('.').map(|(_, parent)| parent);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of MIT krb5's documentation, "Mapping hostnames onto Kerberos realms".
    #[test]
    fn uris() {
        for (uri, shown) in [
            (
                "krb5srv::kkdcp:https://kdc.example.test/path",
                Some("https://kdc.example.test:443/path"),
            ),
            ("krb5srv:m:tcp:kdc1.example.test", Some("tcp/kdc1.example.test:88")),
            ("KRB5SRV::UDP:192.0.2.1:89", Some("udp/192.0.2.1:89")),
            ("krb5srv::kkdcp:kdc.example.test", None),
            ("krb5srv::sctp:kdc.example.test", None),
            ("http://kdc.example.test", None),
        ] {
            assert_eq!(of_uri(uri, 88).map(|server| server.to_string()).as_deref(), shown, "{uri}");
        }
    }

    #[test]
    fn a_server_for_both_protocols_is_one() {
        let server = |transport| Server { host: "kdc".into(), port: 88, transport };
        let mut found = Vec::new();
        for transport in [Transport::Udp, Transport::Udp, Transport::Tcp] {
            add(&mut found, server(transport));
        }
        assert_eq!(found, [server(Transport::Any)]);
    }
}
