//! Accounts and whether they may log on.

use crate::ntlm::response;
use crate::server::credential::Identity;
use crate::types::error::{Denial, Error, Result};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// One account with its one-way functions ([MS-NLMP] 3.3.1). Zeroed when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Account {
    /// The name as the administrator spelled it.
    #[zeroize(skip)]
    pub user: String,
    /// The domain it belongs to; empty for the machine's own.
    #[zeroize(skip)]
    pub domain: String,
    /// `NTOWFv1`: MD4 of the password in UTF-16LE.
    pub nt_hash: Option<[u8; 16]>,
    /// `LMOWFv1`.
    pub lm_hash: Option<[u8; 16]>,
    /// It may not log on.
    #[zeroize(skip)]
    pub disabled: bool,
}

impl Account {
    /// The account for a name and a password as passed to `AcquireCredentialsHandle`: `user` may be
    /// `DOMAIN\\user` if no separate domain is given.
    pub fn from_identity(identity: &Identity) -> Account {
        let (domain, user) = match identity.user.split_once('\\') {
            Some(parts) if identity.domain.is_empty() => parts,
            _ => (identity.domain.as_str(), identity.user.as_str()),
        };
        Account {
            user: user.to_owned(),
            domain: if domain == "." { String::new() } else { domain.to_owned() },
            nt_hash: Some(response::nt_hash(&identity.password)),
            lm_hash: response::lm_hash(&identity.password),
            disabled: false,
        }
    }
}

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
    pub(crate) fn admit(self) -> Result<()> {
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

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("user", &self.user)
            .field("domain", &self.domain)
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
}
