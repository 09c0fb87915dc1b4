//! Credential caches as files.

use crate::platform;
use crate::platform::random::SystemRandom;
use crate::primitives::random::SecureRandom;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Writes a cache's file with access for the owner alone. It replaces an older file only once it
/// is complete.
pub fn save(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut number = [0; 8];
    SystemRandom.fill(&mut number).map_err(|_| io::Error::other("no random numbers"))?;
    let mut temporary = name.to_owned();
    temporary.push(format!(".{:016x}", u64::from_ne_bytes(number)));
    let temporary = path.with_file_name(temporary);
    let mut options = OpenOptions::new();
    platform::private(options.write(true).create_new(true));
    let written = options
        .open(&temporary)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}
