//! How a command ends.

use negossp::stores::text_file::FileError;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// The result of a command.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a command failed, by exit status.
#[derive(Debug)]
pub(crate) enum Failure {
    /// 1: it ran, and the result is negative.
    No(String),
    /// 2: the command line is invalid.
    Usage(String),
    /// 3: a file or the terminal could not be used.
    Trouble(String),
    /// 0: the reader of standard output has closed it.
    NobodyReads,
}

impl Failure {
    /// A file that could not be used.
    pub(crate) fn file(path: &Path, error: io::Error) -> Failure {
        Failure::Trouble(format!("{}: {error}", path.display()))
    }
}

impl From<FileError> for Failure {
    fn from(FileError { path, error }: FileError) -> Failure {
        Failure::file(&path, error)
    }
}

/// Writes to standard output.
pub(crate) fn print(text: &str) -> Outcome {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::NobodyReads,
        _ => Failure::Trouble(format!("standard output: {error}")),
    })
}

/// Writes a remark to standard error; errors are ignored.
pub(crate) fn remark(text: &str) {
    let _ = writeln!(io::stderr(), "negossp: {text}");
}
