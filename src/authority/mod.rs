//! Who vouches for an NTLM client. An authority gets the challenge and the client's responses and gives the
//! session base key and a principal, or refuses; what it knows of the account never leaves it otherwise.

use crate::error::{Denial, Result};
use crate::principal::Principal;
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// One account with its one-way functions ([MS-NLMP] 3.3.1). Zeroed when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Account {
    /// The name as the administrator spelled it.
    #[zeroize(skip)]
    pub user: String,
    /// The domain it belongs to; empty for the machine's own.
    #[zeroize(skip)]
    pub domain: String,
    /// `NTOWFv1`: MD4 of the password in UTF-16LE.
    pub nt_hash: Option<[u8; 16]>,
    /// `LMOWFv1`.
    pub lm_hash: Option<[u8; 16]>,
    /// Known, and not to be let in.
    #[zeroize(skip)]
    pub disabled: bool,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("user", &self.user)
            .field("domain", &self.domain)
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
}

/// A network logon as the acceptor puts it to an authority: the same facts that `NETLOGON_NETWORK_INFO`
/// ([MS-NRPC] 2.2.1.4.5) carries to a domain controller.
#[derive(Clone, Copy)]
pub struct NetworkLogon<'a> {
    /// `UserName` of AUTHENTICATE_MESSAGE, exactly as sent.
    pub user: &'a str,
    /// `DomainName` of AUTHENTICATE_MESSAGE, exactly as sent.
    pub domain: &'a str,
    /// `Workstation` of AUTHENTICATE_MESSAGE, exactly as sent.
    pub workstation: &'a str,
    /// `ServerChallenge` of CHALLENGE_MESSAGE.
    pub server_challenge: [u8; 8],
    /// `NtChallengeResponse`.
    pub nt_response: &'a [u8],
    /// `LmChallengeResponse`.
    pub lm_response: &'a [u8],
    /// The exchange negotiated NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY.
    pub extended_session_security: bool,
    /// Which kinds of response policy lets in.
    pub allowed: ResponsePolicy,
}

/// Which kinds of response policy lets in beside NTLMv2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResponsePolicy {
    /// LMv2 alone, without an NTLMv2 response.
    pub lmv2: bool,
    /// NTLMv1 (24-byte NT response), without extended session security.
    pub ntlmv1: bool,
    /// NTLMv1 with extended session security ("NTLM2 session response").
    pub ntlmv1_ess: bool,
    /// The LM response by itself.
    pub lm: bool,
}

/// A logon vouched for.
pub struct Validated {
    /// Who it is.
    pub principal: Principal,
    /// `SessionBaseKey` ([MS-NLMP] 3.3.1, 3.3.2).
    pub session_base_key: zeroize::Zeroizing<[u8; 16]>,
    /// The first eight bytes of `LMOWFv1`, for `KXKEY` ([MS-NLMP] 3.4.5.1); zeros when unknown.
    pub lm_session_key: zeroize::Zeroizing<[u8; 8]>,
    /// Which kind of response it was: NTLMv2 and LMv2 use no `KXKEY` transformation.
    pub response: ResponseKind,
}

/// The kind of response that proved the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseKind {
    /// NTLMv2.
    NtlmV2,
    /// LMv2 alone.
    LmV2,
    /// NTLMv1.
    NtlmV1,
    /// NTLMv1 with extended session security.
    NtlmV1Ess,
    /// LM alone.
    Lm,
}

/// The source of the accounts of one kind.
pub trait Authority: Send + Sync {
    /// Judges a logon.
    ///
    /// Takes about as long for an unknown user as for a wrong password. `Err(Error::LogonDenied(_))` is this authority's word that the client is not who it says;
    /// `Err(Error::NoAuthority(_))` that it could not be asked.
    fn validate(&self, logon: &NetworkLogon<'_>) -> Result<Validated>;
}

/// What an authority that knows no such user answers.
pub const UNKNOWN: crate::error::Error = crate::error::Error::LogonDenied(Denial::UnknownUser);

/// Asks the authorities, in order, about a logon: the credential's own account first, then the account file.
/// Without any of them, `Err(Error::NoAuthority(_))`, and the log says what is missing.
pub fn validate(
    credential: &crate::credential::Credential,
    _settings: &crate::config::Settings,
    logon: &NetworkLogon<'_>,
) -> Result<Validated> {
    let account = credential.account.as_ref().ok_or(crate::error::Error::NoAuthority("no account source is configured"))?;
    let known = account.user.to_lowercase() == logon.user.to_lowercase();
    let proof = crate::ntlm::response::check(account, logon)?;
    if !known {
        return Err(UNKNOWN);
    }
    if account.disabled {
        return Err(crate::error::Error::LogonDenied(Denial::AccountDisabled));
    }
    Ok(Validated {
        principal: Principal { user: account.user.clone(), domain: account.domain.clone(), anonymous: false },
        session_base_key: proof.session_base_key,
        lm_session_key: proof.lm_session_key,
        response: proof.response,
    })
}
