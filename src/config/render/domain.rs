//! `[domain]`.

use super::{List, Quoted, file};
use crate::domain::Options;
use std::fmt::{self, Formatter};

pub(super) fn write(domain: &Options, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, "\n[domain]")?;
    writeln!(f, "name = {}", Quoted(&domain.name))?;
    writeln!(f, "realm = {}", Quoted(&domain.realm))?;
    let controllers: Vec<String> = domain.controllers.iter().map(ToString::to_string).collect();
    writeln!(f, "controllers = {}", List(controllers.iter().map(String::as_str)))?;
    let servers: Vec<String> = domain.name_servers.iter().map(ToString::to_string).collect();
    writeln!(f, "name_servers = {}", List(servers.iter().map(String::as_str)))?;
    if let Some(site) = &domain.site {
        writeln!(f, "site = {}", Quoted(site))?;
    }
    writeln!(f, "machine_account = {}", Quoted(&domain.machine_account))?;
    file(f, "machine_secret_file", &domain.machine_secret_file)?;
    file(f, "machine_keytab", &domain.machine_keytab)?;
    writeln!(f, "timeout_ms = {}", domain.timeout.as_millis())?;
    writeln!(f, "connections = {}", domain.connections)
}
