//! The table `[domain]`.

use super::{FileName, timeout};
use crate::domain::Options;
use crate::net::host::Host;
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DomainTable {
    name: String,
    realm: String,
    #[serde(default)]
    controllers: Vec<ControllerName>,
    site: Option<String>,
    #[serde(default)]
    name_servers: Vec<ServerAddress>,
    machine_account: String,
    machine_secret_file: Option<PathBuf>,
    machine_keytab: Option<FileName>,
    timeout_ms: Option<u64>,
    connections: Option<usize>,
}

struct ControllerName(Host);

impl<'de> Deserialize<'de> for ControllerName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ControllerName, D::Error> {
        let text = String::deserialize(deserializer)?;
        let name = text.parse().map(ControllerName);
        name.map_err(|_| {
            D::Error::invalid_value(
                Unexpected::Str(&text),
                &"a domain controller's host name or address",
            )
        })
    }
}

/// The address of a DNS server, with or without a port.
struct ServerAddress(SocketAddr);

impl<'de> Deserialize<'de> for ServerAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ServerAddress, D::Error> {
        const PORT: u16 = 53;
        let text = String::deserialize(deserializer)?;
        let address =
            text.parse().or_else(|_| text.parse::<IpAddr>().map(|address| (address, PORT).into()));
        address.map(ServerAddress).map_err(|_| {
            D::Error::invalid_value(Unexpected::Str(&text), &"the address of a DNS server")
        })
    }
}

const DEFAULT_CONNECTIONS: usize = 3;
/// A domain controller judges no more at a time for one member.
const MOST_CONNECTIONS: usize = 64;
/// NetBIOS names have at most 15 characters ([MS-NBTE] 1.8).
const NETBIOS_NAME: usize = 15;

impl DomainTable {
    pub(crate) fn into_domain(self) -> Result<Options, String> {
        let netbios = |name: &str| {
            !name.is_empty()
                && name.len() <= NETBIOS_NAME
                && name.bytes().all(|c| c.is_ascii_graphic() && !b"\\/:*?\"<>|".contains(&c))
        };
        if !netbios(&self.name) {
            return Err("[domain] name is no NetBIOS name of a domain".into());
        }
        if !netbios(self.machine_account.strip_suffix('$').unwrap_or(&self.machine_account)) {
            return Err("[domain] machine_account is no machine's account, such as WEB1$".into());
        }
        if self.realm.is_empty()
            || !self.realm.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(&c))
        {
            return Err("[domain] realm is not the DNS name of a domain".into());
        }
        match (&self.machine_secret_file, &self.machine_keytab) {
            (Some(_), None) | (None, Some(_)) => {}
            (None, None) => {
                return Err("[domain] needs machine_secret_file or machine_keytab".into());
            }
            (Some(_), Some(_)) => {
                return Err("[domain] has both machine_secret_file and machine_keytab".into());
            }
        }
        let timeout = timeout("domain", self.timeout_ms)?;
        let connections = self.connections.unwrap_or(DEFAULT_CONNECTIONS);
        if !(1..=MOST_CONNECTIONS).contains(&connections) {
            return Err(format!("[domain] connections is outside 1 to {MOST_CONNECTIONS}"));
        }
        Ok(Options {
            name: self.name,
            realm: self.realm,
            controllers: self.controllers.into_iter().map(|name| name.0).collect(),
            name_servers: self.name_servers.into_iter().map(|server| server.0).collect(),
            site: self.site.filter(|site| !site.is_empty()),
            machine_account: self.machine_account,
            machine_secret_file: self.machine_secret_file,
            machine_keytab: self.machine_keytab.map(|name| name.0),
            timeout,
            connections,
        })
    }
}
