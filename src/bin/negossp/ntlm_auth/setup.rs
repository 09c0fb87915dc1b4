//! Credentials and configuration for what the options ask.

use super::membership;
use super::options::Options;
use negossp::authority::{AccountName, Application, AuthorityKind, Proofs};
use negossp::config::Settings;
use negossp::mechanism::{Mechanism, Package};
use negossp::ntlm::crypto::{self, Key};
use negossp::ntlm::{Account, NetworkLogon};
use negossp::platform::helper_process;
use negossp::server::credential::Usage;
use negossp::server::{self, Configuration, Credential};
use negossp::types::identity::Identity;
use negossp::types::sid::Sid;
use negossp::winbind::WinbindWay;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// `[winbind]` would have this program start itself, and that again, without an end.
pub(super) fn asks_itself() -> bool {
    let configuration = server::current();
    let winbind = configuration.settings.winbind.as_ref();
    let Some(program) = winbind.filter(|options| options.way == WinbindWay::NtlmAuth) else {
        return false;
    };
    // By a script, whose name tells nothing.
    if std::env::var_os(helper_process::MARKER).is_some() {
        return true;
    }
    let whole = |path: &Path| path.canonicalize().ok();
    let own = std::env::current_exe().ok().and_then(|path| whole(&path));
    own.is_some() && whole(&program.ntlm_auth) == own
}

/// The credentials and the configuration, made anew when the file of the configuration changes.
pub(super) struct Setup<'a> {
    options: &'a Options,
    made: Option<(Arc<Configuration>, Arc<Configuration>)>,
}

impl<'a> Setup<'a> {
    pub(super) fn new(options: &'a Options) -> Setup<'a> {
        Setup { options, made: None }
    }

    /// The configuration in force, for a server that validates logons. With `--password`, that is
    /// the one password that is accepted.
    pub(super) fn for_server(&mut self) -> Arc<Configuration> {
        let only = match (&self.options.password, &self.options.username) {
            (None, _) => return server::current(),
            (Some(_), Some(_)) => AuthorityKind::Credential,
            (Some(_), None) => AuthorityKind::Application,
        };
        self.adapted(|settings| settings.authorities.order = vec![only])
    }

    /// The configuration in force, for a client.
    pub(super) fn for_client(&mut self) -> Arc<Configuration> {
        match self.options.workstation.clone().filter(|name| !name.is_empty()) {
            None => server::current(),
            Some(name) => self.adapted(|settings| settings.server.nb_computer = name),
        }
    }

    fn adapted(&mut self, adapt: impl FnOnce(&mut Settings)) -> Arc<Configuration> {
        let current = server::current();
        if let Some((of, made)) = &self.made
            && Arc::ptr_eq(of, &current)
        {
            return made.clone();
        }
        let mut settings = current.settings.clone();
        adapt(&mut settings);
        let made = Arc::new(Configuration::open(settings, Some(&current)));
        self.made = Some((current, made.clone()));
        made
    }

    /// The credential of a server.
    pub(super) fn server_credential(
        &self,
        package: Package,
        configuration: &Configuration,
    ) -> Arc<Credential> {
        let mut credential =
            empty(package, Usage { inbound: true, outbound: false }, configuration);
        if package == Package::Negotiate {
            credential.service = Credential::service(None, None, None, false, configuration);
        }
        match (&self.options.password, &self.options.username) {
            (None, _) => {}
            (Some(password), Some(user)) => {
                let domain = self.options.domain.clone().unwrap_or_default();
                let identity = Identity { user: user.clone(), domain, password: password.clone() };
                credential.accounts = vec![Account::from_identity(&identity)];
            }
            (Some(password), None) => {
                let nt_hash = Zeroizing::new(crypto::nt_hash(password));
                credential.application = Some(Arc::new(Everybody { nt_hash }));
            }
        }
        Arc::new(credential)
    }

    /// The credential of a client with this password.
    pub(super) fn client_credential(
        &self,
        package: Package,
        password: &Zeroizing<String>,
        configuration: &Configuration,
    ) -> Arc<Credential> {
        let domain = self.options.domain.clone();
        let identity = Identity {
            user: self.options.username.clone().unwrap_or_default(),
            domain: domain.unwrap_or_else(|| configuration.settings.server.nb_domain.clone()),
            password: password.clone(),
        };
        let credential = empty(package, Usage { inbound: false, outbound: true }, configuration);
        Arc::new(Credential { identity: Some(identity), ..credential })
    }

    /// The groups of `--require-membership-of`; none, of which nobody is a member, if they are not
    /// known.
    pub(super) fn required_groups(&self, configuration: &Configuration) -> Option<Vec<Sid>> {
        let required = self.options.require_membership_of.as_deref()?;
        Some(membership::groups(required, configuration).unwrap_or_else(|why| {
            tracing::error!("--require-membership-of: {why}");
            Vec::new()
        }))
    }

    /// The target name of a client: `SERVICE/HOST`, or nothing.
    pub(super) fn target(&self) -> String {
        match (&self.options.target_service, &self.options.target_hostname) {
            (Some(service), Some(host)) => format!("{service}/{host}"),
            _ => String::new(),
        }
    }
}

fn empty(package: Package, usage: Usage, configuration: &Configuration) -> Credential {
    Credential {
        package,
        usage,
        principal: None,
        identity: None,
        mechanisms: match package {
            Package::Negotiate => configuration.settings.negotiate.mechanisms.clone(),
            Package::Only(mechanism) => vec![mechanism],
        },
        accounts: Vec::new(),
        application: None,
        service: Default::default(),
        tickets: None,
        assembled: Default::default(),
    }
}

/// NTLM by itself.
pub(super) const NTLM: Package = Package::Only(Mechanism::Ntlm);

/// All users have this password, as with Samba's `--password` for a server: for tests.
struct Everybody {
    nt_hash: Zeroizing<[u8; 16]>,
}

impl Application for Everybody {
    fn ntowf_v2(&self, logon: &NetworkLogon<'_>, _proofs: &Proofs) -> Option<Key> {
        Some(crypto::ntowf_v2(&self.nt_hash, logon.user, logon.domain))
    }

    fn account_name(&self, logon: &NetworkLogon<'_>, of: AccountName) -> Option<AccountName> {
        let domain = if logon.domain.is_empty() { of.domain } else { logon.domain.to_owned() };
        Some(AccountName { domain, user: logon.user.to_owned() })
    }
}

impl fmt::Debug for Everybody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Everybody")
    }
}
