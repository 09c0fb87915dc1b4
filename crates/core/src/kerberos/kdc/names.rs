//! The names of a local realm and of the server that it belongs to.

use crate::kerberos::message::{Components, PrincipalName, name_type, text_of};
use crate::kerberos::service_name::ServiceName;

/// The longest user name or component of a service's name that is looked at, in bytes.
const LONGEST_NAME: usize = 256;

/// The names of the realm and of the server.
#[derive(Debug, Clone, Default)]
pub struct LocalNames {
    /// The realm's name, as tickets have it.
    realm: String,
    /// Other names by which clients ask for the realm.
    aliases: Vec<String>,
    /// The names of the host in its services' names.
    hosts: Vec<String>,
}

impl LocalNames {
    /// The realm `realm`, also known by the `aliases`, of the server with the names `hosts`. Letter
    /// case does not count.
    pub fn new(realm: &str, aliases: Vec<String>, hosts: Vec<String>) -> LocalNames {
        LocalNames { realm: realm.to_owned(), aliases, hosts }
    }

    /// The realm's name.
    pub fn name(&self) -> &str {
        &self.realm
    }

    /// The spelling in which a client that asks for the realm `asked` is answered: its own, which it
    /// compares, unless it did not know any.
    ///
    /// `None` if this realm is not meant. Clients that do not know its name ask for "" or ".".
    pub(in crate::kerberos) fn realm<'a>(&'a self, asked: &'a [u8]) -> Option<&'a str> {
        match asked {
            b"" | b"." => Some(&self.realm),
            _ => self.is_ours(asked).then(|| text_of(asked).ok()).flatten(),
        }
    }

    /// Whether this is a name of the realm.
    pub fn is_ours(&self, realm: &[u8]) -> bool {
        std::iter::once(&self.realm)
            .chain(&self.aliases)
            .any(|ours| ours.as_bytes().eq_ignore_ascii_case(realm))
    }

    /// Whether this is the realm's ticket-granting service.
    pub(super) fn is_krbtgt(&self, name: &PrincipalName<'_>) -> bool {
        let mut components = name.components();
        let (service, instance) = (components.next(), components.next());
        service == Some(b"krbtgt")
            && instance.is_some_and(|realm| self.realm(realm).is_some())
            && components.next().is_none()
    }

    /// The user with this name of a client: of the type for users, with one component, or of a user
    /// principal name in this realm. `None` for a name that no account can have.
    pub(super) fn user<'a>(&self, name: &PrincipalName<'a>) -> Option<&'a str> {
        let mut components = name.components();
        let (Some(first), None) = (components.next(), components.next()) else { return None };
        let text = text_of(first).ok().filter(|text| text.len() <= LONGEST_NAME)?;
        let user = match name.name_type {
            name_type::ENTERPRISE => match text.rsplit_once('@') {
                Some((user, suffix)) => user_of(user, self.realm(suffix.as_bytes()).is_some())?,
                None => text,
            },
            _ => text,
        };
        user_of(user, true)
    }

    /// The components of the name of one of this server's services, `None` if it is none. The
    /// ticket-granting service is not one of them.
    pub(in crate::kerberos) fn service<'a>(
        &self,
        name: impl Components<'a>,
    ) -> Option<[&'a str; 2]> {
        let mut components = name;
        let (Some(service), Some(host), None) =
            (components.next(), components.next(), components.next())
        else {
            return None;
        };
        let (service, host) = (text_of(service).ok()?, text_of(host).ok()?);
        let is_class = !service.is_empty()
            && service.len() <= LONGEST_NAME
            && service.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            && !service.eq_ignore_ascii_case("krbtgt");
        // A port is part of the instance ([MS-KILE] does not say more), and does not change the host.
        let name = host.split_once(':').map_or(host, |(name, _)| name);
        let is_host = self.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(name));
        (is_class && is_host).then_some([service, host])
    }

    /// Whether each list of restrictions has a name that is meant by this service's.
    pub(in crate::kerberos) fn permitted<'r>(
        &self,
        service: &[&str; 2],
        mut restrictions: impl Iterator<Item = &'r [ServiceName]>,
    ) -> bool {
        let components = || service.iter().map(|component| component.as_bytes());
        restrictions
            .all(|names| names.iter().any(|name| name.matches(components(), self.realm.as_bytes())))
    }
}

/// The user name, unless it has characters that separate names.
fn user_of(user: &str, ours: bool) -> Option<&str> {
    (ours && !user.is_empty() && !user.contains(['\0', '@', '/', '\\', ':'])).then_some(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> LocalNames {
        let aliases = vec!["web1.example.test".into()];
        LocalNames::new("WEB1", aliases, vec!["web1".into(), "web1.example.test".into()])
    }

    #[test]
    fn a_realm_is_answered_in_the_spelling_that_it_was_asked_for_in() {
        for (asked, answered) in [
            ("", Some("WEB1")),
            (".", Some("WEB1")),
            ("WEB1", Some("WEB1")),
            ("web1", Some("web1")),
            ("WEB1.EXAMPLE.TEST", Some("WEB1.EXAMPLE.TEST")),
            ("WEB2", None),
            ("EXAMPLE.TEST", None),
        ] {
            assert_eq!(names().realm(asked.as_bytes()), answered, "{asked}");
        }
    }

    #[test]
    fn only_the_services_of_this_host_are_ours() {
        for (name, ours) in [
            (&["HTTP", "web1"][..], true),
            (&["http", "WEB1.example.TEST"], true),
            (&["MSSQLSvc", "web1:1433"], true),
            (&["HTTP", "web2"], false),
            (&["HTTP", "web1.example.test.evil.test"], false),
            (&["HTTP", ""], false),
            (&["HTTP", "192.0.2.1"], false),
            (&["krbtgt", "web1"], false),
            (&["KRBTGT", "WEB1"], false),
            (&["", "web1"], false),
            (&["HT\0TP", "web1"], false),
            (&["HTTP"], false),
            (&["HTTP", "web1", "web1"], false),
        ] {
            let encoded = PrincipalName::encode_components(name);
            let decoded = PrincipalName::new(name_type::SRV_INST, &encoded).unwrap();
            assert_eq!(names().service(decoded.components()).is_some(), ours, "{name:?}");
        }
    }

    #[test]
    fn users_are_named_in_this_realm_or_in_none() {
        for (kind, name, user) in [
            (name_type::PRINCIPAL, &["alice"][..], Some("alice")),
            (name_type::UNKNOWN, &["alice"], Some("alice")),
            (name_type::ENTERPRISE, &["alice@web1"], Some("alice")),
            (name_type::ENTERPRISE, &["alice@."], Some("alice")),
            (name_type::ENTERPRISE, &["alice"], Some("alice")),
            (name_type::ENTERPRISE, &["alice@example.test"], None),
            (name_type::ENTERPRISE, &["al@ice@web1"], None),
            (name_type::PRINCIPAL, &["alice@web1"], None),
            (name_type::PRINCIPAL, &["WEB1\\alice"], None),
            (name_type::PRINCIPAL, &["alice", "admin"], None),
            (name_type::PRINCIPAL, &[""], None),
        ] {
            let encoded = PrincipalName::encode_components(name);
            assert_eq!(
                names().user(&PrincipalName::new(kind, &encoded).unwrap()),
                user,
                "{name:?}"
            );
        }
    }
}
