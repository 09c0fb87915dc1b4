//! The system's credential caches, as MIT's and Heimdal's programs have them: files and folders of
//! files, this process' own, the kernel's keyrings, and credential cache managers.
//!
//! A [`Name`] names a cache, or a collection of caches whose primary one is meant. [`Settings`] has
//! what krb5.conf says. [`Collection`] finds the cache of a client.

mod contents;
mod error;
mod file;
mod folder;
#[cfg(unix)]
pub mod kcm;
#[cfg(unix)]
mod keyring;
mod memory;
mod name;

pub use contents::{Configuration, Contents};
pub use error::{CcacheError, Problem, Result};
pub use name::{Anchor, KeyringName, Name};

use crate::kerberos::Principal;
use crate::kerberos::ccache::Credential;
use crate::kerberos::client::Credentials;
use crate::platform;
use crate::stores::parameter_expansion::expand;
use file::FileCache;
use memory::MemoryCache;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A credential cache. It is looked at anew with each call: other programs change it.
pub trait Ccache: fmt::Debug + Send + Sync {
    /// Its full name, never a collection's.
    fn name(&self) -> Name;

    /// All that is in it.
    ///
    /// Errors: `Missing` if it is not there, or was not begun.
    fn read(&self) -> Result<Contents>;

    /// Whose tickets are in it.
    ///
    /// Errors: as [`Ccache::read`].
    fn principal(&self) -> Result<Principal> {
        self.read().map(|contents| contents.principal)
    }

    /// Begins the cache anew, with these contents. It is made if it is missing. Other programs see a
    /// file, and sssd's caches, before or after, and those in keyrings and of Heimdal's manager also
    /// in between.
    fn replace(&self, contents: &Contents) -> Result<()>;

    /// Begins the cache anew, without a ticket.
    fn initialize(&self, principal: &Principal) -> Result<()> {
        self.replace(&Contents::new(principal.clone()))
    }

    /// Adds an entry of the format.
    ///
    /// Errors: as [`Ccache::read`].
    fn append(&self, entry: &Credential<'_>) -> Result<()>;

    /// Adds credentials.
    ///
    /// Errors: as [`Ccache::read`].
    fn store(&self, credentials: &Credentials) -> Result<()> {
        self.append(&credentials.to_ccache())
    }

    /// Sets configuration data of MIT's, in the place of what there is with this key.
    ///
    /// Errors: as [`Ccache::read`].
    fn configure(&self, configuration: &Configuration) -> Result<()> {
        let owner = self.principal()?;
        let entry = configuration.entry(&owner);
        self.remove(&entry.server)?;
        self.append(&entry)
    }

    /// Removes what there is for a service, if anything is.
    ///
    /// Errors: as [`Ccache::read`].
    fn remove(&self, server: &Principal) -> Result<()>;

    /// Removes the cache.
    ///
    /// Errors: `Missing`.
    fn destroy(&self) -> Result<()>;
}

/// What krb5.conf says about credential caches, and how long to wait.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `default_ccache_name`, with its tokens.
    pub default_name: Option<String>,
    /// `kcm_socket`, if it is not the usual one; `-` for none.
    pub kcm_socket: Option<PathBuf>,
    /// The longest wait for another program: for its lock on a file, or for all answers of a
    /// credential cache manager to one call.
    pub patience: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { default_name: None, kcm_socket: None, patience: Duration::from_secs(5) }
    }
}

/// The default cache without a configuration: MIT's. MIT for Windows has one that only its own
/// library can read, and this one where that is missing.
fn system_default() -> &'static str {
    if cfg!(windows) { r"FILE:%{TEMP}\krb5cc" } else { "FILE:/tmp/krb5cc_%{uid}" }
}

impl Settings {
    /// The name of the default cache: that of KRB5CCNAME, whose tokens are not replaced, as in MIT's
    /// library; else krb5.conf's; else the system's. A process with more rights than its user's does
    /// not heed the environment.
    ///
    /// Errors: as [`Name::parse`].
    pub fn default_ccache(&self) -> Result<Name> {
        if let Some(name) = platform::environment("KRB5CCNAME").filter(|name| !name.is_empty()) {
            let name = name.to_str();
            return Name::parse(
                name.ok_or_else(|| CcacheError::malformed("KRB5CCNAME: not UTF-8"))?,
            );
        }
        let name = self.default_name.as_deref().unwrap_or(system_default());
        Name::parse(&expand(name).map_err(CcacheError::malformed)?)
    }

    /// The cache of a name; of a collection the primary one. It need not be there yet.
    ///
    /// Errors: `Unsupported` on a system without such caches; those of finding the primary one.
    pub fn open(&self, name: &Name) -> Result<Box<dyn Ccache>> {
        Ok(match name {
            Name::File(path) | Name::InFolder(path) => self.in_file(name.clone(), path.clone()),
            Name::Folder(folder) => self.in_folder(folder::primary(folder)?),
            Name::Memory(name) => Box::new(MemoryCache(name.clone())),
            #[cfg(unix)]
            Name::Keyring(name) => Box::new(keyring::open(name)?),
            #[cfg(unix)]
            Name::Kcm(name) => Box::new(self.manager().open(name)?),
            #[cfg(not(unix))]
            Name::Keyring(_) | Name::Kcm(_) => return Err(unsupported(name)),
        })
    }

    fn in_file(&self, name: Name, path: PathBuf) -> Box<dyn Ccache> {
        Box::new(FileCache::new(name, path, self.patience))
    }

    fn in_folder(&self, path: PathBuf) -> Box<dyn Ccache> {
        self.in_file(Name::InFolder(path.clone()), path)
    }

    #[cfg(unix)]
    fn manager(&self) -> kcm::Manager {
        kcm::Manager::new(self.kcm_socket.as_deref(), self.patience)
    }
}

#[cfg(not(unix))]
fn unsupported(name: &Name) -> CcacheError {
    let text = format!("{name}: this system has no such credential caches; use FILE:");
    CcacheError::new(Problem::Unsupported, text)
}

/// A collection: a folder of caches, those of this process, of a keyring, or of the user's manager.
/// A single cache is a collection of itself.
#[derive(Debug, Clone)]
pub struct Collection {
    name: Name,
    settings: Settings,
}

impl Collection {
    /// The collection of a name.
    pub fn new(name: Name, settings: &Settings) -> Collection {
        Collection { name, settings: settings.clone() }
    }

    /// The default collection.
    ///
    /// Errors: as [`Settings::default_ccache`].
    pub fn default(settings: &Settings) -> Result<Collection> {
        Ok(Collection::new(settings.default_ccache()?, settings))
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The primary cache, which need not be there yet.
    ///
    /// Errors: as [`Settings::open`].
    pub fn primary(&self) -> Result<Box<dyn Ccache>> {
        self.settings.open(&self.name)
    }

    /// The caches that there are, the primary one first. Of a folder or a keyring that is missing
    /// there are none.
    ///
    /// Errors: of finding them.
    pub fn caches(&self) -> Result<Vec<Box<dyn Ccache>>> {
        let one_by_one: Result<Vec<Box<dyn Ccache>>> = match &self.name {
            Name::Folder(path) => folder::caches(path)
                .map(|paths| paths.into_iter().map(|path| self.settings.in_folder(path)).collect()),
            Name::Memory(first) => {
                let mut names = memory::names();
                names.sort_by_key(|name| name != first);
                Ok(names.into_iter().map(|name| Box::new(MemoryCache(name)) as _).collect())
            }
            #[cfg(unix)]
            Name::Keyring(name) if name.subsidiary.is_none() => keyring::caches(name)
                .map(|caches| caches.into_iter().map(|cache| Box::new(cache) as _).collect()),
            #[cfg(unix)]
            Name::Kcm(name) if name.is_empty() => (self.settings.manager().caches())
                .map(|caches| caches.into_iter().map(|cache| Box::new(cache) as _).collect()),
            _ => match self.primary()? {
                cache if is_there(&*cache) => Ok(vec![cache]),
                _ => Ok(Vec::new()),
            },
        };
        match one_by_one {
            Err(error) if error.problem == Problem::Missing => Ok(Vec::new()),
            caches => caches,
        }
    }

    /// The cache of a client, if it has one.
    ///
    /// Errors: of finding the caches. One that cannot be read is passed over.
    pub fn of_principal(&self, client: &Principal) -> Result<Option<Box<dyn Ccache>>> {
        self.first(|principal| principal == client)
    }

    /// The cache for a service of a realm: the first one of a client in that realm, as MIT's library
    /// chooses it; else the primary one, if it is there.
    ///
    /// Errors: as [`Collection::of_principal`].
    pub fn for_realm(&self, realm: &[u8]) -> Result<Option<Box<dyn Ccache>>> {
        match self.first(|principal| principal.realm == realm)? {
            None => Ok(Some(self.primary()?).filter(|cache| is_there(&**cache))),
            cache => Ok(cache),
        }
    }

    fn first(&self, is_it: impl Fn(&Principal) -> bool) -> Result<Option<Box<dyn Ccache>>> {
        let caches = self.caches()?;
        let mut found = caches.into_iter().filter(|cache| match cache.principal() {
            Ok(principal) => is_it(&principal),
            Err(error) => {
                tracing::debug!(%error, "credential cache passed over");
                false
            }
        });
        Ok(found.next())
    }

    /// The cache in which a client's new tickets are kept, as `kinit` chooses it: the client's; else
    /// the primary one, if that is not there; else a new one, or, where there is only one, that.
    ///
    /// Errors: as [`Collection::of_principal`].
    pub fn to_store(&self, client: &Principal) -> Result<Box<dyn Ccache>> {
        if let Some(cache) = self.of_principal(client)? {
            return Ok(cache);
        }
        let primary = self.primary()?;
        if !is_there(&*primary) {
            if let Name::Folder(path) = &self.name {
                folder::make(path)?;
            }
            return Ok(primary);
        }
        Ok(match &self.name {
            Name::Folder(path) => {
                self.settings.in_folder(path.join(format!("tkt{}", random_name()?)))
            }
            Name::Memory(_) => Box::new(MemoryCache(random_name()?)),
            #[cfg(unix)]
            Name::Keyring(name) if name.subsidiary.is_none() => {
                Box::new(keyring::new(name, &random_name()?))
            }
            #[cfg(unix)]
            Name::Kcm(name) if name.is_empty() => Box::new(self.settings.manager().generate()?),
            _ => primary,
        })
    }

    /// Makes a cache of the collection the primary one.
    ///
    /// Errors: of writing.
    pub fn make_primary(&self, cache: &dyn Ccache) -> Result<()> {
        match (&self.name, cache.name()) {
            (Name::Folder(folder), Name::InFolder(path)) => {
                folder::set_primary(folder, &path, self.settings.patience)
            }
            #[cfg(unix)]
            (Name::Keyring(_), Name::Keyring(name)) => keyring::set_primary(&name),
            #[cfg(unix)]
            (Name::Kcm(_), Name::Kcm(name)) => self.settings.manager().set_default(&name),
            _ => Ok(()),
        }
    }
}

fn is_there(cache: &dyn Ccache) -> bool {
    !matches!(cache.principal(), Err(error) if error.problem == Problem::Missing)
}

/// The rest of a name that no other cache has: letters and digits.
fn random_name() -> Result<String> {
    const CHARACTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|_| CcacheError::new(Problem::Unusable, "no random numbers"))?;
    let characters = bytes.iter().map(|byte| char::from(CHARACTERS[usize::from(byte % 32)]));
    Ok(characters.collect())
}
