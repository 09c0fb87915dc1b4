//! `[kerberos]`.

use super::{Limit, List, Quoted};
use crate::config::{Addresses, Kerberos};
use crate::kerberos::ServiceName;
use crate::kerberos::crypto::Enctype;
use crate::kerberos::name_mapping::NameRules;
use crate::stores::replay_cache::ReplayCacheKind;
use std::fmt::{self, Display, Formatter};
use std::path::Path;

pub(crate) fn write(kerberos: &Kerberos, f: &mut Formatter<'_>) -> fmt::Result {
    let path = |f: &mut Formatter<'_>, key: &str, path: Option<&Path>| match path {
        Some(path) => writeln!(f, "{key} = {}", Quoted(&path.to_string_lossy())),
        None => Ok(()),
    };
    path(f, "keytab", kerberos.keytab.as_ref().and_then(|file| file.path()))?;
    writeln!(f, "principals = {}", List(kerberos.principals.iter().map(ServiceName::as_str)))?;
    writeln!(f, "realm = {}", Quoted(&kerberos.realm))?;
    writeln!(f, "enctypes = {}", List(kerberos.enctypes.iter().copied().map(Enctype::name)))?;
    writeln!(f, "max_clock_skew = {}", Limit(Some(kerberos.max_clock_skew)))?;
    writeln!(f, "replay_cache = {}", kerberos.replay_cache)?;
    path(f, "replay_cache_file", kerberos.replay_cache_file.as_deref())?;
    writeln!(f, "replay_cache_entries = {}", kerberos.replay_cache_entries)?;
    writeln!(f, "channel_bindings = \"{}\"", kerberos.channel_bindings)?;
    writeln!(f, "addresses = {}", kerberos.addresses)?;
    writeln!(f, "names = {}", Names(&kerberos.names))?;
    writeln!(f, "require_pac = {}", kerberos.require_pac)?;
    path(f, "krbtgt_keytab", kerberos.krbtgt_keytab.as_ref().and_then(|file| file.path()))?;
    writeln!(f, "delegation = {}", kerberos.delegation)?;
    path(f, "tgt_ccache", kerberos.tgt_ccache.as_ref().and_then(|file| file.path()))
}

impl Display for ReplayCacheKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ReplayCacheKind::Memory => "\"memory\"",
            ReplayCacheKind::File => "\"file\"",
            ReplayCacheKind::Off => "\"off\"",
        })
    }
}

impl Display for Addresses {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Addresses::Ignore => "\"ignore\"",
            Addresses::WhenKnown => "\"when-known\"",
            Addresses::Require => "\"require\"",
        })
    }
}

/// An array of tables, on one line.
struct Names<'a>(&'a NameRules);

impl Display for Names<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (index, rule) in self.0.0.iter().enumerate() {
            f.write_str(if index == 0 { "{ " } else { ", { " })?;
            for (key, value) in [("realm", rule.realm()), ("principal", rule.principal())] {
                if let Some(value) = value {
                    write!(f, "{key} = {}, ", Quoted(value))?;
                }
            }
            write!(f, "name = {} }}", Quoted(rule.name()))?;
        }
        f.write_str("]")
    }
}
