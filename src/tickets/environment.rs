//! What is configured for Kerberos clients of this process.

use super::client::Realms;
use crate::kerberos::client::{Capaths, ClientOptions, TgsConfig};
use crate::net::kdc;
use crate::platform::random::SystemRandom;
use crate::stores::ccache;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What is configured for Kerberos clients. Immutable; shared by the credentials that were made
/// under one configuration.
pub struct Environment {
    /// What is asked of KDCs.
    pub options: Arc<ClientOptions>,
    /// The paths between realms.
    pub capaths: Arc<Capaths>,
    /// Realms and their names.
    pub realms: Arc<dyn Realms + Send + Sync>,
    /// Where the KDCs are.
    pub kdcs: Arc<kdc::Options>,
    /// What could not be read of krb5.conf, a line each.
    pub problems: Vec<String>,
    /// krb5.conf's `kdc_timesync`: whether the KDCs' time is used.
    pub kdc_timesync: bool,
    /// How long a context waits for KDCs in all.
    pub timeout: Duration,
    /// What krb5.conf says of credential caches.
    pub ccaches: ccache::Settings,
    /// The name of the credential cache of clients without a password, as `KRB5CCNAME` would have
    /// it; `None`: the system's default.
    pub ccache: Option<String>,
    /// The keytab of clients without a credential cache; `None`: the system's.
    pub client_keytab: Option<PathBuf>,
    /// krb5.conf's `default_client_keytab_name`.
    pub default_client_keytab: Option<String>,
}

impl Environment {
    /// What an exchange with a ticket-granting service is made with.
    pub(super) fn tgs_config(&self) -> TgsConfig {
        TgsConfig {
            options: self.options.clone(),
            capaths: self.capaths.clone(),
            random: &SystemRandom,
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("options", &self.options).finish_non_exhaustive()
    }
}
