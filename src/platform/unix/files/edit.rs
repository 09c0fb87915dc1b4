//! A file that is replaced as a whole.

use super::attributes;
use super::folder::Place;
use super::rules::Use;
use crate::platform::opened_file::read_all;
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The end of the name of a file that is not complete yet.
const UNFINISHED: &str = ".new";

/// A file that is being changed, locked against others who change it.
#[derive(Debug)]
pub struct Edit {
    place: Place,
    /// The present file. Its lock ends when it is closed.
    file: File,
    /// It was made for this edit, and is removed again if nothing is written.
    made: bool,
}

impl Edit {
    /// Locks the file, which is made if it is missing and `create` is set. A link to it is followed,
    /// not replaced.
    ///
    /// Errors: `NotFound`; `TimedOut` if another process keeps it locked for longer than `patience`;
    /// others by the rules for files.
    pub fn begin(path: &Path, create: bool, patience: Duration) -> io::Result<Edit> {
        let deadline = Instant::now() + patience;
        let place = Place::of(path, Use::Edit)?;
        loop {
            let (file, made) = match open(&place) {
                Err(error) if error.kind() == ErrorKind::NotFound && create => {
                    match place.create(&place.beside("")?) {
                        Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                        file => (file?, true),
                    }
                }
                file => (file?, false),
            };
            lock(&file, deadline)?;
            // Its name may have been given to a new file while this one was waited for.
            let metadata = file.metadata()?;
            if place.has(&metadata)? {
                let made = made && metadata.len() == 0;
                return Ok(Edit { place, file, made });
            }
        }
    }

    /// The file was missing.
    pub fn is_new(&self) -> bool {
        self.made
    }

    /// The present content, zeroed when dropped.
    pub fn content(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        read_all(&self.file)
    }

    /// Leaves the content as it is; a file that was made stays, empty.
    pub fn keep(mut self) {
        self.made = false;
    }

    /// Replaces the content, and keeps owner, permissions, access control list and labels.
    pub fn replace(mut self, bytes: &[u8]) -> io::Result<()> {
        let name = self.place.beside(UNFINISHED)?;
        // Left by a process that was killed; no other one writes it now.
        self.place.remove(&name)?;
        let mut new = self.place.create(&name)?;
        let written = attributes::take_over(&new, &self.file)
            .and_then(|()| new.write_all(bytes))
            .and_then(|()| new.sync_all())
            .and_then(|()| self.place.rename_to(&name));
        if written.is_err() {
            let _ = self.place.remove(&name);
            return written;
        }
        self.made = false;
        self.place.sync()
    }
}

impl Drop for Edit {
    fn drop(&mut self) {
        if self.made {
            let _ = self.place.remove_it();
        }
    }
}

fn open(place: &Place) -> io::Result<File> {
    // NFS locks for writing only what is open for it.
    let file = match place.open(libc::O_RDWR, Use::Edit) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            place.open(libc::O_RDONLY, Use::Edit)
        }
        file => file,
    };
    file.map(|(file, _)| file)
}

fn lock(file: &File, deadline: Instant) -> io::Result<()> {
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(2));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(ErrorKind::TimedOut, "another process keeps it locked"));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}
