//! Which of a client's names can be relied on, and for what.
//!
//! A name is worth what the one who says it may say. The domain that a PAC names is made up by the
//! domain controller of the client's realm, which for a client of another realm is somebody else's:
//! it can call anybody `OURS\administrator`. So such names count only in the service's own realm
//! and in those that the configuration lists. And a user's name without its domain is a local
//! user's only if the domain is that of our own accounts, or listed: `EVIL\root` is not root.

use crate::access_token::Config;
use crate::access_token::Subject;
use crate::principal::Origin;
use crate::types::account_name::same;

/// A client's names, as far as they can be relied on.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Names<'a> {
    /// Kerberos' full principal.
    pub(crate) native: Option<&'a str>,
    /// Domain, or realm, and user.
    pub(crate) of_domain: Option<(&'a str, &'a str)>,
    /// The user's name where it is that of a local user too.
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
                    native: None,
                    of_domain: Some((domain, user)),
                    local: (own || listed(domain)).then_some(user),
                }
            }
            Origin::Netlogon | Origin::Winbind => Names {
                native: None,
                of_domain: Some((domain, user)),
                local: listed(domain).then_some(user),
            },
            Origin::Ticket | Origin::Pac => {
                let realm = principal.native.as_deref().and_then(realm_of);
                // Realms differ in upper and lower case.
                let listed = realm.is_some_and(|realm| {
                    config.options.domains.iter().any(|domain| domain == realm)
                });
                let home = realm.is_some() && realm == realm_of(&subject.server_name);
                // A rule of the configuration knows what it says; a ticket says what its KDC has
                // checked.
                let says_so = principal.origins.name != Origin::Pac || home || listed;
                Names {
                    native: principal.native.as_deref(),
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
