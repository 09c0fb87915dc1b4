//! The keys of a service given by its password.

use crate::kerberos::crypto::{Enctype, Key};
use crate::kerberos::keytab::{Entry, Keytab};
use crate::kerberos::service_name::ServiceName;
use once_cell::race::OnceBox;
use std::fmt;
use zeroize::Zeroizing;

/// The name type of a principal (RFC 4120 6.2).
const NT_PRINCIPAL: u32 = 1;

/// Derives the key of a password and a salt (RFC 3961's string-to-key with the default number of
/// iterations). `None` if that is not possible. Implementations may cache results.
pub type DeriveKey = fn(enctype: Enctype, password: &str, salt: &str) -> Option<Key>;

/// Keys derived from a password, each when a ticket first needs its encryption type, since some
/// take tens of milliseconds. A [`DeriveKey`] that caches shares them between credentials of the
/// same service, so that a server that acquires one for each connection does not derive them each
/// time. Their key version is unknown, and set to 0.
pub struct PasswordKeys {
    components: Vec<String>,
    /// The possible realms of the principal, the most likely first.
    realms: Vec<String>,
    password: Zeroizing<String>,
    salts: Vec<Salt>,
    derive: DeriveKey,
    /// Not locked while they are derived: a fork meanwhile would leave a lock closed in the child.
    derived: [OnceBox<Keytab>; Enctype::ALL.len()],
}

/// A salt of the principal in a realm.
struct Salt {
    realm: String,
    salt: String,
}

impl PasswordKeys {
    /// The keys of the account or service `name`, in the KDC's spelling, in one of these realms.
    pub fn new(
        name: &ServiceName,
        realms: Vec<String>,
        password: Zeroizing<String>,
        derive: DeriveKey,
    ) -> PasswordKeys {
        let components: Vec<String> = name
            .components()
            .map(|component| String::from_utf8_lossy(component).into_owned())
            .collect();
        let salts = salts(&components, &realms);
        PasswordKeys { components, realms, password, salts, derive, derived: Default::default() }
    }

    /// The keys of this encryption type.
    pub fn of(&self, enctype: Enctype) -> Option<&Keytab> {
        let at = Enctype::ALL.iter().position(|&known| known == enctype)?;
        Some(self.derived.get(at)?.get_or_init(|| Box::new(self.derive(enctype))))
    }

    /// Whether they are keys of the service with this name, or of an account that the service may
    /// run as.
    pub(crate) fn are_for(&self, name: &ServiceName) -> bool {
        let components = || self.components.iter().map(String::as_bytes);
        let is_account = self.components.len() == 1;
        is_account && !name.is_account()
            || self.realms().any(|realm| name.matches(components(), realm.as_bytes()))
    }

    /// The realms; a single empty one if unknown.
    fn realms(&self) -> impl Iterator<Item = &str> {
        let unknown = self.realms.is_empty().then_some("");
        self.realms.iter().map(String::as_str).chain(unknown)
    }

    fn derive(&self, enctype: Enctype) -> Keytab {
        let key = |salt: &str| (self.derive)(enctype, &self.password, salt);
        let keys: Vec<(String, Key)> = match enctype {
            // RC4 has no salt; its key is the same in all realms. These are in capitals nearly always,
            // and a name without a dot probably is the domain's NetBIOS name.
            Enctype::Rc4Hmac => {
                let upper = self.realms().map(str::to_uppercase);
                let mut realms: Vec<String> = Vec::new();
                for realm in upper.chain(self.realms().map(str::to_owned)) {
                    if !realms.contains(&realm) {
                        realms.push(realm);
                    }
                }
                realms.sort_by_key(|realm| !realm.contains('.'));
                let key = key("");
                realms.into_iter().filter_map(|realm| Some((realm, key.clone()?))).collect()
            }
            _ => self
                .salts
                .iter()
                .filter_map(|Salt { realm, salt }| Some((realm.clone(), key(salt)?)))
                .collect(),
        };
        let entry = |(realm, key): (String, Key)| {
            Entry::new(realm, self.components.clone(), NT_PRINCIPAL, 0, 0, key)
        };
        Keytab::of_entries(keys.into_iter().map(entry).collect())
    }
}

/// The salts that KDCs may use for a principal, the most likely first.
fn salts(components: &[String], realms: &[String]) -> Vec<Salt> {
    let mut salts: Vec<Salt> = Vec::new();
    let mut add = |realm: &str, salt: String| {
        if !salts.iter().any(|other| other.salt == salt) {
            salts.push(Salt { realm: realm.to_owned(), salt });
        }
    };
    // Realms are upper case in Active Directory, and usually in MIT's.
    for realm in realms.iter().flat_map(|realm| [realm.clone(), realm.to_uppercase()]) {
        let of_machine =
            |label: &str| format!("{realm}host{}.{}", label.to_lowercase(), realm.to_lowercase());
        match components {
            // [MS-KILE] 3.1.1.2: for a computer, its host name; for a user, the user name.
            [account] if account.ends_with('$') => {
                add(&realm, of_machine(account.trim_end_matches('$')));
                add(&realm, format!("{realm}{account}"));
            }
            // RFC 4120 4: the realm and the components, concatenated. With Active Directory, a
            // service has the salt of its account, usually the host's.
            [_, host, ..] => {
                add(&realm, format!("{realm}{}", components.concat()));
                add(&realm, of_machine(host.split('.').next().unwrap_or(host)));
            }
            _ => add(&realm, format!("{realm}{}", components.concat())),
        }
    }
    salts
}

impl fmt::Debug for PasswordKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordKeys")
            .field("name", &self.components)
            .field("realms", &self.realms)
            .finish_non_exhaustive()
    }
}
