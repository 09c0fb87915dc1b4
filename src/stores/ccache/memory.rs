//! Caches of this process.

use super::Ccache;
use super::contents::Contents;
use super::error::{CcacheError, Problem, Result};
use super::name::Name;
use crate::kerberos::Principal;
use crate::kerberos::ccache::Credential;
use crate::runtime::fork_gate;
use crate::runtime::mutex::Mutex;
use std::collections::BTreeMap;

/// By name. A forked child has its parent's.
static CACHES: Mutex<BTreeMap<String, Contents>> = Mutex::new(BTreeMap::new());

/// A cache of this process, shared by its threads.
#[derive(Debug)]
pub(super) struct MemoryCache(pub(super) String);

/// The names of those that there are.
pub(super) fn names() -> Vec<String> {
    let _inside = fork_gate::enter();
    CACHES.lock().keys().cloned().collect()
}

impl MemoryCache {
    fn with<T>(&self, work: impl FnOnce(&mut Contents) -> T) -> Result<T> {
        let _inside = fork_gate::enter();
        match CACHES.lock().get_mut(&self.0) {
            Some(contents) => Ok(work(contents)),
            None => {
                Err(CcacheError::new(Problem::Missing, format!("{}: no such cache", self.name())))
            }
        }
    }
}

impl Ccache for MemoryCache {
    fn name(&self) -> Name {
        Name::Memory(self.0.clone())
    }

    fn read(&self) -> Result<Contents> {
        self.with(|contents| contents.clone())
    }

    fn replace(&self, contents: &Contents) -> Result<()> {
        let _inside = fork_gate::enter();
        CACHES.lock().insert(self.0.clone(), contents.clone());
        Ok(())
    }

    fn append(&self, entry: &Credential<'_>) -> Result<()> {
        self.with(|contents| contents.push(entry))
    }

    fn remove(&self, server: &Principal) -> Result<()> {
        self.with(|contents| contents.retain_others(server))
    }

    fn destroy(&self) -> Result<()> {
        let _inside = fork_gate::enter();
        match CACHES.lock().remove(&self.0) {
            Some(_) => Ok(()),
            None => {
                Err(CcacheError::new(Problem::Missing, format!("{}: no such cache", self.name())))
            }
        }
    }
}
