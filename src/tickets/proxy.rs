//! The KDC proxy of one credential ([MS-KKDCP]).

use crate::net::kdc::{self, Server};
use crate::types::error::{Error, Result};

/// The port of HTTPS.
const HTTPS: u16 = 443;

/// A KDC proxy, and whether the KDCs themselves are asked too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxySettings {
    server: String,
    proxies: Vec<Server>,
    forced: bool,
}

impl ProxySettings {
    /// The proxy with this name: `host`, `host:port`, `host:port:path` or a URL; empty for none. The
    /// path is `/KdcProxy` by default. `forced`: no KDC is asked without it.
    ///
    /// Errors: `InvalidParameter` for another name; `Unsupported` in a build without KDC proxies.
    pub fn new(server: &str, forced: bool) -> Result<ProxySettings> {
        const MALFORMED: Error = Error::InvalidParameter("not the name of a KDC proxy");
        // No proxy is what a build without them has.
        if !cfg!(feature = "kdc-proxy") && (forced || !server.is_empty()) {
            return Err(Error::Unsupported("KDC proxies, in this build"));
        }
        let url = match (server, server.starts_with("https://")) {
            ("", _) => None,
            (server, true) => Some(server.to_owned()),
            (server, false) => {
                let mut parts = server.splitn(3, ':');
                let host = parts.next().unwrap_or_default();
                let port = parts.next().filter(|port| !port.is_empty());
                let path = parts.next().unwrap_or("KdcProxy").trim_start_matches('/');
                let port = port.map_or_else(|| HTTPS.to_string(), str::to_owned);
                Some(format!("https://{host}:{port}/{path}"))
            }
        };
        let proxies = match url {
            None => Vec::new(),
            Some(url) => vec![Server::parse(&url, HTTPS).ok_or(MALFORMED)?],
        };
        Ok(ProxySettings { server: server.to_owned(), proxies, forced })
    }

    /// The name of the proxy as it was given.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Whether no KDC is asked without it.
    pub fn is_forced(&self) -> bool {
        self.forced
    }

    /// KDCs with this proxy.
    pub(super) fn apply(&self, options: &kdc::Options) -> kdc::Options {
        kdc::Options { proxies: self.proxies.clone(), proxies_only: self.forced, ..options.clone() }
    }
}
