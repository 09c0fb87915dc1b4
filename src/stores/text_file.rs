//! Text files that are changed: atomically, by one program at a time, with other lines unchanged.

use crate::platform::files::Edit;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
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
    new: bool,
}

impl Lines {
    fn of(bytes: &[u8], new: bool) -> Lines {
        Lines {
            new,
            lines: bytes
                .split_inclusive(|&b| b == b'\n')
                .map(|line| Zeroizing::new(line.to_vec()))
                .collect(),
        }
    }

    /// The file was missing.
    pub fn is_new(&self) -> bool {
        self.new
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

/// How long to wait for another process that changes the file.
const PATIENCE: Duration = Duration::from_secs(10);

/// Applies `change` to the file's lines and replaces the file by the result, under a lock that
/// every `negossp` takes. If `change` fails, the file is unchanged. A missing file is created if
/// `create` is set.
pub fn change<T, E: From<FileError>>(
    path: &Path,
    create: bool,
    change: impl FnOnce(&mut Lines) -> Result<T, E>,
) -> Result<T, E> {
    let edit = Edit::begin(path, create, PATIENCE).map_err(FileError::of(path))?;
    let old = edit.content().map_err(FileError::of(path))?;
    let mut lines = Lines::of(&old, edit.is_new());
    let value = change(&mut lines)?;
    let new = lines.bytes();
    if *new != *old {
        edit.replace(&new).map_err(FileError::of(path))?;
    } else {
        edit.keep().map_err(FileError::of(path))?;
    }
    Ok(value)
}
