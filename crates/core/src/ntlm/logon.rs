//! A network logon: the request from the acceptor to the authority, and its result.

use super::crypto;
use super::policy::ResponsePolicy;
use crate::principal::Principal;
use crate::types::address::Address;
use crate::types::error::Result;
use crate::types::identity::Identity;
use crate::types::logon_names::Receipt;
use crate::types::time::FileTime;
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Verifies NTLM logons, from its own accounts or by asking another service.
pub trait Authority: fmt::Debug + Send + Sync {
    /// Verifies one logon. An unknown user takes about as long as a wrong password.
    ///
    /// Errors: `LogonDenied` for a rejected client; `NoAuthority` if no account source is
    /// available.
    fn validate(&self, logon: &NetworkLogon<'_>, now: FileTime) -> Result<Validated>;
}

/// A network logon, with the content of `NETLOGON_NETWORK_INFO` ([MS-NRPC] 2.2.1.4.5) for a domain
/// controller.
#[derive(Clone, Copy, Default)]
pub struct NetworkLogon<'a> {
    /// `UserName` of AUTHENTICATE_MESSAGE, exactly as sent.
    pub user: &'a str,
    /// `DomainName` of AUTHENTICATE_MESSAGE, exactly as sent.
    pub domain: &'a str,
    /// `Workstation` of AUTHENTICATE_MESSAGE, exactly as sent.
    pub workstation: &'a str,
    /// The same names before they were decoded, where OEM text is not ASCII.
    pub oem: Option<OemNames<'a>>,
    /// The client's address, if the caller told it.
    pub address: Option<Address>,
    /// MachineID of the NTLMv2 response, if the client sent one: nobody can guess it.
    pub machine_id: Option<[u8; 32]>,
    /// `ServerChallenge` of CHALLENGE_MESSAGE.
    pub server_challenge: [u8; 8],
    /// `NtChallengeResponse`.
    pub nt_response: &'a [u8],
    /// `LmChallengeResponse`.
    pub lm_response: &'a [u8],
    /// Whether NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY was negotiated.
    pub extended_session_security: bool,
    /// The kinds of response that policy permits.
    pub allowed: ResponsePolicy,
    /// The program says that the response is MS-CHAPv2's: a domain controller may allow it for that.
    pub mschapv2: bool,
    /// The messages of the exchange.
    pub messages: Messages<'a>,
}

/// Names in OEM text, as sent. Clients such as curl do not decode it: in their `NTOWFv2` each byte
/// is one UTF-16 unit, and only ASCII letters are converted to upper case.
#[derive(Clone, Copy)]
pub struct OemNames<'a> {
    /// `UserName`.
    pub user: &'a [u8],
    /// `DomainName`.
    pub domain: &'a [u8],
}

/// The messages of an exchange, for the server program's own verification.
#[derive(Clone, Copy, Default)]
pub struct Messages<'a> {
    /// `EncryptedRandomSessionKey` of AUTHENTICATE_MESSAGE.
    pub session_key: &'a [u8],
    /// NEGOTIATE_MESSAGE and CHALLENGE_MESSAGE as transmitted.
    pub before: &'a [u8],
    /// AUTHENTICATE_MESSAGE in three parts: before the MIC, the MIC, and after it; `None` if the
    /// message has no MIC field.
    pub authenticate: Option<[&'a [u8]; 3]>,
}

/// A verified logon.
pub struct Validated {
    /// The authenticated client.
    pub principal: Principal,
    /// `SessionBaseKey` ([MS-NLMP] 3.3.1, 3.3.2).
    pub session_base_key: Zeroizing<[u8; 16]>,
    /// The first eight bytes of `LMOWFv1`, for `KXKEY` ([MS-NLMP] 3.4.5.1); zeros when unknown.
    pub lm_session_key: Zeroizing<[u8; 8]>,
    /// The kind of response. `KXKEY` does not transform the key of NTLMv2 and LMv2.
    pub response: ResponseKind,
    /// A reference that the authority gets back when the exchange has succeeded as a whole, with
    /// the names ([`ValidatedLogon`](crate::types::logon_names::ValidatedLogon)).
    pub receipt: Option<Receipt>,
}

/// The kind of response that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseKind {
    /// NTLMv2.
    NtlmV2,
    /// LMv2 only.
    LmV2,
    /// NTLMv1.
    NtlmV1,
    /// NTLMv1 with extended session security.
    NtlmV1Ess,
    /// LM only.
    Lm,
}

impl ResponseKind {
    /// Its name in the log.
    pub fn name(self) -> &'static str {
        match self {
            ResponseKind::NtlmV2 => "NTLMv2",
            ResponseKind::LmV2 => "LMv2",
            ResponseKind::NtlmV1 => "NTLMv1",
            ResponseKind::NtlmV1Ess => "NTLMv1 with extended session security",
            ResponseKind::Lm => "LM",
        }
    }
}

/// An account with its one-way functions ([MS-NLMP] 3.3.1). Zeroed when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Account {
    /// The name as spelled by the administrator.
    #[zeroize(skip)]
    pub user: String,
    /// The account's domain; empty for local accounts.
    #[zeroize(skip)]
    pub domain: String,
    /// `NTOWFv1`: MD4 of the password in UTF-16LE.
    pub nt_hash: Option<[u8; 16]>,
    /// `LMOWFv1`.
    pub lm_hash: Option<[u8; 16]>,
    /// Whether logons are rejected although the account exists.
    #[zeroize(skip)]
    pub disabled: bool,
}

impl Account {
    /// The account for a name and password as passed to `AcquireCredentialsHandle`. `user` may be
    /// `DOMAIN\\user` if no domain is given separately.
    pub fn from_identity(identity: &Identity) -> Account {
        let (domain, user) = match identity.user.split_once('\\') {
            Some(parts) if identity.domain.is_empty() => parts,
            _ => (identity.domain.as_str(), identity.user.as_str()),
        };
        Account {
            user: user.to_owned(),
            domain: if domain == "." { String::new() } else { domain.to_owned() },
            nt_hash: Some(crypto::nt_hash(&identity.password)),
            lm_hash: crypto::lm_hash(&identity.password),
            disabled: false,
        }
    }
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
