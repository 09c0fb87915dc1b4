//! The client keytab: keys with which a service gets tickets for itself.

use crate::kerberos::Principal;
use crate::kerberos::crypto::Key;
use crate::kerberos::keytab::{Entry, Keytab};
use crate::platform;
use crate::stores::keytab_file;
use crate::stores::parameter_expansion::expand;
use std::cmp::Reverse;
use std::path::PathBuf;

/// The system's defaults, of which the first one that there is counts: MIT's with the folders of its
/// documentation, of Debian and of Red Hat.
const DEFAULTS: &[&str] = if cfg!(windows) {
    &[r"%{APPDATA}\MIT\Kerberos5\client.keytab"]
} else {
    &[
        "/var/lib/krb5/user/%{euid}/client.keytab",
        "/etc/krb5/user/%{euid}/client.keytab",
        "/var/kerberos/krb5/user/%{euid}/client.keytab",
    ]
};

/// The path of the client keytab: that of KRB5_CLIENT_KTNAME, whose tokens are not replaced, as in
/// MIT's library; else krb5.conf's `default_client_keytab_name`, which is `configured`; else the
/// system's. A process with more rights than its user's does not heed the environment. The error is
/// one line.
pub fn path(configured: Option<&str>) -> Result<PathBuf, String> {
    if let Some(name) = platform::environment("KRB5_CLIENT_KTNAME").filter(|name| !name.is_empty())
    {
        return keytab_file::path_in(name.to_str().ok_or("KRB5_CLIENT_KTNAME: not UTF-8")?);
    }
    if let Some(name) = configured {
        return keytab_file::path_in(&expand(name)?);
    }
    let mut paths = Vec::new();
    for name in DEFAULTS {
        paths.push(PathBuf::from(expand(name)?));
    }
    let present = paths.iter().position(|path| path.exists()).unwrap_or(0);
    Ok(paths.swap_remove(present))
}

/// A client that a keytab has keys of.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its name.
    pub principal: Principal,
    /// Its newest key of each encryption type, in the order of the file.
    pub keys: Vec<Key>,
}

/// The clients of a keytab, in the order of the file: the first one is the default.
pub fn clients(keytab: &Keytab) -> Vec<Client> {
    let mut clients: Vec<(Principal, Vec<&Entry>)> = Vec::new();
    for entry in keytab.entries() {
        let principal = Principal {
            name_type: entry.name_type.cast_signed(),
            realm: entry.realm.clone().into_bytes(),
            components: entry.components.iter().map(|part| part.clone().into_bytes()).collect(),
        };
        match clients.iter_mut().find(|(known, _)| *known == principal) {
            Some((_, entries)) => entries.push(entry),
            None => clients.push((principal, vec![entry])),
        }
    }
    clients.into_iter().map(|(principal, entries)| client(principal, &entries)).collect()
}

fn client(principal: Principal, entries: &[&Entry]) -> Client {
    let newest = |entry: &&&Entry| {
        let same = |other: &&&Entry| other.key.enctype() == entry.key.enctype();
        let newest =
            entries.iter().filter(same).min_by_key(|other| Reverse((other.kvno, other.timestamp)));
        newest.is_some_and(|newest| std::ptr::eq(*newest, **entry))
    };
    Client {
        principal,
        keys: entries.iter().filter(newest).map(|entry| entry.key.clone()).collect(),
    }
}
