//! Where a KDC is reached.

use std::fmt;

/// How messages travel to a KDC.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Transport {
    /// UDP or TCP, by the length of the request.
    Any,
    /// UDP only.
    Udp,
    /// TCP only.
    Tcp,
    /// The KDC proxy at this path, by HTTPS ([MS-KKDCP]).
    Https {
        /// The path of the URL, which begins with a slash.
        path: String,
    },
}

/// A KDC, a password service, or a KDC proxy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Server {
    /// Its host name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How messages travel to it.
    pub transport: Transport,
}

/// The port of HTTPS.
const HTTPS: u16 = 443;

impl Server {
    /// Parses `host`, `host:port`, an IPv6 address in brackets, or the URL of a KDC proxy
    /// (`https://host:port/path`), as MIT's krb5.conf has them; `udp/host` and `tcp/host`, as
    /// Heimdal's has them. `port` is the default.
    pub fn parse(text: &str, port: u16) -> Option<Server> {
        if let Some(rest) = text.strip_prefix("https://") {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let visible = |c: u8| c.is_ascii_graphic();
            if !path.bytes().all(visible) {
                return None;
            }
            let transport = Transport::Https { path: format!("/{path}") };
            return Server::at(host, HTTPS, transport);
        }
        if let Some(rest) = text.strip_prefix("udp/") {
            return Server::at(rest, port, Transport::Udp);
        }
        if let Some(rest) = text.strip_prefix("tcp/") {
            return Server::at(rest, port, Transport::Tcp);
        }
        Server::at(text, port, Transport::Any)
    }

    pub(super) fn at(text: &str, default: u16, transport: Transport) -> Option<Server> {
        let (host, rest) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
            Some(parts) => parts,
            None => {
                let end = text.find([' ', '\t', ':']).unwrap_or(text.len());
                // An address of IPv6 without brackets has no port.
                match text.parse::<std::net::Ipv6Addr>() {
                    Ok(_) => (text, ""),
                    Err(_) => text.split_at(end),
                }
            }
        };
        let port = match rest.strip_prefix(':') {
            Some(port) => port.parse().ok().filter(|&port| port != 0)?,
            None => default,
        };
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '%');
        // A number alone is a port for MIT, of no host.
        let is_host = host.chars().all(known) && !host.chars().all(|c| c.is_ascii_digit());
        is_host.then(|| Server { host: host.to_owned(), port, transport })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host: &dyn fmt::Display = match self.host.contains(':') {
            true => &format_args!("[{}]", self.host),
            false => &self.host,
        };
        match &self.transport {
            Transport::Any => write!(f, "{host}:{}", self.port),
            Transport::Udp => write!(f, "udp/{host}:{}", self.port),
            Transport::Tcp => write!(f, "tcp/{host}:{}", self.port),
            Transport::Https { path } => write!(f, "https://{host}:{}{path}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// krb5.conf(5), "kdc": examples and formats of MIT krb5; Heimdal's krb5.conf(5).
    #[test]
    fn spellings() {
        for (text, shown) in [
            ("kdc.example.test", "kdc.example.test:88"),
            ("kdc.example.test:750", "kdc.example.test:750"),
            ("192.0.2.1:89", "192.0.2.1:89"),
            ("[2001:db8::1]", "[2001:db8::1]:88"),
            ("[2001:db8::1]:89", "[2001:db8::1]:89"),
            ("2001:db8::1", "[2001:db8::1]:88"),
            ("tcp/kdc", "tcp/kdc:88"),
            ("udp/kdc:1", "udp/kdc:1"),
            ("https://kdc", "https://kdc:443/"),
            ("https://kdc:444/KdcProxy", "https://kdc:444/KdcProxy"),
            ("kdc comment", "kdc:88"),
        ] {
            let server = Server::parse(text, 88).unwrap();
            assert_eq!(server.to_string(), shown, "{text}");
        }
        for text in ["", "88", ":88", "kdc:", "kdc:0", "kdc:x", "a/b", "https://", "/var/run/kdc"] {
            assert_eq!(Server::parse(text, 88), None, "{text}");
        }
    }
}
