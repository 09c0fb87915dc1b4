//! Why a credential cache cannot be used.

use crate::types::error::Error;
use std::fmt;
use std::io;

/// The kind of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// There is no such cache, or nothing is in it yet.
    Missing,
    /// A kind of cache that this library or this system does not have.
    Unsupported,
    /// A name or contents that are not well formed.
    Malformed,
    /// It cannot be read or written, or by the rules for files must not be.
    Unusable,
}

/// An error of a credential cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CcacheError {
    /// Its kind.
    pub problem: Problem,
    /// One line for the log.
    pub text: String,
}

/// The result of what is done with a credential cache.
pub type Result<T> = std::result::Result<T, CcacheError>;

impl CcacheError {
    pub(super) fn new(problem: Problem, text: impl Into<String>) -> CcacheError {
        CcacheError { problem, text: text.into() }
    }

    pub(super) fn malformed(text: impl Into<String>) -> CcacheError {
        CcacheError::new(Problem::Malformed, text)
    }

    /// The error of a call to the system, about the cache or file `what`.
    pub(super) fn io(what: impl fmt::Display, error: &io::Error) -> CcacheError {
        let problem = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Problem::Missing,
            io::ErrorKind::Unsupported => Problem::Unsupported,
            _ => Problem::Unusable,
        };
        CcacheError::new(problem, format!("{what}: {error}"))
    }

    /// The error of reading or writing the format, about the cache `what`.
    pub(super) fn format(what: impl fmt::Display, error: Error) -> CcacheError {
        CcacheError::malformed(format!("{what}: {error}"))
    }

    /// The error of a call that needs the cache.
    pub fn error(&self) -> Error {
        match self.problem {
            Problem::Missing => Error::NoCredentials("there is no credential cache"),
            Problem::Unsupported => {
                Error::NoCredentials("a kind of credential cache that is not supported")
            }
            Problem::Malformed => Error::NoCredentials("the credential cache is malformed"),
            Problem::Unusable => Error::NoCredentials("the credential cache cannot be used"),
        }
    }
}

impl fmt::Display for CcacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for CcacheError {}
