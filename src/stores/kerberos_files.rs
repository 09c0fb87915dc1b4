//! The files that Kerberos needs: keytabs, the server's ticket-granting ticket, the replay cache.

use super::keytab_file::KeytabFile;
use super::tgt_file::TgtFile;
use crate::kerberos::keytab::Keytab;
use crate::kerberos::{KeySource, Tgt};
use crate::runtime::watched_file::Problem;
use std::path::PathBuf;
use std::sync::Arc;

/// Which replay cache there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayCacheKind {
    /// In the memory of the process, for all its contexts.
    Memory,
    /// In a file, which other processes of the same user share.
    File,
    /// None: anyone who can listen to a client can impersonate it. For measurements alone.
    Off,
}

/// Where the last claims outlive the process, for a replay cache in memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RestartFile {
    /// Not configured: a server's process uses
    /// [`default_file`](super::replay_restart::default_file).
    #[default]
    Unset,
    /// Nowhere.
    Off,
    /// In this file.
    At(PathBuf),
}

/// What `[kerberos]` says of files.
#[derive(Debug, Clone, PartialEq)]
pub struct KerberosFiles {
    /// The keytab whose keys open tickets, unless the caller's identity brings its own.
    pub keytab: Option<PathBuf>,
    /// A keytab with the KDC's own key (`krbtgt`), for the KDC's signatures in a PAC.
    pub krbtgt_keytab: Option<PathBuf>,
    /// A credential cache with the server's own ticket-granting ticket, for user-to-user tickets and
    /// constrained delegation.
    pub tgt_ccache: Option<PathBuf>,
    /// The realm of a service password that comes without one; empty: the DNS domain in capitals.
    pub realm: String,
    /// Where it is kept which authenticators have been presented.
    pub replay_cache: ReplayCacheKind,
    /// The file of [`ReplayCacheKind::File`]; `None`: the one that MIT's library would use.
    pub replay_cache_file: Option<PathBuf>,
    /// Authenticators that the replay cache in memory holds at most.
    pub replay_cache_entries: u32,
    /// The file with the last claims of a cache in memory, for the time after a restart.
    pub replay_restart_file: RestartFile,
}

impl Default for KerberosFiles {
    fn default() -> KerberosFiles {
        KerberosFiles {
            keytab: None,
            krbtgt_keytab: None,
            tgt_ccache: None,
            realm: String::new(),
            replay_cache: ReplayCacheKind::Memory,
            replay_cache_file: None,
            replay_cache_entries: 1 << 22,
            replay_restart_file: RestartFile::Unset,
        }
    }
}

/// The machine's keys, from watched files.
#[derive(Debug, Default, PartialEq)]
pub struct KeyFiles {
    /// The keytab.
    pub keytab: Option<Arc<KeytabFile>>,
    /// The keytab with the KDC's key.
    pub krbtgt_keytab: Option<Arc<KeytabFile>>,
    /// The credential cache with the server's ticket.
    pub tgt_ccache: Option<Arc<TgtFile>>,
}

impl KeyFiles {
    /// Whether there was no memory to read a keytab.
    pub fn lack_memory(&self) -> bool {
        let files = [&self.keytab, &self.krbtgt_keytab];
        files.into_iter().flatten().any(|file| file.peek().problem == Some(Problem::NoMemory))
    }
}

impl KeySource for KeyFiles {
    fn service(&self) -> Option<Arc<Keytab>> {
        self.keytab.as_ref().map(|file| file.peek().keytab.clone())
    }

    fn kdc(&self) -> Option<Arc<Keytab>> {
        self.krbtgt_keytab.as_ref().map(|file| file.peek().keytab.clone())
    }

    fn tgt(&self) -> Option<Arc<Tgt>> {
        self.tgt_ccache.as_ref()?.peek().as_ref().clone()
    }
}
