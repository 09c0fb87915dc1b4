//! Which of a client's names are trusted, and for what.
//!
//! The domain in a PAC is chosen by the domain controller of the client's realm. The domain of another
//! realm's controller does not count, unless the configuration lists that realm; the service's own
//! realm is that of the key which decrypted the ticket. A user's name without its domain
//! means a local user only if the domain is that of the machine's own accounts, or listed:
//! `EVIL\root` is not root.

use crate::access_token::Config;
use crate::access_token::Subject;
use crate::principal::Origin;
use crate::types::account_name::same;

/// A client's trusted names.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Names<'a> {
    /// The Kerberos principal: `sAMAccountName@REALM` if there is a PAC.
    pub(crate) native: Option<&'a str>,
    /// Whether `native` names a domain's account, whose letter case does not matter.
    pub(crate) of_directory: bool,
    /// Domain, or realm, and user.
    pub(crate) of_domain: Option<(&'a str, &'a str)>,
    /// The user's name if it may be that of a local user.
    pub(crate) local: Option<&'a str>,
}

impl<'a> Names<'a> {
    pub(crate) fn of(subject: &'a Subject, config: &Config) -> Names<'a> {
        let principal = &subject.principal;
        let (user, domain) = (principal.user.as_str(), principal.domain.as_str());
        let listed = |name: &str| config.options.domains.iter().any(|domain| same(domain, name));
        match principal.origins.logon {
            Origin::AccountFile
            | Origin::AccountDetails
            | Origin::Credential
            | Origin::Application => {
                let own = config.own.domain.as_deref().is_some_and(|own| same(own, domain))
                    || same(&config.own.computer, domain);
                Names {
                    of_domain: Some((domain, user)),
                    local: (own || listed(domain)).then_some(user),
                    ..Names::default()
                }
            }
            Origin::Netlogon | Origin::Winbind => Names {
                of_domain: Some((domain, user)),
                local: listed(domain).then_some(user),
                ..Names::default()
            },
            Origin::Ticket | Origin::Pac => {
                let realm = principal.native.as_deref().and_then(realm_of);
                // Realms are case-sensitive.
                let listed = realm.is_some_and(|realm| {
                    config.options.domains.iter().any(|domain| domain == realm)
                });
                let home = realm.is_some() && realm == realm_of(&subject.server_name);
                // Names from the configuration's rules, and from tickets, whose KDC has checked
                // them, are trusted.
                let says_so = principal.origins.name != Origin::Pac || home || listed;
                Names {
                    native: principal.native.as_deref(),
                    of_directory: principal.origins.info == Origin::Pac,
                    of_domain: says_so.then_some((domain, user)),
                    local: listed.then_some(user),
                }
            }
            Origin::Nobody | Origin::NameMapping | Origin::Derived => Names::default(),
        }
    }
}

/// The realm of a principal.
fn realm_of(principal: &str) -> Option<&str> {
    principal.rsplit_once('@').map(|(_, realm)| realm).filter(|realm| !realm.is_empty())
}
