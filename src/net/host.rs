//! Host names and addresses as the configuration writes them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A host by name or address, and perhaps a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host {
    /// Its host name, or its address.
    pub host: String,
    /// The TCP port; `None` if it is to be found otherwise.
    pub port: Option<u16>,
}

/// Parses `host`, `host:port`, an address, or `address:port` with brackets around one of IPv6.
impl FromStr for Host {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Host, &'static str> {
        const NONE: &str = "not a host name or address";
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
        Ok(Host { host: host.to_owned(), port })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
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
            let name: Host = text.parse().unwrap();
            assert_eq!((name.host.as_str(), name.port), (host, port), "{text}");
            assert_eq!(name.to_string(), text);
        }
        for text in ["", ":1", "dc1:", "dc1:0", "dc1:65536", "dc 1", "\\\\dc1", "dc1/x"] {
            assert!(text.parse::<Host>().is_err(), "{text}");
        }
    }
}
