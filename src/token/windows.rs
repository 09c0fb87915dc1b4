//! A client as an access token of Windows or Wine.

use super::{Subject, Wearable};
use crate::config::Settings;
use crate::error::{Error, Result};

/// A client's access token.
#[derive(Debug)]
pub struct Token {
    subject: Subject,
}

impl Token {
    /// Makes it, or finds one.
    ///
    /// Errors: `NoImpersonation` if there is none that may be handed out.
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
