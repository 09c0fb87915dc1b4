//! The authorities in their order: the first that knows the client decides.

use super::pass_through::PassThrough;
use super::throttle::{Limits, Throttle};
use super::{Application, AuthorityKind, LocalAccounts, Options, application, audit, restrictions};
use crate::ntlm::response::{self, Proof};
use crate::ntlm::{Account, Authority, NetworkLogon, Validated};
use crate::principal::{Origin, Principal};
use crate::stores::accounts::account::AccountStatus;
use crate::stores::accounts::file::nobody;
use crate::types::account_name::same;
use crate::types::error::{Denial, Error, Result};
use crate::types::logon_names::LogonNames;
use crate::types::ntstatus::NtStatus;
use crate::types::time::FileTime;
use std::sync::Arc;
use std::time::Instant;

/// The authorities of one credential under one configuration.
#[derive(Debug)]
pub struct Chain {
    /// Their order, the throttle, who may use NTLM.
    pub options: Options,
    /// `[ntlm] mode = "audit"`.
    pub audited: bool,
    /// The credential's own accounts.
    pub credential: Vec<Account>,
    /// The server program's accounts.
    pub application: Option<Arc<dyn Application>>,
    /// The account file.
    pub local: LocalAccounts,
    /// A domain controller, asked by the library itself.
    pub domain: Option<Arc<dyn PassThrough>>,
    /// The machine's winbindd.
    pub winbind: Option<Arc<dyn PassThrough>>,
}

/// The result of one authority.
enum Verdict {
    /// It has accepted or rejected the logon.
    Judged(Result<Validated>),
    /// It does not have the account.
    Unknown,
    /// It is not configured, or cannot be used for this reason.
    Absent(Option<Error>),
}

impl Authority for Chain {
    fn validate(&self, logon: &NetworkLogon<'_>, _now: FileTime) -> Result<Validated> {
        let validated = self.ask(logon)?;
        // After authentication: a client without the password must not learn to whom the policy
        // applies.
        restrictions::admit(&validated.principal, &self.options, logon)?;
        Ok(validated)
    }
}

impl Chain {
    /// Records how a logon ended once everything has been checked: in the audit file, and for the
    /// throttle, which lets an account go on from where it has logged on before. `outcome` is the
    /// receipt of the validated logon, or why the client was rejected.
    pub fn conclude(
        &self,
        logon: &LogonNames,
        outcome: Result<Option<u64>, &Error>,
        now: FileTime,
    ) {
        if let Ok(Some(receipt)) = outcome {
            Throttle::global().right(receipt, Instant::now());
        }
        audit::record(outcome.err(), logon, self.audited, &self.options, now);
    }

    /// The verdict of the first authority that knows the client.
    fn ask(&self, logon: &NetworkLogon<'_>) -> Result<Validated> {
        let (mut unknown_to, mut absent) = (Vec::new(), None);
        for &kind in &self.options.order {
            let verdict = match kind {
                AuthorityKind::Credential => self.credential(logon),
                AuthorityKind::Application => self.application(logon),
                AuthorityKind::AccountFile => self.account_file(logon),
                AuthorityKind::Domain => self.pass_on(kind, self.domain.as_deref(), logon),
                AuthorityKind::Winbind => self.pass_on(kind, self.winbind.as_deref(), logon),
            };
            match verdict {
                Verdict::Judged(result) => return result,
                Verdict::Unknown => unknown_to.push(kind),
                Verdict::Absent(why) => absent = absent.or(why),
            }
        }
        match absent {
            _ if !unknown_to.is_empty() => self.unknown(&unknown_to, logon),
            Some(why) => Err(why),
            None => Err(Error::NoAuthority(
                "no account file is configured ([accounts] file, or NEGOSSP_ACCOUNTS)",
            )),
        }
    }

    /// The credential's own accounts.
    fn credential(&self, logon: &NetworkLogon<'_>) -> Verdict {
        if self.credential.is_empty() {
            return Verdict::Absent(None);
        }
        let is_meant = |own: &&Account| {
            self.local.candidates(logon.domain, logon.user).any(|name| same(name, &own.user))
        };
        match self.credential.iter().find(is_meant) {
            Some(own) => {
                let status =
                    if own.disabled { AccountStatus::Disabled } else { AccountStatus::Normal };
                let kind = AuthorityKind::Credential;
                Verdict::Judged(self.account(kind, own, status, Origin::Credential, logon))
            }
            None => Verdict::Unknown,
        }
    }

    /// The server program's.
    fn application(&self, logon: &NetworkLogon<'_>) -> Verdict {
        let Some(application) = &self.application else { return Verdict::Absent(None) };
        let judged = self.throttled(&[AuthorityKind::Application], logon.user, logon, || {
            application::ask(&**application, logon).transpose()
        });
        match judged {
            Ok((Some(proof), receipt)) => {
                let user = logon.user.to_owned();
                let client = self.validated(user, logon.domain, Origin::Application, proof);
                Verdict::Judged(Ok(Validated { receipt, ..client }))
            }
            Ok((None, _)) => Verdict::Unknown,
            Err(error) => Verdict::Judged(Err(error)),
        }
    }

    /// The account file's. If there is a domain, only a client that names this machine or no domain
    /// means them.
    fn account_file(&self, logon: &NetworkLogon<'_>) -> Verdict {
        let Some(file) = &self.local.file else { return Verdict::Absent(None) };
        let accounts = file.peek();
        if accounts.problem.is_some() {
            return Verdict::Absent(Some(Error::NoAuthority("the account file cannot be read")));
        }
        let domain = self.domain.as_deref();
        if self.in_domain() && !self.local.is_this_machine(logon.domain, domain) {
            return Verdict::Unknown;
        }
        let mut candidates = self.local.candidates(logon.domain, logon.user);
        match candidates.find_map(|name| accounts.get(name)) {
            Some(entry) => Verdict::Judged(self.account(
                AuthorityKind::AccountFile,
                &entry.account,
                entry.standing,
                Origin::AccountFile,
                logon,
            )),
            None => Verdict::Unknown,
        }
    }

    /// Whether there is a domain and an authority for it.
    fn in_domain(&self) -> bool {
        let order = &self.options.order;
        self.domain.is_some() && order.contains(&AuthorityKind::Domain)
            || self.winbind.is_some() && order.contains(&AuthorityKind::Winbind)
    }

    /// Whether the client names this machine, and so none of the domain's accounts.
    fn is_of_this_machine_alone(&self, named: &str) -> bool {
        let domain = self.domain.as_deref();
        let of_the_domain = domain.is_some_and(|domain| domain.is_named(named));
        !named.is_empty() && !of_the_domain && self.local.is_this_machine(named, domain)
    }

    /// Accounts of the domain and of the domains that it trusts: of every client that does not name
    /// this machine.
    fn pass_on(
        &self,
        kind: AuthorityKind,
        to: Option<&dyn PassThrough>,
        logon: &NetworkLogon<'_>,
    ) -> Verdict {
        let Some(to) = to else { return Verdict::Absent(None) };
        if self.is_of_this_machine_alone(logon.domain) {
            return Verdict::Unknown;
        }
        let account = format!("{}\\{}", logon.domain, logon.user);
        let validated = self.throttled(&[kind], &account, logon, || to.validate(logon));
        Verdict::Judged(validated.map(|(client, receipt)| Validated { receipt, ..client }))
    }

    /// An account whose hashes are known here.
    fn account(
        &self,
        kind: AuthorityKind,
        account: &Account,
        status: AccountStatus,
        origin: Origin,
        logon: &NetworkLogon<'_>,
    ) -> Result<Validated> {
        let (proof, receipt) = self.throttled(&[kind], &account.user, logon, || {
            let proof = response::check(account, logon);
            // "No password set" is more useful in the log.
            if status == AccountStatus::NoPassword {
                status.admit()?;
            }
            proof
        })?;
        status.admit()?;
        let client = self.validated(account.user.clone(), &account.domain, origin, proof);
        Ok(Validated { receipt, ..client })
    }

    /// An unknown name: one response is checked all the same, so that it takes as long as a wrong
    /// password.
    fn unknown(&self, kinds: &[AuthorityKind], logon: &NetworkLogon<'_>) -> Result<Validated> {
        let denied =
            self.throttled(kinds, logon.user, logon, || match response::check(nobody(), logon) {
                Err(error @ Error::LogonDenied(Denial::ResponseNotAllowed)) => Err(error),
                _ => Err(Error::LogonDenied(Denial::UnknownUser)),
            });
        denied.map(|(never, _)| never)
    }

    /// Calls `judge` to check the logon, unless the account is throttled, and counts wrong
    /// passwords. That the password was right counts once the whole logon has succeeded:
    /// [`Chain::conclude`] gets the number returned here, if the throttle is for such accounts.
    fn throttled<T>(
        &self,
        kinds: &[AuthorityKind],
        account: &str,
        logon: &NetworkLogon<'_>,
        judge: impl FnOnce() -> Result<T>,
    ) -> Result<(T, Option<u64>)> {
        let options = &self.options;
        if !kinds.iter().any(|kind| options.throttle.contains(kind)) {
            return Ok((judge()?, None));
        }
        let (throttle, now) = (Throttle::global(), Instant::now());
        let attempt = throttle.attempt(account, logon.workstation, logon.address.as_ref());
        if !throttle.admits(&attempt, now) {
            return Err(Error::LogonDenied(Denial::Throttled));
        }
        let result = judge();
        if let Err(Error::LogonDenied(
            Denial::WrongPassword
            | Denial::UnknownUser
            | Denial::Controller(
                NtStatus::WRONG_PASSWORD | NtStatus::NO_SUCH_USER | NtStatus::LOGON_FAILURE,
            ),
        )) = &result
        {
            let limits =
                Limits { after: options.throttle_after, longest: options.throttle_longest };
            throttle.wrong(&attempt, limits, now);
        }
        Ok((result?, Some(attempt.receipt())))
    }

    /// The client whose proof is right. `domain` is the account's; empty for the machine's.
    fn validated(&self, user: String, domain: &str, origin: Origin, proof: Proof) -> Validated {
        let domain = self.local.domain_of(domain).to_owned();
        Validated {
            principal: Principal::of_account(user, domain, origin),
            session_base_key: proof.session_base_key,
            lm_session_key: proof.lm_session_key,
            response: proof.response,
            receipt: None,
        }
    }
}
