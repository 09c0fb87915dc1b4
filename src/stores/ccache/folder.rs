//! `DIR:` a folder of caches, each in a file whose name begins with `tkt`. The file `primary` has
//! the name of one of them.

use super::error::{CcacheError, Result};
use super::name::is_cache_of_folder;
use crate::platform::files;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The most caches of a folder that are looked at.
const MOST: usize = 1000;
/// The longest name in `primary` that MIT's library reads, with the line's end.
const LONGEST: usize = 63;

fn shown(folder: &Path) -> String {
    format!("DIR:{}", folder.display())
}

fn primary_file(folder: &Path) -> PathBuf {
    folder.join("primary")
}

/// The path of the primary cache. Without a file that names it, it is `tkt`.
pub(super) fn primary(folder: &Path) -> Result<PathBuf> {
    let content = match files::read(&primary_file(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(folder.join("tkt")),
        content => content.map_err(|error| CcacheError::io(shown(folder), &error))?,
    };
    let line = content.bytes.split_inclusive(|&byte| byte == b'\n').next().unwrap_or_default();
    let name = line.strip_suffix(b"\n").and_then(|name| std::str::from_utf8(name).ok());
    let name = name.filter(|name| name.len() < LONGEST && !name.contains(['/', '\\', '\0']));
    let path = name.map(|name| folder.join(name)).filter(|path| is_cache_of_folder(path));
    path.ok_or_else(|| {
        CcacheError::malformed(format!("{}: primary contains an invalid name", shown(folder)))
    })
}

/// Names another cache as the primary one.
pub(super) fn set_primary(folder: &Path, cache: &Path, patience: Duration) -> Result<()> {
    let name = cache.file_name().and_then(|name| name.to_str());
    let name = name.filter(|name| name.len() < LONGEST && !name.contains('\n'));
    let name = name
        .ok_or_else(|| CcacheError::malformed(format!("{}: too long a name", cache.display())))?;
    let edit = files::Edit::begin(&primary_file(folder), true, patience);
    edit.and_then(|edit| edit.replace_private(format!("{name}\n").as_bytes()))
        .map_err(|error| CcacheError::io(shown(folder), &error))
}

/// The paths of the caches, the primary one first if it is there.
pub(super) fn caches(folder: &Path) -> Result<Vec<PathBuf>> {
    let error = |error: &io::Error| CcacheError::io(shown(folder), error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| error(&e))?.take(2 * MOST) {
        let path = entry.map_err(|e| error(&e))?.path();
        // Those that an edit leaves for a moment.
        let passing = path.extension().is_some_and(|end| end == "lock" || end == "new");
        if is_cache_of_folder(&path) && !passing && paths.len() < MOST {
            paths.push(path);
        }
    }
    // A primary file that cannot be read hides no cache.
    let primary = primary(folder).ok();
    paths.sort_by_key(|path| (Some(path) != primary.as_ref(), path.clone()));
    Ok(paths)
}

/// Makes the folder, if it is missing, for its user alone.
pub(super) fn make(folder: &Path) -> Result<()> {
    files::make_private_folder(folder).map_err(|error| CcacheError::io(shown(folder), &error))
}
