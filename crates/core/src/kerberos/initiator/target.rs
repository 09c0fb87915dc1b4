//! The service that the initiator addresses: `pszTargetName` as principals.

use crate::kerberos::message::name_type;
use crate::kerberos::principal::Principal;
use crate::types::error::{Error, Result};
use std::net::IpAddr;

/// The most bytes accepted in a target name.
const MAX_LENGTH: usize = 2048;

/// A target name, with the principals that it may mean, the likeliest first. A principal without a
/// realm is of a realm that is still to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The name as written.
    pub text: String,
    /// The principals.
    pub candidates: Vec<Principal>,
}

impl Target {
    /// Reads a target name: `HTTP/host`, `HTTP/host:port`, `HTTP/host/name`, each perhaps with
    /// `@REALM`; an account, `alice`, `WEB1$`, `EXAMPLE\alice`, `alice@example.com`; GSS-API's
    /// `HTTP@host`. A backslash quotes a following `/`, `@` or `\`.
    ///
    /// `alice@example.com` and `HTTP@host` look alike: it is the account if `is_realm` knows what
    /// follows the `@`; else the service, if the first part is the usual name of one; else the
    /// account again. A KDC that does not know one reading cannot lead to another.
    ///
    /// Errors: `WrongTarget` for an empty name, one with an empty part, and for a service on a host
    /// that is named by its IP address: there are no tickets for these, as in Windows.
    pub fn parse(text: &str, is_realm: impl Fn(&str) -> bool) -> Result<Target> {
        if text.is_empty() {
            return Err(Error::WrongTarget("no target name was given"));
        }
        if text.len() > MAX_LENGTH || text.contains('\0') {
            return Err(Error::WrongTarget("not a service principal name"));
        }
        let (domain, components, realm) = split(text);
        if components.iter().any(String::is_empty) || realm.as_ref().is_some_and(String::is_empty) {
            return Err(EMPTY_PART);
        }
        let given = realm.as_deref().unwrap_or_default();
        let parts: Vec<&str> = components.iter().map(String::as_str).collect();
        let candidates = match parts.as_slice() {
            [account] => match domain {
                Some(domain) if given.is_empty() => {
                    if domain.is_empty() {
                        return Err(EMPTY_PART);
                    }
                    of_domain(account, domain, is_realm)
                }
                _ => accounts(account, given, is_realm)?,
            },
            [service, host, ..] => {
                services(service, host, parts.get(2..).unwrap_or_default(), given)?
            }
            [] => Vec::new(),
        };
        Ok(Target { text: text.to_owned(), candidates })
    }
}

const EMPTY_PART: Error = Error::WrongTarget("a service principal name with an empty part");

/// The domain before a backslash that precedes neither `/`, `@` nor itself, and the components and
/// the realm of the rest, a principal in MIT's notation.
fn split(text: &str) -> (Option<&str>, Vec<String>, Option<String>) {
    let account = text
        .split_once('\\')
        .filter(|(_, rest)| !rest.starts_with(['/', '@', '\\']) && !text.contains('/'));
    let mut components = vec![String::new()];
    let mut realm: Option<String> = None;
    let mut characters = account.map_or(text, |(_, account)| account).chars();
    while let Some(c) = characters.next() {
        let quoted = if c == '\\' { characters.next() } else { None };
        match (quoted, &mut realm, components.last_mut()) {
            (None, None, _) if c == '/' => components.push(String::new()),
            (None, None, _) if c == '@' => realm = Some(String::new()),
            (quoted, Some(realm), _) => realm.push(quoted.unwrap_or(c)),
            (quoted, None, Some(last)) => last.push(quoted.unwrap_or(c)),
            (_, None, None) => {}
        }
    }
    (account.map(|(domain, _)| domain), components, realm)
}

fn accounts(account: &str, given: &str, is_realm: impl Fn(&str) -> bool) -> Result<Vec<Principal>> {
    let named = |realm: &str| Principal::new(name_type::PRINCIPAL, &[account], realm);
    if given.is_empty() {
        return Ok(vec![named("")]);
    }
    if !is_realm(given) && SERVICES.iter().any(|service| service.eq_ignore_ascii_case(account)) {
        return services(account, given, &[], "");
    }
    Ok(of_domain(account, given, is_realm))
}

/// The usual names of services in GSS-API's notation.
const SERVICES: [&str; 28] = [
    "host", "http", "cifs", "smb", "ldap", "imap", "pop", "smtp", "nntp", "nfs", "ftp", "postgres",
    "mssqlsvc", "dns", "rpc", "rcmd", "xmpp", "irc", "sip", "sieve", "termsrv", "wsman", "gc",
    "afs", "mongodb", "kafka", "vnc", "libvirt",
];

/// An account of a domain: of a realm by its name, else one that the KDC finds by its name with the
/// domain (RFC 6806 5), which may be a NetBIOS name.
fn of_domain(account: &str, domain: &str, is_realm: impl Fn(&str) -> bool) -> Vec<Principal> {
    let enterprise = Principal::new(name_type::ENTERPRISE, &[&format!("{account}@{domain}")], "");
    match is_realm(domain) {
        true => vec![
            Principal::new(name_type::PRINCIPAL, &[account], &domain.to_uppercase()),
            enterprise,
        ],
        false => vec![enterprise],
    }
}

fn services(service: &str, host: &str, rest: &[&str], realm: &str) -> Result<Vec<Principal>> {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !name.ends_with(':') && !name.is_empty() => (name, Some(port)),
        _ => (host, None),
    };
    let address = |host: &str| {
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        host.parse::<IpAddr>().is_ok()
    };
    if service.eq_ignore_ascii_case("krbtgt") {
        return Ok(vec![Principal::new(
            name_type::SRV_INST,
            &[&[service, host], rest].concat(),
            realm,
        )]);
    }
    if address(host) || address(name) {
        return Err(Error::WrongTarget("the host is named by its address"));
    }
    let named =
        |host: &str| Principal::new(name_type::SRV_HST, &[&[service, host], rest].concat(), realm);
    let mut candidates = vec![named(host)];
    // A web server's principal has no port, and browsers leave it out. Elsewhere the port may be
    // what tells two services of a host apart.
    if port.is_some() && service.eq_ignore_ascii_case("http") {
        candidates.push(named(name));
    }
    Ok(candidates)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(i32, String)>> {
        let target = Target::parse(text, |realm| realm.eq_ignore_ascii_case("example.com"))?;
        Ok(target.candidates.iter().map(|one| (one.name_type, one.to_text())).collect())
    }

    #[test]
    fn targets_in_all_their_spellings() {
        use name_type::{ENTERPRISE, PRINCIPAL, SRV_HST, SRV_INST};
        for (text, expected) in [
            ("HTTP/web1", &[(SRV_HST, "HTTP/web1@")][..]),
            (
                "HTTP/web1.example.com@EXAMPLE.COM",
                &[(SRV_HST, "HTTP/web1.example.com@EXAMPLE.COM")],
            ),
            ("HTTP/web1:8080", &[(SRV_HST, "HTTP/web1:8080@"), (SRV_HST, "HTTP/web1@")]),
            ("MSSQLSvc/db1:1433", &[(SRV_HST, "MSSQLSvc/db1:1433@")]),
            ("ldap/dc1/example.com", &[(SRV_HST, "ldap/dc1/example.com@")]),
            ("krbtgt/EXAMPLE.COM", &[(SRV_INST, "krbtgt/EXAMPLE.COM@")]),
            ("WEB1$", &[(PRINCIPAL, "WEB1$@")]),
            (r"EXAMPLE\WEB1$", &[(ENTERPRISE, r"WEB1$\@EXAMPLE@")]),
            (
                r"example.com\WEB1$",
                &[(PRINCIPAL, "WEB1$@EXAMPLE.COM"), (ENTERPRISE, r"WEB1$\@example.com@")],
            ),
            (
                "alice@example.com",
                &[(PRINCIPAL, "alice@EXAMPLE.COM"), (ENTERPRISE, r"alice\@example.com@")],
            ),
            ("HTTP@web1.org", &[(SRV_HST, "HTTP/web1.org@")]),
            ("alice@corp.org", &[(ENTERPRISE, r"alice\@corp.org@")]),
            (r"a\/b", &[(PRINCIPAL, r"a\/b@")]),
        ] {
            let expected: Vec<_> =
                expected.iter().map(|(kind, name)| (*kind, (*name).to_owned())).collect();
            assert_eq!(read(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn names_for_which_there_are_no_tickets() {
        for text in [
            "",
            "/",
            "HTTP/",
            "/web1",
            "HTTP/web1@",
            "cifs/192.0.2.1",
            "HTTP/192.0.2.1:8080",
            "cifs/2001:db8::1",
            "HTTP/[2001:db8::1]:80",
            "a\0b",
            r"\alice",
        ] {
            assert!(matches!(read(text), Err(Error::WrongTarget(_))), "{text:?}");
        }
    }
}
