//! The domain as an authority: NTLM's responses are judged by a domain controller, which the
//! library itself asks, by Netlogon ("pass-through authentication", [MS-APDS] 3.1).
//!
//! [`rpc`] is remote procedure calls, [`netlogon`] the procedures and the secure channel that they
//! go over, [`pool`] the connections that are kept and who is asked when, [`controller`] the domain
//! controllers and how they have fared, [`dns`] how they are found, [`secret`] what the machine
//! proves itself with, and [`check`] a report for people.

pub mod check;
pub mod controller;
pub mod machine_secret;
pub mod netlogon;
mod options;
pub mod pool;

use crate::authority::pass_through::{self, PassThrough, PassThroughRequest, PassThroughResult};
use crate::ntlm::{NetworkLogon, Validated};
use crate::principal::Origin;
use crate::runtime::fork_local::ForkLocal;
use crate::types::error::Result;
use crate::types::ntstatus::NtStatus;
use machine_secret::Secret;
use netlogon::validation::{Reply, Validation};
use netlogon::{Machine, Request};
pub use options::Options;
use pool::Pool;
use std::fmt;
use std::sync::Arc;

/// A configured domain.
pub struct Domain {
    /// What the configuration says.
    pub settings: Options,
    machine: Arc<Machine>,
    secret: Secret,
    pool: ForkLocal<Pool>,
}

impl Domain {
    /// A domain of these settings, which nobody has asked yet.
    pub fn new(settings: Options, secret: Secret) -> Domain {
        let machine = Arc::new(Machine::new(&settings.name, &settings.machine_account));
        let pool = ForkLocal::new(Pool::new(settings.connections));
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
}

impl PassThrough for Domain {
    /// The client names this domain.
    fn is_named(&self, domain: &str) -> bool {
        let same = crate::types::account_name::same;
        !domain.is_empty()
            && (same(domain, &self.settings.name) || same(domain, &self.settings.realm))
    }

    /// Has a domain controller judge a logon.
    ///
    /// Errors: `LogonDenied` when it refuses, or policy does before it is asked; `NoAuthority` when
    /// none can be asked.
    fn validate(&self, logon: &NetworkLogon<'_>) -> Result<Validated> {
        let question = PassThroughRequest::of(logon)?;
        let request = Request {
            user: logon.user,
            domain: logon.domain,
            workstation: logon.workstation,
            challenge: question.challenge,
            nt_response: question.nt_response,
            lm_response: question.lm_response,
        };
        let pool = self.pool.get(|| Pool::new(self.settings.connections));
        let reply = pool.logon(self, &request)?;
        let Validation { user, domain, facts, user_session_key, lm_key, .. } = judged(reply)?;
        PassThroughResult { user, domain, facts: Some(facts), user_session_key, lm_key }
            .into_validated(question.kind, Origin::Netlogon)
    }
}

/// Who the domain controller says that the client is.
fn judged(reply: Reply) -> Result<Validation> {
    match reply {
        Reply { status: NtStatus::SUCCESS, validation: Some(validation), .. } => Ok(validation),
        Reply { status, .. } => Err(pass_through::refused(status)),
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
