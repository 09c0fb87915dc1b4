//! A client as a user of a Unix system: its local account, and threads with that account's
//! credentials.

mod assume;
#[cfg(test)]
mod assume_tests;
mod information;
mod mapping;
#[cfg(test)]
mod mapping_tests;
mod trusted_names;

use super::{Impersonate, Level, Subject};
use crate::access_token::Config;
use crate::access_token::options::Credentials;
use crate::platform::process_credentials;
use crate::platform::thread_credentials::Identity;
use crate::types::error::{Error, Result};
pub use mapping::LocalAccount;

/// A client's local account.
#[derive(Debug)]
pub struct Token {
    subject: Subject,
    account: LocalAccount,
    credentials: Credentials,
}

impl Token {
    /// Finds the client's account. May block on the machine's name services.
    ///
    /// Errors: `NoImpersonation` if it has none.
    pub fn of(subject: Subject, config: &Config) -> Result<Token> {
        let client = subject.principal.display_name();
        let account =
            mapping::find(&subject, config, &mapping::NameService).inspect_err(|error| {
                tracing::info!(client, "no local account: {error}");
            })?;
        let LocalAccount { name, uid, gid, groups, found_by } = &account;
        tracing::info!(
            client,
            account = name.as_str(),
            uid,
            gid,
            ?groups,
            found_by,
            "local account"
        );
        Ok(Token { subject, account, credentials: config.options.credentials })
    }

    /// The client.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The client's account on this machine.
    pub fn account(&self) -> &LocalAccount {
        &self.account
    }
}

impl Token {
    fn check_level(&self) -> Result<()> {
        match self.subject.level < Level::Impersonation {
            true => Err(Error::NoImpersonation("the client wants to be identified only")),
            false => Ok(()),
        }
    }

    /// The calling process becomes the client. It should have one thread.
    ///
    /// Errors: `NoImpersonation`; it may then have part of the client's identity.
    pub(crate) fn become_for_good(&self) -> Result<()> {
        self.check_level()?;
        let LocalAccount { uid, gid, groups, .. } = &self.account;
        process_credentials::become_for_good(*uid, *gid, groups).map_err(|error| {
            tracing::error!(uid, gid, %error, "the process may not become the client");
            Error::NoImpersonation("the process may not become the client")
        })
    }
}

impl Impersonate for Token {
    type Previous = Identity;

    fn begin(&self) -> Result<Identity> {
        self.check_level()?;
        assume::assume(&mut assume::CallingThread, &self.account, self.credentials)
    }

    fn end(previous: &Identity) -> Result<()> {
        assume::restore(&mut assume::CallingThread, previous)
    }
}
