//! The keys that decrypt tickets: their sources, and the selection for one ticket.

use super::{CredentialKeys, Service};
use crate::kerberos::crypto::Enctype;
use crate::kerberos::keytab::{Entry, Keytab, RANKS};
use crate::kerberos::message::{Components, same_name};
use crate::kerberos::policy::Policy;
use crate::kerberos::service_name::ServiceName;
use crate::kerberos::sources::KeySource;
use smallvec::SmallVec;
use std::sync::Arc;

/// The most keys tried for one ticket. Limits the work that a client can cause, for any size of the
/// keytab.
const MAX_TRIED: usize = 64;

/// A snapshot of a credential's keys.
pub struct ServiceKeys<'a> {
    service: &'a Service,
    policy: &'a Policy,
    /// The machine's keytab, unless the credential has keys.
    file: Option<Arc<Keytab>>,
}

/// What a ticket states about its key.
struct Wanted<'t, N> {
    name: N,
    realm: &'t [u8],
    enctype: Enctype,
    kvno: Option<u32>,
}

impl<'a> ServiceKeys<'a> {
    /// A snapshot of the credential's current keys.
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

    /// Whether there is a key that could decrypt a ticket. The keys of a password may not be
    /// derived yet; they count if they are for a service to which tickets are restricted.
    pub fn available(&self) -> bool {
        match &self.service.keys {
            CredentialKeys::Password(keys) => {
                self.restrictions().all(|names| names.iter().any(|name| keys.are_for(name)))
            }
            CredentialKeys::Keytab(keytab) => self.has_key(keytab),
            CredentialKeys::None => self.file.as_ref().is_some_and(|keytab| self.has_key(keytab)),
        }
    }

    /// The keys that may decrypt a ticket for the service with these name components in `realm`,
    /// whose `enc-part` has this encryption type and key version: the most likely first, at most a
    /// few dozen.
    ///
    /// Keys of the service named by the ticket come first, then all others: as in MIT's library,
    /// since the name may be an alias of the same account. Both groups are ordered by key version,
    /// as in [`Keytab::candidates`].
    pub fn candidates<'s, 't: 's>(
        &'s self,
        name: impl Components<'t> + 's,
        realm: &'t [u8],
        enctype: Enctype,
        kvno: Option<u32>,
    ) -> impl Iterator<Item = &'s Entry> {
        let wanted = Wanted { name, realm, enctype, kvno };
        let keytabs = self.keytabs(wanted.enctype).into_iter().flatten();
        let searches =
            keytabs.flat_map(|keytab| [(keytab, Search::Named), (keytab, Search::Others)]);
        searches
            .flat_map(move |(keytab, search)| self.search(keytab, search, &wanted))
            .take(MAX_TRIED)
    }

    /// The entry that tells the service of a ticket which the key of `opened` has decrypted; the
    /// ticket is for a client of `crealm` and names the service beside it.
    ///
    /// It is `opened`, unless the key stands under several realms. Then nothing in the ticket says
    /// which of their KDCs has made it, and the realm beside it, which anyone can change, must not
    /// decide whether the client is at home. All of these KDCs are trusted alike, since each could
    /// have made it for any client. So it is the client's own realm if that is one of them, else the
    /// one that the keytab has first. Of a password's realms all but the first are guesses.
    pub fn service_of<'s, 't>(
        &'s self,
        opened: &'s Entry,
        name: impl Components<'t>,
        crealm: &'t [u8],
    ) -> &'s Entry {
        if !opened.is_in_several_realms() {
            return opened;
        }
        let wanted =
            Wanted { name: name.clone(), realm: crealm, enctype: opened.key.enctype(), kvno: None };
        let with_key = || {
            let keytabs = self.keytabs(wanted.enctype).into_iter().flatten();
            keytabs.flat_map(|keytab| {
                let is_it = |entry: &&Entry| {
                    entry.has_key_of(opened)
                        && !entry.is_kdc()
                        && self.permits(keytab, entry, &wanted)
                };
                keytab.entries().iter().filter(is_it)
            })
        };
        let is_in =
            |entry: &Entry, realm: &[u8]| entry.realm.as_bytes().eq_ignore_ascii_case(realm);
        let at_home = match self.service.keys {
            CredentialKeys::Password(_) => None,
            CredentialKeys::Keytab(_) | CredentialKeys::None => {
                with_key().find(|entry| is_in(entry, crealm))
            }
        };
        let Some(of_realm) = at_home.or_else(|| with_key().next()) else { return opened };
        let in_realm = || with_key().filter(|entry| is_in(entry, of_realm.realm.as_bytes()));
        let named = in_realm().find(|entry| same_name(entry.name(), name.clone()));
        let named =
            named.or_else(|| in_realm().find(|entry| same_name(entry.name(), opened.name())));
        named.unwrap_or(of_realm)
    }

    /// The keytabs with keys of this encryption type, in order of precedence.
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

    /// The candidates in one keytab: the most likely, at most as many as are tried. Usually they
    /// are one or two, and nothing is allocated. The work is at most linear in the size of the
    /// keytab, since the client is not authenticated yet.
    fn search<'s, 't>(
        &self,
        keytab: &'s Keytab,
        search: Search,
        wanted: &Wanted<'t, impl Components<'t>>,
    ) -> SmallVec<[&'s Entry; 8]> {
        let suits = |entry: &Entry| {
            entry.key.enctype() == wanted.enctype && self.permits(keytab, entry, wanted)
        };
        let with_name = || {
            let entries = keytab.named(wanted.name.clone());
            entries.filter(|entry| entry.realm.as_bytes().eq_ignore_ascii_case(wanted.realm))
        };
        let named = likeliest(with_name, &suits, wanted.kvno, &[]);
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

    /// The restrictions on the services of tickets: the caller's and the configuration's.
    fn restrictions(&self) -> impl Iterator<Item = &[ServiceName]> {
        self.service.restrictions(self.policy)
    }

    /// Whether the restrictions permit the entry's key for such a ticket.
    fn permits<'t>(
        &self,
        keytab: &Keytab,
        entry: &Entry,
        wanted: &Wanted<'t, impl Components<'t>>,
    ) -> bool {
        let is_for = |name: &ServiceName| {
            name.matches(entry.name(), entry.realm.as_bytes())
                || entry.is_account()
                    && name.matches(wanted.name.clone(), entry.realm.as_bytes())
                    && may_run_as_account(keytab, name)
        };
        self.restrictions().all(|names| names.iter().any(is_for))
    }

    /// Whether the keytab has a key of a permitted encryption type, for a service to which tickets
    /// are restricted.
    fn has_key(&self, keytab: &Keytab) -> bool {
        let allowed = |entry: &Entry| self.policy.allows(entry.key.enctype());
        let is_there = |name: &ServiceName| {
            entries_of(keytab, name).any(allowed)
                || may_run_as_account(keytab, name) && keytab.accounts().any(allowed)
        };
        match self.restrictions().next() {
            None => keytab.distinct().any(allowed),
            Some(names) => names.iter().any(is_there),
        }
    }
}

/// Which keys of a keytab to search for.
#[derive(Clone, Copy)]
enum Search {
    /// Keys of the service named by the ticket.
    Named,
    /// Other keys.
    Others,
}

/// The suitable entries, one for each key that is not among the `tried`, ordered by how likely the
/// key version makes them. Together with the `tried` they are at most [`MAX_TRIED`].
fn likeliest<'k, I: Iterator<Item = &'k Entry>>(
    entries: impl Fn() -> I,
    suits: &impl Fn(&Entry) -> bool,
    kvno: Option<u32>,
    tried: &[&'k Entry],
) -> SmallVec<[&'k Entry; 8]> {
    let mut found: SmallVec<[&Entry; 8]> = SmallVec::new();
    for rank in 0..RANKS {
        for entry in entries().filter(|entry| entry.rank(kvno) == rank && suits(entry)) {
            if tried.len() + found.len() >= MAX_TRIED {
                return found;
            }
            if !tried.iter().chain(&found).any(|other| other.has_key_of(entry)) {
                found.push(entry);
            }
        }
    }
    found
}

/// The entries with this name.
fn entries_of<'k>(keytab: &'k Keytab, name: &ServiceName) -> impl Iterator<Item = &'k Entry> {
    let on_host = name.on_host().into_iter().flat_map(|parts| keytab.named(parts.into_iter()));
    let found = keytab.named(name.components()).chain(on_host);
    found.filter(|entry| name.matches(entry.name(), entry.realm.as_bytes()))
}

/// Whether the name may be that of a service that runs as one of the keytab's accounts, since the
/// keytab does not have the name: Active Directory gives a service no key of its own.
fn may_run_as_account(keytab: &Keytab, name: &ServiceName) -> bool {
    !name.is_account() && entries_of(keytab, name).next().is_none()
}
