//! The initiator of an NTLM exchange, [MS-NLMP] 3.1.5.

use super::av_pair::id;
use super::client_response::{ClientResponse, identity, respond};
use super::crypto;
use super::flags::NegotiateFlags;
use super::message::authenticate::Answer;
use super::message::challenge::Challenge;
use super::message::negotiate::Negotiate;
use super::session::{Session, Side};
use super::wire::utf16;
use super::{InitiateCall, requirements};
use crate::mechanism::{Established, Mechanism, Step, StepResult};
use crate::types::channel_bindings::BindingsResult;
use crate::types::error::{Error, Result};
use crate::types::flags::ContextFlags;
use tracing::debug;

/// An initiator, by its next action.
#[derive(Debug)]
pub enum Initiator {
    /// Sends NEGOTIATE_MESSAGE; in a datagram context, an empty token.
    Start,
    /// Expects CHALLENGE_MESSAGE.
    ExpectChallenge(Negotiated),
}

/// The state before CHALLENGE_MESSAGE.
#[derive(Debug)]
pub struct Negotiated {
    /// NegotiateFlags of NEGOTIATE_MESSAGE. In a datagram context, those it would have had.
    flags: NegotiateFlags,
    /// NEGOTIATE_MESSAGE as transmitted, for the MIC.
    message: Vec<u8>,
}

impl Initiator {
    /// The state before NEGOTIATE_MESSAGE.
    pub fn new() -> Initiator {
        Initiator::Start
    }

    /// Makes the next message. `token` is the server's last one.
    ///
    /// Errors: `InvalidToken`, `NothingInCommon`, `NoCredentials`, `UnknownCredentials`, and
    /// `Unsupported` if the server does not support what the caller requires.
    pub fn step(
        &self,
        token: Option<&[u8]>,
        call: &InitiateCall<'_>,
    ) -> StepResult<Initiator, Established<Session>> {
        let token = token.unwrap_or_default();
        let step = match self {
            Initiator::Start => start(token, call),
            Initiator::ExpectChallenge(negotiated) => negotiated.answer(token, call),
        };
        step.map_err(|error| {
            debug!(%error, "NTLM failed");
            error.into()
        })
    }
}

impl Default for Initiator {
    fn default() -> Self {
        Initiator::new()
    }
}

/// Client initiates the NEGOTIATE_MESSAGE, [MS-NLMP] 3.1.5.1.1. A datagram client sends nothing
/// before the server's challenge, which it may already have.
fn start(token: &[u8], call: &InitiateCall<'_>) -> Result<Step<Initiator, Established<Session>>> {
    identity(call)?;
    let flags = wanted(call);
    if flags.contains(NegotiateFlags::DATAGRAM) {
        let negotiated = Negotiated { flags, message: Vec::new() };
        if !token.is_empty() {
            return negotiated.answer(token, call);
        }
        return Ok(Step::Continue {
            next: Initiator::ExpectChallenge(negotiated),
            token: Vec::new(),
            claim: None,
        });
    }
    if !token.is_empty() {
        return Err(Error::InvalidToken("a token before NEGOTIATE_MESSAGE"));
    }
    let message = Negotiate::write(flags)?;
    let next = Initiator::ExpectChallenge(Negotiated { flags, message: message.clone() });
    Ok(Step::Continue { next, token: message, claim: None })
}

/// NegotiateFlags for the caller's requirements ([MS-NLMP] 3.1.1.2, 3.1.5.1.1).
fn wanted(call: &InitiateCall<'_>) -> NegotiateFlags {
    use ContextFlags as C;
    use NegotiateFlags as F;
    let required = call.requirements;
    let mut flags = F::UNICODE
        | F::OEM
        | F::REQUEST_TARGET
        | F::NTLM
        | F::ALWAYS_SIGN
        | F::EXTENDED_SESSIONSECURITY
        | F::VERSION
        | F::N128
        | F::N56;
    // SPNEGO needs signing for its mechListMIC even if the caller does not. Windows also negotiates
    // it then.
    let spnego = call.config.sign;
    let datagram = required.contains(C::DATAGRAM);
    let seal = required.contains(C::CONFIDENTIALITY);
    let sign = seal
        || required.intersects(C::INTEGRITY | C::REPLAY_DETECT | C::SEQUENCE_DETECT)
        || (spnego && !required.contains(C::NO_INTEGRITY));
    flags.set(F::SEAL, seal);
    flags.set(F::SIGN, sign);
    flags.set(F::KEY_EXCH, sign || datagram || required.contains(C::USE_SESSION_KEY));
    flags.set(F::IDENTIFY, required.contains(C::IDENTIFY));
    flags.set(F::DATAGRAM, datagram);
    flags
}

impl Negotiated {
    /// Client receives a CHALLENGE_MESSAGE, [MS-NLMP] 3.1.5.1.2 and 3.1.5.2.1.
    fn answer(
        &self,
        token: &[u8],
        call: &InitiateCall<'_>,
    ) -> Result<Step<Initiator, Established<Session>>> {
        let challenge = Challenge::parse(token)?;
        let client = identity(call)?;
        let mut flags = self.agreed(challenge.flags, call)?;
        debug!(?flags, target = challenge.target_name, "NTLM CHALLENGE_MESSAGE");
        let client_response = if client.is_anonymous() {
            flags |= NegotiateFlags::ANONYMOUS;
            ClientResponse::anonymous()
        } else {
            respond(&challenge, &client, flags, call)?
        };
        let mut exported_session_key = client_response.key_exchange_key.clone();
        let encrypted = if flags.contains(NegotiateFlags::KEY_EXCH) {
            call.config.random.fill(&mut exported_session_key[..])?;
            Some(crypto::rc4k(&client_response.key_exchange_key, *exported_session_key))
        } else {
            None
        };
        let before = [&self.message, token];
        let mic = client_response.has_mic.then_some((&*exported_session_key, &before));
        let message = Answer {
            flags,
            lm_response: &client_response.lm_response,
            nt_response: &client_response.nt_response,
            domain: client.domain,
            user: client.user,
            workstation: &call.config.workstation,
            session_key: encrypted.as_deref().map_or(&[], |key| &key[..]),
            mic,
        }
        .write()?;
        let session = Session::new(flags, &exported_session_key, Side::Client);
        let established = Established {
            session,
            mechanism: Mechanism::Ntlm,
            flags: granted(flags, call.requirements, client.is_anonymous()),
            client: client.principal(),
            server_name: server_name(&challenge)?,
            client_target: Some(call.target.to_owned()).filter(|target| !target.is_empty()),
            bindings: BindingsResult::empty(),
            expiry: super::expiry(call.config.context_lifetime, call.now),
            wants_mech_list_mic: client_response.has_mic,
            same_machine: false,
            logon: None,
        };
        Ok(Step::Done { established, token: Some(message), claim: None })
    }

    /// The flags set in both messages.
    ///
    /// Errors: `NothingInCommon` or `Unsupported` if they do not satisfy the configuration or the
    /// caller's requirements.
    fn agreed(&self, theirs: NegotiateFlags, call: &InitiateCall<'_>) -> Result<NegotiateFlags> {
        use ContextFlags as C;
        use NegotiateFlags as F;
        let mut flags = self.flags & theirs;
        if flags.contains(F::UNICODE) {
            flags -= F::OEM;
        }
        flags |= theirs & F::TARGET_INFO;
        requirements::strength(flags, &call.config.policy)?;
        let required = call.requirements;
        if required.contains(C::CONFIDENTIALITY) && !flags.contains(F::SEAL) {
            return Err(Error::Unsupported("the server does not offer to seal messages"));
        }
        let sign = C::INTEGRITY | C::REPLAY_DETECT | C::SEQUENCE_DETECT;
        if required.intersects(sign) && !flags.intersects(F::SIGN | F::SEAL) {
            return Err(Error::Unsupported("the server does not offer to sign messages"));
        }
        if self.flags.contains(F::DATAGRAM) && !flags.contains(F::DATAGRAM | F::KEY_EXCH) {
            return Err(Error::Unsupported("the challenge is not for a datagram context"));
        }
        Ok(flags)
    }
}

/// The context attributes returned to the caller.
fn granted(flags: NegotiateFlags, requirements: ContextFlags, anonymous: bool) -> ContextFlags {
    let mut granted = super::protection(flags, anonymous);
    granted |= requirements
        & (ContextFlags::CONNECTION
            | ContextFlags::USE_DCE_STYLE
            | ContextFlags::USE_SUPPLIED_CREDS);
    granted
}

/// The server's name as sent by the server.
fn server_name(challenge: &Challenge<'_>) -> Result<String> {
    let computer = challenge.target_info.and_then(|info| info.get(id::NB_COMPUTER_NAME));
    computer.map_or_else(|| Ok(challenge.target_name.clone()), utf16)
}
