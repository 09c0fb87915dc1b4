//! Files. Who may use a new one follows from its folder's access rights.

pub use super::file_access::is_exposed;

use super::file_access::{create_private, owner_doubt, take_after};
use crate::platform::opened_file::{Access, Opened, read_all, wait_for_lock};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::os::windows::io::AsRawHandle;
use std::path::{Path, PathBuf};
use std::ptr::null;
use std::time::{Duration, Instant};
use windows_sys::Win32::Foundation::ERROR_FILE_NOT_FOUND;
use windows_sys::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_REPARSE_POINT, FILE_FLAG_OPEN_REPARSE_POINT, FILE_TYPE_DISK, GetFileType,
    ReplaceFileW,
};
use zeroize::Zeroizing;

/// Opens a file. It must be a file of a disk, and to be shared it must not be a link.
pub fn open(path: &Path, access: Access) -> io::Result<Opened> {
    let mut options = OpenOptions::new();
    match access {
        Access::Read | Access::Look => options.read(true),
        Access::Append => options.append(true).create(true),
        Access::Share => {
            options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT).read(true).write(true).create(true)
        }
        Access::Update => options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT).read(true).write(true),
    };
    let file = options.open(path)?;
    if access != Access::Append {
        // SAFETY: an open handle.
        let on_disk = unsafe { GetFileType(file.as_raw_handle()) } == FILE_TYPE_DISK;
        let metadata = file.metadata()?;
        let link = metadata.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT != 0;
        if !on_disk || link || !metadata.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
    }
    let doubt = owner_doubt(&file);
    Ok(Opened { file, doubt })
}

/// Makes a folder, unless there is one, in a folder of the user's.
pub fn make_private_folder(path: &Path) -> io::Result<()> {
    match std::fs::create_dir(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}

/// Removes a file. It is returned, so that its content can be erased: its name goes when it is
/// closed.
pub fn remove(path: &Path) -> io::Result<File> {
    let Opened { file, .. } = open(path, Access::Update)?;
    std::fs::remove_file(path)?;
    Ok(file)
}

/// A file that is being changed, locked against others who change it by a file beside it.
#[derive(Debug)]
pub struct Edit {
    path: PathBuf,
    /// Its lock ends when it is closed.
    _lock: File,
}

impl Edit {
    /// Locks the file, which may be missing if `create` is set. A link to it is followed, not
    /// replaced.
    ///
    /// Errors: `NotFound`; `TimedOut` if another process keeps it locked for longer than `patience`.
    pub fn begin(path: &Path, create: bool, patience: Duration) -> io::Result<Edit> {
        let path = match std::fs::canonicalize(path) {
            Err(error) if error.kind() == ErrorKind::NotFound && create => path.to_owned(),
            result => result?,
        };
        let deadline = Instant::now() + patience;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
            .open(beside(&path, ".lock"))?;
        wait_for_lock(&lock, deadline)?;
        Ok(Edit { path, _lock: lock })
    }

    /// The file is missing.
    pub fn is_new(&self) -> bool {
        !self.path.exists()
    }

    /// The present content, zeroed when dropped; none of a file that is missing.
    pub fn content(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        match open(&self.path, Access::Read) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Zeroizing::default()),
            opened => read_all(&opened?.file),
        }
    }

    /// Leaves the content as it is. A file that is missing is made.
    pub fn keep(self) -> io::Result<()> {
        match create_private(&self.path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            made => made.map(drop),
        }
    }

    /// Replaces the content, and keeps the access rights.
    pub fn replace(self, bytes: &[u8]) -> io::Result<()> {
        self.replace_by(bytes, take_after)
    }

    /// Replaces the file by one with the access rights of new files.
    pub fn replace_private(self, bytes: &[u8]) -> io::Result<()> {
        self.replace_by(bytes, |_, _| Ok(()))
    }

    fn replace_by(
        self,
        bytes: &[u8],
        take_after: impl Fn(&File, &Path) -> io::Result<()>,
    ) -> io::Result<()> {
        let temporary = beside(&self.path, ".new");
        // Left by a run that was killed; no other process writes it while the lock is held here.
        match std::fs::remove_file(&temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let written = write(&self.path, &temporary, bytes, take_after)
            .and_then(|()| replace_file(&self.path, &temporary));
        if written.is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
        written
    }
}

fn write(
    path: &Path,
    temporary: &Path,
    bytes: &[u8],
    take_after: impl Fn(&File, &Path) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = create_private(temporary)?;
    match take_after(&file, path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    file.write_all(bytes)?;
    file.sync_all()
}

/// Puts `new` in the place of `old`, with the attributes and streams of that, if there is one.
fn replace_file(old: &Path, new: &Path) -> io::Result<()> {
    let [old_name, new_name] =
        [old, new].map(|path| path.as_os_str().encode_wide().chain([0]).collect::<Vec<u16>>());
    // SAFETY: strings that end with zeros.
    let replaced =
        unsafe { ReplaceFileW(old_name.as_ptr(), new_name.as_ptr(), null(), 0, null(), null()) };
    if replaced != 0 {
        return Ok(());
    }
    match io::Error::last_os_error() {
        error if error.raw_os_error() == Some(ERROR_FILE_NOT_FOUND as i32) => {
            std::fs::rename(new, old)
        }
        error => Err(error),
    }
}

/// The file's path with `ending` appended to its name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}
