//! The long-term keys of a local realm: that of its ticket-granting service and those of its
//! services, derived from one secret. There is no database, and a ticket for one service does not
//! open with the key of another: changing the name beside a ticket makes it useless.

use crate::kerberos::crypto::{Enctype, Key};
use crate::kerberos::keytab::Entry;
use crate::kerberos::message::name_type;
use crate::types::error::{Error, Result};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// A secret that the keys are derived from: 32 random bytes.
pub type RealmSecret = Zeroizing<[u8; 32]>;

/// The encryption type of the keys of krbtgt and of services.
pub(super) const ENCTYPE: Enctype = Enctype::Aes256Sha1;

/// The secrets of a realm and the keys of its ticket-granting service.
pub struct RealmKeys {
    realm: String,
    /// The present one first; the others open tickets that were made with them.
    secrets: Vec<RealmSecret>,
    krbtgt: Vec<Entry>,
}

impl RealmKeys {
    /// The keys of `realm`. The first of the `secrets` makes tickets, all of them open tickets.
    ///
    /// Errors: `InvalidParameter` if there is no secret.
    pub fn new(realm: &str, secrets: Vec<RealmSecret>) -> Result<RealmKeys> {
        if secrets.is_empty() {
            return Err(Error::InvalidParameter("a realm without a secret for its keys"));
        }
        let krbtgt = secrets.iter().map(|secret| {
            derive(secret, "krbtgt", &[], realm).map(|key| entry(realm, &["krbtgt", realm], key))
        });
        let krbtgt = krbtgt.collect::<Result<_>>()?;
        Ok(RealmKeys { realm: realm.to_owned(), secrets, krbtgt })
    }

    /// The keys of the ticket-granting service, the present one first.
    pub(super) fn krbtgt(&self) -> &[Entry] {
        &self.krbtgt
    }

    /// The keys of the service with these name components, the present one first. Letter case does
    /// not count in a service's name.
    pub(in crate::kerberos) fn service(
        &self,
        components: &[&str],
    ) -> impl Iterator<Item = Result<Key>> {
        let components: Vec<String> =
            components.iter().map(|component| component.to_ascii_lowercase()).collect();
        self.secrets.iter().map(move |secret| derive(secret, "service", &components, &self.realm))
    }
}

/// The key of the service with these name components, as a keytab has it.
pub(super) fn entry(realm: &str, components: &[&str], key: Key) -> Entry {
    let components = components.iter().map(|&part| part.to_owned()).collect();
    Entry::new(realm.to_owned(), components, name_type::SRV_INST.cast_unsigned(), 0, 0, key)
}

/// HMAC-SHA-256 over the purpose, the components and the realm, each with its length before it.
fn derive(secret: &RealmSecret, purpose: &str, components: &[String], realm: &str) -> Result<Key> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&**secret)
        .map_err(|_| Error::Internal("HMAC takes a key of any length"))?;
    let parts = [purpose].into_iter().chain(components.iter().map(String::as_str)).chain([realm]);
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(mac.finalize().into_bytes().into());
    Key::new(ENCTYPE, &*bytes)
}

impl fmt::Debug for RealmKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RealmKeys({}, {} secrets)", self.realm, self.secrets.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secrets: &[u8]) -> RealmKeys {
        RealmKeys::new("WEB1", secrets.iter().map(|byte| Zeroizing::new([*byte; 32])).collect())
            .unwrap()
    }

    fn of(keys: &RealmKeys, components: &[&str]) -> Vec<Vec<u8>> {
        keys.service(components).map(|key| key.unwrap().bytes().to_vec()).collect()
    }

    #[test]
    fn each_service_has_a_key_of_its_own() {
        let keys = keys(&[1]);
        let http = of(&keys, &["HTTP", "web1"]);
        assert_eq!(http, of(&keys, &["http", "WEB1"]));
        for other in
            [&["cifs", "web1"][..], &["HTTP", "web2"], &["HTTPweb1"], &["HTTP", "web", "1"]]
        {
            assert_ne!(http, of(&keys, other), "{other:?}");
        }
        let elsewhere = RealmKeys::new("WEB2", vec![Zeroizing::new([1; 32])]).unwrap();
        assert_ne!(http, of(&elsewhere, &["HTTP", "web1"]));
    }

    #[test]
    fn the_present_secret_comes_first_and_the_previous_one_stays() {
        let (old, both) = (keys(&[1]), keys(&[2, 1]));
        let name = ["HTTP", "web1"];
        assert_eq!(of(&both, &name)[1..], of(&old, &name));
        assert_ne!(of(&both, &name)[..1], of(&old, &name));
        assert_eq!(both.krbtgt().len(), 2);
        assert!(RealmKeys::new("WEB1", Vec::new()).is_err());
    }
}
