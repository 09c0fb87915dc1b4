//! The service and keys of a credential for accepting tickets.

pub(crate) mod keys;
pub(crate) mod password;

use super::crypto::Enctype;
use super::keytab::Keytab;
use super::policy::Policy;
use super::service_name::ServiceName;
use crate::types::identity::Identity;
use password::{DeriveKey, PasswordKeys};
use std::sync::Arc;

/// The service and keys of a credential for accepting tickets.
#[derive(Debug, Clone, Default)]
pub struct Service {
    /// The only service that tickets may be for; `None` for no restriction by the caller.
    pub name: Option<ServiceName>,
    /// The keys given by the caller.
    pub keys: CredentialKeys,
}

/// Keys given as part of the credential.
#[derive(Debug, Clone, Default)]
pub enum CredentialKeys {
    /// No keys: the configured keytab is used.
    #[default]
    None,
    /// A keytab, used instead of the configured one.
    Keytab(Arc<Keytab>),
    /// A service's password, used instead of the configured keytab.
    Password(Arc<PasswordKeys>),
}

/// How to derive keys from a service's password.
#[derive(Debug, Clone, Copy)]
pub struct Derivation<'a> {
    /// The realm of a name without one; empty if unknown.
    pub default_realm: &'a str,
    /// Decides which encryption types are accepted.
    pub policy: &'a Policy,
    /// Derives one key.
    pub derive: DeriveKey,
}

impl Service {
    /// The service of a credential for accepting: `principal` is `pszPrincipal`; identity and
    /// keytab are from `pAuthData`. `alone`: the package is Kerberos, which does not use the
    /// accounts of clients.
    pub fn new(
        principal: Option<&str>,
        identity: Option<&Identity>,
        keytab: Option<Keytab>,
        alone: bool,
        derivation: Derivation<'_>,
    ) -> Service {
        let name = principal.and_then(ServiceName::parse);
        let keys = match (keytab, identity) {
            (Some(keytab), _) => CredentialKeys::Keytab(Arc::new(keytab)),
            (None, Some(identity))
                if Service::is_meant(identity, alone) && !identity.password.is_empty() =>
            {
                from_password(identity, name.as_ref(), derivation)
            }
            (None, _) => CredentialKeys::None,
        };
        Service { name, keys }
    }

    /// The restrictions on the services of tickets: the caller's and the configuration's. One name
    /// of each list must fit.
    pub(crate) fn restrictions<'a>(
        &'a self,
        policy: &'a Policy,
    ) -> impl Iterator<Item = &'a [ServiceName]> {
        let lists = [self.name.as_slice(), &policy.principals];
        lists.into_iter().filter(|names| !names.is_empty())
    }

    /// Whether the identity is a service rather than a client's account. It must not be both:
    /// anyone who knows the account's password could then forge tickets for any client. A service
    /// has a name that no client has (`HTTP/web1`, `WEB1$`), unless the package is Kerberos
    /// (`alone`).
    pub fn is_meant(identity: &Identity, alone: bool) -> bool {
        ServiceName::parse(&identity.user).is_some_and(|name| alone || is_service(&name))
    }
}

/// Whether a user name is that of a service or a computer, and so of no client: `HTTP/web1`,
/// `WEB1$`.
fn is_service(name: &ServiceName) -> bool {
    !name.is_account() || name.components().next().is_some_and(|account| account.ends_with(b"$"))
}

/// The keys of a service with a name and a password.
fn from_password(
    identity: &Identity,
    service: Option<&ServiceName>,
    derivation: Derivation<'_>,
) -> CredentialKeys {
    let Some(name) = ServiceName::parse(&identity.user) else { return CredentialKeys::None };
    let realms = realms(&name, identity, service, derivation.default_realm);
    if realms.is_empty() && !derivation.policy.allows(Enctype::Rc4Hmac) {
        tracing::warn!(
            user = identity.user,
            "a service's password without a realm gives no keys; [kerberos] realm can name it"
        );
        return CredentialKeys::None;
    }
    let password = identity.password.clone();
    CredentialKeys::Password(Arc::new(PasswordKeys::new(
        &name,
        realms,
        password,
        derivation.derive,
    )))
}

/// The possible realms of the principal, the most likely first. `service` is the restriction on
/// tickets.
fn realms(
    name: &ServiceName,
    identity: &Identity,
    service: Option<&ServiceName>,
    configured: &str,
) -> Vec<String> {
    let given =
        name.realm().or(Some(&*identity.domain)).filter(|realm| !realm.is_empty() && *realm != ".");
    let mut realms: Vec<String> = given.map(str::to_owned).into_iter().collect();
    // A name without a dot may be a realm, but usually is the domain's NetBIOS name.
    if given.is_none_or(|given| !given.contains('.')) {
        // For an account, the part after the @ may be a host.
        let of_service =
            service.filter(|service| !service.is_account()).and_then(ServiceName::realm);
        if !configured.is_empty() && given != Some(configured) {
            realms.push(configured.to_owned());
        }
        if let Some(realm) =
            of_service.filter(|realm| !realms.iter().any(|other| other.eq_ignore_ascii_case(realm)))
        {
            realms.push(realm.to_owned());
        }
    }
    realms
}
