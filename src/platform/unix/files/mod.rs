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
use std::os::unix::fs::MetadataExt;
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
        };
        return Ok(Opened { file: options.open(path)?, doubt: None });
    }
    let (purpose, flags) = match access {
        Access::Read => (Use::Read, libc::O_RDONLY),
        Access::Look => (Use::Look, libc::O_RDONLY),
        Access::Append => (Use::Append, libc::O_WRONLY | libc::O_APPEND | libc::O_CREAT),
        Access::Share => (Use::Share, libc::O_RDWR | libc::O_CREAT),
    };
    let (file, doubt) = Place::of(path, purpose)?.open(flags, purpose)?;
    Ok(Opened { file, doubt })
}

/// Users other than the owner may read or write the file.
pub fn is_exposed(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.mode() & 0o077 != 0)
}
