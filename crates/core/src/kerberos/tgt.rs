//! The server's own ticket-granting ticket, for user-to-user authentication (RFC 4120 3.7).

use super::ccache::{CredentialCache, Principal};
use super::crypto::{UsageKeys, key_usage};
use super::service_name::ServiceName;
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;

/// The server's own ticket-granting ticket, with its keys.
#[derive(Debug)]
pub struct Tgt {
    pub(super) ticket: Box<[u8]>,
    /// Whose it is.
    client: Principal,
    /// When it ends, in seconds since 1970.
    endtime: i64,
    /// What opens tickets under its session key.
    pub(super) ticket_keys: UsageKeys,
    /// What verifies signatures by that key.
    pac_keys: UsageKeys,
}

impl Tgt {
    /// The ticket in a credential cache of MIT's file format.
    ///
    /// Errors: `InvalidToken` for what is no credential cache; `UnknownCredentials` for one without
    /// a ticket-granting ticket.
    pub fn from_ccache(bytes: &[u8]) -> Result<Tgt> {
        let cache = CredentialCache::parse(bytes)?;
        let tgt = cache
            .ticket_granting_ticket()
            .ok_or(Error::UnknownCredentials("no ticket-granting ticket in it"))?;
        let key = tgt.key.key()?;
        Ok(Tgt {
            ticket: tgt.ticket.into(),
            client: tgt.client.clone(),
            endtime: tgt.endtime.into(),
            ticket_keys: key.derive_usage(key_usage::TICKET),
            pac_keys: key.derive_usage(key_usage::PAC_SIGNATURE),
        })
    }

    /// What verifies signatures by its session key.
    pub(super) fn pac_keys(&self) -> &UsageKeys {
        &self.pac_keys
    }

    /// It has not expired.
    pub(super) fn in_force(&self, now: FileTime) -> bool {
        self.endtime > now.unix_seconds()
    }

    /// It is the ticket of the principal of that name.
    pub(super) fn is_of(&self, name: &ServiceName) -> bool {
        name.matches(self.client.components.iter().map(Vec::as_slice), &self.client.realm)
    }
}
