//! Caches in files. Other programs that use a file take MIT's locks on it: to read, to append a
//! ticket, and to overwrite one that is removed. A cache that begins anew is another file under the
//! same name.

use super::Ccache;
use super::contents::{Contents, LARGEST};
use super::error::{CcacheError, Problem, Result};
use super::name::Name;
use crate::kerberos::Principal;
use crate::kerberos::ccache::{self, Credential, CredentialCache};
use crate::platform::files::{self, Access, Opened};
use crate::platform::shared_file::Locked;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use zeroize::Zeroizing;

/// A cache in a file: `FILE:`, or one of those in a folder (`DIR::`).
#[derive(Debug)]
pub(super) struct FileCache {
    name: Name,
    path: PathBuf,
    patience: Duration,
}

impl FileCache {
    pub(super) fn new(name: Name, path: PathBuf, patience: Duration) -> FileCache {
        FileCache { name, path, patience }
    }

    fn error(&self, error: &io::Error) -> CcacheError {
        CcacheError::io(&self.name, error)
    }

    fn read_locked(&self, locked: &Locked<'_>, file: &File) -> Result<Zeroizing<Vec<u8>>> {
        let length = file.metadata().map_err(|error| self.error(&error))?.len();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > LARGEST {
            let text = format!("{}: longer than {} MiB", self.name, LARGEST >> 20);
            return Err(CcacheError::new(Problem::Unusable, text));
        }
        let mut bytes = Zeroizing::new(vec![0; length]);
        let read = locked.read_at(&mut bytes, 0).map_err(|error| self.error(&error))?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Changes the file where it is, locked against all other programs.
    fn update(&self, work: impl FnOnce(&Locked<'_>, &[u8]) -> Result<()>) -> Result<()> {
        let Opened { file, .. } =
            files::open(&self.path, Access::Update).map_err(|error| self.error(&error))?;
        let locked = Locked::wait(&file, self.patience).map_err(|error| self.error(&error))?;
        let bytes = self.read_locked(&locked, &file)?;
        work(&locked, &bytes)
    }
}

impl Ccache for FileCache {
    fn name(&self) -> Name {
        self.name.clone()
    }

    fn read(&self) -> Result<Contents> {
        let Opened { file, doubt } =
            files::open(&self.path, Access::Read).map_err(|error| self.error(&error))?;
        let exposed = || "others than its owner may read or write it".to_owned();
        if let Some(doubt) = doubt.or_else(|| files::is_exposed(&file).then(exposed)) {
            // It is read often.
            static TOLD: AtomicBool = AtomicBool::new(false);
            if !TOLD.swap(true, Ordering::Relaxed) {
                tracing::warn!(cache = %self.name, "credential cache: {doubt}");
            }
        }
        let locked =
            Locked::wait_to_read(&file, self.patience).map_err(|error| self.error(&error))?;
        let bytes = self.read_locked(&locked, &file)?;
        drop(locked);
        Contents::parse(&bytes, &self.name)
    }

    fn replace(&self, contents: &Contents) -> Result<()> {
        let bytes = contents.encode(&self.name)?;
        let edit = files::Edit::begin(&self.path, true, self.patience);
        edit.and_then(|edit| edit.replace_private(&bytes)).map_err(|error| self.error(&error))
    }

    fn append(&self, entry: &Credential<'_>) -> Result<()> {
        self.update(|locked, file| {
            let format = |error| CcacheError::format(&self.name, error);
            // Behind a record that is cut off nobody would find it.
            CredentialCache::parse(file).map_err(format)?;
            let entry = entry.encode_for(file).map_err(format)?;
            if file.len().saturating_add(entry.len()) > LARGEST {
                return Err(CcacheError::new(Problem::Unusable, format!("{}: full", self.name)));
            }
            locked.write_at(&entry, file.len() as u64).map_err(|error| self.error(&error))
        })
    }

    fn remove(&self, server: &Principal) -> Result<()> {
        self.update(|locked, file| {
            let removals = ccache::removals(file, |entry| entry.server == *server)
                .map_err(|error| CcacheError::format(&self.name, error))?;
            for (at, written) in removals {
                locked.write_at(&written, at as u64).map_err(|error| self.error(&error))?;
            }
            Ok(())
        })
    }

    fn destroy(&self) -> Result<()> {
        let file = files::remove(&self.path).map_err(|error| self.error(&error))?;
        // Nobody finds it any more; who reads it meanwhile has it open.
        let erase = || -> io::Result<()> {
            let locked = Locked::wait(&file, self.patience)?;
            let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
            let zeros = vec![0; 4096];
            for at in (0..length).step_by(zeros.len()) {
                let rest = zeros.get(..zeros.len().min(length - at)).unwrap_or_default();
                locked.write_at(rest, at as u64)?;
            }
            Ok(())
        };
        if let Err(error) = erase() {
            tracing::warn!(cache = %self.name, %error, "credential cache: removed, and its bytes not erased");
        }
        Ok(())
    }
}
