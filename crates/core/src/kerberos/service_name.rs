//! Service names as written by callers and in configurations.

use crate::kerberos::message::{Components, same_name};

/// The principal of a service, to which tickets are restricted: `HTTP/web1.example.com`, the same
/// with `@REALM`, an account such as `WEB1$` or `EXAMPLE\web`, or GSS-API's
/// `HTTP@web1.example.com`. As in MIT's notation, a backslash quotes a following `/`, `@` or `\`.
///
/// All parts are compared without regard to letter case, as in Active Directory; two services on a
/// host that differ in case only are not expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceName {
    text: String,
    components: Vec<String>,
    /// The realm, if the name has one.
    realm: Option<String>,
}

impl ServiceName {
    /// Parses a name; `None` for an empty text.
    pub fn parse(text: &str) -> Option<ServiceName> {
        if text.is_empty() {
            return None;
        }
        // A NetBIOS domain is not a realm, and does not occur in keytabs.
        let account = text
            .split_once('\\')
            .filter(|(_, rest)| !rest.starts_with(['/', '@', '\\']) && !text.contains('/'));
        let principal = account.map_or(text, |(_, account)| account);
        let (mut components, mut realm, mut part) = (Vec::new(), None, String::new());
        let mut characters = principal.chars();
        while let Some(c) = characters.next() {
            match c {
                '\\' => part.extend(characters.next()),
                '/' if realm.is_none() => components.push(std::mem::take(&mut part)),
                '@' if realm.is_none() => {
                    components.push(std::mem::take(&mut part));
                    realm = Some(());
                }
                c => part.push(c),
            }
        }
        let realm = match realm {
            Some(()) => Some(part).filter(|realm| !realm.is_empty()),
            None => {
                components.push(part);
                None
            }
        };
        Some(ServiceName { text: text.to_owned(), components, realm })
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The components of the name.
    pub fn components(&self) -> impl Components<'_> {
        self.components.iter().map(String::as_bytes)
    }

    /// The realm, if the name has one.
    pub fn realm(&self) -> Option<&str> {
        self.realm.as_deref()
    }

    /// Whether it is an account rather than a service on a host.
    pub fn is_account(&self) -> bool {
        self.components.len() == 1
    }

    /// Whether it names the principal with these components in this realm.
    pub fn matches<'a>(&self, components: impl Components<'a>, realm: &[u8]) -> bool {
        let in_realm =
            self.realm.as_ref().is_none_or(|ours| ours.as_bytes().eq_ignore_ascii_case(realm));
        in_realm && same_name(self.components(), components.clone())
            || self.on_host().is_some_and(|parts| same_name(parts.into_iter(), components))
    }

    /// Whether a client that addresses `target` means it. Clients name a realm as they guess it; the
    /// service's is the key's.
    pub(crate) fn is_meant_by(&self, target: &ServiceName, key_realm: &[u8]) -> bool {
        self.matches(target.components(), key_realm) || self.permits(target.components())
    }

    /// Whether it permits the service that a client names on its host: the same service, or any if
    /// it is `host`, which Active Directory has for the services without names of their own. A port
    /// does not count unless this name has one too, and either host may be the other's first label.
    pub(crate) fn permits<'a>(&self, target: impl Components<'a>) -> bool {
        let mut ours = self
            .on_host()
            .map(|parts| parts.to_vec())
            .unwrap_or_else(|| self.components.iter().map(String::as_bytes).collect());
        let mut theirs: Vec<_> = target.collect();
        let ([our_service, our_host, ..], [service, host, ..]) =
            (ours.as_mut_slice(), theirs.as_mut_slice())
        else {
            return false;
        };
        if our_service.eq_ignore_ascii_case(b"host") {
            *our_service = *service;
        }
        let without_port =
            |host: &'a [u8]| host.split(|byte| *byte == b':').next().unwrap_or_default();
        if !our_host.contains(&b':') {
            *host = without_port(host);
        }
        let label = |host: &[u8]| host.iter().position(|byte| *byte == b'.');
        let short = match (label(our_host), label(host)) {
            (Some(end), None) => our_host[..end].eq_ignore_ascii_case(host),
            (None, Some(end)) => host[..end].eq_ignore_ascii_case(our_host),
            _ => our_host.eq_ignore_ascii_case(host),
        };
        let rest = |parts: &[&[u8]]| parts.get(2..).unwrap_or_default().concat();
        short
            && our_service.eq_ignore_ascii_case(service)
            && rest(&ours).eq_ignore_ascii_case(&rest(&theirs))
    }

    /// The components if read as GSS-API's `service@host`.
    pub(crate) fn on_host(&self) -> Option<[&[u8]; 2]> {
        match (self.components.as_slice(), &self.realm) {
            ([service], Some(host)) => Some([service.as_bytes(), host.as_bytes()]),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_permits_the_spellings_of_its_service() {
        for (own, target, permitted) in [
            ("HTTP/web1.example.com", "http/WEB1", true),
            ("HTTP/web1", "HTTP/web1.example.com", true),
            ("HTTP/web1", "HTTP/web1:8080", true),
            ("HTTP/web1:8080", "HTTP/web1:8080", true),
            ("HTTP/web1:8080", "HTTP/web1:80", false),
            ("HTTP@web1.example.com", "HTTP/web1", true),
            ("host/web1", "cifs/web1", true),
            ("host/web1", "cifs/web2", false),
            ("HTTP/web1", "cifs/web1", false),
            ("HTTP/web1.example.com", "HTTP/web1.other.com", false),
            ("HTTP/web1.example.com", "HTTP/web", false),
            ("ldap/dc1/example.com", "ldap/dc1/example.com", true),
            ("ldap/dc1/example.com", "ldap/dc1/other.com", false),
            ("WEB1$", "HTTP/web1", false),
        ] {
            let (own, target) = (ServiceName::parse(own).unwrap(), ServiceName::parse(target));
            assert_eq!(own.permits(target.unwrap().components()), permitted, "{own:?}");
        }
    }

    #[test]
    fn names_as_they_are_written() {
        for (text, components, realm) in [
            ("HTTP/web1", &["HTTP", "web1"][..], None),
            ("HTTP/web1@R", &["HTTP", "web1"], Some("R")),
            ("MSSQLSvc/db.example.com:1433", &["MSSQLSvc", "db.example.com:1433"], None),
            ("a/b/c@R/S@T", &["a", "b", "c"], Some("R/S@T")),
            ("WEB1$", &["WEB1$"], None),
            (r"EXAMPLE\WEB1$", &["WEB1$"], None),
            (r"EXAMPLE\web@R", &["web"], Some("R")),
            (r"a\/b@R", &["a/b"], Some("R")),
            (r"a\@b/c\\d@R", &["a@b", r"c\d"], Some("R")),
            (r"a\@b", &["a@b"], None),
            ("HTTP/web1@", &["HTTP", "web1"], None),
            ("/", &["", ""], None),
            (r"\", &[""], None),
        ] {
            let name = ServiceName::parse(text).unwrap();
            assert_eq!(
                (name.components.iter().map(String::as_str).collect::<Vec<_>>(), name.realm()),
                (components.to_vec(), realm),
                "{text}"
            );
            assert_eq!(name.as_str(), text);
        }
        assert_eq!(ServiceName::parse(""), None);
    }
}
