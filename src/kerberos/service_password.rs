//! The keys of a service that is given by its password.

use super::crypto::{Enctype, Key, string_to_key};
use super::keytab::{Entry, Keytab};
use super::service_name::ServiceName;
use std::fmt;
use std::sync::OnceLock;
use zeroize::Zeroizing;

/// Name type of a principal (RFC 4120 6.2).
const NT_PRINCIPAL: u32 = 1;

/// Keys derived from a password, each when a ticket first asks for its encryption type: some take tens of
/// milliseconds. Their key version is 0, for nobody knows it.
pub struct PasswordKeys {
    components: Vec<String>,
    /// Where the principal may be, the likeliest first.
    realms: Vec<String>,
    password: Zeroizing<String>,
    salts: Vec<String>,
    derived: [OnceLock<Keytab>; Enctype::ALL.len()],
}

impl PasswordKeys {
    /// The keys of the account or service `name`, spelt as its KDC does, in one of these realms.
    pub fn new(name: &ServiceName, realms: Vec<String>, password: Zeroizing<String>) -> PasswordKeys {
        let components: Vec<String> =
            name.components().map(|component| String::from_utf8_lossy(component).into_owned()).collect();
        let salts = salts(&components, &realms);
        PasswordKeys { components, realms, password, salts, derived: Default::default() }
    }

    /// The keys of this encryption type.
    pub(super) fn of(&self, enctype: Enctype) -> Option<&Keytab> {
        let at = Enctype::ALL.iter().position(|&known| known == enctype)?;
        Some(self.derived.get(at)?.get_or_init(|| self.derive(enctype)))
    }

    fn derive(&self, enctype: Enctype) -> Keytab {
        let keys: Vec<Key> = match enctype {
            // RC4 has no salt.
            Enctype::Rc4Hmac => string_to_key(enctype, &self.password, b"", None).into_iter().collect(),
            _ => {
                self.salts.iter().filter_map(|salt| string_to_key(enctype, &self.password, salt.as_bytes(), None).ok()).collect()
            }
        };
        let realm = self.realms.first().cloned().unwrap_or_default();
        let entry = |key| Entry::new(realm.clone(), self.components.clone(), NT_PRINCIPAL, 0, 0, key);
        Keytab::of_entries(keys.into_iter().map(entry).collect())
    }
}

/// The salts that KDCs may have given a principal, the likeliest first.
fn salts(components: &[String], realms: &[String]) -> Vec<String> {
    let mut salts = Vec::new();
    let mut add = |salt: String| {
        if !salts.contains(&salt) {
            salts.push(salt);
        }
    };
    // Active Directory's realms are in capitals; MIT's mostly.
    for realm in realms.iter().flat_map(|realm| [realm.clone(), realm.to_uppercase()]) {
        let of_machine = |label: &str| format!("{realm}host{}.{}", label.to_lowercase(), realm.to_lowercase());
        match components {
            // [MS-KILE] 3.1.1.2: of a computer, its name on its domain; of a user, the name.
            [account] if account.ends_with('$') => {
                add(of_machine(account.trim_end_matches('$')));
                add(format!("{realm}{account}"));
            }
            // RFC 4120 4: the realm and the components, one after the other. With Active Directory a service has the
            // salt of its account, and that is mostly the host's.
            [_, host, ..] => {
                add(format!("{realm}{}", components.concat()));
                add(of_machine(host.split('.').next().unwrap_or(host)));
            }
            _ => add(format!("{realm}{}", components.concat())),
        }
    }
    salts
}

impl fmt::Debug for PasswordKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordKeys").field("name", &self.components).field("realms", &self.realms).finish_non_exhaustive()
    }
}
