//! What finds a keytab's keys without looking at all of them: some have thousands.

use super::entry::Entry;
use std::collections::HashSet;

/// Positions of entries, in lists that begin with the newest. The KDC's own key is in none: a
/// ticket-granting ticket is not one for a service, whatever is in the keytab.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// By the hash of the name.
    by_name: Vec<(u64, usize)>,
    /// One for each key: in keytabs of Active Directory's accounts all of an account's services
    /// have the same.
    distinct: Vec<usize>,
    /// The accounts' among them, under the accounts' names.
    accounts: Vec<usize>,
}

impl Index {
    /// The index of `entries`, given their positions from the newest to the oldest.
    pub(crate) fn new(entries: &[Entry], newest: &[usize]) -> Index {
        let mut index = Index::default();
        let (mut keys, mut of_accounts) = (HashSet::new(), HashSet::new());
        for &position in newest {
            let Some(entry) = entries.get(position).filter(|entry| !entry.is_kdc()) else {
                continue;
            };
            index.by_name.push((hash(entry.name()), position));
            let key = (entry.key.enctype(), entry.key.bytes());
            if keys.insert(key) {
                index.distinct.push(position);
            }
            if entry.is_account() && of_accounts.insert(key) {
                index.accounts.push(position);
            }
        }
        // Stable: under one name the newest still comes first.
        index.by_name.sort_by_key(|&(hash, _)| hash);
        index
    }

    /// Those that may have this name, in any letter case.
    pub(crate) fn named<'a>(
        &self,
        name: impl Iterator<Item = &'a [u8]>,
    ) -> impl Iterator<Item = usize> {
        let wanted = hash(name);
        let start = self.by_name.partition_point(|&(hash, _)| hash < wanted);
        let rest = self.by_name.get(start..).unwrap_or_default();
        rest.iter().take_while(move |&&(hash, _)| hash == wanted).map(|&(_, position)| position)
    }

    /// One for each key.
    pub(crate) fn distinct(&self) -> impl Iterator<Item = usize> {
        self.distinct.iter().copied()
    }

    /// One for each key of an account.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = usize> {
        self.accounts.iter().copied()
    }
}

/// FNV-1a over the name in small letters. Whoever wrote the keytab gains nothing by making names
/// collide.
fn hash<'a>(name: impl Iterator<Item = &'a [u8]>) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x100_0000_01b3;
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    name.fold(OFFSET, |hash, component| {
        step(component.iter().fold(hash, |hash, byte| step(hash, byte.to_ascii_lowercase())), b'/')
    })
}
