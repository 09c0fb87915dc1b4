//! A keytab file that is watched.

use crate::kerberos::keytab::{Defect, Keytab, Skipped};
use crate::runtime::watched_file::{Content, Problem, Source, Watched};
use arc_swap::Guard;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The keys of one version of a keytab file.
#[derive(Debug, Default)]
pub struct Keys {
    /// The keys.
    pub keytab: Keytab,
    /// On Unix, people other than the owner may read or write the file.
    pub exposed: bool,
    /// Why there is no file to take keys from.
    pub problem: Option<Problem>,
}

/// A keytab file, read again when it has changed: who rolls a key need not restart the server.
///
/// A file that cannot be read leaves those keys in force that were read last, as does one whose end
/// is missing, for it may still be being written. One that is gone has no keys: who removes it
/// means that.
#[derive(Debug)]
pub struct KeytabFile(Watched<Format>);

impl KeytabFile {
    /// Reads the file for the first time. Problems are logged and found in [`Keys::problem`].
    pub fn open(path: PathBuf) -> KeytabFile {
        KeytabFile(Watched::open(Some(path), Format))
    }

    /// The keys in force.
    pub fn current(&self) -> Arc<Keys> {
        self.0.current()
    }

    /// The keys in force, for a short time.
    pub fn peek(&self) -> Guard<Arc<Keys>> {
        self.0.peek()
    }

    /// The file's path.
    pub fn path(&self) -> Option<&Path> {
        self.0.path()
    }
}

impl PartialEq for KeytabFile {
    fn eq(&self, other: &KeytabFile) -> bool {
        self.path() == other.path()
    }
}

/// The path in a name as Kerberos programs take it, `FILE:/etc/krb5.keytab` or without the type.
/// The error is a name of another type, in one line.
pub fn path_in(name: &str) -> Result<PathBuf, String> {
    match name.split_once(':') {
        Some(("FILE" | "WRFILE", path)) => Ok(path.into()),
        // A drive; and what begins with a slash is a path whatever is in it.
        Some((drive, _)) if drive.len() == 1 && cfg!(windows) => Ok(name.into()),
        Some((kind, _)) if !kind.contains(['/', '\\']) => {
            Err(format!("{kind}: only files (FILE:) can be read"))
        }
        _ => Ok(name.into()),
    }
}

#[derive(Debug)]
struct Format;

/// Records that are logged one by one; of the others the log gives the number.
const LOGGED_RECORDS: usize = 20;

impl Source for Format {
    type Value = Keys;
    const WHAT: &'static str = "keytab";

    fn read(&self, content: &Content<'_>, previous: Option<&Keys>) -> Result<Keys, String> {
        let file = content.path.display();
        let keytab = Keytab::parse(content.bytes).map_err(|error| error.to_string())?;
        let skipped = keytab.skipped();
        if previous.is_some_and(|keys| keys.problem.is_none())
            && skipped.iter().any(|record| record.why == Defect::CutOff)
        {
            return Err(Defect::CutOff.to_string());
        }
        if content.exposed {
            tracing::warn!(%file, "keytab: others than its owner may read or write it; its keys are as good as passwords");
        }
        for Skipped { offset, why } in skipped.iter().take(LOGGED_RECORDS) {
            tracing::warn!(%file, offset, "keytab: record skipped: {why}");
        }
        if let Some(more) = skipped.len().checked_sub(LOGGED_RECORDS).filter(|&more| more > 0) {
            tracing::warn!(%file, "keytab: {more} more records skipped");
        }
        tracing::info!(%file, entries = keytab.entries().len(), "keytab read");
        Ok(Keys { keytab, exposed: content.exposed, problem: None })
    }

    fn without(&self, problem: Option<&Problem>) -> Keys {
        Keys { problem: problem.cloned(), ..Keys::default() }
    }

    fn expected(&self, _problem: &Problem) -> bool {
        false
    }

    fn withdraw(&self, problem: &Problem) -> bool {
        *problem == Problem::Missing
    }
}
