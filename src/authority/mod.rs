//! Who vouches for an NTLM client. An authority gets the challenge and the client's responses and gives the
//! session base key and a principal, or refuses; what it knows of the account never leaves it otherwise.

mod account_file;
pub mod names;
pub mod smbpasswd;

pub use account_file::{AccountFile, Accounts, BadLine};

use crate::config::Settings;
use crate::credential::{Credential, Identity};
use crate::error::{Denial, Error, Result};
use crate::ntlm::response;
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

impl Account {
    /// The account that a name and a password make, as `AcquireCredentialsHandle` gets them: `user` may be
    /// `DOMAIN\\user` when no domain is given apart.
    pub fn from_identity(identity: &Identity) -> Account {
        let (domain, user) = match identity.user.split_once('\\') {
            Some(parts) if identity.domain.is_empty() => parts,
            _ => (identity.domain.as_str(), identity.user.as_str()),
        };
        Account {
            user: user.to_owned(),
            domain: if domain == "." { String::new() } else { domain.to_owned() },
            nt_hash: Some(response::nt_hash(&identity.password)),
            lm_hash: response::lm_hash(&identity.password),
            disabled: false,
        }
    }
}

/// An account and what the account file says of it besides.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The account.
    pub account: Account,
    /// Whether it may log on.
    pub standing: Standing,
}

/// Whether an account may log on over the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Normal,
    /// Flag `D`.
    Disabled,
    /// Flag `L`: locked after too many wrong passwords.
    Locked,
    /// Flags `W`, `S`, `I`: the account of a machine or domain, for trust and not for logons.
    Trust,
    /// Flag `N`, or no hash: Windows lets accounts without a password log on at the console only.
    NoPassword,
}

impl Standing {
    /// Refuses an account that may not log on. Asked once the response has been checked, so that only who
    /// knows the password learns of it from the time taken.
    fn admit(self) -> Result<()> {
        Err(Error::LogonDenied(match self {
            Standing::Normal => return Ok(()),
            Standing::Disabled => Denial::AccountDisabled,
            Standing::Locked => Denial::Policy("the account is locked"),
            Standing::Trust => Denial::Policy("a trust account cannot log on"),
            Standing::NoPassword => Denial::Policy("an account without a password cannot log on over the network"),
        }))
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

/// Asks who knows about a logon: the credential's own account first, then the account file. Takes about as
/// long for an unknown user as for a wrong password.
///
/// `Err(Error::LogonDenied(_))` says that the client is not let in; `Err(Error::NoAuthority(_))` that there
/// is nobody to ask, and the log says what is missing.
pub fn validate(credential: &Credential, settings: &Settings, logon: &NetworkLogon<'_>) -> Result<Validated> {
    settings.usable()?;
    let file = settings.accounts.file.as_ref().map(|file| file.current());
    let file = match (file, &credential.account) {
        (None, None) => {
            return Err(Error::NoAuthority("no account file is configured ([accounts] file or NEGOSSP_ACCOUNTS)"));
        }
        (Some(file), None) if file.problem.is_some() => {
            return Err(Error::NoAuthority("the account file cannot be read"));
        }
        (file, _) => file,
    };
    let own =
        credential.account.as_ref().filter(|own| names::candidates(logon, settings).any(|name| names::same(name, &own.user)));
    let listed = || file.as_ref().and_then(|file| names::candidates(logon, settings).find_map(|name| file.get(name)));
    let found = match own {
        Some(own) => Some((own, if own.disabled { Standing::Disabled } else { Standing::Normal })),
        None => listed().map(|entry| (&entry.account, entry.standing)),
    };
    let (account, standing) = found.unwrap_or((account_file::nobody(), Standing::Disabled));
    let proof = response::check(account, logon);
    if found.is_none() {
        return Err(match proof {
            Err(error @ Error::LogonDenied(Denial::ResponseNotAllowed)) => error,
            _ => UNKNOWN,
        });
    }
    if standing == Standing::NoPassword {
        standing.admit()?;
    }
    let proof = proof?;
    standing.admit()?;
    let domain = [account.domain.as_str(), settings.accounts.domain.as_deref().unwrap_or_default(), &settings.server.nb_computer];
    let domain = domain.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    Ok(Validated {
        principal: Principal { user: account.user.clone(), domain: domain.to_owned(), anonymous: false },
        session_base_key: proof.session_base_key,
        lm_session_key: proof.lm_session_key,
        response: proof.response,
    })
}

/// What an authority that knows no such user answers.
const UNKNOWN: Error = Error::LogonDenied(Denial::UnknownUser);
