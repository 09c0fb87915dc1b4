//! What WinPR's settings behind an identity name: opened for a credential that accepts.

use super::auth_data::{self, AuthData};
use super::hash_callback;
use crate::entry::auth_identity::WinprSettings;
use crate::runtime::watched_file::Problem;
use crate::stores::accounts::winpr_sam::SamFile;
use crate::stores::keytab_file::{self, KeytabFile};
use crate::types::error::{Error, Result};

impl AuthData {
    /// Reads the files that the settings name. What cannot be read fails the call: without it the
    /// configured accounts and keys would be used in its place.
    pub(super) fn open_winpr(&mut self) -> Result<()> {
        let Some(WinprSettings { sam_file, hash_callback, hash_argument, keytab }) =
            self.winpr.take()
        else {
            return Ok(());
        };
        // As in WinPR, a program with a callback has no SAM file.
        match (hash_callback, sam_file) {
            (Some(_), _) => self.application = hash_callback::of(hash_callback, hash_argument),
            (None, Some(path)) => {
                let file = SamFile::open(path.into()).current();
                failed(&file.problem, "the SAM file of WinPR's settings cannot be used")?;
                self.accounts.clone_from(&file.accounts);
            }
            (None, None) => {}
        }
        if let Some(name) = keytab {
            let path = keytab_file::path_in(&name).map_err(|why| {
                tracing::warn!("credentials: the keytab of WinPR's settings: {why}");
                Error::UnknownCredentials("the keytab of WinPR's settings is not a file")
            })?;
            let keys = KeytabFile::open(path).current();
            failed(&keys.problem, "the keytab of WinPR's settings cannot be used")?;
            self.keytab = Some(auth_data::with_keys((*keys.keytab).clone())?);
        }
        Ok(())
    }
}

/// The error for a file with this problem, which has been logged.
fn failed(problem: &Option<Problem>, why: &'static str) -> Result<()> {
    match problem {
        None => Ok(()),
        Some(Problem::NoMemory) => Err(Error::OutOfMemory),
        Some(_) => Err(Error::UnknownCredentials(why)),
    }
}
