//! Who vouches for an NTLM client. An authority gets the challenge and the client's responses and
//! gives the session base key and a principal, or refuses; what it knows of the account never
//! leaves it otherwise.

mod application;
mod audit;
pub mod candidates;
mod chain;
mod change_password;
mod kind;
mod options;
pub mod pass_through;
mod restrictions;
pub mod throttle;

pub use crate::stores::accounts::account::{Account, AccountStatus, Entry};
pub use crate::stores::accounts::details::{Details, DetailsFile, complete};
pub use crate::stores::accounts::file::{AccountFile, Accounts, BadLine};
pub use crate::stores::machine_sid::{MachineSid, of_accounts as machine_sid};
pub use application::{Application, Proofs};
pub use change_password::change as change_password;
pub use kind::AuthorityKind;
pub use options::Options;

use crate::config::Settings;
use crate::principal::Principal;
use crate::server::credential::Credential;
use crate::types::channel_bindings::Address;
use crate::types::error::{Error, Result};

/// A network logon as the acceptor puts it to an authority: the same facts that
/// `NETLOGON_NETWORK_INFO` ([MS-NRPC] 2.2.1.4.5) carries to a domain controller.
#[derive(Clone, Copy, Default)]
pub struct NetworkLogon<'a> {
    /// `UserName` of AUTHENTICATE_MESSAGE, exactly as sent.
    pub user: &'a str,
    /// `DomainName` of AUTHENTICATE_MESSAGE, exactly as sent.
    pub domain: &'a str,
    /// `Workstation` of AUTHENTICATE_MESSAGE, exactly as sent.
    pub workstation: &'a str,
    /// The client's address, if the caller has told it in its channel bindings.
    pub address: Option<Address>,
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
    /// The messages that the logon is from.
    pub messages: Messages<'a>,
}

/// The messages of a logon, as far as an application is shown them.
#[derive(Clone, Copy, Default)]
pub struct Messages<'a> {
    /// `EncryptedRandomSessionKey` of AUTHENTICATE_MESSAGE.
    pub session_key: &'a [u8],
    /// NEGOTIATE_MESSAGE and CHALLENGE_MESSAGE as they travelled.
    pub before: &'a [u8],
    /// AUTHENTICATE_MESSAGE around its MIC, and the MIC between; nothing where the message has no
    /// room for one.
    pub authenticate: Option<[&'a [u8]; 3]>,
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

/// Asks who knows about a logon, in the order of `[authorities]`: the first who knows the client
/// decides. Takes about as long for an unknown user as for a wrong password.
///
/// `Err(Error::LogonDenied(_))` says that the client is not let in; `Err(Error::NoAuthority(_))`
/// that there is nobody to ask. Either way the log says why, and who it was.
pub fn validate(
    credential: &Credential,
    settings: &Settings,
    logon: &NetworkLogon<'_>,
) -> Result<Validated> {
    let NetworkLogon { user, domain, workstation, .. } = *logon;
    let answer = chain::Chain { credential, settings, logon }.answer();
    // Only once it is known who it is: a stranger must not learn whom the policy is about.
    let result = answer.and_then(|validated| {
        restrictions::admit(&validated.principal, settings, logon).map(|()| validated)
    });
    match &result {
        Ok(validated) => tracing::info!(
            user, domain, workstation, account = validated.principal.display_name(), response = ?validated.response, "logon"
        ),
        Err(error @ Error::LogonDenied(_)) => tracing::warn!(user, domain, workstation, "{error}"),
        Err(error) => tracing::error!(user, domain, workstation, "{error}"),
    }
    audit::tell(result.as_ref().err(), settings, logon);
    result
}
