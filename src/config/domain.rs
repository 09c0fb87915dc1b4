//! `[domain]`.

use crate::domain::controller::Name;
use std::net::SocketAddr;
use std::time::Duration;

/// `[domain]`: whose accounts are let in besides those of the account file.
#[derive(Debug, Clone, PartialEq)]
pub struct Domain {
    /// Its NetBIOS name.
    pub name: String,
    /// Its DNS name, in capitals as Kerberos has it or not.
    pub realm: String,
    /// Its domain controllers, preferred first; none: those that DNS knows.
    pub controllers: Vec<Name>,
    /// The site whose domain controllers are preferred where DNS tells.
    pub site: Option<String>,
    /// DNS servers to find them by; none: the system's.
    pub name_servers: Vec<SocketAddr>,
    /// The machine's account, `WEB1$`.
    pub machine_account: String,
    /// How long one logon may take.
    pub timeout: Duration,
    /// Connections to a domain controller at a time: as many logons are judged at a time.
    pub connections: usize,
}
