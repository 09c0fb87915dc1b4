//! The domain as an authority: NTLM's responses are judged by a domain controller, which the library itself asks, by Netlogon
//! ("pass-through authentication", [MS-APDS] 3.1).
//!
//! [`rpc`] is remote procedure calls, [`netlogon`] the procedures and the secure channel that they go over, [`pool`] the
//! connections that are kept and who is asked when, [`controller`] the domain controllers and how they have fared,
//! [`dns`] how they are found, [`secret`] what the machine proves itself with, and [`check`] a report for people.

pub mod check;
pub mod controller;
pub mod dns;
pub mod netlogon;
pub mod pool;
pub mod rpc;
pub mod secret;

use crate::authority::{NetworkLogon, ResponseKind, Validated};
use crate::config;
use crate::error::{Denial, Error, Result};
use crate::ntlm::{crypto, response};
use crate::ntstatus::NtStatus;
use crate::per_process::PerProcess;
use crate::principal::{Origin, Origins, Principal};
use netlogon::validation::{Reply, Validation};
use netlogon::{Machine, Request};
use pool::Pool;
use secret::Secret;
use std::fmt;
use std::sync::Arc;

/// A configured domain.
pub struct Domain {
    /// What the configuration says.
    pub settings: config::Domain,
    machine: Arc<Machine>,
    secret: Secret,
    pool: PerProcess<Pool>,
}

impl Domain {
    /// A domain of these settings, which nobody has asked yet.
    pub fn new(settings: config::Domain, secret: Secret) -> Domain {
        let machine = Arc::new(Machine::new(&settings.name, &settings.machine_account));
        let pool = PerProcess::new(Pool::new(settings.connections));
        Domain { settings, machine, secret, pool }
    }

    /// Which machine we are there.
    pub fn machine(&self) -> &Arc<Machine> {
        &self.machine
    }

    /// What the machine proves itself with.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The client names this domain.
    pub fn is_named(&self, domain: &str) -> bool {
        let same = crate::authority::names::same;
        !domain.is_empty() && (same(domain, &self.settings.name) || same(domain, &self.settings.realm))
    }

    /// Has a domain controller judge a logon.
    ///
    /// Errors: `LogonDenied` when it refuses, or policy does before it is asked; `NoAuthority` when none can be asked.
    pub fn validate(&self, logon: &NetworkLogon<'_>) -> Result<Validated> {
        let kind = admissible(logon)?;
        let mut request = Request {
            user: logon.user,
            domain: logon.domain,
            workstation: logon.workstation,
            challenge: logon.server_challenge,
            nt_response: logon.nt_response,
            lm_response: logon.lm_response,
        };
        if kind == ResponseKind::NtlmV1Ess {
            // What was answered is made of both challenges, and the place of the LM response holds the client's.
            let digest = crypto::md5(&[&logon.server_challenge, logon.lm_response.get(..8).unwrap_or_default()]);
            request.challenge = std::array::from_fn(|i| digest[i]);
            request.lm_response = &[];
        }
        let pool = self.pool.get(|| Pool::new(self.settings.connections));
        let reply = pool.logon(self, &request)?;
        judged(reply).map(|validation| validated(validation, kind))
    }
}

/// The response's kind, if policy allows it. LM and LMv2 without more are not passed on: nobody could tell which of them the
/// domain controller has taken them for.
fn admissible(logon: &NetworkLogon<'_>) -> Result<ResponseKind> {
    let kind = response::kind(logon).ok_or(Error::LogonDenied(Denial::WrongPassword))?;
    let allowed = match kind {
        ResponseKind::NtlmV2 => true,
        ResponseKind::NtlmV1 => logon.allowed.ntlmv1,
        ResponseKind::NtlmV1Ess => logon.allowed.ntlmv1_ess,
        ResponseKind::LmV2 | ResponseKind::Lm => false,
    };
    if allowed { Ok(kind) } else { Err(Error::LogonDenied(Denial::ResponseNotAllowed)) }
}

/// Who the domain controller says that the client is.
fn judged(reply: Reply) -> Result<Validation> {
    match reply {
        Reply { status: NtStatus::SUCCESS, validation: Some(validation), .. } => {
            if validation.is_guest() {
                return Err(Error::LogonDenied(Denial::Policy("the domain controller knows the client as a guest")));
            }
            // Everybody knows a key of zeros.
            if *validation.user_session_key == [0; 16] {
                return Err(Error::LogonDenied(Denial::Policy("the domain controller gave no session key")));
            }
            Ok(validation)
        }
        Reply { status, .. } if status.is_no_judgement() => {
            tracing::error!(%status, "domain: the domain controller cannot judge the logon");
            Err(Error::NoAuthority("the domain controller cannot judge the logon"))
        }
        Reply { status, .. } => Err(Error::LogonDenied(Denial::Controller(status))),
    }
}

fn validated(validation: Validation, kind: ResponseKind) -> Validated {
    let Validation { user, domain, facts, user_session_key, lm_key, .. } = validation;
    let principal = Principal::of_account(user, domain, Origin::Netlogon);
    Validated {
        principal: Principal { account: Some(Arc::new(facts)), origins: Origins::all(Origin::Netlogon), ..principal },
        session_base_key: user_session_key,
        lm_session_key: lm_key,
        response: kind,
    }
}

impl PartialEq for Domain {
    fn eq(&self, other: &Domain) -> bool {
        self.settings == other.settings && self.secret == other.secret
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Domain").field("settings", &self.settings).finish_non_exhaustive()
    }
}
