//! A ticket with what is needed to use it.

use crate::kerberos::ccache;
use crate::kerberos::crypto::Key;
use crate::kerberos::message::{EncryptionKey, HostAddress, TicketFlags};
use crate::kerberos::principal::Principal;
use crate::types::error::Result;
use crate::types::time::FileTime;

/// Credentials in the sense of RFC 4120 1: a ticket and its session key. Immutable; shared by the
/// contexts that use them. Times are seconds since 1970, by the KDC's clock.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The client.
    pub client: Principal,
    /// The service, as the KDC named it.
    pub server: Principal,
    /// The session key.
    pub key: Key,
    /// `authtime`
    pub authtime: i64,
    /// `starttime`, or `authtime` if the KDC sent none.
    pub starttime: i64,
    /// `endtime`
    pub endtime: i64,
    /// `renew-till`
    pub renew_till: Option<i64>,
    /// The ticket's flags.
    pub flags: TicketFlags,
    /// Whether the ticket is encrypted with a session key (user-to-user).
    pub is_skey: bool,
    /// `caddr`: address types and addresses to which the ticket is restricted; usually empty.
    pub addresses: Vec<(i32, Vec<u8>)>,
    /// The ticket, encoded.
    pub ticket: Vec<u8>,
    /// The other ticket of a user-to-user exchange, encoded; empty if there is none.
    pub second_ticket: Vec<u8>,
}

impl Credentials {
    /// The entry of a credential cache as credentials.
    ///
    /// Errors: `InvalidToken` for a session key of an unsupported encryption type.
    pub fn from_ccache(entry: &ccache::Credential<'_>) -> Result<Credentials> {
        let starttime = if entry.starttime == 0 { entry.authtime } else { entry.starttime };
        Ok(Credentials {
            client: entry.client.clone(),
            server: entry.server.clone(),
            key: entry.key.key()?,
            authtime: entry.authtime.into(),
            starttime: starttime.into(),
            endtime: entry.endtime.into(),
            renew_till: (entry.renew_till != 0).then(|| entry.renew_till.into()),
            flags: entry.ticket_flags,
            is_skey: entry.is_skey,
            addresses: entry
                .addresses
                .iter()
                .map(|address| (address.addr_type, address.address.to_vec()))
                .collect(),
            ticket: entry.ticket.to_vec(),
            second_ticket: entry.second_ticket.to_vec(),
        })
    }

    /// The entry of a credential cache for these credentials.
    pub fn to_ccache(&self) -> ccache::Credential<'_> {
        let time = |seconds: i64| seconds.clamp(0, u32::MAX.into()) as u32;
        ccache::Credential {
            client: self.client.clone(),
            server: self.server.clone(),
            key: EncryptionKey::of(&self.key),
            authtime: time(self.authtime),
            starttime: time(self.starttime),
            endtime: time(self.endtime),
            renew_till: time(self.renew_till.unwrap_or(0)),
            is_skey: self.is_skey,
            ticket_flags: self.flags,
            addresses: self
                .addresses
                .iter()
                .map(|(addr_type, address)| HostAddress { addr_type: *addr_type, address })
                .collect(),
            authdata: Vec::new(),
            ticket: &self.ticket,
            second_ticket: &self.second_ticket,
        }
    }

    /// Whether the ticket is valid `now`, which is the time by the KDC's clock, and for `margin`
    /// seconds more.
    pub fn is_valid(&self, now: FileTime, margin: i64) -> bool {
        self.endtime > now.unix_seconds().saturating_add(margin)
            && !self.flags.contains(TicketFlags::INVALID)
    }
}
