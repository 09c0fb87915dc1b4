//! NTLM logons without an exchange: the program has the client's password, or has made the
//! challenge that the client's responses answer, as for MS-CHAPv2.

use super::{Configuration, Credential, outcome};
use crate::access_token::Sids;
use crate::authority::Chain;
use crate::mechanism::Mechanism;
use crate::ntlm::av_pair::{self, id};
use crate::ntlm::response::{V2, nt_hash};
use crate::ntlm::{Authority, Mode, NetworkLogon, ResponsePolicy, Validated, crypto};
use crate::platform::random::SystemRandom;
use crate::primitives::random::SecureRandom;
use crate::principal::Principal;
use crate::principal::directory::Directory;
use crate::types::error::{Denial, Error, Failure, Result};
use crate::types::identity::Identity;
use crate::types::logon_names::{LogonNames, ValidatedLogon};
use crate::types::sid::Sid;
use crate::types::time::FileTime;
use std::sync::Arc;

/// A client's password.
#[derive(Debug, Clone, Copy)]
pub struct PasswordLogon<'a> {
    /// The client. Without a domain the user may be `DOMAIN\user`.
    pub identity: &'a Identity,
    /// The client's workstation; may be empty.
    pub workstation: &'a str,
}

/// A challenge and the client's responses to it.
#[derive(Clone, Copy)]
pub struct ResponseLogon<'a> {
    /// The user's name.
    pub user: &'a str,
    /// Its domain; may be empty.
    pub domain: &'a str,
    /// The client's workstation; may be empty.
    pub workstation: &'a str,
    /// The challenge.
    pub challenge: [u8; 8],
    /// The NT response; may be empty.
    pub nt_response: &'a [u8],
    /// The LM response; may be empty.
    pub lm_response: &'a [u8],
    /// The response is MS-CHAPv2's (RFC 2759).
    pub mschapv2: bool,
}

/// The groups of which a client must be in one; `None`: no such requirement.
pub type RequiredGroups<'a> = Option<&'a [Sid]>;

impl Configuration {
    /// Whether the client is one of these, or a member of one. False where its SIDs cannot be had.
    pub fn is_member(&self, client: &Principal, mechanism: Mechanism, groups: &[Sid]) -> bool {
        let Ok(Some(sids)) = Sids::of(client, mechanism, &self.tokens) else { return false };
        let own = sids.groups.iter().filter(|group| group.counts()).map(|group| group.sid);
        own.chain([sids.user]).any(|sid| groups.contains(&sid))
    }
}

impl Credential {
    /// Validates a password. To the authorities it is an NTLMv2 logon over the network.
    ///
    /// Errors: as for [`Credential::validate_response`].
    pub fn validate_password(
        &self,
        configuration: &Arc<Configuration>,
        logon: PasswordLogon<'_>,
        groups: RequiredGroups<'_>,
        now: FileTime,
    ) -> Result<Validated> {
        let Identity { user, domain, password } = logon.identity;
        let (domain, user) = match user.split_once('\\') {
            Some(parts) if domain.is_empty() => parts,
            _ => (domain.as_str(), user.as_str()),
        };
        let (mut challenge, mut client_challenge) = ([0; 8], [0; 8]);
        SystemRandom.fill(&mut challenge)?;
        SystemRandom.fill(&mut client_challenge)?;
        let names = &configuration.settings.server;
        let mut target_info = Vec::new();
        av_pair::put_text(&mut target_info, id::NB_DOMAIN_NAME, &names.nb_domain);
        av_pair::put_text(&mut target_info, id::NB_COMPUTER_NAME, &names.nb_computer);
        av_pair::put(&mut target_info, id::EOL, &[]);
        let nt_hash = zeroize::Zeroizing::new(nt_hash(password));
        let response = V2 {
            response_key: &crypto::ntowf_v2(&nt_hash, user, domain),
            server_challenge: &challenge,
            client_challenge: &client_challenge,
            time: now.0,
            target_info: &target_info,
        }
        .respond()?;
        let logon = ResponseLogon {
            user,
            domain,
            workstation: logon.workstation,
            challenge,
            nt_response: &response.nt,
            lm_response: &response.lm,
            mschapv2: false,
        };
        self.validate_response(configuration, logon, groups, now)
    }

    /// Validates responses to a challenge of the caller's, and reports the outcome. What only an
    /// exchange has (MIC, channel bindings, target name, session security) is not required.
    ///
    /// Errors: `LogonDenied` for a rejected client; `NoAuthority` if no account source is available.
    pub fn validate_response(
        &self,
        configuration: &Arc<Configuration>,
        logon: ResponseLogon<'_>,
        groups: RequiredGroups<'_>,
        now: FileTime,
    ) -> Result<Validated> {
        let chain = &self.acceptance(configuration).chain;
        let names = LogonNames {
            user: logon.user.to_owned(),
            domain: logon.domain.to_owned(),
            workstation: logon.workstation.to_owned(),
            address: None,
        };
        match validate(configuration, chain, &logon, groups, now) {
            Ok(validated) => {
                let (response, receipt) = (validated.response.name(), validated.receipt);
                let logon = ValidatedLogon { names, response, receipt };
                outcome::validated(&validated.principal, &logon, chain, now);
                Ok(validated)
            }
            Err(error) => {
                let failure = Failure { error, token: None, logon: Some(Box::new(names)) };
                outcome::rejected(&failure, logon.nt_response.len(), chain, now);
                Err(error)
            }
        }
    }
}

fn validate(
    configuration: &Configuration,
    chain: &Chain,
    logon: &ResponseLogon<'_>,
    groups: RequiredGroups<'_>,
    now: FileTime,
) -> Result<Validated> {
    configuration.usable()?;
    let policy = &configuration.settings.ntlm;
    if policy.mode == Mode::Off {
        return Err(Error::LogonDenied(Denial::NtlmOff));
    }
    let mut allowed: ResponsePolicy = policy.responses;
    allowed.ntlmv1 |= logon.mschapv2 && allowed.mschapv2;
    let logon = NetworkLogon {
        user: logon.user,
        domain: logon.domain,
        workstation: logon.workstation,
        server_challenge: logon.challenge,
        nt_response: logon.nt_response,
        lm_response: logon.lm_response,
        allowed,
        mschapv2: logon.mschapv2 && allowed.mschapv2,
        ..NetworkLogon::default()
    };
    let validated = chain.validate(&logon, now)?;
    let principal = configuration.details.complete(validated.principal)?;
    if let Some(groups) = groups
        && !configuration.is_member(&principal, Mechanism::Ntlm, groups)
    {
        return Err(Error::LogonDenied(NOT_A_MEMBER));
    }
    Ok(Validated { principal, ..validated })
}

/// Why a client in none of the required groups is rejected.
pub const NOT_A_MEMBER: Denial = Denial::Policy("in none of the groups that the program requires");
