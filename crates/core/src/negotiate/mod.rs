//! SPNEGO, RFC 4178 with [MS-SPNG]: token codec, acceptor and initiator.
//!
//! The negotiation itself is unprotected. The mechListMIC protects it afterwards, with the keys of
//! the chosen mechanism. Both sides follow these rules (RFC 4178 5); `mic::needed` implements the
//! first one:
//! - The MIC is required if the chosen mechanism is not the initiator's most preferred one, or if
//!   the mechanism asks for it, provided that the mechanism has integrity. Then both sides must
//!   send a MIC.
//! - A received MIC is always checked, and answered with a MIC.
//! - A required MIC that is missing from the peer's last mechanism token may follow in one more
//!   token. Windows treats its NTLM clients like this; according to RFC 4178 the acceptor would
//!   fail at once.

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

/// The context of one `AcceptSecurityContext` call for SPNEGO.
pub type AcceptCall<'a> = mechanism::AcceptCall<'a, AcceptorConfig>;

/// The context of one `InitializeSecurityContext` call for SPNEGO.
pub type InitiateCall<'a> = mechanism::InitiateCall<'a, InitiatorConfig>;

/// The mechanisms that a server can negotiate with a client whose optimistic token is `token`.
fn acceptable(token: Option<&[u8]>, call: &AcceptCall<'_>) -> Result<Vec<Mechanism>> {
    let mut list = call.config.mechanisms.clone();
    if list.is_empty() {
        return Err(Error::NothingInCommon(NO_MECHANISM));
    }
    list.retain(|&mechanism| dispatch::acceptable(mechanism, token, call));
    if list.is_empty() {
        Err(Error::NoAuthority("no mechanism has what it needs: no key for Kerberos"))
    } else {
        Ok(list)
    }
}

/// The credential's package list, or the policy, excludes every mechanism.
const NO_MECHANISM: &str = "credential and policy leave no mechanism";

/// Adds a `reject` for the peer to `failure`, if the caller asked for error tokens.
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
