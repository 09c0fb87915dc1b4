//! Platforms without winbindd.

use super::{Account, Logon, Named, WbcError};
use crate::types::sid::Sid;
use std::ffi::CStr;

/// Never constructed.
#[derive(Debug)]
pub enum Connection {}

impl Connection {
    /// The library is installed.
    pub fn is_available() -> bool {
        false
    }

    /// A new connection; `None` without the library.
    pub fn open() -> Option<Connection> {
        None
    }

    /// Has winbindd validate a logon.
    pub fn authenticate(&mut self, _logon: &Logon<'_>) -> Result<Account, WbcError> {
        match *self {}
    }

    /// The SID of whatever has this name.
    pub fn sid_of(&mut self, _domain: &CStr, _name: &CStr) -> Result<Sid, WbcError> {
        match *self {}
    }

    /// Looks an account up.
    pub fn look_up(&mut self, _domain: &CStr, _user: &CStr) -> Result<Named, WbcError> {
        match *self {}
    }
}
