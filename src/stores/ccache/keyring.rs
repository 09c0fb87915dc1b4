//! Caches in the kernel's keyrings, as MIT's library has them since 1.12 and Heimdal's since 8.
//!
//! The anchor keyring has one for the collection, `_krb_NAME` (the persistent keyring `_krb`), and
//! that one for each cache. A key of a cache is the owner (`__krb5_princ__`), the offset of the
//! KDC's clock (`__krb5_time_offsets__`), or a credential, with the service's name. Of a collection,
//! the key `krb_ccache:primary` names the primary cache.

use super::Ccache;
use super::contents::{Contents, LARGEST};
use super::error::{CcacheError, Problem, Result};
use super::name::{Anchor, KeyringName, Name};
use crate::kerberos::Principal;
use crate::kerberos::ccache::{self, Credential, KdcOffset};
use crate::platform;
use crate::platform::keyring::{self, Serial};
use std::ffi::{CStr, CString};
use std::io;
use zeroize::Zeroizing;

const KEYRING: &CStr = c"keyring";
const USER: &CStr = c"user";
const BIG: &CStr = c"big_key";
const PRIMARY: &CStr = c"krb_ccache:primary";
const OWNER: &CStr = c"__krb5_princ__";
const OFFSETS: &CStr = c"__krb5_time_offsets__";
const PERSISTENT: &CStr = c"_krb";
/// The version of a collection's primary key.
const VERSION: [u8; 4] = [0, 0, 0, 1];
/// The most keys of a keyring that are looked at.
const MOST: usize = 10_000;

/// A cache in a collection.
#[derive(Debug)]
pub(super) struct KeyringCache {
    anchor: Anchor,
    collection: String,
    subsidiary: String,
}

/// `None` if there is no such key, or none any more.
fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(key) => Ok(Some(key)),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_gone(error: &io::Error) -> bool {
    let gone = [libc::ENOKEY, libc::EKEYEXPIRED, libc::EKEYREVOKED];
    error.raw_os_error().is_some_and(|number| gone.contains(&number))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_without_persistent(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EOPNOTSUPP)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_without_persistent(_error: &io::Error) -> bool {
    false
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_gone(_error: &io::Error) -> bool {
    false
}

fn c_string(text: impl Into<Vec<u8>>) -> io::Result<CString> {
    CString::new(text).map_err(|_| io::ErrorKind::InvalidInput.into())
}

/// The session's keyring to write to. Where the session has none of its own, the special number
/// would make one, which no other process has.
fn session() -> io::Result<Serial> {
    let [own, users] = [Serial::SESSION, Serial::USER_SESSION].map(keyring::number_of);
    Ok(if own? == users? { Serial::USER_SESSION } else { Serial::SESSION })
}

/// Where a collection is: the keyring that it is linked from, the one by which the process possesses
/// it, and its name.
fn anchor(name: &KeyringName) -> io::Result<(Serial, Option<Serial>, CString)> {
    let named = || c_string(format!("_krb_{}", name.collection));
    Ok(match name.anchor {
        Anchor::Persistent => {
            let own = platform::effective_user();
            let user = name.collection.parse().unwrap_or(own);
            let ring = match keyring::persistent(user, Serial::PROCESS) {
                // A kernel without persistent keyrings.
                Err(error) if is_without_persistent(&error) && user == own => Serial::USER,
                ring => ring?,
            };
            (ring, Some(Serial::PROCESS), PERSISTENT.to_owned())
        }
        Anchor::User => (Serial::USER, Some(Serial::PROCESS), named()?),
        Anchor::Session | Anchor::Legacy => (session()?, None, named()?),
        Anchor::Process => (Serial::PROCESS, None, named()?),
        Anchor::Thread => (Serial::THREAD, None, named()?),
    })
}

/// The keyring of a collection, if there is one.
fn collection(name: &KeyringName) -> io::Result<Option<Serial>> {
    let (parent, possessed_by, ring) = anchor(name)?;
    found(keyring::search(parent, KEYRING, &ring, possessed_by))
}

/// The keyring of a collection, which is made if it is missing.
fn make_collection(name: &KeyringName) -> io::Result<Serial> {
    if let Some(ring) = collection(name)? {
        return Ok(ring);
    }
    let (parent, possessed_by, ring) = anchor(name)?;
    let made = keyring::add(KEYRING, &ring, &[], possessed_by.unwrap_or(parent))?;
    if possessed_by.is_some() {
        keyring::link(made, parent)?;
    }
    Ok(made)
}

/// The name of the first cache of a collection.
fn first_name(collection: &str) -> &str {
    if collection.is_empty() { "tkt" } else { collection }
}

/// The name of a collection's primary cache.
fn primary(name: &KeyringName, ring: Option<Serial>) -> Result<String> {
    let shown = || Name::Keyring(name.clone());
    let io = |error: io::Error| CcacheError::io(shown(), &error);
    let key = match ring {
        Some(ring) => found(keyring::search(ring, USER, PRIMARY, None)).map_err(io)?,
        None => None,
    };
    let Some(key) = key else { return Ok(first_name(&name.collection).to_owned()) };
    let payload = keyring::read(key).map_err(io)?;
    let text = payload.strip_prefix(&VERSION).and_then(|rest| {
        let (length, rest) = rest.split_first_chunk()?;
        rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)
    });
    let text = text.and_then(|text| std::str::from_utf8(text).ok());
    text.map(str::to_owned).ok_or_else(|| {
        CcacheError::malformed(format!("{}: the name of the primary cache is malformed", shown()))
    })
}

fn write_primary(ring: Serial, name: &str) -> io::Result<()> {
    let length = u32::try_from(name.len()).map_err(io::Error::other)?;
    let payload = [&VERSION, &length.to_be_bytes()[..], name.as_bytes()].concat();
    keyring::add(USER, PRIMARY, &payload, ring).map(drop)
}

/// The cache of this name, or a collection's primary one.
pub(super) fn open(name: &KeyringName) -> Result<KeyringCache> {
    let subsidiary = match &name.subsidiary {
        Some(subsidiary) => subsidiary.clone(),
        None => {
            let ring = collection(name)
                .map_err(|error| CcacheError::io(Name::Keyring(name.clone()), &error))?;
            primary(name, ring)?
        }
    };
    Ok(KeyringCache { anchor: name.anchor, collection: name.collection.clone(), subsidiary })
}

/// The caches of a collection, the primary one first.
pub(super) fn caches(name: &KeyringName) -> Result<Vec<KeyringCache>> {
    let io = |error: io::Error| CcacheError::io(Name::Keyring(name.clone()), &error);
    let Some(ring) = collection(name).map_err(io)? else { return Ok(Vec::new()) };
    let primary = primary(name, Some(ring))?;
    let mut names = Vec::new();
    for key in Serial::list(&keyring::read(ring).map_err(io)?).into_iter().take(MOST) {
        // It may be gone, or not be shown to this process.
        let Ok(description) = keyring::describe(key) else { continue };
        if description.kind.as_bytes() == KEYRING.to_bytes() {
            names.push(description.name);
        }
    }
    names.sort_by_key(|name| *name != primary);
    names.dedup();
    let cache = |subsidiary| KeyringCache {
        anchor: name.anchor,
        collection: name.collection.clone(),
        subsidiary,
    };
    Ok(names.into_iter().map(cache).collect())
}

/// A cache of a name that no other one of the collection has.
pub(super) fn new(name: &KeyringName, random: &str) -> KeyringCache {
    let (anchor, collection) = (name.anchor, name.collection.clone());
    KeyringCache { anchor, collection, subsidiary: format!("krb_ccache_{random}") }
}

/// Names another cache as the primary one.
pub(super) fn set_primary(name: &KeyringName) -> Result<()> {
    let Some(subsidiary) = &name.subsidiary else { return Ok(()) };
    make_collection(name)
        .and_then(|ring| write_primary(ring, subsidiary))
        .map_err(|error| CcacheError::io(Name::Keyring(name.clone()), &error))
}

impl KeyringCache {
    fn full_name(&self) -> KeyringName {
        KeyringName {
            anchor: self.anchor,
            collection: self.collection.clone(),
            subsidiary: Some(self.subsidiary.clone()),
        }
    }

    fn error(&self, error: &io::Error) -> CcacheError {
        CcacheError::io(self.name(), error)
    }

    /// Programs before MIT 1.12 find it.
    fn is_legacy(&self) -> bool {
        self.anchor == Anchor::Legacy && self.collection == self.subsidiary
    }

    /// The collection's keyring and the cache's.
    fn find(&self) -> io::Result<Option<(Serial, Serial)>> {
        let name = c_string(self.subsidiary.as_str())?;
        if let Some(ring) = collection(&self.full_name())?
            && let Some(cache) = found(keyring::search(ring, KEYRING, &name, None))?
        {
            return Ok(Some((ring, cache)));
        }
        // A cache of a program that knows no collections.
        if self.is_legacy()
            && let Some(cache) = found(keyring::search(Serial::SESSION, KEYRING, &name, None))?
        {
            return Ok(Some((session()?, cache)));
        }
        Ok(None)
    }

    fn ring(&self) -> Result<(Serial, Serial)> {
        let missing =
            || CcacheError::new(Problem::Missing, format!("{}: no such cache", self.name()));
        self.find().map_err(|error| self.error(&error))?.ok_or_else(missing)
    }

    /// Names and payloads of a cache's keys.
    fn keys(&self, ring: Serial) -> Result<Vec<Key>> {
        let io = |error: io::Error| self.error(&error);
        let (mut keys, mut length) = (Vec::new(), 0usize);
        for serial in Serial::list(&keyring::read(ring).map_err(io)?).into_iter().take(MOST) {
            let read = || Ok((keyring::describe(serial)?, keyring::read(serial)?));
            let (description, payload) = match read() {
                Ok(read) => read,
                // It may be gone since, or not be shown to this process.
                Err(error)
                    if is_gone(&error) || error.kind() == io::ErrorKind::PermissionDenied =>
                {
                    continue;
                }
                Err(error) => return Err(io(error)),
            };
            length = length.saturating_add(payload.len());
            if length > LARGEST {
                let text = format!("{}: longer than {} MiB", self.name(), LARGEST >> 20);
                return Err(CcacheError::new(Problem::Unusable, text));
            }
            keys.push(Key { serial, name: description.name, payload });
        }
        Ok(keys)
    }

    fn contents(&self, keys: &[Key]) -> Result<Contents> {
        let payload = |name: &CStr| {
            let named = keys.iter().find(|key| key.name.as_bytes() == name.to_bytes());
            named.map(|key| key.payload.as_slice())
        };
        let owner = payload(OWNER).ok_or_else(|| {
            CcacheError::new(Problem::Missing, format!("{}: nothing in it yet", self.name()))
        })?;
        let owner = ccache::decode_principal(owner)
            .map_err(|error| CcacheError::format(self.name(), error))?;
        let mut contents = Contents::new(owner);
        contents.kdc_offset = payload(OFFSETS).and_then(KdcOffset::from_bytes);
        for key in keys.iter().filter(|key| !key.is_about_the_cache()) {
            let entry = Credential::decode(&key.payload)
                .map_err(|error| CcacheError::format(self.name(), error))?;
            contents.push(&entry);
        }
        Ok(contents)
    }

    fn add(&self, ring: Serial, entry: &Credential<'_>, now: i64) -> Result<()> {
        let payload = entry.encode().map_err(|error| CcacheError::format(self.name(), error))?;
        let add = || -> io::Result<()> {
            let name = c_string(entry.server.to_text())?;
            let big = match self.anchor {
                Anchor::Legacy => None,
                _ => match keyring::add(BIG, &name, &payload, ring) {
                    Ok(key) => Some(key),
                    // A kernel without such keys.
                    Err(error) if is_unknown_type(&error) => None,
                    Err(error) => return Err(error),
                },
            };
            let key = match big {
                Some(key) => key,
                None => keyring::add(USER, &name, &payload, ring)?,
            };
            // The kernel forgets a ticket that has ended.
            let left = i64::from(entry.endtime).saturating_sub(now);
            if let Some(left) = u32::try_from(left).ok().filter(|left| *left > 0) {
                let _ = keyring::set_timeout(key, left);
            }
            Ok(())
        };
        add().map_err(|error| self.error(&error))
    }

    /// The cache ends with the last of its tickets.
    fn set_end(&self, ring: Serial, endtime: i64, now: i64) {
        if endtime > 0 {
            let left = endtime.saturating_sub(now).clamp(1, u32::MAX.into());
            let _ = keyring::set_timeout(ring, left as u32);
        }
    }
}

/// A key of a cache.
struct Key {
    serial: Serial,
    name: String,
    payload: Zeroizing<Vec<u8>>,
}

impl Key {
    /// It is no credential.
    fn is_about_the_cache(&self) -> bool {
        [OWNER, OFFSETS].iter().any(|name| name.to_bytes() == self.name.as_bytes())
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_unknown_type(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|number| [libc::EINVAL, libc::ENODEV].contains(&number))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_unknown_type(_error: &io::Error) -> bool {
    false
}

impl Ccache for KeyringCache {
    fn name(&self) -> Name {
        Name::Keyring(self.full_name())
    }

    fn read(&self) -> Result<Contents> {
        let (_, ring) = self.ring()?;
        self.contents(&self.keys(ring)?)
    }

    fn replace(&self, contents: &Contents) -> Result<()> {
        let name = self.full_name();
        let make = || -> io::Result<Serial> {
            if let Some((_, ring)) = self.find()? {
                keyring::clear(ring)?;
                return Ok(ring);
            }
            let parent = make_collection(&name)?;
            if found(keyring::search(parent, USER, PRIMARY, None))?.is_none() {
                write_primary(parent, first_name(&self.collection))?;
            }
            keyring::add(KEYRING, &c_string(self.subsidiary.as_str())?, &[], parent)
        };
        let ring = make().map_err(|error| self.error(&error))?;
        let owner = ccache::encode_principal(&contents.principal)
            .map_err(|error| CcacheError::format(self.name(), error))?;
        let begin = || -> io::Result<()> {
            if self.is_legacy() {
                let _ = keyring::link(ring, session()?);
            }
            keyring::add(USER, OWNER, &owner, ring)?;
            // Programs before MIT 1.12 take each other key for a credential.
            if let Some(offset) = contents.kdc_offset.filter(|_| !self.is_legacy()) {
                keyring::add(USER, OFFSETS, &offset.to_bytes(), ring)?;
            }
            Ok(())
        };
        begin().map_err(|error| self.error(&error))?;
        let now = contents.kdc_time(platform::now()).unix_seconds();
        for entry in contents.entries() {
            self.add(ring, &entry, now)?;
        }
        self.set_end(ring, contents.endtime(), now);
        Ok(())
    }

    fn append(&self, entry: &Credential<'_>) -> Result<()> {
        let (_, ring) = self.ring()?;
        let before = self.contents(&self.keys(ring)?)?;
        let now = before.kdc_time(platform::now()).unix_seconds();
        self.add(ring, entry, now)?;
        self.set_end(ring, before.endtime().max(entry.endtime.into()), now);
        Ok(())
    }

    fn remove(&self, server: &Principal) -> Result<()> {
        let (_, ring) = self.ring()?;
        for key in self.keys(ring)?.iter().filter(|key| !key.is_about_the_cache()) {
            if Credential::decode(&key.payload).is_ok_and(|entry| entry.server == *server) {
                found(keyring::unlink(key.serial, ring)).map_err(|error| self.error(&error))?;
            }
        }
        Ok(())
    }

    fn destroy(&self) -> Result<()> {
        let (parent, ring) = self.ring()?;
        let destroy = || -> io::Result<()> {
            keyring::clear(ring)?;
            keyring::unlink(ring, parent)?;
            if self.is_legacy() {
                let _ = keyring::unlink(ring, session()?);
            }
            Ok(())
        };
        destroy().map_err(|error| self.error(&error))
    }
}
