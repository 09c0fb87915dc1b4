//! Text files that are changed: atomically, by one program at a time, with other lines unchanged.

use crate::platform;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The byte order mark.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file's lines with their numbers, from 1 on, without end of line (LF or CR LF) and byte order
/// mark.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let lines = bytes.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.enumerate().map(|(index, line)| (index + 1, line))
}

/// A file's lines, each with its line end.
pub struct Lines {
    lines: Vec<Zeroizing<Vec<u8>>>,
}

impl Lines {
    fn of(bytes: &[u8]) -> Lines {
        Lines {
            lines: bytes
                .split_inclusive(|&b| b == b'\n')
                .map(|line| Zeroizing::new(line.to_vec()))
                .collect(),
        }
    }

    /// A line without its end, and without the byte order mark of the first.
    pub fn text(&self, index: usize) -> &[u8] {
        let line = self.lines.get(index).map_or(&[][..], |line| line);
        lines(line).next().map_or(line, |(_, text)| text)
    }

    /// Every line without its end.
    pub fn texts(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.lines.len()).map(|index| self.text(index))
    }

    /// Replaces a line by `text` and keeps its line end.
    pub fn replace(&mut self, index: usize, text: &[u8]) {
        let old = self.text(index).len();
        let Some(line) = self.lines.get_mut(index) else { return };
        let start = if line.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let (before, rest) = line.split_at(start);
        *line = Zeroizing::new([before, text, rest.get(old..).unwrap_or_default()].concat());
    }

    /// Appends a line, with the same line end as the file's first line.
    pub fn push(&mut self, text: &[u8]) {
        let end: &[u8] = if self.lines.first().is_some_and(|line| line.ends_with(b"\r\n")) {
            b"\r\n"
        } else {
            b"\n"
        };
        if let Some(last) = self.lines.last_mut().filter(|line| !line.ends_with(b"\n")) {
            last.extend_from_slice(end);
        }
        self.lines.push(Zeroizing::new([text, end].concat()));
    }

    /// Removes lines; `indices` ascend.
    pub fn remove(&mut self, indices: &[usize]) {
        for &index in indices.iter().rev() {
            self.lines.remove(index);
        }
    }

    fn bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes =
            Zeroizing::new(Vec::with_capacity(self.lines.iter().map(|line| line.len()).sum()));
        for line in &self.lines {
            bytes.extend_from_slice(line);
        }
        bytes
    }
}

/// A file that could not be used.
#[derive(Debug)]
pub struct FileError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
}

impl FileError {
    fn of(path: &Path) -> impl FnOnce(io::Error) -> FileError {
        move |error| FileError { path: path.to_owned(), error }
    }
}

/// Applies `change` to the file's lines and replaces the file by the result, under a lock that
/// every `negossp` takes. If `change` fails, the file is unchanged. A missing file is created if
/// `create` is set.
pub fn change<T, E: From<FileError>>(
    path: &Path,
    create: bool,
    change: impl FnOnce(&mut Lines) -> Result<T, E>,
) -> Result<T, E> {
    // The target of a symbolic link is replaced, not the link.
    let path = &match fs::canonicalize(path) {
        Err(error) if error.kind() == ErrorKind::NotFound && create => path.to_owned(),
        result => result.map_err(FileError::of(path))?,
    };
    let lock_path = beside(path, ".lock");
    let lock =
        private(OpenOptions::new().create(true).truncate(false).write(true)).open(&lock_path);
    let lock =
        lock.and_then(|file| file.lock().map(|()| file)).map_err(FileError::of(&lock_path))?;
    let old = match read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound && create => Zeroizing::new(Vec::new()),
        result => result.map_err(FileError::of(path))?,
    };
    let mut lines = Lines::of(&old);
    let value = change(&mut lines)?;
    let new = lines.bytes();
    if *new != *old || !path.exists() {
        replace(path, &new).map_err(FileError::of(path))?;
    }
    drop(lock);
    Ok(value)
}

fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut file = File::open(path)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(file.metadata()?.len() as usize + 1));
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The file's path with `ending` appended to its name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    platform::private(options);
    options
}

/// Writes a new file beside the old one and renames it, with the old one's owner and permissions.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = beside(path, ".new");
    // Left by a run that was killed; no other process writes it while the lock is held here.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = write(path, &temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
        return written;
    }
    platform::sync_folder(path)
}

fn write(path: &Path, temporary: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = platform::create_private(temporary)?;
    match platform::take_after(&file, path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    file.write_all(bytes)?;
    file.sync_all()
}
