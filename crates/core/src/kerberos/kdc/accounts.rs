//! What a local KDC knows of the accounts that it serves, through a trait.

use crate::kerberos::crypto::{Enctype, Key};
use crate::types::address::Address;
use crate::types::error::Result;
use crate::types::time::FileTime;
use std::fmt;

/// Ties a ticket to the password that it was got with: it changes with the password.
pub type Tie = [u8; 8];

/// The accounts of a local realm.
pub trait Accounts: fmt::Debug + Send + Sync {
    /// The account of this name, for checking one password; the throttle has been asked. A name that
    /// no account has, or that may not be tried now, gets keys and a salt all the same, which look
    /// like those of an account and are the same each time.
    ///
    /// Errors: `NoAuthority` if the accounts cannot be read.
    fn candidate(&self, asked: &Asked<'_>) -> Result<Candidate>;

    /// Hears whether the password was right. Called once for each password.
    fn checked(&self, asked: &Asked<'_>, candidate: &Candidate, right: bool);

    /// The account of this name as it is now; `None` if there is none, it is disabled, or it has no
    /// keys.
    ///
    /// Errors: `NoAuthority` if the accounts cannot be read.
    fn present(&self, user: &str) -> Result<Option<Present>>;
}

/// An account for which tickets are valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// The name in the account's spelling.
    pub user: String,
    /// The name of its domain or computer, as NTLM shows it; empty if there is none.
    pub domain: String,
    /// What ties tickets to its password.
    pub tie: Tie,
}

/// Whose password is to be checked, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The user name, without realm, as sent.
    pub user: &'a str,
    /// The client's address, if the caller told it.
    pub address: Option<Address>,
    /// The NetBIOS name that the client gives itself; empty if it gives none.
    pub workstation: &'a str,
    /// The current time.
    pub now: FileTime,
}

/// An account, or what stands for one.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The name in the account's spelling.
    pub user: String,
    /// The salt of its keys.
    pub salt: String,
    /// Its keys, one of each encryption type that the realm has.
    pub keys: Vec<Key>,
    /// What ties tickets to its password.
    pub tie: Tie,
    /// Whether it may log on.
    pub standing: Standing,
}

impl Candidate {
    /// The key of an encryption type.
    pub(super) fn key(&self, enctype: Enctype) -> Option<&Key> {
        self.keys.iter().find(|key| key.enctype() == enctype)
    }
}

/// Whether an account may log on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may, with the right password.
    Enabled,
    /// It may not, and the client is told so if it has the right password.
    Disabled,
    /// It does not exist, or may not be tried now: every password is wrong.
    Rejected,
}
