//! Who a client is, and how it proves that: [MS-NLMP] 3.1.5.1.2, 3.3.

use super::av_pair::{self, AvPairs, id};
use super::crypto::{self, Key};
use super::flags::NegotiateFlags;
use super::keys::{self, KeyExchange};
use super::message::challenge::Challenge;
use super::response::{self, Responses, V2};
use crate::authority::ResponseKind;
use crate::mechanism::InitiateCall;
use crate::primitives::random::SecureRandom;
use crate::principal::{Origin, Principal};
use crate::types::error::{Error, Result};
use crate::types::flags::ContextFlags;
use crate::types::identity::Identity;
use crate::types::time::FileTime;
use zeroize::Zeroizing;

/// Who the client is.
pub(super) struct Who<'a> {
    pub(super) user: &'a str,
    pub(super) domain: &'a str,
    password: &'a str,
}

impl Who<'_> {
    pub(super) fn is_anonymous(&self) -> bool {
        self.user.is_empty() && self.password.is_empty()
    }

    pub(super) fn principal(&self) -> Principal {
        if self.is_anonymous() {
            return Principal::anonymous();
        }
        Principal::of_account(self.user.into(), self.domain.into(), Origin::Credential)
    }
}

/// The credential's identity, or nobody where the caller wants a null session. `DOMAIN\user` in
/// place of a user's name is taken apart; `user@domain` travels as it is, with no domain, as
/// Windows sends it.
pub(super) fn identity<'a>(call: &InitiateCall<'a>) -> Result<Who<'a>> {
    if call.requirements.contains(ContextFlags::ALLOW_NULL_SESSION) {
        return Ok(Who { user: "", domain: "", password: "" });
    }
    let Some(Identity { user, domain: given, password }) = &call.credential.identity else {
        return Err(Error::NoCredentials(
            "the credential has no identity, and NTLM knows no other",
        ));
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

/// What the client answers the challenge with.
pub(super) struct Evidence {
    pub(super) nt_response: Vec<u8>,
    pub(super) lm_response: Vec<u8>,
    pub(super) key_exchange_key: Key,
    /// AUTHENTICATE_MESSAGE is to hold a MIC.
    pub(super) has_mic: bool,
}

impl Evidence {
    /// Nobody's: no response but one zero byte ([MS-NLMP] 3.3.2).
    pub(super) fn anonymous() -> Evidence {
        Evidence {
            nt_response: Vec::new(),
            lm_response: vec![0],
            key_exchange_key: Key::default(),
            has_mic: false,
        }
    }
}

/// Computes the responses: NTLMv2's, except for a server too old to send target information where
/// the configuration lets NTLMv1 be spoken.
pub(super) fn prove(
    challenge: &Challenge<'_>,
    who: &Who<'_>,
    flags: NegotiateFlags,
    call: &InitiateCall<'_>,
    random: &dyn SecureRandom,
) -> Result<Evidence> {
    let nt_hash = Zeroizing::new(crypto::nt_hash(who.password));
    let mut client_challenge = [0; 8];
    random.fill(&mut client_challenge)?;
    let extended = flags.contains(NegotiateFlags::EXTENDED_SESSIONSECURITY);
    let allowed = call.settings.ntlm.responses;
    if challenge.target_info.is_none() && if extended { allowed.ntlmv1_ess } else { allowed.ntlmv1 }
    {
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
    Ok(Evidence {
        nt_response: nt,
        lm_response,
        key_exchange_key: session_base_key,
        has_mic: timestamp.is_some(),
    })
}

/// NTLMv1's responses ([MS-NLMP] 3.3.1). The LM response is never sent: it tells too much.
fn prove_v1(
    challenge: &Challenge<'_>,
    nt_hash: &[u8; 16],
    client_challenge: &[u8; 8],
    flags: NegotiateFlags,
) -> Evidence {
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
    Evidence {
        nt_response: nt.to_vec(),
        lm_response: lm.to_vec(),
        key_exchange_key: keys::kxkey(flags, &from),
        has_mic: false,
    }
}

/// The server's target information with what the client adds ([MS-NLMP] 3.1.5.1.2). What only a
/// client has to say is taken from nobody else.
fn target_info(
    given: &AvPairs<'_>,
    timestamp: Option<FileTime>,
    call: &InitiateCall<'_>,
) -> Result<Vec<u8>> {
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
    av_pair::put(
        &mut out,
        id::CHANNEL_BINDINGS,
        &call.bindings.map_or([0; 16], |bindings| bindings.hash),
    );
    av_pair::put_text(&mut out, id::TARGET_NAME, call.target);
    av_pair::put(&mut out, id::EOL, &[]);
    Ok(out)
}
