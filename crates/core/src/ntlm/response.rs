//! LM, NTLMv1, NTLMv2 and LMv2 responses: computation, and verification against an account;
//! [MS-NLMP] 3.3.1, 3.3.2 and 3.2.5.1.2.

use super::crypto::{self, Key};
use super::logon::{Account, NetworkLogon, OemNames, ResponseKind};
use crate::types::allocation;
use crate::types::error::{Denial, Error, Result};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

pub use super::crypto::{lm_hash, nt_hash};

/// The result of a verified response.
pub struct Proof {
    /// `SessionBaseKey`.
    pub session_base_key: Key,
    /// The first eight bytes of `LMOWFv1`; zeros if the account has none.
    pub lm_session_key: Zeroizing<[u8; 8]>,
    /// The kind of response.
    pub response: ResponseKind,
}

/// The length in bytes of all responses but NTLMv2's, which is longer.
pub const SHORT_RESPONSE: usize = 24;

/// The kind of a logon's response, by its form only; `None` if it is not a response.
pub fn kind(logon: &NetworkLogon<'_>) -> Option<ResponseKind> {
    let lm = logon.lm_response.len() == SHORT_RESPONSE;
    match logon.nt_response.len() {
        0 if lm && logon.allowed.lmv2 => Some(ResponseKind::LmV2),
        0 if lm => Some(ResponseKind::Lm),
        SHORT_RESPONSE if logon.extended_session_security && lm => Some(ResponseKind::NtlmV1Ess),
        SHORT_RESPONSE => Some(ResponseKind::NtlmV1),
        n if n > SHORT_RESPONSE => Some(ResponseKind::NtlmV2),
        _ => None,
    }
}

/// Verifies the logon's response against `account`. Takes the same time whether or not the account
/// has a password, so that an authority can call it with a made-up account for an unknown name. The
/// account's name and `disabled` are ignored.
///
/// Errors: `LogonDenied(WrongPassword)`; `LogonDenied(ResponseNotAllowed)` if `logon.allowed` lacks
/// the kind.
pub fn check(account: &Account, logon: &NetworkLogon<'_>) -> Result<Proof> {
    const WRONG: Error = Error::LogonDenied(Denial::WrongPassword);
    const NOT_ALLOWED: Error = Error::LogonDenied(Denial::ResponseNotAllowed);
    let kind = kind(logon).ok_or(WRONG)?;
    let allowed = logon.allowed;
    let nt_hash = Zeroizing::new(account.nt_hash.unwrap_or_default());
    let lm_hash = Zeroizing::new(account.lm_hash.unwrap_or_default());
    let has_nt = Choice::from(u8::from(account.nt_hash.is_some()));
    let has_lm = Choice::from(u8::from(account.lm_hash.is_some()));
    let (right, session_base_key, response) = match kind {
        ResponseKind::NtlmV2 => {
            let (right, key) = check_v2(&nt_hash, logon, logon.nt_response);
            (right & has_nt, key, kind)
        }
        ResponseKind::NtlmV1 | ResponseKind::NtlmV1Ess => {
            let expected = if kind == ResponseKind::NtlmV1Ess {
                if !allowed.ntlmv1_ess {
                    return Err(NOT_ALLOWED);
                }
                let client_challenge = logon.lm_response.first_chunk().ok_or(WRONG)?;
                ntlmv1_ess(&nt_hash, &logon.server_challenge, client_challenge)
            } else {
                if !allowed.ntlmv1 {
                    return Err(NOT_ALLOWED);
                }
                crypto::desl(&nt_hash, &logon.server_challenge)
            };
            (
                expected.ct_eq(logon.nt_response) & has_nt,
                Zeroizing::new(crypto::md4(&nt_hash[..])),
                kind,
            )
        }
        ResponseKind::LmV2 | ResponseKind::Lm => {
            if !allowed.lmv2 && !allowed.lm {
                return Err(NOT_ALLOWED);
            }
            // LMv2 and LM look alike: try each that policy permits.
            let (v2, v2_key) = check_v2(&nt_hash, logon, logon.lm_response);
            let v2 = v2 & has_nt & Choice::from(u8::from(allowed.lmv2));
            let v1 = crypto::desl(&lm_hash, &logon.server_challenge).ct_eq(logon.lm_response);
            let v1 = v1 & has_lm & Choice::from(u8::from(allowed.lm));
            if bool::from(v2) {
                (v2, v2_key, ResponseKind::LmV2)
            } else {
                let mut key = Zeroizing::new([0u8; 16]);
                key[..8].copy_from_slice(&lm_hash[..8]);
                (v1, key, ResponseKind::Lm)
            }
        }
    };
    if !bool::from(right) {
        return Err(WRONG);
    }
    let mut lm_session_key = Zeroizing::new([0u8; 8]);
    lm_session_key.copy_from_slice(&lm_hash[..8]);
    Ok(Proof { session_base_key, lm_session_key, response })
}

/// Verifies the logon's response, which must be NTLMv2 or LMv2, against the account's `NTOWFv2` for
/// the names that the client sent.
///
/// Errors: as for [`check`].
pub fn check_ntowf_v2(response_key: &Key, logon: &NetworkLogon<'_>) -> Result<Proof> {
    let response = kind(logon).ok_or(Error::LogonDenied(Denial::WrongPassword))?;
    let bytes = match response {
        ResponseKind::NtlmV2 => logon.nt_response,
        ResponseKind::LmV2 => logon.lm_response,
        _ => return Err(Error::LogonDenied(Denial::ResponseNotAllowed)),
    };
    let wrong = Error::LogonDenied(Denial::WrongPassword);
    let (proof, rest) = bytes.split_first_chunk::<16>().ok_or(wrong)?;
    let mac = crypto::keyed(response_key);
    if !bool::from(v2_proof(mac.clone(), &logon.server_challenge, rest).ct_eq(proof)) {
        return Err(wrong);
    }
    Ok(Proof {
        session_base_key: session_base_key_v2(mac, proof),
        lm_session_key: Zeroizing::new([0; 8]),
        response,
    })
}

/// Verifies the `HMAC_MD5(NTOWFv2, ServerChallenge || rest)` that precedes `rest`; returns the
/// session base key.
///
/// Some clients compute NTOWFv2 without a domain although they send one; servers should accept
/// these ([MS-NLMP] 3.2.5.1.2). Others compute it from undecoded OEM text.
fn check_v2(nt_hash: &[u8; 16], logon: &NetworkLogon<'_>, response: &[u8]) -> (Choice, Key) {
    let Some((proof, rest)) = response.split_first_chunk::<16>() else {
        return (Choice::from(0), Zeroizing::new([0; 16]));
    };
    let try_key = |key: Key| {
        let mac = crypto::keyed(&key);
        let expected = v2_proof(mac.clone(), &logon.server_challenge, rest);
        (expected.ct_eq(proof), mac)
    };
    let (mut right, mut mac) = try_key(crypto::ntowf_v2(nt_hash, logon.user, logon.domain));
    if !bool::from(right) && !logon.domain.is_empty() {
        (right, mac) = try_key(crypto::ntowf_v2(nt_hash, logon.user, ""));
    }
    if let Some(OemNames { user, domain }) = logon.oem
        && !bool::from(right)
    {
        (right, mac) = try_key(crypto::ntowf_v2_widened(nt_hash, user, domain));
    }
    (right, session_base_key_v2(mac, proof))
}

fn v2_proof(mut mac: crypto::HmacMd5, server_challenge: &[u8; 8], rest: &[u8]) -> [u8; 16] {
    use hmac::Mac;
    mac.update(server_challenge);
    mac.update(rest);
    mac.finalize().into_bytes().into()
}

fn session_base_key_v2(mut mac: crypto::HmacMd5, proof: &[u8; 16]) -> Key {
    use hmac::Mac;
    mac.update(proof);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// The `NtChallengeResponse` of NTLMv1 with extended session security ("NTLM2 session response").
pub fn ntlmv1_ess(
    nt_hash: &[u8; 16],
    server_challenge: &[u8; 8],
    client_challenge: &[u8; 8],
) -> [u8; 24] {
    let digest = crypto::md5(&[server_challenge, client_challenge]);
    let challenge = std::array::from_fn(|i| digest[i]);
    crypto::desl(nt_hash, &challenge)
}

/// A client's responses and their `SessionBaseKey`.
pub struct Responses {
    /// `NtChallengeResponse`.
    pub nt: Vec<u8>,
    /// `LmChallengeResponse`.
    pub lm: [u8; SHORT_RESPONSE],
    /// `SessionBaseKey`.
    pub session_base_key: Key,
}

/// The inputs of an NTLMv2 response ([MS-NLMP] 3.3.2).
pub struct V2<'a> {
    /// `NTOWFv2`.
    pub response_key: &'a [u8; 16],
    /// `ServerChallenge`.
    pub server_challenge: &'a [u8; 8],
    /// `ChallengeFromClient`.
    pub client_challenge: &'a [u8; 8],
    /// `Time`, FILETIME ticks.
    pub time: u64,
    /// `ServerName`: the AV pairs, `MsvAvEOL` included.
    pub target_info: &'a [u8],
}

impl V2<'_> {
    /// Computes the NTLMv2 and LMv2 responses.
    ///
    /// Errors: `OutOfMemory`.
    pub fn respond(&self) -> Result<Responses> {
        let mut nt = allocation::vec(16 + 28 + self.target_info.len() + 4)?;
        nt.extend_from_slice(&[0; 16]);
        nt.extend_from_slice(&[1, 1, 0, 0, 0, 0, 0, 0]);
        nt.extend_from_slice(&self.time.to_le_bytes());
        nt.extend_from_slice(self.client_challenge);
        nt.extend_from_slice(&[0; 4]);
        nt.extend_from_slice(self.target_info);
        nt.extend_from_slice(&[0; 4]);
        let mac = crypto::keyed(self.response_key);
        let proof = v2_proof(mac.clone(), self.server_challenge, &nt[16..]);
        nt[..16].copy_from_slice(&proof);
        let mut lm = [0; SHORT_RESPONSE];
        lm[..16].copy_from_slice(&v2_proof(
            mac.clone(),
            self.server_challenge,
            self.client_challenge,
        ));
        lm[16..].copy_from_slice(self.client_challenge);
        Ok(Responses { nt, lm, session_base_key: session_base_key_v2(mac, &proof) })
    }
}
