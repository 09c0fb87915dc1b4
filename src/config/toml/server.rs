//! The table `[server]`.

use crate::config::defaults::server_names;
use crate::domain::Options;
use crate::ntlm::ServerNames;
use crate::types::account_name;
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ServerTable {
    netbios_computer: Option<String>,
    netbios_domain: Option<String>,
    dns_computer: Option<String>,
    dns_domain: Option<String>,
    dns_tree: Option<String>,
    in_domain: Option<bool>,
    pub(super) member: Option<bool>,
}

impl ServerTable {
    /// `domain` is what `[domain]` says; its machine is this server.
    pub(super) fn into_server(
        self,
        accounts_domain: Option<&str>,
        domain: Option<&Options>,
    ) -> Result<ServerNames, String> {
        let mut host = server_names();
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
        Ok(ServerNames {
            in_domain: self.in_domain.unwrap_or(named_domain.is_some()),
            nb_domain: named_domain.unwrap_or_else(|| nb_computer.clone()),
            nb_computer,
            dns_computer: self.dns_computer.unwrap_or(host.dns_computer),
            dns_domain: self.dns_domain.unwrap_or(host.dns_domain),
            dns_tree: self.dns_tree.unwrap_or(host.dns_tree),
        })
    }
}
