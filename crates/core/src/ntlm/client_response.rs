//! The client's identity and its responses: [MS-NLMP] 3.1.5.1.2, 3.3.

use super::InitiateCall;
use super::av_pair::{self, AvPairs, id};
use super::crypto::{self, Key};
use super::flags::NegotiateFlags;
use super::keys::{self, KeyExchange};
use super::logon::ResponseKind;
use super::message::challenge::Challenge;
use super::response::{self, Responses, V2};
use crate::principal::{Origin, Principal};
use crate::types::allocation;
use crate::types::error::{Error, Result};
use crate::types::flags::ContextFlags;
use crate::types::identity::Identity;
use crate::types::time::FileTime;
use zeroize::Zeroizing;

/// The client's account and password.
pub(super) struct ClientIdentity<'a> {
    pub(super) user: &'a str,
    pub(super) domain: &'a str,
    password: &'a str,
}

impl ClientIdentity<'_> {
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

/// The credential's identity, or an empty one if the caller requires a null session. A user name
/// `DOMAIN\user` is split; `user@domain` is sent unchanged with an empty domain, as by Windows.
///
/// Errors: `NoCredentials` for a credential without identity; `UnknownCredentials` for a password
/// without a user name.
pub(super) fn identity<'a>(call: &InitiateCall<'a>) -> Result<ClientIdentity<'a>> {
    if call.requirements.contains(ContextFlags::ALLOW_NULL_SESSION) {
        return Ok(ClientIdentity { user: "", domain: "", password: "" });
    }
    let Some(Identity { user, domain: given, password }) = &call.config.identity else {
        return Err(Error::NoCredentials("the credential has no identity"));
    };
    let client = match user.split_once('\\') {
        Some((domain, user)) if given.is_empty() => ClientIdentity { user, domain, password },
        _ => ClientIdentity { user, domain: given, password },
    };
    if client.user.is_empty() && !client.password.is_empty() {
        return Err(Error::UnknownCredentials("a password without a user name"));
    }
    Ok(client)
}

/// The fields of AUTHENTICATE_MESSAGE that depend on the password.
pub(super) struct ClientResponse {
    pub(super) nt_response: Vec<u8>,
    pub(super) lm_response: Vec<u8>,
    pub(super) key_exchange_key: Key,
    /// Whether AUTHENTICATE_MESSAGE will have a MIC.
    pub(super) has_mic: bool,
}

impl ClientResponse {
    /// An anonymous response: a single zero byte ([MS-NLMP] 3.3.2).
    pub(super) fn anonymous() -> ClientResponse {
        ClientResponse {
            nt_response: Vec::new(),
            lm_response: vec![0],
            key_exchange_key: Key::default(),
            has_mic: false,
        }
    }
}

/// Computes the responses to `challenge`: NTLMv2, or NTLMv1 if the server sends no target
/// information and the configuration permits NTLMv1.
pub(super) fn respond(
    challenge: &Challenge<'_>,
    client: &ClientIdentity<'_>,
    flags: NegotiateFlags,
    call: &InitiateCall<'_>,
) -> Result<ClientResponse> {
    let nt_hash = Zeroizing::new(crypto::nt_hash(client.password));
    let mut client_challenge = [0; 8];
    call.config.random.fill(&mut client_challenge)?;
    let extended = flags.contains(NegotiateFlags::EXTENDED_SESSIONSECURITY);
    let allowed = call.config.policy.responses;
    if challenge.target_info.is_none() && if extended { allowed.ntlmv1_ess } else { allowed.ntlmv1 }
    {
        return Ok(respond_v1(challenge, &nt_hash, &client_challenge, flags));
    }
    let server_info = challenge.target_info.unwrap_or_default();
    let timestamp = server_info.timestamp()?;
    let target_info = target_info(&server_info, timestamp, call)?;
    let response_key = crypto::ntowf_v2(&nt_hash, client.user, client.domain);
    let v2 = V2 {
        response_key: &response_key,
        server_challenge: &challenge.server_challenge,
        client_challenge: &client_challenge,
        time: timestamp.unwrap_or(call.now).0,
        target_info: &target_info,
    };
    let Responses { nt, lm, session_base_key } = v2.respond()?;
    // A server that sends a timestamp ignores LMv2 ([MS-NLMP] 3.1.5.1.2).
    let lm_response = if timestamp.is_some() { vec![0; lm.len()] } else { lm.to_vec() };
    Ok(ClientResponse {
        nt_response: nt,
        lm_response,
        key_exchange_key: session_base_key,
        has_mic: timestamp.is_some(),
    })
}

/// NTLMv1 responses ([MS-NLMP] 3.3.1). The LM response is never sent: it is too weak.
fn respond_v1(
    challenge: &Challenge<'_>,
    nt_hash: &[u8; 16],
    client_challenge: &[u8; 8],
    flags: NegotiateFlags,
) -> ClientResponse {
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
    ClientResponse {
        nt_response: nt.to_vec(),
        lm_response: lm.to_vec(),
        key_exchange_key: keys::kxkey(flags, &from),
        has_mic: false,
    }
}

/// The server's target information with the client's additions ([MS-NLMP] 3.1.5.1.2). Pairs that
/// only a client may set are not copied from the server's.
fn target_info(
    server_info: &AvPairs<'_>,
    timestamp: Option<FileTime>,
    call: &InitiateCall<'_>,
) -> Result<Vec<u8>> {
    // Pairs that only the client adds take less than 256 bytes, besides the target.
    let from_server: usize = server_info.iter().map(|(_, value)| 4 + value.len()).sum();
    let mut out = allocation::vec(from_server + 2 * call.target.len() + 256)?;
    for (av_id, value) in server_info.iter() {
        if !av_pair::is_clients(av_id) {
            av_pair::put(&mut out, av_id, value);
        }
    }
    let mut flags = server_info.flags()? & !(av_pair::FLAG_MIC | av_pair::FLAG_UNTRUSTED_TARGET);
    if timestamp.is_some() {
        flags |= av_pair::FLAG_MIC;
    }
    if call.requirements.contains(ContextFlags::UNVERIFIED_TARGET_NAME) {
        flags |= av_pair::FLAG_UNTRUSTED_TARGET;
    }
    if flags != 0 {
        av_pair::put(&mut out, id::FLAGS, &flags.to_le_bytes());
    }
    if let Some(machine_id) = call.config.machine_id {
        av_pair::put_machine_id(&mut out, &machine_id);
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
