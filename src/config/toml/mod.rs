//! The TOML file. Every key is optional; an unknown one is an error, for a misspelt policy must not
//! pass for the default.

mod accounts;
mod authorities;
mod domain;
mod export;
mod kerberos;
mod limits;
mod negotiate;
mod ntlm;
mod outbound;
mod server;
mod span;
mod tokens;
mod winbind;

use super::Settings;
use crate::runtime::toml_text::from_toml;
use crate::stores::keytab_file::path_in;
use accounts::AccountsTable;
use authorities::AuthoritiesTable;
use domain::DomainTable;
use export::ExportTable;
use kerberos::KerberosTable;
use limits::LimitsTable;
use negotiate::NegotiateTable;
use ntlm::NtlmTable;
use outbound::OutboundTable;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use server::ServerTable;
use std::path::PathBuf;
use std::time::Duration;
use tokens::TokensTable;
use winbind::WinbindTable;

/// What a configuration file of this text sets. Paths are as written. The error is one line and
/// begins with the line number where there is one.
pub fn parse(text: &str) -> Result<Settings, String> {
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
    outbound: OutboundTable,
    accounts: AccountsTable,
    authorities: AuthoritiesTable,
    tokens: TokensTable,
    domain: Option<DomainTable>,
    export: ExportTable,
    winbind: Option<WinbindTable>,
}

/// A path, with or without `FILE:`.
struct FileName(PathBuf);

impl<'de> Deserialize<'de> for FileName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FileName, D::Error> {
        path_in(&String::deserialize(deserializer)?).map(FileName).map_err(D::Error::custom)
    }
}

/// How long one logon may take that is passed on, by the table's `timeout_ms`.
fn timeout(table: &str, milliseconds: Option<u64>) -> Result<Duration, String> {
    const DEFAULT: u64 = 5000;
    /// A program that waits longer for one logon has given up long before.
    const LONGEST: u64 = 600_000;
    match milliseconds.unwrap_or(DEFAULT) {
        timeout @ 1..=LONGEST => Ok(Duration::from_millis(timeout)),
        _ => Err(format!("[{table}] timeout_ms is outside 1 to {LONGEST}")),
    }
}

impl Document {
    fn into_settings(self) -> Result<Settings, String> {
        let (kerberos, kerberos_files, tickets) = self.kerberos.into_kerberos()?;
        let accounts = self.accounts.into_accounts()?;
        let domain = self.domain.map(DomainTable::into_domain).transpose()?;
        let is_member = self.server.member.unwrap_or(domain.is_some() || self.winbind.is_some());
        let server = self.server.into_server(accounts.domain.as_deref(), domain.as_ref())?;
        let own_domain = server.own_domain();
        let winbind = self.winbind.map(|table| table.into_winbind(own_domain)).transpose()?;
        let mut authorities = self.authorities.into_authorities()?;
        Ok(Settings {
            negotiate: self.negotiate.into_negotiate()?,
            kerberos,
            kerberos_files,
            tickets,
            ntlm: self.ntlm.into_ntlm(&mut authorities),
            limits: self.limits.into_limits()?,
            outbound: self.outbound.into_outbound(),
            accounts,
            authorities,
            domain,
            winbind,
            tokens: self.tokens.into_tokens()?,
            export: self.export.into_export(),
            server,
            defect: None,
            is_member,
        })
    }
}
