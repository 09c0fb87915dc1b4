//! A client as a user of a Unix system.

use super::{Subject, Wearable};
use crate::config::Settings;
use crate::error::{Error, Result};

/// A client's local account.
#[derive(Debug)]
pub struct Token {
    subject: Subject,
}

impl Token {
    /// Finds the client's account.
    ///
    /// Errors: `NoImpersonation` if it has none.
    pub fn of(subject: Subject, _settings: &Settings) -> Result<Token> {
        Ok(Token { subject })
    }

    /// A HANDLE of the caller's.
    pub(crate) fn give(&self) -> Result<*mut std::ffi::c_void> {
        Err(Error::NoImpersonation("not on this system"))
    }

    /// Of whom it is.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }
}

impl Wearable for Token {
    type Before = ();

    fn put_on(&self) -> Result<()> {
        Err(Error::NoImpersonation("not on this system"))
    }

    fn take_off(_before: &()) -> Result<()> {
        Ok(())
    }
}
