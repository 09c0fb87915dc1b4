//! The keys that open tickets: where they come from, and which are tried for one.

use super::{CredentialKeys, Service};
use crate::kerberos::crypto::Enctype;
use crate::kerberos::keytab::{Entry, Keytab, RANKS};
use crate::kerberos::policy::Policy;
use crate::kerberos::service_name::ServiceName;
use crate::kerberos::sources::KeySource;
use smallvec::SmallVec;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// Keys tried for one ticket at most: what a client can make the server try has a bound, however
/// large the keytab.
const MAX_TRIED: usize = 64;

/// The keys of a credential for a short time, in which they don't change.
pub struct ServiceKeys<'a> {
    service: &'a Service,
    policy: &'a Policy,
    /// The machine's keytab, unless the credential has keys of its own.
    file: Option<Arc<Keytab>>,
}

/// What a ticket says of the key that it needs.
struct Wanted<'t, N> {
    name: N,
    realm: &'t [u8],
    enctype: Enctype,
    kvno: Option<u32>,
}

impl<'a> ServiceKeys<'a> {
    /// The keys that a credential has now.
    pub fn new(
        service: &'a Service,
        policy: &'a Policy,
        source: &dyn KeySource,
    ) -> ServiceKeys<'a> {
        let file = match service.keys {
            CredentialKeys::None => source.service(),
            CredentialKeys::Keytab(_) | CredentialKeys::Password(_) => None,
        };
        ServiceKeys { service, policy, file }
    }

    /// There is a key that could open a ticket. The keys of a password may not be derived yet; they
    /// count if they are of a service to which tickets are restricted.
    pub fn available(&self) -> bool {
        match &self.service.keys {
            CredentialKeys::Password(keys) => {
                self.restrictions().all(|names| names.iter().any(|name| keys.serve(name)))
            }
            CredentialKeys::Keytab(keytab) => self.has_key(keytab),
            CredentialKeys::None => self.file.as_ref().is_some_and(|keytab| self.has_key(keytab)),
        }
    }

    /// The keys that may open a ticket for the service of these components in `realm`, whose
    /// `enc-part` is of this encryption type and key version: the likeliest first, and no more than
    /// a few dozen.
    ///
    /// Those of the service that the ticket names come first; then all others, as with MIT's
    /// library, since the name may be another one of the same account. Of each the key version
    /// decides the order, as in [`Keytab::candidates`].
    pub fn candidates<'s, 't: 's, N>(
        &'s self,
        name: N,
        realm: &'t [u8],
        enctype: Enctype,
        kvno: Option<u32>,
    ) -> impl Iterator<Item = &'s Entry>
    where
        N: Iterator<Item = &'t [u8]> + Clone + 's,
    {
        let wanted = Wanted { name, realm, enctype, kvno };
        let keytabs = self.keytabs(wanted.enctype).into_iter().flatten();
        let searches =
            keytabs.flat_map(|keytab| [(keytab, Search::Named), (keytab, Search::Others)]);
        searches
            .flat_map(move |(keytab, search)| self.search(keytab, search, &wanted))
            .take(MAX_TRIED)
    }

    /// The keytabs with keys of this encryption type, in the order of their precedence.
    fn keytabs(&self, enctype: Enctype) -> [Option<&Keytab>; 2] {
        if !self.policy.allows(enctype) {
            return [None, None];
        }
        let own = match &self.service.keys {
            CredentialKeys::None => None,
            CredentialKeys::Keytab(keytab) => Some(&**keytab),
            CredentialKeys::Password(keys) => keys.of(enctype),
        };
        [own, self.file.as_deref()]
    }

    /// One keytab's candidates: the likeliest, and no more than are tried. Mostly they are one or
    /// two, and nothing is allocated. The work grows with the keytab no faster than its size, for
    /// nobody has authenticated yet.
    fn search<'s, 't, N>(
        &self,
        keytab: &'s Keytab,
        search: Search,
        wanted: &Wanted<'t, N>,
    ) -> SmallVec<[&'s Entry; 8]>
    where
        N: Iterator<Item = &'t [u8]> + Clone,
    {
        let suits = |entry: &&Entry| {
            entry.key.enctype() == wanted.enctype && self.permits(keytab, entry, wanted)
        };
        let same_realm = |entry: &&Entry| entry.realm.as_bytes().eq_ignore_ascii_case(wanted.realm);
        let named = likeliest(
            || keytab.named(wanted.name.clone()).filter(same_realm),
            &suits,
            wanted.kvno,
            &[],
        );
        match (search, self.restrictions().next()) {
            (Search::Named, _) => named,
            (Search::Others, None) => likeliest(|| keytab.distinct(), &suits, wanted.kvno, &named),
            (Search::Others, Some(names)) => {
                let others = || {
                    names.iter().flat_map(|name| entries_of(keytab, name)).chain(keytab.accounts())
                };
                likeliest(others, &suits, wanted.kvno, &named)
            }
        }
    }

    /// What tickets are restricted to: by the caller, by the configuration.
    fn restrictions(&self) -> impl Iterator<Item = &[ServiceName]> {
        [self.service.name.as_slice(), &self.policy.principals]
            .into_iter()
            .filter(|names| !names.is_empty())
    }

    /// The entry's key is one for such a ticket.
    fn permits<'t, N>(&self, keytab: &Keytab, entry: &Entry, wanted: &Wanted<'t, N>) -> bool
    where
        N: Iterator<Item = &'t [u8]> + Clone,
    {
        let is_for = |name: &ServiceName| {
            name.matches(entry.name(), entry.realm.as_bytes())
                || entry.is_account()
                    && name.matches(wanted.name.clone(), wanted.realm)
                    && stands_for_account(keytab, name)
        };
        self.restrictions().all(|names| names.iter().any(is_for))
    }

    /// The keytab has a key of an encryption type that is allowed, and of a service to which
    /// tickets are restricted.
    fn has_key(&self, keytab: &Keytab) -> bool {
        let allowed = |entry: &Entry| self.policy.allows(entry.key.enctype());
        let is_there = |name: &ServiceName| {
            entries_of(keytab, name).any(allowed)
                || stands_for_account(keytab, name) && keytab.accounts().any(allowed)
        };
        match self.restrictions().next() {
            None => keytab.distinct().any(allowed),
            Some(names) => names.iter().any(is_there),
        }
    }
}

/// Which keys of a keytab are looked for.
#[derive(Clone, Copy)]
enum Search {
    /// Those of the service that the ticket names.
    Named,
    /// The others.
    Others,
}

/// Of those entries that suit, one for each key that is not among the `tried`: the likeliest for
/// the key version, in their order. With the `tried` they are no more than [`MAX_TRIED`].
fn likeliest<'k, I: Iterator<Item = &'k Entry>>(
    entries: impl Fn() -> I,
    suits: &impl Fn(&&Entry) -> bool,
    kvno: Option<u32>,
    tried: &[&'k Entry],
) -> SmallVec<[&'k Entry; 8]> {
    let mut found: SmallVec<[&Entry; 8]> = SmallVec::new();
    for due in 0..RANKS {
        for entry in entries().filter(|entry| entry.rank(kvno) == due).filter(suits) {
            if tried.len() + found.len() >= MAX_TRIED {
                return found;
            }
            if !tried.iter().chain(&found).any(|other| same_key(other, entry)) {
                found.push(entry);
            }
        }
    }
    found
}

/// Two entries have the same key, and differ in their names or versions.
fn same_key(one: &Entry, other: &Entry) -> bool {
    one.key.bytes().ct_eq(other.key.bytes()).into()
}

/// The entries under that name.
fn entries_of<'k>(keytab: &'k Keytab, name: &ServiceName) -> impl Iterator<Item = &'k Entry> {
    let on_host = name.on_host().into_iter().flat_map(|parts| keytab.named(parts.into_iter()));
    let found = keytab.named(name.components()).chain(on_host);
    found.filter(|entry| name.matches(entry.name(), entry.realm.as_bytes()))
}

/// The name is not in the keytab, so it may be that of a service that runs as one of the accounts
/// there: Active Directory gives a service no key of its own.
fn stands_for_account(keytab: &Keytab, name: &ServiceName) -> bool {
    !name.is_account() && entries_of(keytab, name).next().is_none()
}
