//! What is in a credential cache.

use super::error::CcacheError;
use super::error::Result;
use crate::kerberos::Principal;
use crate::kerberos::ccache::{self, CredentialCache, KdcOffset};
use crate::kerberos::client::Credentials;
use crate::types::time::FileTime;
use std::fmt::Display;
use zeroize::Zeroizing;

/// The most bytes of a cache that are read: thousands of tickets.
pub(super) const LARGEST: usize = 16 << 20;

/// Configuration data of MIT's: `fast_avail`, `pa_type`, `proxy_impersonator`, `start_realm`,
/// `refresh_time` and others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// The key.
    pub key: Vec<u8>,
    /// The principal that it is about, in MIT's notation: a realm's ticket-granting service.
    pub about: Option<Vec<u8>>,
    /// The value.
    pub value: Vec<u8>,
}

impl Configuration {
    /// The entry in a cache of `owner`.
    pub(super) fn entry(&self, owner: &Principal) -> ccache::Credential<'_> {
        let about = self.about.as_deref();
        ccache::Credential::configuration_about(owner, &self.key, about, &self.value)
    }
}

/// A cache, as it was when it was read.
#[derive(Debug, Clone)]
pub struct Contents {
    /// Whose tickets they are.
    pub principal: Principal,
    /// The credentials, in the order of the cache. Those whose keys are of an unsupported encryption
    /// type are left out.
    pub credentials: Vec<Credentials>,
    /// MIT's configuration data.
    pub configuration: Vec<Configuration>,
    /// By how much the KDC's clock is ahead, if the cache has it.
    pub kdc_offset: Option<KdcOffset>,
}

impl Contents {
    /// An empty cache of a principal.
    pub fn new(principal: Principal) -> Contents {
        Contents { principal, credentials: Vec::new(), configuration: Vec::new(), kdc_offset: None }
    }

    /// Adds an entry, unless it was removed or has an unsupported key.
    pub(super) fn push(&mut self, entry: &ccache::Credential<'_>) {
        if entry.is_removed() {
            return;
        }
        if let Some(ccache::ConfigurationKey { key, about }) = entry.configuration_key() {
            let (key, about) = (key.to_vec(), about.map(<[u8]>::to_vec));
            self.configuration.push(Configuration { key, about, value: entry.ticket.to_vec() });
        } else if !entry.is_configuration()
            && let Ok(credentials) = Credentials::from_ccache(entry)
        {
            self.credentials.push(credentials);
        }
    }

    /// Reads a cache file, the file of the cache `what`.
    ///
    /// Errors: `Malformed`.
    pub fn parse(file: &[u8], what: impl Display) -> Result<Contents> {
        let cache =
            CredentialCache::parse(file).map_err(|error| CcacheError::format(&what, error))?;
        let mut contents = Contents::new(cache.default_principal);
        contents.kdc_offset = CredentialCache::kdc_offset(file);
        cache.credentials.iter().for_each(|entry| contents.push(entry));
        Ok(contents)
    }

    /// The entries of a cache, configuration data first.
    pub(super) fn entries(&self) -> Vec<ccache::Credential<'_>> {
        let configuration = self.configuration.iter().map(|entry| entry.entry(&self.principal));
        configuration.chain(self.credentials.iter().map(Credentials::to_ccache)).collect()
    }

    /// The cache file, of the cache `what`.
    ///
    /// Errors: `Malformed` for contents that the format cannot hold.
    pub fn encode(&self, what: impl Display) -> Result<Zeroizing<Vec<u8>>> {
        let cache = CredentialCache {
            default_principal: self.principal.clone(),
            credentials: self.entries(),
        };
        cache.encode_with(self.kdc_offset).map_err(|error| CcacheError::format(what, error))
    }

    /// The time by the KDC's clock when it is `now` by this machine's.
    pub fn kdc_time(&self, now: FileTime) -> FileTime {
        self.kdc_offset.map_or(now, |offset| now.shifted(offset.seconds.into()))
    }

    /// The owner's ticket for a service that is valid longest. It is valid at `now`, which is the
    /// time by the KDC's clock, and for `margin` seconds more.
    pub fn find(&self, server: &Principal, now: FileTime, margin: i64) -> Option<&Credentials> {
        let usable = self.credentials.iter().filter(|credentials| {
            credentials.server == *server
                && credentials.client == self.principal
                && !credentials.is_skey
                && credentials.is_valid(now, margin)
        });
        usable.max_by_key(|credentials| credentials.endtime)
    }

    /// The value of MIT's configuration data of this key, and about this principal.
    pub fn configuration(&self, key: &str, about: Option<&Principal>) -> Option<&[u8]> {
        let about = about.map(|principal| principal.to_text().into_bytes());
        let found = self
            .configuration
            .iter()
            .find(|entry| entry.key == key.as_bytes() && entry.about == about);
        found.map(|entry| entry.value.as_slice())
    }

    /// Takes out what is for a service.
    pub(super) fn retain_others(&mut self, server: &Principal) {
        self.credentials.retain(|credentials| credentials.server != *server);
        let owner = &self.principal;
        self.configuration.retain(|entry| entry.entry(owner).server != *server);
    }

    /// When the last of the tickets ends, in seconds since 1970; 0 without any. A keyring ends then.
    #[cfg(unix)]
    pub(super) fn endtime(&self) -> i64 {
        self.credentials.iter().map(|credentials| credentials.endtime).max().unwrap_or(0)
    }
}
