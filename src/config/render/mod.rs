//! Settings written as the TOML file that would give them: what `negossp config check` prints.

mod domain;
mod kerberos;
mod tokens;
mod winbind;

use super::{NtlmMode, Settings};
use std::fmt::{self, Display, Formatter};
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
        writeln!(
            f,
            "mechanisms = {}",
            List(negotiate.mechanisms.iter().map(|m| m.package_name()))
        )?;
        writeln!(f, "context_lifetime = {}", Limit(negotiate.context_lifetime))?;
        writeln!(f, "complete_auth_token = {}", negotiate.complete_auth_token)?;

        writeln!(f, "\n[kerberos]")?;
        kerberos::write(&self.kerberos, f)?;

        let ntlm = &self.ntlm;
        let weak = [
            (ntlm.responses.lmv2, "LMv2"),
            (ntlm.responses.ntlmv1, "NTLMv1"),
            (ntlm.responses.ntlmv1_ess, "NTLMv1-ESS"),
            (ntlm.responses.lm, "LM"),
        ];
        writeln!(f, "\n[ntlm]")?;
        writeln!(f, "mode = {}", ntlm.mode)?;
        if let Some(path) = &ntlm.audit_file {
            writeln!(f, "audit_file = {}", Quoted(&path.to_string_lossy()))?;
        }
        for (key, names) in [
            ("users", &ntlm.users),
            ("domains", &ntlm.domains),
            ("workstations", &ntlm.workstations),
        ] {
            writeln!(f, "{key} = {}", List(names.iter().map(String::as_str)))?;
        }
        writeln!(
            f,
            "weak_responses = {}",
            List(weak.iter().filter(|(on, _)| *on).map(|(_, name)| *name))
        )?;
        writeln!(f, "channel_bindings = \"{}\"", ntlm.channel_bindings)?;
        writeln!(f, "target_name = \"{}\"", ntlm.target_name)?;
        writeln!(f, "target_names = {}", List(ntlm.target_names.iter().map(String::as_str)))?;
        writeln!(f, "require_128 = {}", ntlm.require_128)?;
        writeln!(
            f,
            "require_extended_session_security = {}",
            ntlm.require_extended_session_security
        )?;
        writeln!(f, "require_mic = {}", ntlm.require_mic)?;
        writeln!(f, "max_clock_skew = {}", Limit(ntlm.max_clock_skew))?;
        writeln!(f, "challenge_lifetime = {}", Limit(Some(ntlm.challenge_lifetime)))?;
        writeln!(f, "refuse_null_session = {}", ntlm.refuse_null_session)?;

        let limits = &self.limits;
        writeln!(f, "\n[limits]")?;
        writeln!(f, "contexts = {}", limits.contexts)?;
        writeln!(f, "credentials = {}", limits.credentials)?;
        writeln!(f, "max_token = {}", limits.max_token)?;

        let authorities = &self.authorities;
        writeln!(f, "\n[authorities]")?;
        writeln!(f, "order = {}", List(authorities.order.iter().map(|kind| kind.name())))?;
        writeln!(f, "throttle = {}", List(authorities.throttle.iter().map(|kind| kind.name())))?;
        writeln!(f, "throttle_after = {}", authorities.throttle_after)?;
        writeln!(f, "throttle_longest = {}", Limit(Some(authorities.throttle_longest)))?;

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
            (Some(sid), _) => writeln!(f, "sid = \"{sid}\"")?,
            (None, Some(path)) => writeln!(f, "sid_file = {}", Quoted(&path.to_string_lossy()))?,
            (None, None) => {}
        }

        let export = &self.export;
        writeln!(f, "\n[export]")?;
        if let Some(path) = export.key_file.as_ref().and_then(|file| file.path()) {
            writeln!(f, "key_file = {}", Quoted(&path.to_string_lossy()))?;
        }
        writeln!(f, "lifetime = {}", Limit(Some(export.lifetime)))?;

        writeln!(f, "\n[tokens]")?;
        tokens::write(&self.tokens, f)?;
        self.domain.as_deref().map_or(Ok(()), |domain| domain::write(domain, f))?;
        self.winbind.as_deref().map_or(Ok(()), |winbind| winbind::write(&winbind.settings, f))
    }
}

impl Display for NtlmMode {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NtlmMode::On => "\"on\"",
            NtlmMode::Audit => "\"audit\"",
            NtlmMode::Off => "\"off\"",
        })
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
