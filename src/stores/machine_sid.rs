//! The SID of this installation, under which the SIDs of its own accounts lie.
//!
//! It is made once, of random numbers as Windows makes a machine's, and kept in a file: whoever
//! shares that file shares the accounts' SIDs.

use super::accounts::edit;
use super::accounts::edit::FileError;
use crate::types::sid::Sid;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The installation's SID and where it comes from.
#[derive(Debug)]
pub struct MachineSid {
    origin: Origin,
    /// What the file said when it was first needed; `None` inside: it could not be had.
    known: OnceLock<Option<Sid>>,
}

/// Where the installation's SID comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    /// `[accounts] sid`.
    Given(Sid),
    /// `[accounts] sid_file`, or the file beside the accounts or the configuration.
    File(PathBuf),
    /// There is no place for the file.
    Nowhere,
}

impl MachineSid {
    /// That SID.
    pub fn given(sid: Sid) -> MachineSid {
        MachineSid { origin: Origin::Given(sid), known: OnceLock::new() }
    }

    /// The SID in that file, which is made when it is first needed.
    pub fn kept_in(path: Option<PathBuf>) -> MachineSid {
        MachineSid { origin: path.map_or(Origin::Nowhere, Origin::File), known: OnceLock::new() }
    }

    /// The SID; `None`, and the log says why, if there is none and none can be kept.
    pub fn get(&self) -> Option<Sid> {
        match &self.origin {
            Origin::Given(sid) => Some(*sid),
            Origin::File(path) => *self.known.get_or_init(|| of_file(path)),
            Origin::Nowhere => *self.known.get_or_init(|| {
                tracing::warn!("clients without a SID get none: [accounts] sid_file names no file to keep the machine's in");
                None
            }),
        }
    }

    /// The file that it is kept in.
    pub fn path(&self) -> Option<&Path> {
        match &self.origin {
            Origin::File(path) => Some(path),
            _ => None,
        }
    }

    /// The SID that the configuration gives.
    pub fn configured(&self) -> Option<Sid> {
        match &self.origin {
            Origin::Given(sid) => Some(*sid),
            _ => None,
        }
    }
}

impl Default for MachineSid {
    fn default() -> MachineSid {
        MachineSid::kept_in(None)
    }
}

impl PartialEq for MachineSid {
    fn eq(&self, other: &MachineSid) -> bool {
        self.origin == other.origin
    }
}

/// A SID that accounts can be of: S-1-5-21 and three numbers, as machines and domains have them.
pub fn of_accounts(text: &str) -> Result<Sid, &'static str> {
    const NOT_ONE: &str = "not the SID of a machine or domain, S-1-5-21 and three numbers";
    let sid: Sid = text.parse().map_err(|_| NOT_ONE)?;
    match sid.sub_authorities() {
        [21, _, _, _] if sid.authority() == 5 => Ok(sid),
        _ => Err(NOT_ONE),
    }
}

enum MakeError {
    File(FileError),
    Content(&'static str),
}

impl From<FileError> for MakeError {
    fn from(error: FileError) -> MakeError {
        MakeError::File(error)
    }
}

/// The file's SID, or a new one, which is then there.
fn of_file(path: &Path) -> Option<Sid> {
    match std::fs::read(path) {
        Ok(bytes) => first_line(&bytes).and_then(of_accounts),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => match make(path) {
            Ok(sid) => Ok(sid),
            Err(MakeError::Content(why)) => Err(why),
            Err(MakeError::File(FileError { path, error })) => {
                tracing::warn!(file = %path.display(), %error, "the machine's SID cannot be kept: clients without a SID get none");
                return None;
            }
        },
        Err(_) => Err("cannot be read"),
    }
    .inspect_err(|why| tracing::error!(file = %path.display(), "the machine's SID: {why}; clients without a SID get none"))
    .ok()
}

fn make(path: &Path) -> Result<Sid, MakeError> {
    edit::change(path, true, |lines| {
        // Another process has been faster.
        if let Some(line) = lines.texts().next() {
            return first_line(line).and_then(of_accounts).map_err(MakeError::Content);
        }
        let mut numbers = [0; 12];
        getrandom::fill(&mut numbers).map_err(|_| MakeError::Content("no random numbers"))?;
        let [a, b, c] =
            [0, 4, 8].map(|at| u32::from_le_bytes([0, 1, 2, 3].map(|byte| numbers[at + byte])));
        let sid = Sid::new(5, &[21, a, b, c]).ok_or(MakeError::Content("no SID"))?;
        lines.push(sid.to_string().as_bytes());
        tracing::info!(file = %path.display(), %sid, "the machine's SID has been made");
        Ok(sid)
    })
}

fn first_line(bytes: &[u8]) -> Result<&str, &'static str> {
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    std::str::from_utf8(line).map(str::trim).map_err(|_| "not a SID")
}
