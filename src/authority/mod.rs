//! Who vouches for an NTLM client. An authority gets the challenge and the client's responses and gives the
//! session base key and a principal, or refuses; what it knows of the account never leaves it otherwise.

mod account;
mod account_file;
mod application;
mod details;
pub mod edit;
mod machine_sid;
pub mod names;
pub mod pass_through;
mod password;
pub mod smbpasswd;

pub use account::{Account, Entry, Standing};
pub use account_file::{AccountFile, Accounts, BadLine};
pub use application::{Application, Proofs};
pub use details::{Details, DetailsFile, complete};
pub use machine_sid::{MachineSid, of_accounts as machine_sid};
pub use password::change as change_password;

use crate::config::Settings;
use crate::credential::Credential;
use crate::error::{Denial, Error, Result};
use crate::ntlm::response;
use crate::principal::{Origin, Principal};

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
    /// AUTHENTICATE_MESSAGE around its MIC, and the MIC between; nothing where the message has no room for one.
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

/// Asks who knows about a logon: the credential's own accounts first, then the application, then the account file, then the
/// domain or winbindd. Where there is one of these, the account file's are meant only by who names this machine, or none. Takes about as long for
/// an unknown user as for a wrong password.
///
/// `Err(Error::LogonDenied(_))` says that the client is not let in; `Err(Error::NoAuthority(_))` that there
/// is nobody to ask. Either way the log says why, and who it was.
pub fn validate(credential: &Credential, settings: &Settings, logon: &NetworkLogon<'_>) -> Result<Validated> {
    let NetworkLogon { user, domain, workstation, .. } = *logon;
    let result = judge(credential, settings, logon);
    match &result {
        Ok(validated) => tracing::info!(
            user, domain, workstation, account = validated.principal.display_name(), response = ?validated.response, "logon"
        ),
        Err(error @ Error::LogonDenied(_)) => tracing::warn!(user, domain, workstation, "{error}"),
        Err(error) => tracing::error!(user, domain, workstation, "{error}"),
    }
    result
}

fn judge(credential: &Credential, settings: &Settings, logon: &NetworkLogon<'_>) -> Result<Validated> {
    settings.usable()?;
    let (domain, winbind) = (settings.domain.as_deref(), settings.winbind.as_deref());
    let passed_on = domain.is_some() || winbind.is_some();
    let file = settings.accounts.file.as_ref().map(|file| file.peek());
    let own_authority = !credential.accounts.is_empty() || credential.application.is_some();
    match &file {
        _ if own_authority || passed_on => {}
        None => return Err(Error::NoAuthority("no account file is configured ([accounts] file, or NEGOSSP_ACCOUNTS)")),
        Some(file) if file.problem.is_some() => return Err(Error::NoAuthority("the account file cannot be read")),
        Some(_) => {}
    }
    let is_meant = |own: &&Account| names::candidates(logon, settings).any(|name| names::same(name, &own.user));
    let own = credential.accounts.iter().find(is_meant);
    if let (None, Some(application)) = (own, &credential.application)
        && let Some(proof) = application::ask(&**application, logon)
    {
        return validated(logon.user.to_owned(), logon.domain, Origin::Application, proof?, settings);
    }
    let listed = || file.as_ref().and_then(|file| names::candidates(logon, settings).find_map(|name| file.get(name)));
    let found = match own {
        Some(own) => Some((own, if own.disabled { Standing::Disabled } else { Standing::Normal }, Origin::Credential)),
        None if passed_on && !names::is_of_this_machine(logon.domain, settings) => None,
        None => listed().map(|entry| (&entry.account, entry.standing, Origin::AccountFile)),
    };
    if let (None, Some(domain)) = (found, domain) {
        return domain.validate(logon);
    }
    if let (None, Some(winbind)) = (found, winbind) {
        return winbind.validate(logon);
    }
    // Whoever it is, one response is checked: an unknown name costs what a wrong password costs.
    let proof = response::check(found.map_or(account_file::nobody(), |(account, ..)| account), logon);
    let (account, standing, origin) = match (found, &proof) {
        (Some(found), _) => found,
        (None, Err(Error::LogonDenied(Denial::ResponseNotAllowed))) => {
            return Err(Error::LogonDenied(Denial::ResponseNotAllowed));
        }
        (None, _) => return Err(Error::LogonDenied(Denial::UnknownUser)),
    };
    // That there is no password says more than that it is wrong.
    if standing == Standing::NoPassword {
        standing.admit()?;
    }
    let proof = proof?;
    standing.admit()?;
    validated(account.user.clone(), &account.domain, origin, proof, settings)
}

/// The client whose account has proven to be its own. `domain` is the account's; empty for the machine's.
fn validated(user: String, domain: &str, origin: Origin, proof: response::Proof, settings: &Settings) -> Result<Validated> {
    let domains = [domain, settings.accounts.domain.as_deref().unwrap_or_default(), &settings.server.nb_computer];
    let domain = domains.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    Ok(Validated {
        principal: details::complete(Principal::of_account(user, domain.to_owned(), origin), settings)?,
        session_base_key: proof.session_base_key,
        lm_session_key: proof.lm_session_key,
        response: proof.response,
    })
}
