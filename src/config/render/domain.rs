//! `[domain]`.

use super::{List, Quoted};
use crate::domain::Domain;
use crate::domain::machine_secret::Secret;
use std::fmt::{self, Formatter};

pub(crate) fn write(domain: &Domain, f: &mut Formatter<'_>) -> fmt::Result {
    let settings = &domain.settings;
    writeln!(f, "\n[domain]")?;
    writeln!(f, "name = {}", Quoted(&settings.name))?;
    writeln!(f, "realm = {}", Quoted(&settings.realm))?;
    let controllers: Vec<String> = settings.controllers.iter().map(ToString::to_string).collect();
    writeln!(f, "controllers = {}", List(controllers.iter().map(String::as_str)))?;
    let servers: Vec<String> = settings.name_servers.iter().map(ToString::to_string).collect();
    writeln!(f, "name_servers = {}", List(servers.iter().map(String::as_str)))?;
    if let Some(site) = &settings.site {
        writeln!(f, "site = {}", Quoted(site))?;
    }
    writeln!(f, "machine_account = {}", Quoted(&settings.machine_account))?;
    let key = match domain.secret() {
        Secret::File(_) => "machine_secret_file",
        Secret::Keytab(_) => "machine_keytab",
    };
    if let Some(path) = domain.secret().path() {
        writeln!(f, "{key} = {}", Quoted(&path.to_string_lossy()))?;
    }
    writeln!(f, "timeout_ms = {}", settings.timeout.as_millis())?;
    writeln!(f, "connections = {}", settings.connections)
}
