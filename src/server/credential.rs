//! What `AcquireCredentialsHandle` made: which package, in which direction, as whom.

use super::Configuration;
use super::acceptance::Assembled;
use crate::authority::Application;
use crate::kerberos::keytab::Keytab;
use crate::kerberos::{Derivation, Service, ServiceKeys};
use crate::mechanism::{Mechanism, Package};
use crate::ntlm::Account;
use crate::persist::persist_struct;
use crate::stores::derived_keys;
use crate::tickets::Tickets;
use crate::types::identity::Identity;
use std::sync::Arc;

/// `SECPKG_CRED_INBOUND`, `SECPKG_CRED_OUTBOUND`, `SECPKG_CRED_BOTH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// For accepting contexts.
    pub inbound: bool,
    /// For initiating contexts.
    pub outbound: bool,
}

persist_struct!(Usage { inbound, outbound });

/// A credential: immutable once made, shared by the contexts made from it. What is added to it
/// later makes another one of it, for the contexts that are begun after that.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The package.
    pub package: Package,
    /// The direction.
    pub usage: Usage,
    /// `pszPrincipal`: outbound a hint, inbound the one service that Kerberos tickets may be for.
    pub principal: Option<String>,
    /// `pAuthData`. Outbound: the client. Inbound: one more account, of this credential alone, or
    /// the service itself, never both.
    pub identity: Option<Identity>,
    /// The mechanisms that the caller's package list (`!NTLM`, ...) leaves, preferred first.
    pub mechanisms: Vec<Mechanism>,
    /// Accounts that are known to this credential alone: the inbound identity, unless it is the
    /// service, and those that `AddCredentials` brought.
    pub accounts: Vec<Account>,
    /// The program's own accounts.
    pub application: Option<Arc<dyn Application>>,
    /// What it brings for accepting Kerberos tickets.
    pub service: Service,
    /// The client's Kerberos tickets, for outbound use.
    pub tickets: Option<Arc<Tickets>>,
    /// What contexts use, for the configuration that was last in force.
    pub assembled: Assembled,
}

impl Credential {
    /// The service of a credential for accepting tickets: `principal` is `pszPrincipal`; the
    /// identity and the keytab are `pAuthData`'s. `alone`: the package is Kerberos, which has no
    /// use for accounts of clients.
    pub fn service(
        principal: Option<&str>,
        identity: Option<&Identity>,
        keytab: Option<Keytab>,
        alone: bool,
        configuration: &Configuration,
    ) -> Service {
        let settings = &configuration.settings;
        let default_realm = match &*settings.kerberos_files.realm {
            "" => &settings.server.dns_domain.to_uppercase(),
            realm => realm,
        };
        let policy = &settings.kerberos;
        let derivation = Derivation { default_realm, policy, derive: derived_keys::key };
        Service::new(principal, identity, keytab, alone, derivation)
    }

    /// There is a key that could open a ticket.
    pub fn has_keys(&self, configuration: &Configuration) -> bool {
        let policy = &configuration.settings.kerberos;
        ServiceKeys::new(&self.service, policy, &*configuration.keys).available()
    }
}
