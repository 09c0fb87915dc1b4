//! The client of an identity: its principal.

use crate::kerberos::Principal;
use crate::kerberos::message::name_type;
use crate::types::error::{Error, Result};
use crate::types::identity::Identity;

/// What is known of realms and their other names.
pub trait Realms {
    /// The realm of clients and services that name none.
    fn default_realm(&self) -> Option<&str>;

    /// The realm of the configuration with this name, in capitals or not, as it is spelled there.
    fn realm(&self, name: &str) -> Option<&str>;

    /// The realm of the domain with this NetBIOS name.
    fn of_netbios(&self, name: &str) -> Option<&str>;

    /// The realm of a host, if the configuration says so.
    fn of_host(&self, host: &str) -> Option<&str>;

    /// The names under which a host's service may be known, the likeliest first; a port stays.
    fn host_names(&self, host: &str) -> Vec<String>;
}

/// The principal that a KDC is asked for. `alice` is of the default realm; `alice@example.com` and
/// `CORP\alice` may have been given in the two parts of the identity or in its user alone. A suffix
/// that is not known as a realm, and a NetBIOS name that is not known, are left to the KDC of the
/// default realm, as an enterprise name (RFC 6806 5).
///
/// Errors: `NoCredentials` for an identity without a user, and where no realm is known.
pub(super) fn principal(identity: &Identity, realms: &dyn Realms) -> Result<Principal> {
    let (user, domain) = match identity.user.split_once('\\') {
        Some((domain, user)) if identity.domain.is_empty() => (user, domain),
        _ => (identity.user.as_str(), identity.domain.as_str()),
    };
    if user.is_empty() {
        return Err(Error::NoCredentials("the credential's identity has no user"));
    }
    if domain == "." {
        return Err(Error::NoCredentials("a local account is in no realm"));
    }
    let (user, domain) = match user.rsplit_once('@') {
        Some((user, suffix)) if domain.is_empty() && !user.is_empty() => (user, suffix),
        _ => (user, domain),
    };
    let components: Vec<&str> = user.split('/').collect();
    let named = |realm: &str| Principal::new(name_type::PRINCIPAL, &components, realm);
    if domain.is_empty() {
        return realms.default_realm().map(named).ok_or(NO_REALM);
    }
    if let Some(realm) = realms.of_netbios(domain) {
        return Ok(named(realm));
    }
    let upper = domain.to_uppercase();
    let default = realms.default_realm().filter(|realm| realm.eq_ignore_ascii_case(domain));
    if let Some(realm) = default.or_else(|| realms.realm(domain)) {
        return Ok(named(realm));
    }
    match realms.default_realm() {
        Some(realm) if components.len() == 1 => {
            let enterprise = format!("{user}@{domain}");
            Ok(Principal::new(name_type::ENTERPRISE, &[&enterprise], realm))
        }
        // A suffix may be the name of a realm that DNS knows.
        _ if domain.contains('.') => Ok(named(&upper)),
        _ => Err(NO_REALM),
    }
}

const NO_REALM: Error = Error::NoCredentials("the realm of the credential's client is not known");

#[cfg(test)]
mod tests {
    use super::*;

    struct Known(Option<&'static str>);

    impl Realms for Known {
        fn default_realm(&self) -> Option<&str> {
            self.0
        }

        fn realm(&self, name: &str) -> Option<&str> {
            ["OTHER.TEST", "small.test"].into_iter().find(|realm| realm.eq_ignore_ascii_case(name))
        }

        fn of_netbios(&self, name: &str) -> Option<&str> {
            name.eq_ignore_ascii_case("EXAMPLE").then_some("EXAMPLE.TEST")
        }

        fn of_host(&self, _host: &str) -> Option<&str> {
            None
        }

        fn host_names(&self, host: &str) -> Vec<String> {
            vec![host.to_owned()]
        }
    }

    #[test]
    fn clients_in_all_their_spellings() {
        let at_home = Known(Some("EXAMPLE.TEST"));
        let abroad = Known(None);
        for (user, domain, realms, expected) in [
            ("alice", "", &at_home, Some((1, "alice@EXAMPLE.TEST"))),
            ("alice", "", &abroad, None),
            ("alice", ".", &at_home, None),
            ("", "", &at_home, None),
            ("alice", "example", &abroad, Some((1, "alice@EXAMPLE.TEST"))),
            (r"EXAMPLE\alice", "", &abroad, Some((1, "alice@EXAMPLE.TEST"))),
            ("alice", "example.test", &at_home, Some((1, "alice@EXAMPLE.TEST"))),
            ("alice@example.test", "", &at_home, Some((1, "alice@EXAMPLE.TEST"))),
            ("alice@other.test", "", &at_home, Some((1, "alice@OTHER.TEST"))),
            ("alice@other.test", "", &abroad, Some((1, "alice@OTHER.TEST"))),
            ("alice", "Small.Test", &at_home, Some((1, "alice@small.test"))),
            ("alice@corp.com", "", &at_home, Some((10, r"alice\@corp.com@EXAMPLE.TEST"))),
            ("alice@corp.com", "", &abroad, Some((1, "alice@CORP.COM"))),
            ("alice", "CORP", &at_home, Some((10, r"alice\@CORP@EXAMPLE.TEST"))),
            ("alice", "CORP", &abroad, None),
            ("host/web1", "", &at_home, Some((1, "host/web1@EXAMPLE.TEST"))),
        ] {
            let identity = Identity {
                user: user.into(),
                domain: domain.into(),
                password: String::new().into(),
            };
            let found = principal(&identity, realms).ok();
            let found = found.as_ref().map(|found| (found.name_type, found.to_text()));
            let expected = expected.map(|(kind, name)| (kind, name.to_owned()));
            assert_eq!(found, expected, "{user} {domain}");
        }
    }
}
