//! A watched keytab file.

use crate::kerberos::keytab::{Defect, Keytab, Skipped};
use crate::runtime::watched_file::{Content, Format, Problem, WatchedFile};
use std::path::PathBuf;
use std::sync::Arc;

/// The keys of one version of a keytab file.
#[derive(Debug, Default)]
pub struct Keys {
    /// The keys.
    pub keytab: Arc<Keytab>,
    /// On Unix, users other than the owner may read or write the file.
    pub exposed: bool,
    /// Why there are no keys.
    pub problem: Option<Problem>,
}

/// A keytab file, read again when it has changed, so that a new key needs no restart. Problems are
/// found in [`Keys::problem`].
///
/// If the file cannot be read, or its end is missing because it is still being written, the keys
/// read last stay in force. Once it is removed, there are no keys.
pub type KeytabFile = WatchedFile<KeytabFormat>;

/// The path in a keytab name as Kerberos programs take it, `FILE:/etc/krb5.keytab` or without the
/// type. The error, one line, is for other types.
pub fn path_in(name: &str) -> Result<PathBuf, String> {
    match name.split_once(':') {
        Some(("FILE" | "WRFILE", path)) => Ok(path.into()),
        // A drive letter.
        Some((drive, _)) if drive.len() == 1 && cfg!(windows) => Ok(name.into()),
        Some((kind, _)) if !kind.contains(['/', '\\']) => {
            Err(format!("{kind}: only files (FILE:) can be read"))
        }
        _ => Ok(name.into()),
    }
}

/// The format of a [`KeytabFile`].
#[derive(Debug, Default)]
pub struct KeytabFormat;

/// Records that are logged one by one; further ones are counted.
const LOGGED_RECORDS: usize = 20;

impl Format for KeytabFormat {
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
        Ok(Keys { keytab: Arc::new(keytab), exposed: content.exposed, problem: None })
    }

    fn without(&self, problem: Option<&Problem>) -> Keys {
        Keys { problem: problem.cloned(), ..Keys::default() }
    }
}
