//! Logons that somebody else judges who knows the domain's accounts ([MS-APDS] 3.1): what is asked,
//! and what follows from the answer, whoever is asked.

use crate::ntlm::{NetworkLogon, ResponseKind, Validated, crypto, response};
use crate::principal::{AccountInfo, Origin, Origins, Principal};
use crate::types::error::{Denial, Error, Result};
use crate::types::ntstatus::NtStatus;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// An authority that a logon is passed on to: it knows a domain's accounts.
pub trait PassThrough: fmt::Debug + Send + Sync {
    /// The client that sends this name means this domain.
    fn is_named(&self, domain: &str) -> bool;

    /// Has the logon judged there.
    ///
    /// Errors: `LogonDenied` when it is rejected, there or by policy before; `NoAuthority` when
    /// none can be asked.
    fn validate(&self, logon: &NetworkLogon<'_>) -> Result<Validated>;
}

/// The challenge and the responses as they are passed on.
#[derive(Clone, Copy)]
pub struct PassThroughRequest<'a> {
    /// What kind of response it is.
    pub kind: ResponseKind,
    /// What the responses answer.
    pub challenge: [u8; 8],
    /// The NT response.
    pub nt_response: &'a [u8],
    /// The LM response, or nothing.
    pub lm_response: &'a [u8],
}

impl<'a> PassThroughRequest<'a> {
    /// What is asked of this logon, if policy lets its response in. LM and LMv2 without more are
    /// not passed on: nobody could tell which of them they have been taken for.
    pub fn of(logon: &NetworkLogon<'a>) -> Result<PassThroughRequest<'a>> {
        let kind = response::kind(logon).ok_or(Error::LogonDenied(Denial::WrongPassword))?;
        let NetworkLogon { server_challenge, nt_response, lm_response, allowed, .. } = *logon;
        let (allowed, challenge, lm_response) = match kind {
            // A right LMv2 response beside a wrong NTLMv2 response would be let in by some; what it
            // does not prove is what the NTLMv2 response says of channel bindings and target.
            ResponseKind::NtlmV2 => (true, server_challenge, &[][..]),
            ResponseKind::NtlmV1 => {
                let whole = lm_response.len() == response::SHORT_RESPONSE;
                (allowed.ntlmv1, server_challenge, if whole { lm_response } else { &[][..] })
            }
            ResponseKind::NtlmV1Ess => {
                // What was answered is made of both challenges, and the place of the LM response
                // holds the client's.
                let digest =
                    crypto::md5(&[&server_challenge, lm_response.get(..8).unwrap_or_default()]);
                (allowed.ntlmv1_ess, std::array::from_fn(|i| digest[i]), &[][..])
            }
            ResponseKind::LmV2 | ResponseKind::Lm => (false, server_challenge, lm_response),
        };
        if !allowed {
            return Err(Error::LogonDenied(Denial::ResponseNotAllowed));
        }
        Ok(PassThroughRequest { kind, challenge, nt_response, lm_response })
    }
}

/// What is said of a logon that is not let in.
pub fn refused(status: NtStatus) -> Error {
    if status.is_no_judgement() {
        tracing::error!(%status, "the domain cannot judge the logon");
        return Error::NoAuthority("the domain cannot judge the logon");
    }
    Error::LogonDenied(Denial::Controller(status))
}

/// An account that is let in.
pub struct PassThroughResult {
    /// Its name, as the domain spells it.
    pub user: String,
    /// Its domain's NetBIOS name.
    pub domain: String,
    /// What else is known of it; nothing if nobody told.
    pub facts: Option<AccountInfo>,
    /// UserSessionKey
    pub user_session_key: Zeroizing<[u8; 16]>,
    /// LMKey
    pub lm_key: Zeroizing<[u8; 8]>,
}

impl PassThroughResult {
    /// The client, unless that was a guest's logon, or one without a key.
    pub fn into_validated(self, kind: ResponseKind, origin: Origin) -> Result<Validated> {
        const GUEST: u32 = crate::kerberos::pac::user_flags::GUEST;
        if self.facts.as_ref().is_some_and(|facts| facts.user_flags & GUEST != 0) {
            return Err(Error::LogonDenied(Denial::Policy(
                "the domain knows the client as a guest",
            )));
        }
        // Everybody knows a key of zeros.
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
