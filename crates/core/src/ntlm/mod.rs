//! NTLM, [MS-NLMP]: messages, cryptography, acceptor, initiator and session.

mod acceptor;
pub mod av_pair;
mod client_names;
mod client_response;
mod config;
pub mod crypto;
pub mod flags;
mod initiator;
pub mod keys;
pub mod logon;
pub mod message;
mod policy;
mod requirements;
pub mod response;
mod session;
mod transcript;
mod wire;

pub use acceptor::{Acceptor, Challenged};
pub use config::{AcceptorConfig, InitiatorConfig};
pub use initiator::{Initiator, Negotiated};
pub use logon::{Account, Authority, Messages, NetworkLogon, OemNames, ResponseKind, Validated};
pub use policy::{Mode, Policy, ResponsePolicy, ServerNames};
pub use session::{MAX_TOKEN, Session, Side};

use crate::mechanism;
use crate::types::flags::ContextFlags;
use crate::types::time::FileTime;
use flags::NegotiateFlags;
use std::time::Duration;

/// The context of one `AcceptSecurityContext` call for NTLM.
pub type AcceptCall<'a> = mechanism::AcceptCall<'a, AcceptorConfig>;

/// The context of one `InitializeSecurityContext` call for NTLM.
pub type InitiateCall<'a> = mechanism::InitiateCall<'a, InitiatorConfig>;

/// The context attributes granted by the negotiated flags. A null session's key is public, so
/// that it protects nothing, whatever was negotiated.
fn protection(flags: NegotiateFlags, anonymous: bool) -> ContextFlags {
    let signed =
        ContextFlags::INTEGRITY | ContextFlags::REPLAY_DETECT | ContextFlags::SEQUENCE_DETECT;
    let mut granted = ContextFlags::empty();
    if !anonymous {
        granted.set(signed, flags.intersects(NegotiateFlags::SIGN | NegotiateFlags::SEAL));
        granted.set(ContextFlags::CONFIDENTIALITY, flags.contains(NegotiateFlags::SEAL));
    }
    granted.set(ContextFlags::NULL_SESSION, anonymous);
    granted.set(ContextFlags::IDENTIFY, flags.contains(NegotiateFlags::IDENTIFY));
    granted.set(ContextFlags::DATAGRAM, flags.contains(NegotiateFlags::DATAGRAM));
    granted
}

/// The expiry of a context established now.
fn expiry(lifetime: Option<Duration>, now: FileTime) -> FileTime {
    lifetime.map_or(FileTime::NEVER, |lifetime| now.plus(lifetime))
}
