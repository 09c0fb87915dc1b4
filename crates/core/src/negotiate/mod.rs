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
mod initiator;
mod mic;
pub mod session;
pub mod token;

pub use acceptor::Acceptor;
pub use initiator::Initiator;

use crate::config::Settings;
use crate::mechanism::{AcceptCall, Mechanism};
use crate::server::credential::Credential;
use crate::types::error::{Error, Failure, Result};
use crate::types::flags::ContextFlags;
use token::{NegState, NegTokenResp};

/// Policy and credential both allow `mechanism`.
fn allowed(mechanism: Mechanism, credential: &Credential, settings: &Settings) -> bool {
    credential.mechanisms.contains(&mechanism) && settings.negotiate.mechanisms.contains(&mechanism)
}

/// What a server can negotiate with a client whose optimistic token this is.
fn acceptable(token: Option<&[u8]>, call: &AcceptCall<'_>) -> Result<Vec<Mechanism>> {
    let mut list = candidates(call.credential, call.settings)?;
    list.retain(|mechanism| mechanism.acceptable(token, call));
    if list.is_empty() {
        Err(Error::NoAuthority("no mechanism has what it needs: no key for Kerberos"))
    } else {
        Ok(list)
    }
}

/// What can be negotiated at all, in the credential's order.
fn candidates(credential: &Credential, settings: &Settings) -> Result<Vec<Mechanism>> {
    let list: Vec<_> = credential
        .mechanisms
        .iter()
        .copied()
        .filter(|&m| allowed(m, credential, settings))
        .collect();
    if list.is_empty() {
        Err(Error::NothingInCommon("credential and policy leave no mechanism"))
    } else {
        Ok(list)
    }
}

/// A token must not be longer than SECPKG_ATTR_SIZES and QuerySecurityPackageInfo said.
fn check_size(token: &[u8], settings: &Settings) -> Result<()> {
    if token.len() > settings.limits.max_token as usize {
        return Err(Error::InvalidToken("longer than cbMaxToken"));
    }
    Ok(())
}

/// `failure` with what SPNEGO's peer is to be told: nothing, unless the caller asked for error
/// tokens.
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
    Failure { error: failure.error, token }
}
