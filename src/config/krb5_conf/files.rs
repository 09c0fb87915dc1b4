//! Which files are read.

use super::Krb5Conf;
use super::profile::{Reader, Sources};
use crate::platform::{self, FileIdentity, files};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The longest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;
/// The most names that are read of a folder.
const MOST_NAMES: usize = 1024;

/// The files of the machine's configuration, the first of which counts most: those that KRB5_CONFIG
/// names, or else the system's.
pub fn default_paths() -> Vec<PathBuf> {
    match platform::environment("KRB5_CONFIG").filter(|value| !value.is_empty()) {
        Some(value) if cfg!(windows) => vec![value.into()],
        Some(value) => std::env::split_paths(&value).collect(),
        None => platform::krb5_conf_files(),
    }
}

/// Reads these files, the first of which counts most. One that is missing is skipped, and one that
/// cannot be read is a problem. A folder stands for the files that `includedir` would include.
pub fn load(paths: &[PathBuf]) -> Krb5Conf {
    read(paths).conf
}

/// What was looked at, and what it was.
pub(super) type Seen = Vec<(PathBuf, Option<FileIdentity>)>;

/// What was read.
pub(super) struct Reading {
    pub(super) conf: Krb5Conf,
    pub(super) seen: Seen,
    /// Something could not be read for a reason that passes, as where the process has no descriptor
    /// left.
    pub(super) is_partial: bool,
}

pub(super) fn read(paths: &[PathBuf]) -> Reading {
    let mut disk = Disk { seen: Vec::new(), is_partial: false };
    let mut reading = Vec::new();
    for path in paths {
        reading.push((
            path,
            std::fs::metadata(path).is_ok_and(|about| about.is_dir()),
            disk.open(path),
        ));
    }
    let mut reader = Reader::new(&mut disk);
    for (path, is_folder, content) in reading {
        match content {
            _ if is_folder => reader.folder(path),
            Ok(bytes) => reader.file(path, &bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => reader.note(format!("{}: {error}", path.display())),
        }
    }
    let (profile, problems) = reader.finish();
    let conf = Krb5Conf::of(&profile, problems);
    Reading { conf, seen: disk.seen, is_partial: disk.is_partial }
}

/// The identity of a file or folder; `None` if there is none.
pub(super) fn identity_of(path: &Path) -> Option<FileIdentity> {
    std::fs::metadata(path).ok().map(|about| FileIdentity::of(&about))
}

/// Files by the rules of [`files`].
struct Disk {
    seen: Seen,
    is_partial: bool,
}

impl Disk {
    fn open(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        self.seen.push((path.to_owned(), identity_of(path)));
        Disk::content(path).inspect_err(|error| self.is_partial |= passes(error))
    }

    fn content(path: &Path) -> io::Result<Vec<u8>> {
        let opened = files::open(path, files::Access::Read)?;
        if let Some(doubt) = opened.doubt {
            tracing::warn!(file = %path.display(), "Kerberos configuration: {doubt}");
        }
        let mut bytes = Vec::new();
        opened.file.take(LARGEST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST {
            return Err(io::Error::other("longer than a MiB"));
        }
        Ok(bytes)
    }
}

impl Sources for Disk {
    fn file(&mut self, path: &Path) -> Result<Vec<u8>, String> {
        self.open(path).map_err(|error| error.to_string())
    }

    fn folder(&mut self, path: &Path) -> Result<Vec<String>, String> {
        self.seen.push((path.to_owned(), identity_of(path)));
        let entries = path.read_dir().map_err(|error| {
            self.is_partial |= passes(&error);
            error.to_string()
        })?;
        Ok(entries
            .take(MOST_NAMES)
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect())
    }
}

/// Whether the same file may be readable a moment later, unchanged.
fn passes(error: &io::Error) -> bool {
    !matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::Other
    )
}

/// No files.
pub(super) struct Nothing;

impl Sources for Nothing {
    fn file(&mut self, _path: &Path) -> Result<Vec<u8>, String> {
        Err("not read".to_owned())
    }

    fn folder(&mut self, _path: &Path) -> Result<Vec<String>, String> {
        Err("not read".to_owned())
    }
}
