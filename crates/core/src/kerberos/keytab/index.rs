//! An index of a keytab, since some keytabs have thousands of entries.

use super::entry::Entry;
use std::collections::HashSet;

/// Positions of entries, in lists that start with the newest. The KDC's own keys are not indexed: a
/// ticket-granting ticket is not for a service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// By the hash of the name.
    by_name: Vec<(u64, usize)>,
    /// One position for each key. In keytabs of Active Directory's accounts, all services of an
    /// account have the same key.
    distinct: Vec<usize>,
    /// One position for each key of an account in a realm, under the account's name.
    accounts: Vec<usize>,
}

impl Index {
    /// The index of `entries`, whose positions are given from the newest to the oldest.
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
            if entry.is_account() && of_accounts.insert((key, &entry.realm)) {
                index.accounts.push(position);
            }
        }
        // A stable sort keeps the newest first for each name.
        index.by_name.sort_by_key(|&(hash, _)| hash);
        index
    }

    /// The entries that may have this name, in any letter case.
    pub(crate) fn named<'a>(
        &self,
        name: impl Iterator<Item = &'a [u8]>,
    ) -> impl Iterator<Item = usize> {
        let wanted = hash(name);
        let start = self.by_name.partition_point(|&(hash, _)| hash < wanted);
        let rest = self.by_name.get(start..).unwrap_or_default();
        rest.iter().take_while(move |&&(hash, _)| hash == wanted).map(|&(_, position)| position)
    }

    /// One entry for each key.
    pub(crate) fn distinct(&self) -> impl Iterator<Item = usize> {
        self.distinct.iter().copied()
    }

    /// One entry for each key of an account.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = usize> {
        self.accounts.iter().copied()
    }
}

/// FNV-1a over the name in lower case. An unkeyed hash is sufficient: the keytab is trusted.
fn hash<'a>(name: impl Iterator<Item = &'a [u8]>) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x100_0000_01b3;
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    name.fold(OFFSET, |hash, component| {
        step(component.iter().fold(hash, |hash, byte| step(hash, byte.to_ascii_lowercase())), b'/')
    })
}
