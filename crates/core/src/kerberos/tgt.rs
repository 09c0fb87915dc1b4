//! The server's own ticket-granting ticket, for user-to-user authentication (RFC 4120 3.7) and
//! constrained delegation ([MS-SFU] 3.2.5.2).

use super::ccache::CredentialCache;
use super::client::Credentials;
use super::crypto::{UsageKeys, key_usage};
use super::principal::Principal;
use super::service_name::ServiceName;
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;
use std::fmt;
use zeroize::Zeroizing;

/// The server's own ticket-granting ticket, with its keys.
pub struct Tgt {
    pub(super) ticket: Box<[u8]>,
    /// The client of the ticket.
    client: Principal,
    /// The end of its validity, in seconds since 1970.
    endtime: i64,
    /// Decrypts tickets encrypted with its session key.
    pub(super) ticket_keys: UsageKeys,
    /// Verifies PAC signatures made with its session key.
    pac_keys: UsageKeys,
    /// A credential cache with this ticket alone.
    ccache: Zeroizing<Vec<u8>>,
}

impl Tgt {
    /// The ticket-granting ticket in a credential cache of MIT's file format.
    ///
    /// Errors: `UnknownCredentials` for data that is no credential cache, or one without a
    /// ticket-granting ticket; `InvalidToken` if the ticket is malformed.
    pub fn from_ccache(bytes: &[u8]) -> Result<Tgt> {
        let cache = CredentialCache::parse(bytes)?;
        let tgt = cache
            .ticket_granting_ticket()
            .ok_or(Error::UnknownCredentials("no ticket-granting ticket in it"))?;
        let key = tgt.key.key()?;
        let alone = CredentialCache {
            default_principal: tgt.client.clone(),
            credentials: vec![tgt.clone()],
        };
        Ok(Tgt {
            ticket: tgt.ticket.into(),
            client: tgt.client.clone(),
            endtime: tgt.endtime.into(),
            ticket_keys: key.derive_usage(key_usage::TICKET),
            pac_keys: key.derive_usage(key_usage::PAC_SIGNATURE),
            ccache: alone.encode()?,
        })
    }

    /// Verifies PAC signatures made with its session key.
    pub(super) fn pac_keys(&self) -> &UsageKeys {
        &self.pac_keys
    }

    /// The principal that the ticket was issued to, in MIT's notation.
    pub(super) fn principal(&self) -> String {
        self.client.to_text()
    }

    /// Its realm.
    pub(super) fn realm(&self) -> &[u8] {
        &self.client.realm
    }

    /// Whether it is an account's rather than that of a service on a host.
    pub(super) fn is_account(&self) -> bool {
        self.client.components.len() == 1
    }

    /// A credential cache with this ticket alone. It contains the session key.
    pub(super) fn ccache(&self) -> &[u8] {
        &self.ccache
    }

    /// The ticket with its key, for asking the KDC.
    ///
    /// Errors: as for [`Tgt::from_ccache`].
    pub fn credentials(&self) -> Result<Credentials> {
        let cache = CredentialCache::parse(&self.ccache)?;
        let tgt = cache.ticket_granting_ticket();
        Credentials::from_ccache(tgt.ok_or(Error::Internal("a ticket that was read before"))?)
    }

    /// Whether the ticket has not expired.
    pub fn is_valid(&self, now: FileTime) -> bool {
        self.endtime > now.unix_seconds()
    }

    /// Whether the ticket is for the principal with this name.
    pub(super) fn is_for(&self, name: &ServiceName) -> bool {
        name.matches(self.client.components.iter().map(Vec::as_slice), &self.client.realm)
    }
}

impl fmt::Debug for Tgt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tgt")
            .field("client", &self.client)
            .field("endtime", &self.endtime)
            .finish_non_exhaustive()
    }
}
