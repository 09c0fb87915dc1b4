//! The SID of this installation, which those of its own accounts are derived from.
//!
//! It is created once, from random numbers as Windows does for a machine, and kept in a file.
//! Installations that share the file share the accounts' SIDs.

use super::text_file::{self, FileError};
use crate::platform::{self, files};
use crate::types::sid::Sid;
use crate::types::time::FileTime;
use once_cell::race::OnceBox;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// The installation's SID and where it comes from.
#[derive(Debug)]
pub struct MachineSid {
    origin: Origin,
    /// The file's SID, read when first needed.
    known: OnceBox<Sid>,
    /// When reading the file failed last, in FILETIME ticks; 0: not yet.
    failed: AtomicU64,
    /// That there is no file has been logged.
    warned: AtomicBool,
}

/// The SIDs that only an installation gives to accounts: those derived from its own, and its own
/// with a relative identifier. The latter not if it is configured, since it may be a domain's then.
#[derive(Debug, Clone, Copy)]
pub struct OwnSids {
    machine: Option<Sid>,
    may_be_a_domain: bool,
}

impl OwnSids {
    /// Whether it is one of them.
    pub fn contain(&self, sid: &Sid) -> bool {
        let more = |machine: &Sid| {
            let under = sid.sub_authorities().strip_prefix(machine.sub_authorities());
            under.filter(|_| sid.authority() == machine.authority()).map_or(0, <[u32]>::len)
        };
        self.machine.as_ref().map_or(0, more) > usize::from(self.may_be_a_domain)
    }
}

/// A file that cannot be used is tried again after this time.
const RETRY: Duration = Duration::from_secs(1);

/// Where the installation's SID comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    /// `[accounts] sid`.
    Given(Sid),
    /// `[accounts] sid_file`, or the file beside the accounts or the configuration.
    File(PathBuf),
    /// There is no location for the file.
    Nowhere,
}

impl MachineSid {
    /// This SID.
    pub fn given(sid: Sid) -> MachineSid {
        MachineSid::from_origin(Origin::Given(sid))
    }

    /// The SID in that file, which is created when first needed.
    pub fn kept_in(path: Option<PathBuf>) -> MachineSid {
        MachineSid::from_origin(path.map_or(Origin::Nowhere, Origin::File))
    }

    fn from_origin(origin: Origin) -> MachineSid {
        let (known, failed, warned) = (OnceBox::new(), AtomicU64::new(0), AtomicBool::new(false));
        MachineSid { origin, known, failed, warned }
    }

    /// The SID; `None`, with the reason in the log, if there is none and it cannot be stored.
    pub fn get(&self) -> Option<Sid> {
        match &self.origin {
            Origin::Given(sid) => Some(*sid),
            Origin::File(path) => self.known.get_or_try_init(|| self.read(path)).ok().copied(),
            Origin::Nowhere => {
                if !self.warned.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "no SID can be derived for clients without one: [accounts] sid_file names no file for the machine's SID"
                    );
                }
                None
            }
        }
    }

    /// The SIDs of the installation's own accounts, if it has any: none is created for this.
    pub fn own_sids(&self) -> OwnSids {
        let machine = match &self.origin {
            // Where it cannot be looked for, as with a client's rights, it may be there.
            Origin::File(path)
                if self.known.get().is_none() && matches!(path.try_exists(), Ok(false)) =>
            {
                None
            }
            Origin::Nowhere => None,
            _ => self.get(),
        };
        OwnSids { machine, may_be_a_domain: self.configured().is_some() }
    }

    /// Reads or creates the file, unless that failed a moment ago.
    fn read(&self, path: &Path) -> Result<Box<Sid>, ()> {
        let now = platform::now();
        let failed = self.failed.load(Ordering::Relaxed);
        if failed != 0 && now.distance(FileTime(failed)) < RETRY {
            return Err(());
        }
        of_file(path).map(Box::new).ok_or_else(|| self.failed.store(now.0, Ordering::Relaxed))
    }

    /// The file that it is stored in.
    pub fn path(&self) -> Option<&Path> {
        match &self.origin {
            Origin::File(path) => Some(path),
            _ => None,
        }
    }

    /// The configured SID.
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

/// Parses the SID of a machine or domain: S-1-5-21 and three numbers.
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

/// The file's SID, or a new one, which is written to it.
fn of_file(path: &Path) -> Option<Sid> {
    match files::read(path).map(|content| content.bytes) {
        Ok(bytes) => first_line(&bytes).and_then(of_accounts).map_err(str::to_owned),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("cannot be read: {error}"))
        }
        Err(_) => match make(path) {
            Ok(sid) => Ok(sid),
            Err(MakeError::Content(why)) => Err(why.to_owned()),
            Err(MakeError::File(FileError { path, error })) => {
                tracing::warn!(file = %path.display(), %error, "the machine's SID cannot be stored: no SID can be derived for clients without one");
                return None;
            }
        },
    }
    .inspect_err(|why| tracing::error!(file = %path.display(), "the machine's SID: {why}; no SID can be derived for clients without one"))
    .ok()
}

fn make(path: &Path) -> Result<Sid, MakeError> {
    text_file::change(path, true, |lines| {
        // Another process has created it meanwhile.
        if !lines.is_new() {
            let line = lines.texts().next().unwrap_or_default();
            return first_line(line).and_then(of_accounts).map_err(MakeError::Content);
        }
        let mut numbers = [0; 12];
        getrandom::fill(&mut numbers).map_err(|_| MakeError::Content("no random numbers"))?;
        let [a, b, c] =
            [0, 4, 8].map(|at| u32::from_le_bytes([0, 1, 2, 3].map(|byte| numbers[at + byte])));
        let sid = Sid::new(5, &[21, a, b, c]).ok_or(MakeError::Content("no SID"))?;
        lines.push(sid.to_string().as_bytes());
        tracing::info!(file = %path.display(), %sid, "the machine's SID has been created");
        Ok(sid)
    })
}

fn first_line(bytes: &[u8]) -> Result<&str, &'static str> {
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    std::str::from_utf8(line).map(str::trim).map_err(|_| "not a SID")
}
