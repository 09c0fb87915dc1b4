//! One network logon, as the acceptor puts it to whoever judges it.

use super::crypto;
use super::policy::ResponsePolicy;
use crate::principal::Principal;
use crate::types::address::Address;
use crate::types::error::Result;
use crate::types::identity::Identity;
use crate::types::time::FileTime;
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Judges NTLM logons: knows accounts, or asks those that do.
pub trait Authority: fmt::Debug + Send + Sync {
    /// Judges one logon. It takes about as long for an unknown user as for a wrong password.
    ///
    /// Errors: `LogonDenied` for a client that is rejected; `NoAuthority` where no account source
    /// could be asked.
    fn validate(&self, logon: &NetworkLogon<'_>, now: FileTime) -> Result<Validated>;
}

/// A network logon: the same facts that `NETLOGON_NETWORK_INFO` ([MS-NRPC] 2.2.1.4.5) carries to a
/// domain controller.
#[derive(Clone, Copy, Default)]
pub struct NetworkLogon<'a> {
    /// `UserName` of AUTHENTICATE_MESSAGE, exactly as sent.
    pub user: &'a str,
    /// `DomainName` of AUTHENTICATE_MESSAGE, exactly as sent.
    pub domain: &'a str,
    /// `Workstation` of AUTHENTICATE_MESSAGE, exactly as sent.
    pub workstation: &'a str,
    /// The client's address, if the server program gave it with its channel bindings.
    pub address: Option<Address>,
    /// `ServerChallenge` of CHALLENGE_MESSAGE.
    pub server_challenge: [u8; 8],
    /// `NtChallengeResponse`.
    pub nt_response: &'a [u8],
    /// `LmChallengeResponse`.
    pub lm_response: &'a [u8],
    /// The exchange negotiated NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY.
    pub extended_session_security: bool,
    /// Which kinds of response policy accepts.
    pub allowed: ResponsePolicy,
    /// The messages that the logon is from.
    pub messages: Messages<'a>,
}

/// The messages of a logon, as far as the server program is shown them.
#[derive(Clone, Copy, Default)]
pub struct Messages<'a> {
    /// `EncryptedRandomSessionKey` of AUTHENTICATE_MESSAGE.
    pub session_key: &'a [u8],
    /// NEGOTIATE_MESSAGE and CHALLENGE_MESSAGE as they travelled.
    pub before: &'a [u8],
    /// AUTHENTICATE_MESSAGE around its MIC, and the MIC between; `None` where the message has no
    /// room for one.
    pub authenticate: Option<[&'a [u8]; 3]>,
}

/// A logon whose proof is right.
pub struct Validated {
    /// Who it is.
    pub principal: Principal,
    /// `SessionBaseKey` ([MS-NLMP] 3.3.1, 3.3.2).
    pub session_base_key: Zeroizing<[u8; 16]>,
    /// The first eight bytes of `LMOWFv1`, for `KXKEY` ([MS-NLMP] 3.4.5.1); zeros when unknown.
    pub lm_session_key: Zeroizing<[u8; 8]>,
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
    /// Known, but may not log on.
    #[zeroize(skip)]
    pub disabled: bool,
}

impl Account {
    /// The account that a name and a password make, as `AcquireCredentialsHandle` gets them: `user`
    /// may be `DOMAIN\\user` when no domain is given apart.
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
