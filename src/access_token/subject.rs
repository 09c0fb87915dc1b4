//! What a token tells of a client.

use crate::access_token::Sids;
use crate::config::Settings;
use crate::mechanism::{Established, Mechanism};
use crate::principal::Principal;
use crate::types::flags::ContextFlags;
use crate::types::time::FileTime;

/// How far a server may act as its client: SECURITY_IMPERSONATION_LEVEL, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Level {
    /// SecurityIdentification: find out who it is and what it may, but do nothing in its name.
    Identification = 1,
    /// SecurityImpersonation: act as the client on this machine.
    Impersonation = 2,
    /// SecurityDelegation: act as the client on other machines too, with the credentials that it
    /// has forwarded.
    Delegation = 3,
}

impl Level {
    /// What was agreed on: the client may have asked to be identified only
    /// (NTLMSSP_NEGOTIATE_IDENTIFY, GSS_C_IDENTIFY_FLAG), or the server for no more than that
    /// (ASC_REQ_IDENTIFY).
    fn of(flags: ContextFlags) -> Level {
        match flags {
            _ if flags.contains(ContextFlags::IDENTIFY) => Level::Identification,
            _ if flags.contains(ContextFlags::DELEGATE) => Level::Delegation,
            _ => Level::Impersonation,
        }
    }
}

/// A client as its token tells of it.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Who it is.
    pub principal: Principal,
    /// The SIDs that it goes by; `None` if nobody has told them and there is no machine SID to make
    /// them of.
    pub sids: Option<Sids>,
    /// How far the server may act as it.
    pub level: Level,
    /// What authenticated it.
    pub mechanism: Mechanism,
    /// The server's name as the mechanism gave it: with Kerberos its principal, and so its realm.
    pub server_name: String,
    /// When the context ends, in UTC.
    pub expiry: FileTime,
    /// Names this logon and no other one of this process: TokenStatistics' AuthenticationId, where
    /// the system lets us choose.
    pub logon_id: u64,
}

impl Subject {
    /// The client of a context whose server this is.
    pub fn new(established: &Established, logon_id: u64, settings: &Settings) -> Subject {
        Subject {
            sids: Sids::of(&established.client, established.mechanism, settings),
            principal: established.client.clone(),
            level: Level::of(established.flags),
            mechanism: established.mechanism,
            server_name: established.server_name.clone(),
            expiry: established.expiry,
            logon_id,
        }
    }
}
