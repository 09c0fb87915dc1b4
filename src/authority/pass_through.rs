//! Pass-through authentication ([MS-APDS] 3.1): what a domain controller and winbindd have in
//! common, the request and the result.

use crate::ntlm::{NetworkLogon, ResponseKind, Validated, crypto, response};
use crate::principal::{AccountInfo, Origin, Origins, Principal};
use crate::types::error::{Denial, Error, Result};
use crate::types::ntstatus::NtStatus;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// An authority that has a domain's accounts, and to which logons are passed on.
pub trait PassThrough: fmt::Debug + Send + Sync {
    /// Whether a client that sends this domain name means this domain.
    fn is_named(&self, domain: &str) -> bool;

    /// Validates the logon.
    ///
    /// Errors: `LogonDenied` if the authority or the local policy rejects it; `NoAuthority` if no
    /// authority can be reached.
    fn validate(&self, logon: &NetworkLogon<'_>) -> Result<Validated>;
}

/// The challenge and the responses as they are passed on.
#[derive(Clone, Copy)]
pub struct PassThroughRequest<'a> {
    /// The kind of response.
    pub kind: ResponseKind,
    /// The challenge that the responses belong to.
    pub challenge: [u8; 8],
    /// The NT response.
    pub nt_response: &'a [u8],
    /// The LM response; may be empty.
    pub lm_response: &'a [u8],
    /// It is MS-CHAPv2's.
    pub mschapv2: bool,
}

/// ParameterControl, [MS-NRPC] 2.2.1.4.15: the response is MS-CHAPv2's, which a domain controller
/// may allow although it allows no other NTLMv1.
pub const ALLOW_MSVCHAPV2: u32 = 0x1_0000;

impl<'a> PassThroughRequest<'a> {
    /// The request for this logon.
    ///
    /// Errors: `LogonDenied` if the policy does not allow this kind of response. LM and LMv2
    /// responses alone are not passed on: the reply would not tell which of them was validated.
    pub fn of(logon: &NetworkLogon<'a>) -> Result<PassThroughRequest<'a>> {
        let kind = response::kind(logon).ok_or(Error::LogonDenied(Denial::WrongPassword))?;
        let NetworkLogon { server_challenge, nt_response, lm_response, allowed, mschapv2, .. } =
            *logon;
        let (allowed, challenge, lm_response) = match kind {
            // Some authorities accept a correct LMv2 response beside a wrong NTLMv2 response. It
            // does not protect the channel bindings and the target name in the latter.
            ResponseKind::NtlmV2 => (true, server_challenge, &[][..]),
            ResponseKind::NtlmV1 => {
                let whole = lm_response.len() == response::SHORT_RESPONSE;
                (allowed.ntlmv1, server_challenge, if whole { lm_response } else { &[][..] })
            }
            ResponseKind::NtlmV1Ess => {
                // The response belongs to a digest of both challenges; the client's is in the field
                // of the LM response.
                let digest =
                    crypto::md5(&[&server_challenge, lm_response.get(..8).unwrap_or_default()]);
                (allowed.ntlmv1_ess, std::array::from_fn(|i| digest[i]), &[][..])
            }
            ResponseKind::LmV2 | ResponseKind::Lm => (false, server_challenge, lm_response),
        };
        if !allowed {
            return Err(Error::LogonDenied(Denial::ResponseNotAllowed));
        }
        Ok(PassThroughRequest { kind, challenge, nt_response, lm_response, mschapv2 })
    }
}

/// The error for a rejected logon.
pub fn refused(status: NtStatus) -> Error {
    if status.is_no_judgement() {
        tracing::error!(%status, "the domain cannot validate the logon");
        return Error::NoAuthority("the domain cannot validate the logon");
    }
    Error::LogonDenied(Denial::Controller(status))
}

/// A validated account.
pub struct PassThroughResult {
    /// Its name, as the domain spells it.
    pub user: String,
    /// Its domain's NetBIOS name.
    pub domain: String,
    /// Account data, if the authority returned any.
    pub facts: Option<AccountInfo>,
    /// UserSessionKey
    pub user_session_key: Zeroizing<[u8; 16]>,
    /// LMKey
    pub lm_key: Zeroizing<[u8; 8]>,
}

impl PassThroughResult {
    /// The validated logon.
    ///
    /// Errors: `LogonDenied` for a guest's logon and for one without a session key.
    pub fn into_validated(self, kind: ResponseKind, origin: Origin) -> Result<Validated> {
        const GUEST: u32 = crate::kerberos::pac::user_flags::GUEST;
        if self.facts.as_ref().is_some_and(|facts| facts.user_flags & GUEST != 0) {
            return Err(Error::LogonDenied(Denial::Policy(
                "the domain knows the client as a guest",
            )));
        }
        // A key of zeros is no secret.
        if *self.user_session_key == [0; 16] {
            return Err(Error::LogonDenied(Denial::Policy("the domain gave no session key")));
        }
        let principal = Principal::of_account(self.user, self.domain, origin);
        let origins = if self.facts.is_some() { Origins::all(origin) } else { principal.origins };
        Ok(Validated {
            principal: Principal { account: self.facts.map(Arc::new), origins, ..principal },
            session_base_key: self.user_session_key,
            lm_session_key: self.lm_key,
            response: kind,
            receipt: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ntlm::ResponsePolicy;

    /// [MS-NLMP] 3.3.1: beside an NTLMv1 response stands the LM response, 24 bytes or none.
    #[test]
    fn an_lm_response_beside_ntlmv1_is_passed_on_whole() {
        for (length, passed_on) in [(24, 24), (0, 0), (23, 0), (25, 0)] {
            let logon = NetworkLogon {
                nt_response: &[1; 24],
                lm_response: &[2; 25][..length],
                allowed: ResponsePolicy { ntlmv1: true, ..Default::default() },
                ..Default::default()
            };
            let request = PassThroughRequest::of(&logon).unwrap();
            assert_eq!(
                (request.kind, request.lm_response.len()),
                (ResponseKind::NtlmV1, passed_on)
            );
        }
    }
}
