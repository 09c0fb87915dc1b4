//! `[kerberos]`.

use super::{Limit, List, Quoted, file};
use crate::config::names::Names;
use crate::kerberos::crypto::Enctype;
use crate::kerberos::name_mapping::NameRules;
use crate::kerberos::{Delegation, Policy, RequirePac, ServiceName};
use crate::stores::kerberos_files::{KerberosFiles, RestartFile};
use crate::tickets::{Krb5ConfPlace, Options};
use std::fmt::{self, Display, Formatter};

pub(super) fn write(
    kerberos: &Policy,
    files: &KerberosFiles,
    f: &mut Formatter<'_>,
) -> fmt::Result {
    file(f, "keytab", &files.keytab)?;
    writeln!(f, "principals = {}", List(kerberos.principals.iter().map(ServiceName::as_str)))?;
    writeln!(f, "realm = {}", Quoted(&files.realm))?;
    writeln!(f, "enctypes = {}", List(kerberos.enctypes.iter().copied().map(Enctype::name)))?;
    writeln!(f, "max_clock_skew = {}", Limit(Some(kerberos.max_clock_skew)))?;
    writeln!(f, "replay_cache = {}", Quoted(files.replay_cache.name_of()))?;
    file(f, "replay_cache_file", &files.replay_cache_file)?;
    writeln!(f, "replay_cache_entries = {}", files.replay_cache_entries)?;
    match &files.replay_restart_file {
        RestartFile::Unset => file(f, "replay_restart_file", &None)?,
        RestartFile::Off => writeln!(f, "replay_restart_file = {}", Quoted(""))?,
        RestartFile::At(path) => file(f, "replay_restart_file", &Some(path.clone()))?,
    }
    writeln!(f, "channel_bindings = {}", Quoted(kerberos.channel_bindings.name_of()))?;
    if let Some(strictness) = kerberos.target_name {
        writeln!(f, "target_name = {}", Quoted(strictness.name_of()))?;
    }
    writeln!(f, "addresses = {}", Quoted(kerberos.addresses.name_of()))?;
    writeln!(f, "names = {}", NameTables(&kerberos.names))?;
    writeln!(
        f,
        "require_pac = {}",
        match kerberos.require_pac {
            RequirePac::Never => "false",
            RequirePac::OfDomain => "\"domain\"",
            RequirePac::Always => "true",
        }
    )?;
    file(f, "krbtgt_keytab", &files.krbtgt_keytab)?;
    writeln!(
        f,
        "delegation = {}",
        match kerberos.delegation {
            Delegation::Never => "false",
            Delegation::Forwarded => "true",
            Delegation::Constrained => "\"constrained\"",
        }
    )?;
    file(f, "tgt_ccache", &files.tgt_ccache)
}

/// What is for clients.
pub(super) fn write_client(options: &Options, f: &mut Formatter<'_>) -> fmt::Result {
    match &options.krb5_conf {
        Krb5ConfPlace::System => file(f, "krb5_conf", &None)?,
        Krb5ConfPlace::Off => writeln!(f, "krb5_conf = {}", Quoted(""))?,
        Krb5ConfPlace::At(path) => file(f, "krb5_conf", &Some(path.clone()))?,
    }
    if let Some(ccache) = &options.ccache {
        writeln!(f, "ccache = {}", Quoted(ccache))?;
    }
    file(f, "client_keytab", &options.client_keytab)?;
    writeln!(f, "kdc_timeout = {}", Limit(Some(options.kdc_timeout)))?;
    writeln!(f, "delegate_to = {}", Quoted(options.delegate_to.name_of()))?;
    f.write_str("kdcs = {")?;
    for (index, (realm, kdcs)) in options.kdcs.iter().enumerate() {
        f.write_str(if index == 0 { " " } else { ", " })?;
        write!(f, "{} = {}", Quoted(realm), List(kdcs.iter().map(String::as_str)))?;
    }
    writeln!(f, " }}")
}

/// An array of tables, on one line.
struct NameTables<'a>(&'a NameRules);

impl Display for NameTables<'_> {
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
