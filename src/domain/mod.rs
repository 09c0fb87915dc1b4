//! The domain as an authority: a domain controller validates NTLM responses, which the library
//! sends it by Netlogon ("pass-through authentication", [MS-APDS] 3.1).
//!
//! [`netlogon`] has the procedures and the secure channel, [`pool`] the connections, [`controller`]
//! finds and chooses domain controllers, [`machine_secret`] is what the machine authenticates with,
//! and [`check`] a report for the administrator.

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
    /// What is configured.
    pub settings: Options,
    machine: Arc<Machine>,
    secret: Secret,
    pool: ForkLocal<Pool>,
}

impl Domain {
    /// A domain with these settings; no connection is made yet.
    pub fn new(settings: Options, secret: Secret) -> Domain {
        let machine = Arc::new(Machine::new(&settings.name, &settings.machine_account));
        let pool = ForkLocal::new(Pool::new(settings.connections));
        Domain { settings, machine, secret, pool }
    }

    /// This server's machine account.
    pub fn machine(&self) -> &Arc<Machine> {
        &self.machine
    }

    /// The machine account's secret.
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

    /// Has a domain controller validate a logon.
    ///
    /// Errors: `LogonDenied` if it rejects the logon, or policy does beforehand; `NoAuthority` if
    /// no controller can be asked.
    fn validate(&self, logon: &NetworkLogon<'_>) -> Result<Validated> {
        let question = PassThroughRequest::of(logon)?;
        let request = Request {
            user: logon.user,
            domain: logon.domain,
            workstation: logon.workstation,
            challenge: question.challenge,
            nt_response: question.nt_response,
            lm_response: question.lm_response,
            mschapv2: question.mschapv2,
        };
        let pool = self.pool.get(|| Pool::new(self.settings.connections));
        let reply = pool.logon(self, &request)?;
        let Validation { user, domain, facts, user_session_key, lm_key, .. } = accepted(reply)?;
        PassThroughResult { user, domain, facts: Some(facts), user_session_key, lm_key }
            .into_validated(question.kind, Origin::Netlogon)
    }
}

/// The client's data, or the controller's rejection.
fn accepted(reply: Reply) -> Result<Validation> {
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
