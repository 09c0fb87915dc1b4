//! Files, by descriptors.

mod attributes;
mod edit;
mod file_system;
mod folder;
mod rules;

pub use edit::Edit;

use crate::platform::opened_file::{Access, Opened};
use folder::Place;
use rules::Use;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

/// Opens a file, unless somebody may have a hand in it who must not (see `platform/files.rs`).
pub fn open(path: &Path, access: Access) -> io::Result<Opened> {
    // It has no openat.
    if cfg!(miri) {
        let mut options = OpenOptions::new();
        match access {
            Access::Read | Access::Look => options.read(true),
            Access::Append => options.append(true).create(true),
            Access::Share => options.read(true).write(true).create(true),
            Access::Update => options.read(true).write(true),
        };
        return Ok(Opened { file: options.open(path)?, doubt: None });
    }
    let (purpose, flags) = match access {
        Access::Read => (Use::Read, libc::O_RDONLY),
        Access::Look => (Use::Look, libc::O_RDONLY),
        Access::Append => (Use::Append, libc::O_WRONLY | libc::O_APPEND | libc::O_CREAT),
        Access::Share => (Use::Share, libc::O_RDWR | libc::O_CREAT),
        Access::Update => (Use::Share, libc::O_RDWR),
    };
    let (file, doubt) = Place::of(path, purpose)?.open(flags, purpose)?;
    Ok(Opened { file, doubt })
}

/// Makes a folder for its user alone, unless there is one.
pub fn make_private_folder(path: &Path) -> io::Result<()> {
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}

/// Removes a file that is its user's alone. It is returned, so that its content can be erased.
pub fn remove(path: &Path) -> io::Result<File> {
    let place = Place::of(path, Use::Share)?;
    let (file, _) = place.open(libc::O_RDWR, Use::Share)?;
    place.remove_itself()?;
    Ok(file)
}

/// Users other than the owner may read or write the file.
pub fn is_exposed(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.mode() & 0o077 != 0)
}
