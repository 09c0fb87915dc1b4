//! Settings written as the TOML file that would give them: what `negossp config check` prints.

mod domain;
mod kerberos;
mod tokens;
mod winbind;

use super::Settings;
use super::names::{Names, WeakResponse};
use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;
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
        writeln!(f, "member = {}", self.is_member)?;

        let negotiate = &self.negotiate;
        writeln!(f, "\n[negotiate]")?;
        writeln!(
            f,
            "mechanisms = {}",
            List(negotiate.mechanisms.iter().map(|m| m.package_name()))
        )?;
        if let Some(initiate) = &negotiate.initiate {
            writeln!(f, "initiate = {}", List(initiate.iter().map(|m| m.package_name())))?;
        }
        writeln!(f, "context_lifetime = {}", Limit(negotiate.context_lifetime))?;
        writeln!(f, "complete_auth_token = {}", negotiate.complete_auth_token)?;

        writeln!(f, "\n[outbound]")?;
        writeln!(f, "provider = {}", Quoted(self.outbound.provider.name_of()))?;

        writeln!(f, "\n[kerberos]")?;
        kerberos::write(&self.kerberos, &self.kerberos_files, f)?;
        kerberos::write_client(&self.tickets, f)?;

        let ntlm = &self.ntlm;
        let responses = &ntlm.responses;
        let weak = [
            (responses.lmv2, WeakResponse::LmV2),
            (responses.ntlmv1, WeakResponse::NtlmV1),
            (responses.ntlmv1_ess, WeakResponse::NtlmV1Ess),
            (responses.lm, WeakResponse::Lm),
            (responses.mschapv2, WeakResponse::MsChapV2),
        ];
        let authorities = &self.authorities;
        writeln!(f, "\n[ntlm]")?;
        writeln!(f, "mode = {}", Quoted(ntlm.mode.name_of()))?;
        file(f, "audit_file", &authorities.audit_file)?;
        for (key, names) in [
            ("users", &authorities.users),
            ("domains", &authorities.domains),
            ("workstations", &authorities.workstations),
        ] {
            writeln!(f, "{key} = {}", List(names.iter().map(String::as_str)))?;
        }
        writeln!(
            f,
            "weak_responses = {}",
            List(weak.iter().filter(|(on, _)| *on).map(|(_, weak)| weak.name_of()))
        )?;
        writeln!(f, "channel_bindings = {}", Quoted(ntlm.channel_bindings.name_of()))?;
        writeln!(f, "target_name = {}", Quoted(ntlm.target_name.name_of()))?;
        writeln!(f, "target_names = {}", List(ntlm.target_names.iter().map(String::as_str)))?;
        writeln!(f, "require_128 = {}", ntlm.require_128)?;
        writeln!(
            f,
            "require_extended_session_security = {}",
            ntlm.require_extended_session_security
        )?;
        writeln!(f, "require_mic = {}", ntlm.require_mic)?;
        writeln!(f, "require_target_info = {}", ntlm.require_target_info)?;
        writeln!(f, "loopback_check = {}", ntlm.loopback_check)?;
        writeln!(f, "max_clock_skew = {}", Limit(ntlm.max_clock_skew))?;
        writeln!(f, "challenge_lifetime = {}", Limit(Some(ntlm.challenge_lifetime)))?;
        writeln!(f, "refuse_null_session = {}", ntlm.refuse_null_session)?;

        let limits = &self.limits;
        writeln!(f, "\n[limits]")?;
        writeln!(f, "contexts = {}", limits.contexts)?;
        writeln!(f, "credentials = {}", limits.credentials)?;
        writeln!(f, "max_token = {}", limits.max_token)?;
        writeln!(f, "half_open = {}", limits.half_open)?;
        writeln!(f, "half_open_bytes = {}", limits.half_open_bytes)?;
        writeln!(f, "half_open_age = {}", Limit(Some(limits.half_open_age)))?;

        writeln!(f, "\n[authorities]")?;
        writeln!(f, "order = {}", List(authorities.order.iter().map(|kind| kind.name_of())))?;
        writeln!(f, "throttle = {}", List(authorities.throttle.iter().map(|kind| kind.name_of())))?;
        writeln!(f, "throttle_after = {}", authorities.throttle_after)?;
        writeln!(f, "throttle_interval = {}", Limit(Some(authorities.throttle_interval)))?;
        file(f, "throttle_file", &authorities.throttle_file)?;

        let accounts = &self.accounts;
        writeln!(f, "\n[accounts]")?;
        file(f, "file", &accounts.file)?;
        if let Some(domain) = &accounts.domain {
            writeln!(f, "domain = {}", Quoted(domain))?;
        }
        writeln!(f, "strict_domain = {}", accounts.strict_domain)?;
        file(f, "details", &accounts.details)?;
        match &accounts.sid {
            Some(sid) => writeln!(f, "sid = \"{sid}\"")?,
            None => file(f, "sid_file", &accounts.sid_file)?,
        }

        writeln!(f, "\n[export]")?;
        file(f, "key_file", &self.export.key_file)?;
        file(f, "previous_key_file", &self.export.previous_key_file)?;
        if let Some(audience) = &self.export.audience {
            writeln!(f, "audience = {}", Quoted(audience))?;
        }
        file(f, "once_file", &self.export.once_file)?;
        writeln!(f, "lifetime = {}", Limit(Some(self.export.lifetime)))?;

        writeln!(f, "\n[tokens]")?;
        tokens::write(&self.tokens, f)?;
        self.domain.as_ref().map_or(Ok(()), |domain| domain::write(domain, f))?;
        self.winbind.as_ref().map_or(Ok(()), |winbind| winbind::write(winbind, f))
    }
}

/// A key whose value is a path, if there is one.
fn file(f: &mut Formatter<'_>, key: &str, path: &Option<PathBuf>) -> fmt::Result {
    match path {
        Some(path) => writeln!(f, "{key} = {}", Quoted(&path.to_string_lossy())),
        None => Ok(()),
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
