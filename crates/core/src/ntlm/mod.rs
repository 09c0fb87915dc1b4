//! NTLM, [MS-NLMP]: messages, cryptography, acceptor, initiator and session.

mod acceptor;
pub mod av_pair;
mod client_response;
pub mod crypto;
pub mod flags;
mod initiator;
pub mod keys;
pub mod message;
mod requirements;
pub mod response;
mod session;
mod wire;

pub use acceptor::{Acceptor, Challenged};
pub use initiator::{Initiator, Negotiated};
pub use session::{MAX_TOKEN, Session, Side};

use crate::config::Settings;
use crate::platform::random::SystemRandom;
use crate::primitives::random::SecureRandom;
use crate::types::error::Result;
use crate::types::flags::ContextFlags;
use crate::types::time::FileTime;
use flags::NegotiateFlags;

/// What the agreed flags protect messages from, and what else they grant, as contexts report it.
fn protection(flags: NegotiateFlags) -> ContextFlags {
    let signed =
        ContextFlags::INTEGRITY | ContextFlags::REPLAY_DETECT | ContextFlags::SEQUENCE_DETECT;
    let mut granted = ContextFlags::empty();
    granted.set(signed, flags.intersects(NegotiateFlags::SIGN | NegotiateFlags::SEAL));
    granted.set(ContextFlags::CONFIDENTIALITY, flags.contains(NegotiateFlags::SEAL));
    granted.set(ContextFlags::IDENTIFY, flags.contains(NegotiateFlags::IDENTIFY));
    granted.set(ContextFlags::DATAGRAM, flags.contains(NegotiateFlags::DATAGRAM));
    granted
}

/// When a context established now ends.
fn expiry(settings: &Settings, now: FileTime) -> FileTime {
    settings.negotiate.context_lifetime.map_or(FileTime::NEVER, |lifetime| now.plus(lifetime))
}

/// Fills `out` from the system's generator.
fn random(out: &mut [u8]) -> Result<()> {
    SystemRandom.fill(out)
}
