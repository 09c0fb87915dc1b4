//! One key of a keytab.

use crate::kerberos::crypto::{Key, UsageKeys, key_usage};
use crate::kerberos::message::{Components, push_principal};
use subtle::ConstantTimeEq;

/// The number of ranks that [`Entry::rank`] returns.
pub(in crate::kerberos) const RANKS: u8 = 3;

/// A service's key with its version and principal.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The realm.
    pub realm: String,
    /// The components of the principal's name.
    pub components: Vec<String>,
    /// The name type (RFC 4120 6.2); 0 in files of version 1, which have none.
    pub name_type: u32,
    /// The key version number.
    pub kvno: u32,
    /// When the key was written, in seconds since 1970.
    pub timestamp: u32,
    /// The key.
    pub key: Key,
    ticket_keys: UsageKeys,
    pac_keys: UsageKeys,
    /// Whether other principals of the keytab have the same key.
    pub(super) shared: bool,
    /// Whether it is also under another realm.
    pub(super) in_several_realms: bool,
}

impl Entry {
    /// An entry with these values.
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
        Entry {
            realm,
            components,
            name_type,
            kvno,
            timestamp,
            key,
            ticket_keys,
            pac_keys,
            shared: false,
            in_several_realms: false,
        }
    }

    /// The derived keys that decrypt tickets.
    pub fn ticket_keys(&self) -> &UsageKeys {
        &self.ticket_keys
    }

    /// The derived keys that verify the signatures of a PAC.
    pub fn pac_keys(&self) -> &UsageKeys {
        &self.pac_keys
    }

    /// How likely the key belongs to a ticket with this key version: 0 for the most likely, less
    /// than [`RANKS`].
    pub(in crate::kerberos) fn rank(&self, kvno: Option<u32>) -> u8 {
        match kvno {
            None => 0,
            Some(kvno) if self.kvno == kvno => 0,
            Some(kvno) if self.kvno == kvno & 0xff => 1,
            Some(_) => 2,
        }
    }

    /// The components of the principal's name.
    pub fn name(&self) -> impl Components<'_> {
        self.components.iter().map(String::as_bytes)
    }

    /// Whether the key is that of a user or a computer, and so of all services that run as that
    /// account.
    pub fn is_account(&self) -> bool {
        self.components.len() == 1
    }

    /// Whether the key is that of one service, which it identifies: not that of an account, and under
    /// no other name in the keytab.
    pub(in crate::kerberos) fn identifies_service(&self) -> bool {
        !self.is_account() && !self.shared
    }

    /// Whether the keytab has the key under another realm too, so that it does not tell the realm.
    pub(in crate::kerberos) fn is_in_several_realms(&self) -> bool {
        self.in_several_realms
    }

    /// Whether the other entry has the same key.
    pub(in crate::kerberos) fn has_key_of(&self, other: &Entry) -> bool {
        self.key.enctype() == other.key.enctype()
            && bool::from(self.key.bytes().ct_eq(other.key.bytes()))
    }

    /// Whether the key is that of a KDC.
    pub fn is_kdc(&self) -> bool {
        self.components.first().is_some_and(|first| first.eq_ignore_ascii_case("krbtgt"))
    }

    /// The principal in MIT's notation.
    pub fn principal(&self) -> String {
        let components = self.components.iter().map(|part| part.len() + 1);
        let mut text = String::with_capacity(components.sum::<usize>() + self.realm.len());
        push_principal(self.components.iter().map(String::as_str), &self.realm, &mut text);
        text
    }
}
