//! One key of a keytab.

use crate::kerberos::crypto::{Key, UsageKeys, key_usage};
use crate::kerberos::message::quote;

/// The number of [`Entry::rank`]s.
pub(in crate::kerberos) const RANKS: u8 = 3;

/// A service's key with its version and the principal it belongs to.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The realm.
    pub realm: String,
    /// The components of the principal's name.
    pub components: Vec<String>,
    /// Name type (RFC 4120 6.2); 0 in a file of version 1, which has none.
    pub name_type: u32,
    /// Key version number.
    pub kvno: u32,
    /// When the key was written, in seconds since 1970.
    pub timestamp: u32,
    /// The key.
    pub key: Key,
    ticket_keys: UsageKeys,
    pac_keys: UsageKeys,
}

impl Entry {
    /// An entry of these.
    pub fn new(
        realm: String,
        components: Vec<String>,
        name_type: u32,
        kvno: u32,
        timestamp: u32,
        key: Key,
    ) -> Entry {
        let ticket_keys = key.derive_usage(key_usage::TICKET);
        let pac_keys = key.derive_usage(key_usage::PAC_SIGNATURE);
        Entry { realm, components, name_type, kvno, timestamp, key, ticket_keys, pac_keys }
    }

    /// What decrypts tickets for this key; derived once.
    pub fn ticket_keys(&self) -> &UsageKeys {
        &self.ticket_keys
    }

    /// What verifies a PAC's signatures by this key; derived once.
    pub fn pac_keys(&self) -> &UsageKeys {
        &self.pac_keys
    }

    /// How likely it is the key of a ticket with this key version: from 0, the likeliest, up to
    /// [`RANKS`].
    pub(in crate::kerberos) fn rank(&self, kvno: Option<u32>) -> u8 {
        match kvno {
            None => 0,
            Some(kvno) if self.kvno == kvno => 0,
            Some(kvno) if self.kvno == kvno & 0xff => 1,
            Some(_) => 2,
        }
    }

    /// The components of the principal's name.
    pub fn name(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.components.iter().map(String::as_bytes)
    }

    /// The key is a user's or a computer's, and so that of all services that run as that account.
    pub fn is_account(&self) -> bool {
        self.components.len() == 1
    }

    /// The key is a KDC's own.
    pub fn is_kdc(&self) -> bool {
        self.components.first().is_some_and(|first| first.eq_ignore_ascii_case("krbtgt"))
    }

    /// The principal as text.
    pub fn principal(&self) -> String {
        let mut text = String::new();
        for (at, component) in self.components.iter().enumerate() {
            if at > 0 {
                text.push('/');
            }
            quote(component, true, &mut text);
        }
        text.push('@');
        quote(&self.realm, false, &mut text);
        text
    }
}
