//! The TOML file. Every key is optional; an unknown one is an error, for a misspelt policy must not
//! pass for the default.

mod accounts;
mod authorities;
mod domain;
mod export;
mod kerberos;
mod tokens;
mod winbind;

use super::{Limits, Negotiate, Ntlm, NtlmMode, Server, Settings};
use crate::authority::ResponsePolicy;
use crate::kerberos::path_in;
use crate::mechanism::Mechanism;
use crate::types::account_name;
use crate::types::channel_bindings::Strictness;
use crate::runtime::toml_text::from_toml;
use crate::winbind::Winbind;
use accounts::AccountsTable;
use authorities::AuthoritiesTable;
use domain::DomainTable;
use export::ExportTable;
use kerberos::KerberosTable;
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokens::TokensTable;
use winbind::WinbindTable;

/// A file's settings, and the files that it names, which the caller opens.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The settings, those of [`Named`] not yet filled in.
    pub settings: Settings,
    /// `[domain]`, which the caller makes a domain of.
    pub domain: Option<crate::domain::Options>,
    /// The files.
    pub named: Named,
}

/// The files that a configuration names, as written there.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// `[accounts] file`.
    pub accounts: Option<PathBuf>,
    /// `[accounts] details`.
    pub details: Option<PathBuf>,
    /// `[accounts] sid_file`.
    pub sid_file: Option<PathBuf>,
    /// `[kerberos] keytab`.
    pub keytab: Option<PathBuf>,
    /// `[kerberos] krbtgt_keytab`.
    pub krbtgt_keytab: Option<PathBuf>,
    /// `[kerberos] tgt_ccache`.
    pub tgt_ccache: Option<PathBuf>,
    /// `[domain] machine_secret_file`.
    pub machine_secret: Option<PathBuf>,
    /// `[domain] machine_keytab`.
    pub machine_keytab: Option<PathBuf>,
    /// `[export] key_file`.
    pub export_key: Option<PathBuf>,
}

/// Reads the file's text. The error is one line and begins with the line number where there is one.
pub(crate) fn parse(text: &str) -> Result<Parsed, String> {
    let document: Document = from_toml(text.trim_start_matches('\u{feff}'))?;
    document.into_settings()
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Document {
    server: ServerTable,
    negotiate: NegotiateTable,
    kerberos: KerberosTable,
    ntlm: NtlmTable,
    limits: LimitsTable,
    accounts: AccountsTable,
    authorities: AuthoritiesTable,
    tokens: TokensTable,
    domain: Option<DomainTable>,
    export: ExportTable,
    winbind: Option<WinbindTable>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ServerTable {
    netbios_computer: Option<String>,
    netbios_domain: Option<String>,
    dns_computer: Option<String>,
    dns_domain: Option<String>,
    dns_tree: Option<String>,
    in_domain: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct NegotiateTable {
    mechanisms: Option<Vec<MechanismName>>,
    context_lifetime: Option<Limit>,
    complete_auth_token: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct NtlmTable {
    mode: Option<NtlmModeName>,
    audit_file: Option<PathBuf>,
    users: Vec<String>,
    domains: Vec<String>,
    workstations: Vec<String>,
    weak_responses: Option<Vec<WeakResponse>>,
    channel_bindings: Option<StrictnessName>,
    target_name: Option<StrictnessName>,
    target_names: Option<Vec<String>>,
    require_128: Option<bool>,
    require_extended_session_security: Option<bool>,
    require_mic: Option<bool>,
    max_clock_skew: Option<Limit>,
    challenge_lifetime: Option<Span>,
    refuse_null_session: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct LimitsTable {
    contexts: Option<u32>,
    credentials: Option<u32>,
    max_token: Option<u32>,
}

/// A path, with or without `FILE:`.
struct FileName(PathBuf);

impl<'de> Deserialize<'de> for FileName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FileName, D::Error> {
        path_in(&String::deserialize(deserializer)?).map(FileName).map_err(D::Error::custom)
    }
}

/// How long one logon may take that somebody else judges, by the table's `timeout_ms`.
fn timeout(table: &str, milliseconds: Option<u64>) -> Result<Duration, String> {
    const DEFAULT: u64 = 5000;
    /// A program that waits longer for one logon has given up long before.
    const LONGEST: u64 = 600_000;
    match milliseconds.unwrap_or(DEFAULT) {
        timeout @ 1..=LONGEST => Ok(Duration::from_millis(timeout)),
        _ => Err(format!("[{table}] timeout_ms is outside 1 to {LONGEST}")),
    }
}

#[derive(Deserialize, Clone, Copy)]
enum MechanismName {
    Kerberos,
    #[serde(rename = "NTLM")]
    Ntlm,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum NtlmModeName {
    On,
    Audit,
    Off,
}

#[derive(Deserialize, Clone, Copy)]
enum WeakResponse {
    #[serde(rename = "LMv2")]
    LmV2,
    #[serde(rename = "NTLMv1")]
    NtlmV1,
    #[serde(rename = "NTLMv1-ESS")]
    NtlmV1Ess,
    #[serde(rename = "LM")]
    Lm,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum StrictnessName {
    Off,
    WhenSent,
    Require,
}

impl From<StrictnessName> for Strictness {
    fn from(name: StrictnessName) -> Strictness {
        match name {
            StrictnessName::Off => Strictness::Off,
            StrictnessName::WhenSent => Strictness::WhenSent,
            StrictnessName::Require => Strictness::Require,
        }
    }
}

/// A length of time: seconds as a number, or a number with its unit (`"90s"`, `"30m"`, `"10h"`,
/// `"7d"`).
struct Span(Duration);

/// A length of time, or `"unlimited"`.
struct Limit(Option<Duration>);

#[derive(Deserialize)]
#[serde(untagged)]
enum SpanValue {
    Seconds(i64),
    Text(String),
}

fn span_of(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    Some(Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(seconds)?))
}

const SPAN: &str = "a length of time such as 90, \"90s\", \"30m\", \"10h\" or \"7d\"";

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        match SpanValue::deserialize(deserializer)
            .map_err(|_| D::Error::custom(format!("expected {SPAN}")))?
        {
            SpanValue::Seconds(seconds) => u64::try_from(seconds)
                .ok()
                .map(Duration::from_secs)
                .map(Span)
                .ok_or_else(|| D::Error::invalid_value(Unexpected::Signed(seconds), &SPAN)),
            SpanValue::Text(text) => span_of(&text)
                .map(Span)
                .ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &SPAN)),
        }
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Limit, D::Error> {
        const LIMIT: &str =
            "\"unlimited\" or a length of time such as 90, \"90s\", \"30m\", \"10h\" or \"7d\"";
        match SpanValue::deserialize(deserializer)
            .map_err(|_| D::Error::custom(format!("expected {LIMIT}")))?
        {
            SpanValue::Seconds(seconds) => u64::try_from(seconds)
                .ok()
                .map(|s| Limit(Some(Duration::from_secs(s))))
                .ok_or_else(|| D::Error::invalid_value(Unexpected::Signed(seconds), &LIMIT)),
            SpanValue::Text(text) if text == "unlimited" => Ok(Limit(None)),
            SpanValue::Text(text) => span_of(&text)
                .map(|d| Limit(Some(d)))
                .ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &LIMIT)),
        }
    }
}

impl Document {
    fn into_settings(self) -> Result<Parsed, String> {
        let (kerberos, mut named) = self.kerberos.into_kerberos()?;
        let accounts = self.accounts.into_accounts(&mut named)?;
        let domain = self.domain.map(|table| table.into_domain(&mut named)).transpose()?;
        let server = self.server.into_server(accounts.domain.as_deref(), domain.as_ref())?;
        let winbind =
            self.winbind.map(|table| table.into_winbind(server.own_domain())).transpose()?;
        let (export, export_key) = self.export.into_export();
        named.export_key = export_key;
        let settings = Settings {
            server,
            negotiate: self.negotiate.into_negotiate()?,
            kerberos,
            ntlm: self.ntlm.into_ntlm(),
            limits: self.limits.into_limits()?,
            accounts,
            authorities: self.authorities.into_authorities()?,
            domain: None,
            winbind: winbind.map(|winbind| Arc::new(Winbind::new(winbind))),
            tokens: self.tokens.into_tokens()?,
            export,
            defect: None,
        };
        Ok(Parsed { settings, domain, named })
    }
}

impl ServerTable {
    /// `domain` is what `[domain]` says; its machine is this server.
    fn into_server(
        self,
        accounts_domain: Option<&str>,
        domain: Option<&crate::domain::Options>,
    ) -> Result<Server, String> {
        let mut host = Server::default();
        if let Some(domain) = domain {
            host = host.joined(&domain.name, &domain.realm, &domain.machine_account);
            // A domain controller refuses responses that are for another computer.
            if self
                .netbios_computer
                .as_ref()
                .is_some_and(|name| !account_name::same(name, &host.nb_computer))
            {
                return Err(
                    "[server] netbios_computer is not that of [domain] machine_account".into()
                );
            }
        }
        let nb_computer = self.netbios_computer.unwrap_or(host.nb_computer);
        if nb_computer.is_empty() {
            return Err("[server] netbios_computer is empty".into());
        }
        let domain_name = domain.map(|domain| domain.name.as_str()).or(accounts_domain);
        let named_domain = self
            .netbios_domain
            .or_else(|| domain_name.map(str::to_owned))
            .filter(|name| !name.is_empty());
        Ok(Server {
            in_domain: self.in_domain.unwrap_or(named_domain.is_some()),
            nb_domain: named_domain.unwrap_or_else(|| nb_computer.clone()),
            nb_computer,
            dns_computer: self.dns_computer.unwrap_or(host.dns_computer),
            dns_domain: self.dns_domain.unwrap_or(host.dns_domain),
            dns_tree: self.dns_tree.unwrap_or(host.dns_tree),
        })
    }
}

impl NegotiateTable {
    fn into_negotiate(self) -> Result<Negotiate, String> {
        let default = Negotiate::default();
        let mechanisms = match self.mechanisms {
            None => default.mechanisms,
            Some(names) if names.is_empty() => return Err("[negotiate] mechanisms is empty".into()),
            Some(names) => names
                .into_iter()
                .map(|name| match name {
                    MechanismName::Kerberos => Mechanism::Kerberos,
                    MechanismName::Ntlm => Mechanism::Ntlm,
                })
                .collect(),
        };
        Ok(Negotiate {
            mechanisms,
            context_lifetime: self
                .context_lifetime
                .map_or(default.context_lifetime, |limit| limit.0),
            complete_auth_token: self.complete_auth_token.unwrap_or(default.complete_auth_token),
        })
    }
}

impl NtlmTable {
    fn into_ntlm(self) -> Ntlm {
        let default = Ntlm::default();
        let mut responses = default.responses;
        for weak in self.weak_responses.unwrap_or_default() {
            let ResponsePolicy { lmv2, ntlmv1, ntlmv1_ess, lm } = &mut responses;
            *match weak {
                WeakResponse::LmV2 => lmv2,
                WeakResponse::NtlmV1 => ntlmv1,
                WeakResponse::NtlmV1Ess => ntlmv1_ess,
                WeakResponse::Lm => lm,
            } = true;
        }
        Ntlm {
            mode: self.mode.map_or(default.mode, |name| match name {
                NtlmModeName::On => NtlmMode::On,
                NtlmModeName::Audit => NtlmMode::Audit,
                NtlmModeName::Off => NtlmMode::Off,
            }),
            audit_file: self.audit_file,
            users: self.users,
            domains: self.domains,
            workstations: self.workstations,
            responses,
            channel_bindings: self
                .channel_bindings
                .map_or(default.channel_bindings, Strictness::from),
            target_name: self.target_name.map_or(default.target_name, Strictness::from),
            target_names: self.target_names.unwrap_or(default.target_names),
            require_128: self.require_128.unwrap_or(default.require_128),
            require_extended_session_security: self
                .require_extended_session_security
                .unwrap_or(default.require_extended_session_security),
            require_mic: self.require_mic.unwrap_or(default.require_mic),
            max_clock_skew: self.max_clock_skew.map_or(default.max_clock_skew, |limit| limit.0),
            challenge_lifetime: self
                .challenge_lifetime
                .map_or(default.challenge_lifetime, |span| span.0),
            refuse_null_session: self.refuse_null_session.unwrap_or(default.refuse_null_session),
        }
    }
}

/// Below this a client's AUTHENTICATE_MESSAGE with long names no longer fits.
const SMALLEST_MAX_TOKEN: u32 = 2888;

/// Token fields of SPNEGO and NTLM are addressed with 32 bits; nothing sane comes near a mebibyte.
const LARGEST_MAX_TOKEN: u32 = 1 << 20;

impl LimitsTable {
    fn into_limits(self) -> Result<Limits, String> {
        let default = Limits::default();
        let max_token = self.max_token.unwrap_or(default.max_token);
        if !(SMALLEST_MAX_TOKEN..=LARGEST_MAX_TOKEN).contains(&max_token) {
            return Err(format!(
                "[limits] max_token = {max_token} is outside {SMALLEST_MAX_TOKEN} to {LARGEST_MAX_TOKEN}"
            ));
        }
        Ok(Limits {
            contexts: self.contexts.unwrap_or(default.contexts),
            credentials: self.credentials.unwrap_or(default.credentials),
            max_token,
        })
    }
}
