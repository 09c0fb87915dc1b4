//! Accounts and whether they may log on.

use crate::ntlm::Account;
use crate::types::error::{Denial, Error, Result};

/// An account of the account file, and its status.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The account.
    pub account: Account,
    /// Whether it may log on.
    pub standing: AccountStatus,
}

/// Whether an account may log on over the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountStatus {
    /// It may.
    Normal,
    /// Flag `D`.
    Disabled,
    /// Flag `L`: locked after too many wrong passwords.
    Locked,
    /// Flags `W`, `S`, `I`: the account of a machine or domain, for trust and not for logons.
    Trust,
    /// Flag `N`, or no hash: Windows lets accounts without a password log on at the console only.
    NoPassword,
}

impl AccountStatus {
    /// Rejects an account that may not log on. Called after the response has been checked, so that
    /// the time taken reveals nothing to clients without the password.
    pub fn admit(self) -> Result<()> {
        Err(Error::LogonDenied(match self {
            AccountStatus::Normal => return Ok(()),
            AccountStatus::Disabled => Denial::AccountDisabled,
            AccountStatus::Locked => Denial::Policy("the account is locked"),
            AccountStatus::Trust => Denial::Policy("a trust account cannot log on"),
            AccountStatus::NoPassword => {
                Denial::Policy("an account without a password cannot log on over the network")
            }
        }))
    }
}
