//! What `[domain]` configures.

use crate::net::host::Host;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// `[domain]`: the domain whose accounts may log on, besides those of the account file.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Its NetBIOS name.
    pub name: String,
    /// Its DNS name, in any letter case.
    pub realm: String,
    /// Its domain controllers, preferred first; if empty, those that DNS lists.
    pub controllers: Vec<Host>,
    /// The site whose domain controllers are preferred when DNS lists them.
    pub site: Option<String>,
    /// DNS servers to find them with; if empty, the system's.
    pub name_servers: Vec<SocketAddr>,
    /// The machine's account, such as `WEB1$`.
    pub machine_account: String,
    /// The file with the machine's password or NT hash.
    pub machine_secret_file: Option<PathBuf>,
    /// Else a keytab with the machine's rc4-hmac key, which is that hash.
    pub machine_keytab: Option<PathBuf>,
    /// How long one logon may take.
    pub timeout: Duration,
    /// Concurrent connections to a domain controller, and so concurrent logons.
    pub connections: usize,
}
