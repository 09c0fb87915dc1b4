//! SPNEGO, RFC 4178 with [MS-SPNG]: token codec, acceptor and initiator.
//!
//! Negotiation by itself protects nothing; the mechListMIC does, afterwards, with the keys of the
//! mechanism that was chosen. Both sides follow these rules (RFC 4178 5), and `mic::needed` states
//! the first one:
//! - The MIC is required if the initiator's most preferred mechanism was not the one chosen, or if
//!   the mechanism asks for it, provided that the mechanism has integrity. Then both sides must
//!   send theirs.
//! - A MIC that the peer sends is checked, required or not, and answered with our own.
//! - A required MIC that does not come with the peer's last mechanism token may still come in one
//!   token more. That is how Windows treats its NTLM clients; RFC 4178 would have the acceptor give
//!   up at once.

mod acceptor;
mod config;
pub mod dispatch;
mod initiator;
mod mic;
pub mod session;
pub mod token;

pub use acceptor::Acceptor;
pub use config::{AcceptorConfig, InitiatorConfig};
pub use dispatch::{Established, MechAcceptor, MechInitiator, Step, StepResult};
pub use initiator::Initiator;
pub use session::Session;

use crate::mechanism::{self, Mechanism};
use crate::types::error::{Error, Failure, Result};
use crate::types::flags::ContextFlags;
use token::{NegState, NegTokenResp};

/// One call of `AcceptSecurityContext`, as SPNEGO sees it.
pub type AcceptCall<'a> = mechanism::AcceptCall<'a, AcceptorConfig>;

/// One call of `InitializeSecurityContext`, as SPNEGO sees it.
pub type InitiateCall<'a> = mechanism::InitiateCall<'a, InitiatorConfig>;

/// What a server can negotiate with a client whose optimistic token this is.
fn acceptable(token: Option<&[u8]>, call: &AcceptCall<'_>) -> Result<Vec<Mechanism>> {
    let mut list = candidates(&call.config.mechanisms)?;
    list.retain(|&mechanism| dispatch::acceptable(mechanism, token, call));
    if list.is_empty() {
        Err(Error::NoAuthority("no mechanism has what it needs: no key for Kerberos"))
    } else {
        Ok(list)
    }
}

/// What can be negotiated at all.
fn candidates(mechanisms: &[Mechanism]) -> Result<Vec<Mechanism>> {
    if mechanisms.is_empty() {
        Err(Error::NothingInCommon("credential and policy leave no mechanism"))
    } else {
        Ok(mechanisms.to_vec())
    }
}

/// `failure` with a `reject` for the peer, if the caller asked for error tokens.
fn reject(failure: Failure, requirements: ContextFlags) -> Failure {
    let token = requirements.contains(ContextFlags::EXTENDED_ERROR).then(|| {
        let response_token = failure.token.as_deref();
        NegTokenResp {
            neg_state: Some(NegState::Reject),
            response_token,
            ..NegTokenResp::default()
        }
        .encode()
    });
    Failure { token, ..failure }
}
