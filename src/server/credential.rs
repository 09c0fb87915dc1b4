//! What `AcquireCredentialsHandle` made: which package, in which direction, as whom.

use super::Configuration;
use super::assemble::{self, Acceptance};
use crate::authority::{Application, Chain};
use crate::kerberos::keytab::Keytab;
use crate::kerberos::{Derivation, Service, ServiceKeys};
use crate::mechanism::{Mechanism, Package};
use crate::negotiate::{AcceptorConfig, InitiatorConfig};
use crate::ntlm::Account;
use crate::persist::persist_struct;
use crate::stores::derived_keys;
use crate::types::identity::Identity;
use arc_swap::ArcSwapOption;
use std::fmt;
use std::sync::{Arc, Weak};

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

    /// The authorities for NTLM logons with this credential.
    pub fn authorities(&self, configuration: &Configuration) -> Chain {
        assemble::chain(self, configuration)
    }

    /// What the protocol needs for accepting contexts.
    pub fn acceptor_config(&self, configuration: &Arc<Configuration>) -> Arc<AcceptorConfig> {
        self.acceptance(configuration).acceptor.clone()
    }

    /// What the protocol needs for initiating contexts.
    pub fn initiator_config(&self, configuration: &Configuration) -> InitiatorConfig {
        assemble::initiator(self, configuration)
    }

    /// What accepting contexts needs: made once for the configuration in force.
    pub(super) fn acceptance(&self, configuration: &Arc<Configuration>) -> Arc<Acceptance> {
        let assembled = self.assembled.0.load();
        if let Some(made) = &*assembled
            && std::ptr::eq(made.of.as_ptr(), Arc::as_ptr(configuration))
        {
            return made.acceptance.clone();
        }
        let acceptance = Arc::new(Acceptance::new(self, configuration));
        let of = Arc::downgrade(configuration);
        self.assembled.0.store(Some(Arc::new(Made { of, acceptance: acceptance.clone() })));
        acceptance
    }
}

/// Keeps what was made of a credential and a configuration. A copy of the credential, which is made
/// to be changed, begins without.
#[derive(Default)]
pub struct Assembled(ArcSwapOption<Made>);

struct Made {
    /// A weak reference keeps the address from being used for another configuration.
    of: Weak<Configuration>,
    acceptance: Arc<Acceptance>,
}

impl Clone for Assembled {
    fn clone(&self) -> Assembled {
        Assembled::default()
    }
}

impl fmt::Debug for Assembled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Assembled")
    }
}
