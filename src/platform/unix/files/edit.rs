//! A file that is replaced as a whole.

use super::attributes;
use super::folder::Place;
use super::rules::Use;
use crate::platform::opened_file::{read_all, wait_for_lock};
use std::ffi::CString;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The end of the name of a file that is not complete yet.
const UNFINISHED: &str = ".new";
/// The end of the name of the file that is locked. It is its user's alone: who can read the file
/// itself could keep that locked.
const LOCK: &str = ".lock";

/// A file that is being changed, locked against others who change it.
#[derive(Debug)]
pub struct Edit {
    place: Place,
    lock: Lock,
    /// The present file, if there is one.
    file: Option<File>,
}

impl Edit {
    /// Locks the file, which may be missing if `create` is set. A link to it is followed, not
    /// replaced.
    ///
    /// Errors: `NotFound`; `TimedOut` if another process keeps it locked for longer than `patience`;
    /// others by the rules for files.
    pub fn begin(path: &Path, create: bool, patience: Duration) -> io::Result<Edit> {
        let place = Place::of(path, Use::Edit)?;
        let find = || match place.open(libc::O_RDONLY, Use::Edit) {
            Err(error) if error.kind() == ErrorKind::NotFound && create => Ok(None),
            file => file.map(|(file, _)| Some(file)),
        };
        // Nothing is made beside a file that must not be changed.
        find()?;
        let lock = Lock::take(&place, Instant::now() + patience)?;
        let file = find();
        match file {
            Ok(file) => Ok(Edit { place, lock, file }),
            Err(error) => {
                lock.give(&place);
                Err(error)
            }
        }
    }

    /// The file is missing.
    pub fn is_new(&self) -> bool {
        self.file.is_none()
    }

    /// The present content, zeroed when dropped; none of a file that is missing.
    pub fn content(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        self.file.as_ref().map_or_else(|| Ok(Zeroizing::default()), read_all)
    }

    /// Leaves the content as it is. A file that is missing is made.
    pub fn keep(self) -> io::Result<()> {
        if self.is_new() { self.replace(b"") } else { Ok(()) }
    }

    /// Replaces the content, and keeps owner, permissions, access control list and labels.
    pub fn replace(self, bytes: &[u8]) -> io::Result<()> {
        self.replace_by(bytes, attributes::take_over)
    }

    /// Replaces the file by one that is its user's alone.
    pub fn replace_private(self, bytes: &[u8]) -> io::Result<()> {
        self.replace_by(bytes, |_, _| Ok(()))
    }

    fn replace_by(
        self,
        bytes: &[u8],
        take_over: impl Fn(&File, &File) -> io::Result<()>,
    ) -> io::Result<()> {
        let name = self.place.beside(UNFINISHED)?;
        // Left by a process that was killed; no other one writes it now.
        self.place.remove(&name)?;
        let mut new = self.place.create(&name)?;
        let written = (self.file.as_ref())
            .map_or(Ok(()), |file| take_over(&new, file))
            .and_then(|()| new.write_all(bytes))
            .and_then(|()| new.sync_all())
            .and_then(|()| self.place.rename_to(&name));
        if written.is_err() {
            let _ = self.place.remove(&name);
            return written;
        }
        self.place.sync()
    }
}

impl Drop for Edit {
    fn drop(&mut self) {
        self.lock.give(&self.place);
    }
}

/// A lock on a file that is removed again, so that nobody finds one that he may not open.
#[derive(Debug)]
struct Lock {
    name: CString,
    /// Locked until it is closed.
    _file: File,
}

impl Lock {
    fn take(place: &Place, deadline: Instant) -> io::Result<Lock> {
        let name = place.beside(LOCK)?;
        loop {
            let file = place.open_lock(&name)?;
            wait_for_lock(&file, deadline)?;
            // The one that had it before has removed it.
            if place.has(&name, &file.metadata()?)? {
                return Ok(Lock { name, _file: file });
            }
        }
    }

    fn give(&self, place: &Place) {
        let _ = place.remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// One removes the lock while another one has opened it, and not looked at it yet.
    #[test]
    fn a_lock_that_is_removed_meanwhile_is_made_again() {
        let folder = std::env::temp_dir().join(format!("negossp-edits-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
        let path = folder.join("file");
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    for _ in 0..3000 {
                        Edit::begin(&path, true, Duration::from_secs(60)).unwrap();
                    }
                });
            }
        });
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
