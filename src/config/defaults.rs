//! What holds where the configuration says nothing.

use super::{Accounts, Limits, Negotiate, Outbound, Settings};
use crate::mechanism::Mechanism;
use crate::ntlm::ServerNames;
use crate::stores::kerberos_files::KerberosFiles;
use crate::{access_token, authority, export, kerberos, ntlm, platform, tickets};
use std::time::Duration;

impl Default for Settings {
    /// The defaults, with names from the host's own.
    fn default() -> Settings {
        Settings {
            server: server_names(),
            negotiate: Negotiate::default(),
            kerberos: kerberos::Policy::default(),
            kerberos_files: KerberosFiles::default(),
            tickets: tickets::Options::default(),
            ntlm: ntlm::Policy::default(),
            limits: Limits::default(),
            outbound: Outbound::default(),
            accounts: Accounts::default(),
            authorities: authority::Options::default(),
            domain: None,
            winbind: None,
            tokens: access_token::Options::default(),
            export: export::Options::default(),
            defect: None,
            is_member: false,
        }
    }
}

/// The server's names where the configuration gives none.
pub(super) fn server_names() -> ServerNames {
    ServerNames::from_host_name(&platform::host_name())
}

impl Default for Negotiate {
    fn default() -> Negotiate {
        Negotiate {
            mechanisms: Mechanism::ALL.to_vec(),
            initiate: None,
            context_lifetime: None,
            complete_auth_token: false,
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        // 48256 is the cbMaxToken of Windows' Negotiate.
        Limits {
            contexts: 1 << 20,
            credentials: 1 << 16,
            max_token: 48256,
            half_open: 1 << 16,
            half_open_bytes: 128 << 20,
            half_open_age: Duration::from_secs(10 * 60),
        }
    }
}
