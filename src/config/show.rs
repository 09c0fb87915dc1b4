//! Settings written as the TOML file that would give them: what `negossp config check` prints.

use super::{Addresses, Kerberos, ReplayCacheKind, Settings, Strictness, Winbind};
use crate::kerberos::ServiceName;
use crate::kerberos::crypto::Enctype;
use crate::kerberos::names::NameRules;
use std::fmt::{self, Display, Formatter};
use std::path::Path;
use std::time::Duration;

impl Display for Settings {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let server = &self.server;
        writeln!(f, "[server]")?;
        writeln!(f, "netbios_computer = {}", Quoted(&server.nb_computer))?;
        writeln!(f, "netbios_domain = {}", Quoted(&server.nb_domain))?;
        writeln!(f, "dns_computer = {}", Quoted(&server.dns_computer))?;
        writeln!(f, "dns_domain = {}", Quoted(&server.dns_domain))?;
        writeln!(f, "dns_tree = {}", Quoted(&server.dns_tree))?;
        writeln!(f, "in_domain = {}", server.in_domain)?;

        let negotiate = &self.negotiate;
        writeln!(f, "\n[negotiate]")?;
        writeln!(f, "mechanisms = {}", List(negotiate.mechanisms.iter().map(|m| m.package_name())))?;
        writeln!(f, "context_lifetime = {}", Limit(negotiate.context_lifetime))?;
        writeln!(f, "complete_auth_token = {}", negotiate.complete_auth_token)?;

        writeln!(f, "\n[kerberos]")?;
        kerberos(&self.kerberos, f)?;

        let ntlm = &self.ntlm;
        let weak = [
            (ntlm.responses.lmv2, "LMv2"),
            (ntlm.responses.ntlmv1, "NTLMv1"),
            (ntlm.responses.ntlmv1_ess, "NTLMv1-ESS"),
            (ntlm.responses.lm, "LM"),
        ];
        writeln!(f, "\n[ntlm]")?;
        writeln!(f, "weak_responses = {}", List(weak.iter().filter(|(on, _)| *on).map(|(_, name)| *name)))?;
        writeln!(f, "channel_bindings = {}", ntlm.channel_bindings)?;
        writeln!(f, "target_name = {}", ntlm.target_name)?;
        writeln!(f, "target_names = {}", List(ntlm.target_names.iter().map(String::as_str)))?;
        writeln!(f, "require_128 = {}", ntlm.require_128)?;
        writeln!(f, "require_extended_session_security = {}", ntlm.require_extended_session_security)?;
        writeln!(f, "require_mic = {}", ntlm.require_mic)?;
        writeln!(f, "max_clock_skew = {}", Limit(ntlm.max_clock_skew))?;
        writeln!(f, "challenge_lifetime = {}", Limit(Some(ntlm.challenge_lifetime)))?;
        writeln!(f, "refuse_null_session = {}", ntlm.refuse_null_session)?;

        let limits = &self.limits;
        writeln!(f, "\n[limits]")?;
        writeln!(f, "contexts = {}", limits.contexts)?;
        writeln!(f, "credentials = {}", limits.credentials)?;
        writeln!(f, "max_token = {}", limits.max_token)?;

        let accounts = &self.accounts;
        writeln!(f, "\n[accounts]")?;
        if let Some(path) = accounts.file.as_ref().and_then(|file| file.path()) {
            writeln!(f, "file = {}", Quoted(&path.to_string_lossy()))?;
        }
        if let Some(domain) = &accounts.domain {
            writeln!(f, "domain = {}", Quoted(domain))?;
        }
        writeln!(f, "strict_domain = {}", accounts.strict_domain)?;
        let path = accounts.details.as_ref().and_then(|file| file.path());
        path.map_or(Ok(()), |path| writeln!(f, "details = {}", Quoted(&path.to_string_lossy())))?;
        match (accounts.machine_sid.configured(), accounts.machine_sid.path()) {
            (Some(sid), _) => writeln!(f, "sid = \"{sid}\""),
            (None, Some(path)) => writeln!(f, "sid_file = {}", Quoted(&path.to_string_lossy())),
            (None, None) => Ok(()),
        }?;
        self.winbind.as_deref().map_or(Ok(()), |winbind| write_winbind(&winbind.settings, f))
    }
}

fn write_winbind(winbind: &Winbind, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, "\n[winbind]")?;
    writeln!(f, "use = \"{}\"", winbind.way.name())?;
    writeln!(f, "ntlm_auth = {}", Quoted(&winbind.ntlm_auth.to_string_lossy()))?;
    writeln!(f, "helpers = {}", winbind.helpers)?;
    writeln!(f, "timeout_ms = {}", winbind.timeout.as_millis())?;
    winbind.smb_conf.as_ref().map_or(Ok(()), |path| writeln!(f, "smb_conf = {}", Quoted(&path.to_string_lossy())))
}

fn kerberos(kerberos: &Kerberos, f: &mut Formatter<'_>) -> fmt::Result {
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
    writeln!(f, "channel_bindings = {}", kerberos.channel_bindings)?;
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

impl Display for Strictness {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Strictness::Off => "\"off\"",
            Strictness::WhenSent => "\"when-sent\"",
            Strictness::Require => "\"require\"",
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

/// A TOML basic string.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c if c.is_control() => write!(f, "\\u{:04X}", u32::from(c))?,
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}

struct List<I>(I);

impl<'a, I: Iterator<Item = &'a str> + Clone> Display for List<I> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (index, item) in self.0.clone().enumerate() {
            write!(f, "{}{}", if index == 0 { "" } else { ", " }, Quoted(item))?;
        }
        f.write_str("]")
    }
}

struct Limit(Option<Duration>);

impl Display for Limit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(duration) => write!(f, "{}", duration.as_secs()),
            None => f.write_str("\"unlimited\""),
        }
    }
}
