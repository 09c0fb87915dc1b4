//! The client's side of the exchange, [MS-NLMP] 3.1.5.

use super::av_pair::{self, AvPairs, id};
use super::crypto::{self, KeyExchange};
use super::flags::NegotiateFlags;
use super::message::authenticate::Answer;
use super::message::challenge::Challenge;
use super::message::negotiate::Negotiate;
use super::policy;
use super::response::{self, Responses, V2};
use super::session::{Session, Side};
use super::wire::utf16;
use crate::authority::ResponseKind;
use crate::credential::{Identity, Package};
use crate::error::{Error, Result};
use crate::flags::ContextFlags;
use crate::mechanism::{Established, InitiateCall, Mechanism, Step, StepResult};
use crate::principal::Principal;
use crate::time::FileTime;
use tracing::debug;
use zeroize::Zeroizing;

/// The client's side, by what it does next.
#[derive(Debug)]
pub enum Initiator {
    /// Says NEGOTIATE_MESSAGE, or in a datagram context nothing.
    Start,
    /// Awaits CHALLENGE_MESSAGE.
    ExpectChallenge(Negotiated),
}

/// What has been said before the challenge.
#[derive(Debug)]
pub struct Negotiated {
    /// NegotiateFlags of NEGOTIATE_MESSAGE; in a datagram context, what they would have been.
    flags: NegotiateFlags,
    /// NEGOTIATE_MESSAGE as it travelled, for the MIC.
    message: Vec<u8>,
}

impl Initiator {
    /// Before NEGOTIATE_MESSAGE.
    pub fn new() -> Initiator {
        Initiator::Start
    }

    /// Makes the next message.
    pub fn step(&self, token: Option<&[u8]>, call: &InitiateCall<'_>) -> StepResult<Initiator> {
        let token = token.unwrap_or_default();
        if token.len() > call.settings.limits.max_token as usize {
            return Err(Error::InvalidToken("NTLM message longer than limits.max_token").into());
        }
        let step = match self {
            Initiator::Start => start(token, call),
            Initiator::ExpectChallenge(negotiated) => negotiated.answer(token, call),
        };
        step.map_err(|error| {
            debug!(%error, "NTLM given up");
            error.into()
        })
    }
}

impl Default for Initiator {
    fn default() -> Self {
        Initiator::new()
    }
}

/// Client initiates the NEGOTIATE_MESSAGE, [MS-NLMP] 3.1.5.1.1. A datagram's client says nothing before the
/// server's challenge, which it may already have.
fn start(token: &[u8], call: &InitiateCall<'_>) -> Result<Step<Initiator>> {
    identity(call)?;
    let flags = wanted(call);
    if flags.contains(NegotiateFlags::DATAGRAM) {
        let negotiated = Negotiated { flags, message: Vec::new() };
        if !token.is_empty() {
            return negotiated.answer(token, call);
        }
        return Ok(Step::Continue { next: Initiator::ExpectChallenge(negotiated), token: Vec::new() });
    }
    if !token.is_empty() {
        return Err(Error::InvalidToken("the NTLM client speaks first"));
    }
    let message = Negotiate::write(flags);
    let next = Initiator::ExpectChallenge(Negotiated { flags, message: message.clone() });
    Ok(Step::Continue { next, token: message })
}

/// NegotiateFlags that the caller's requirements ask for ([MS-NLMP] 3.1.1.2, 3.1.5.1.1).
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
    // SPNEGO needs a signature for its mechListMIC, whether or not the caller wants any, so Windows asks for it.
    let spnego = call.credential.package == Package::Negotiate;
    let datagram = required.contains(C::DATAGRAM);
    let seal = required.contains(C::CONFIDENTIALITY);
    let sign = seal
        || required.intersects(C::INTEGRITY | C::REPLAY_DETECT | C::SEQUENCE_DETECT)
        || (spnego && !required.contains(C::NO_INTEGRITY));
    flags.set(F::SEAL, seal);
    flags.set(F::SIGN, sign);
    flags.set(F::KEY_EXCH, sign || datagram);
    flags.set(F::IDENTIFY, required.contains(C::IDENTIFY));
    flags.set(F::DATAGRAM, datagram);
    flags
}

/// Who the client is.
struct Who<'a> {
    user: &'a str,
    domain: &'a str,
    password: &'a str,
}

impl Who<'_> {
    fn anonymous(&self) -> bool {
        self.user.is_empty() && self.password.is_empty()
    }

    fn principal(&self) -> Principal {
        if self.anonymous() {
            return Principal::anonymous();
        }
        Principal { user: self.user.into(), domain: self.domain.into(), anonymous: false }
    }
}

/// The credential's identity, or nobody where the caller wants a null session. `DOMAIN\user` in place of a user's name is taken apart; `user@domain` travels as it
/// is, with no domain, as Windows sends it.
fn identity<'a>(call: &InitiateCall<'a>) -> Result<Who<'a>> {
    if call.requirements.contains(ContextFlags::ALLOW_NULL_SESSION) {
        return Ok(Who { user: "", domain: "", password: "" });
    }
    let Some(Identity { user, domain: given, password }) = &call.credential.identity else {
        return Err(Error::NoCredentials("the credential has no identity, and NTLM knows no other"));
    };
    let who = match user.split_once('\\') {
        Some((domain, user)) if given.is_empty() => Who { user, domain, password },
        _ => Who { user, domain: given, password },
    };
    if who.user.is_empty() && !who.password.is_empty() {
        return Err(Error::UnknownCredentials("a password without a user's name"));
    }
    Ok(who)
}

impl Negotiated {
    /// Client receives a CHALLENGE_MESSAGE, [MS-NLMP] 3.1.5.1.2 and 3.1.5.2.1.
    fn answer(&self, token: &[u8], call: &InitiateCall<'_>) -> Result<Step<Initiator>> {
        let challenge = Challenge::parse(token)?;
        let who = identity(call)?;
        let mut flags = self.agreed(challenge.flags, call)?;
        debug!(?flags, target = challenge.target_name, "NTLM CHALLENGE_MESSAGE");
        let proof = if who.anonymous() {
            flags |= NegotiateFlags::ANONYMOUS;
            Proof::anonymous()
        } else {
            prove(&challenge, &who, flags, call)?
        };
        let mut exported_session_key = proof.key_exchange_key.clone();
        let encrypted = if flags.contains(NegotiateFlags::KEY_EXCH) {
            random(&mut exported_session_key[..])?;
            Some(crypto::rc4k(&proof.key_exchange_key, *exported_session_key))
        } else {
            None
        };
        let before = [&self.message, token];
        let mic = proof.has_mic.then_some((&*exported_session_key, &before));
        let message = Answer {
            flags,
            lm_response: &proof.lm_response,
            nt_response: &proof.nt_response,
            domain: who.domain,
            user: who.user,
            workstation: &call.settings.server.nb_computer,
            session_key: encrypted.as_deref().map_or(&[], |key| &key[..]),
            mic,
        }
        .write()?;
        let session = Session::new(flags, &exported_session_key, Side::Client, call.settings.limits.max_token);
        let established = Established {
            session: crate::session::Session::Ntlm(session),
            mechanism: Mechanism::Ntlm,
            flags: granted(flags, call.requirements, who.anonymous()),
            client: who.principal(),
            server_name: server_name(&challenge)?,
            client_target: Some(call.target.to_owned()).filter(|target| !target.is_empty()),
            expiry: super::expiry(call.settings, call.now),
            wants_mech_list_mic: proof.has_mic,
        };
        Ok(Step::Done { established: Box::new(established), token: Some(message) })
    }

    /// The flags that both messages have, if they do for what the caller requires.
    fn agreed(&self, theirs: NegotiateFlags, call: &InitiateCall<'_>) -> Result<NegotiateFlags> {
        use ContextFlags as C;
        use NegotiateFlags as F;
        let mut flags = self.flags & theirs;
        if flags.contains(F::UNICODE) {
            flags -= F::OEM;
        }
        flags |= theirs & F::TARGET_INFO;
        policy::strength(flags, &call.settings.ntlm)?;
        let required = call.requirements;
        if required.contains(C::CONFIDENTIALITY) && !flags.contains(F::SEAL) {
            return Err(Error::Unsupported("the server does not offer to seal messages"));
        }
        let sign = C::INTEGRITY | C::REPLAY_DETECT | C::SEQUENCE_DETECT;
        if required.intersects(sign) && !flags.intersects(F::SIGN | F::SEAL) {
            return Err(Error::Unsupported("the server does not offer to sign messages"));
        }
        if self.flags.contains(F::DATAGRAM) && !flags.contains(F::DATAGRAM | F::KEY_EXCH) {
            return Err(Error::Unsupported("the server's challenge is not for a datagram context"));
        }
        Ok(flags)
    }
}

/// What the client answers the challenge with.
struct Proof {
    nt_response: Vec<u8>,
    lm_response: Vec<u8>,
    key_exchange_key: crypto::Key,
    has_mic: bool,
}

impl Proof {
    /// Nobody's: no response but one zero byte ([MS-NLMP] 3.3.2).
    fn anonymous() -> Proof {
        Proof { nt_response: Vec::new(), lm_response: vec![0], key_exchange_key: crypto::Key::default(), has_mic: false }
    }
}

/// Computes the responses: NTLMv2's, except for a server too old to send target information where the
/// configuration lets NTLMv1 be spoken.
fn prove(challenge: &Challenge<'_>, who: &Who<'_>, flags: NegotiateFlags, call: &InitiateCall<'_>) -> Result<Proof> {
    let nt_hash = Zeroizing::new(crypto::nt_hash(who.password));
    let mut client_challenge = [0; 8];
    random(&mut client_challenge)?;
    let extended = flags.contains(NegotiateFlags::EXTENDED_SESSIONSECURITY);
    let allowed = call.settings.ntlm.responses;
    if challenge.target_info.is_none() && if extended { allowed.ntlmv1_ess } else { allowed.ntlmv1 } {
        return Ok(prove_v1(challenge, &nt_hash, &client_challenge, flags));
    }
    let given = challenge.target_info.unwrap_or_default();
    let timestamp = given.timestamp()?;
    let target_info = target_info(&given, timestamp, call)?;
    let response_key = crypto::ntowf_v2(&nt_hash, who.user, who.domain);
    let v2 = V2 {
        response_key: &response_key,
        server_challenge: &challenge.server_challenge,
        client_challenge: &client_challenge,
        time: timestamp.unwrap_or(call.now).0,
        target_info: &target_info,
    };
    let Responses { nt, lm, session_base_key } = v2.respond();
    // A server that sends its time does not look at LMv2 ([MS-NLMP] 3.1.5.1.2).
    let lm_response = if timestamp.is_some() { vec![0; lm.len()] } else { lm.to_vec() };
    Ok(Proof { nt_response: nt, lm_response, key_exchange_key: session_base_key, has_mic: timestamp.is_some() })
}

/// NTLMv1's responses ([MS-NLMP] 3.3.1). The LM response is never sent: it tells too much.
fn prove_v1(challenge: &Challenge<'_>, nt_hash: &[u8; 16], client_challenge: &[u8; 8], flags: NegotiateFlags) -> Proof {
    let server_challenge = &challenge.server_challenge;
    let (response, nt, lm) = if flags.contains(NegotiateFlags::EXTENDED_SESSIONSECURITY) {
        let nt = response::ntlmv1_ess(nt_hash, server_challenge, client_challenge);
        let mut lm = [0; response::SHORT_RESPONSE];
        lm[..8].copy_from_slice(client_challenge);
        (ResponseKind::NtlmV1Ess, nt, lm)
    } else {
        let nt = crypto::desl(nt_hash, server_challenge);
        (ResponseKind::NtlmV1, nt, nt)
    };
    let session_base_key = Zeroizing::new(crypto::md4(nt_hash));
    let from = KeyExchange {
        response,
        session_base_key: &session_base_key,
        lm_session_key: &[0; 8],
        lm_response: &lm,
        server_challenge,
    };
    Proof { nt_response: nt.to_vec(), lm_response: lm.to_vec(), key_exchange_key: crypto::kxkey(flags, &from), has_mic: false }
}

/// The server's target information with what the client adds ([MS-NLMP] 3.1.5.1.2). What only a client has to
/// say is taken from nobody else.
fn target_info(given: &AvPairs<'_>, timestamp: Option<FileTime>, call: &InitiateCall<'_>) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(512);
    for (av_id, value) in given.iter() {
        if !matches!(av_id, id::FLAGS | id::SINGLE_HOST | id::TARGET_NAME | id::CHANNEL_BINDINGS) {
            av_pair::put(&mut out, av_id, value);
        }
    }
    let mut flags = given.flags()? & !(av_pair::FLAG_MIC | av_pair::FLAG_UNTRUSTED_TARGET);
    if timestamp.is_some() {
        flags |= av_pair::FLAG_MIC;
    }
    if call.requirements.contains(ContextFlags::UNVERIFIED_TARGET_NAME) {
        flags |= av_pair::FLAG_UNTRUSTED_TARGET;
    }
    if flags != 0 {
        av_pair::put(&mut out, id::FLAGS, &flags.to_le_bytes());
    }
    av_pair::put(&mut out, id::CHANNEL_BINDINGS, &call.bindings.map_or([0; 16], |bindings| bindings.hash));
    av_pair::put_text(&mut out, id::TARGET_NAME, call.target);
    av_pair::put(&mut out, id::EOL, &[]);
    Ok(out)
}

/// What the caller is told that it got.
fn granted(flags: NegotiateFlags, requirements: ContextFlags, anonymous: bool) -> ContextFlags {
    let mut granted = super::protection(flags);
    granted |= requirements & (ContextFlags::CONNECTION | ContextFlags::USE_DCE_STYLE | ContextFlags::USE_SUPPLIED_CREDS);
    granted.set(ContextFlags::NULL_SESSION, anonymous);
    granted
}

/// The server's name as it gave it.
fn server_name(challenge: &Challenge<'_>) -> Result<String> {
    let computer = challenge.target_info.and_then(|info| info.get(id::NB_COMPUTER_NAME));
    computer.map_or_else(|| Ok(challenge.target_name.clone()), utf16)
}

fn random(out: &mut [u8]) -> Result<()> {
    getrandom::fill(out).map_err(|_| Error::Internal("no random numbers"))
}
