//! What holds where the configuration says nothing.

use super::{Accounts, Kerberos, Limits, Negotiate, Ntlm, NtlmMode, Server, Settings};
use crate::authority::{self, ResponsePolicy};
use crate::mechanism::Mechanism;
use crate::platform;
use crate::types::channel_bindings::Strictness;
use crate::{access_token, export};
use std::time::Duration;

impl Default for Settings {
    /// The defaults, with names from the host's own.
    fn default() -> Settings {
        Settings {
            server: Server::default(),
            negotiate: Negotiate::default(),
            kerberos: Kerberos::default(),
            ntlm: Ntlm::default(),
            limits: Limits::default(),
            accounts: Accounts::default(),
            authorities: authority::Options::default(),
            domain: None,
            winbind: None,
            tokens: access_token::Options::default(),
            export: export::Options::default(),
            defect: None,
        }
    }
}

impl Default for Server {
    fn default() -> Server {
        Server::from_host_name(&platform::host_name())
    }
}

/// NetBIOS names have at most 15 characters ([MS-NBTE] 1.8).
const NETBIOS_NAME: usize = 15;

impl Server {
    /// The names of a host outside a domain: `srv1.example.com` is SRV1 to NetBIOS, as Windows
    /// derives it.
    pub fn from_host_name(host: &str) -> Server {
        let (label, domain) = host.split_once('.').unwrap_or((host, ""));
        let nb_computer: String =
            label.chars().take(NETBIOS_NAME).flat_map(char::to_uppercase).collect();
        let nb_computer = if nb_computer.is_empty() { "LOCALHOST".to_owned() } else { nb_computer };
        Server {
            nb_domain: nb_computer.clone(),
            dns_computer: if host.is_empty() { "localhost".to_owned() } else { host.to_owned() },
            nb_computer,
            dns_domain: domain.to_owned(),
            dns_tree: String::new(),
            in_domain: false,
        }
    }
}

impl Server {
    /// The domain that it is a member of; empty for none.
    pub fn own_domain(&self) -> &str {
        if self.in_domain { &self.nb_domain } else { "" }
    }

    /// The names of the same host as a member of a domain: its account there is what it is called.
    pub fn joined(self, domain: &str, realm: &str, machine_account: &str) -> Server {
        let computer = machine_account.strip_suffix('$').unwrap_or(machine_account);
        let realm = realm.to_lowercase();
        let dns_computer = match self.dns_computer.contains('.') {
            true => self.dns_computer,
            false => format!("{}.{realm}", computer.to_lowercase()),
        };
        Server {
            nb_computer: computer.to_uppercase(),
            nb_domain: domain.to_owned(),
            dns_computer,
            dns_domain: realm,
            in_domain: true,
            ..self
        }
    }
}

impl Default for Negotiate {
    fn default() -> Negotiate {
        Negotiate {
            mechanisms: Mechanism::ALL.to_vec(),
            context_lifetime: None,
            complete_auth_token: false,
        }
    }
}

/// `MaxLifetime` of Windows 7 and later ([MS-NLMP] 3.1.1.1, product behavior).
const MAX_LIFETIME: Duration = Duration::from_secs(36 * 60 * 60);

impl Default for Ntlm {
    fn default() -> Ntlm {
        Ntlm {
            mode: NtlmMode::On,
            audit_file: None,
            users: Vec::new(),
            domains: Vec::new(),
            workstations: Vec::new(),
            responses: ResponsePolicy::default(),
            channel_bindings: Strictness::WhenSent,
            target_name: Strictness::Off,
            target_names: Vec::new(),
            require_128: false,
            require_extended_session_security: false,
            require_mic: false,
            max_clock_skew: Some(MAX_LIFETIME),
            challenge_lifetime: MAX_LIFETIME,
            refuse_null_session: false,
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        // 48256 is the cbMaxToken of Windows' Negotiate.
        Limits { contexts: 1 << 20, credentials: 1 << 16, max_token: 48256 }
    }
}
