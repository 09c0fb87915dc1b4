//! Which of a client's names are trusted, and for what.
//!
//! The domain in a PAC is chosen by the domain controller of the client's realm. Another realm's
//! controller could call any client `DOMAIN\administrator`, so such names count only in the
//! service's own realm and in those that the configuration lists. A user's name without its domain
//! means a local user only if the domain is that of the machine's own accounts, or listed:
//! `EVIL\root` is not root.

use crate::access_token::Config;
use crate::access_token::Subject;
use crate::principal::Origin;
use crate::types::account_name::same;

/// A client's trusted names.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Names<'a> {
    /// Kerberos' full principal.
    pub(crate) native: Option<&'a str>,
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
