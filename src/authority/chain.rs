//! The authorities in their order: the first that knows the client decides.

use super::pass_through::PassThrough;
use super::throttle::Throttle;
use super::{
    Application, AuditFile, AuthorityKind, LocalAccounts, Options, application, audit, restrictions,
};
use crate::ntlm::response::{self, Proof};
use crate::ntlm::{Account, Authority, NetworkLogon, Validated};
use crate::principal::{Origin, Principal};
use crate::stores::accounts::account::AccountStatus;
use crate::stores::accounts::file::nobody;
use crate::types::error::{Denial, Error, Result};
use crate::types::logon_names::{LogonNames, Receipt};
use crate::types::ntstatus::NtStatus;
use crate::types::time::FileTime;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

/// The authorities of one credential under one configuration.
#[derive(Debug)]
pub struct Chain {
    /// Their order, the throttle, who may use NTLM.
    pub options: Options,
    /// The throttle on password guessing.
    pub throttle: Arc<Throttle>,
    /// `[ntlm] mode = "audit"`.
    pub audited: bool,
    /// `[ntlm] audit_file`.
    pub audit_file: Option<Arc<AuditFile>>,
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
    fn validate(&self, logon: &NetworkLogon<'_>, now: FileTime) -> Result<Validated> {
        let validated = self.ask(logon, now)?;
        // After authentication: a client without the password must not learn to whom the policy
        // applies.
        restrictions::admit(&validated.principal, &self.options, logon)?;
        Ok(validated)
    }
}

impl Chain {
    /// A client has logged on, and everything has been checked. The throttle gets its `receipt`
    /// back and lets the account go on from where it has logged on before.
    pub fn accepted(&self, logon: &LogonNames, receipt: Option<Receipt>, now: FileTime) {
        if let Some(receipt) = receipt {
            self.throttle.succeeded(receipt, now);
        }
        if let Some(file) = &self.audit_file {
            file.append(&audit::line(None, logon, now));
        }
    }

    /// A client has been rejected, after `more` others for the same reason that were not recorded.
    pub fn rejected(&self, logon: &LogonNames, why: &Error, more: u64, now: FileTime) {
        let Some(file) = &self.audit_file else { return };
        let others = if more == 0 { String::new() } else { audit::more(why, more, now) };
        file.append(&(others + &audit::line(Some(why), logon, now)));
    }

    /// The verdict of the first authority that knows the client.
    fn ask(&self, logon: &NetworkLogon<'_>, now: FileTime) -> Result<Validated> {
        let (mut unknown_to, mut absent) = (Vec::new(), None);
        for &kind in &self.options.order {
            let verdict = match kind {
                AuthorityKind::Credential => self.credential(logon, now),
                AuthorityKind::Application => self.application(logon, now),
                AuthorityKind::AccountFile => self.account_file(logon, now),
                AuthorityKind::Domain => self.pass_on(kind, self.domain.as_deref(), logon, now),
                AuthorityKind::Winbind => self.pass_on(kind, self.winbind.as_deref(), logon, now),
            };
            match verdict {
                Verdict::Judged(result) => return result,
                Verdict::Unknown => unknown_to.push(kind),
                Verdict::Absent(why) => absent = absent.or(why),
            }
        }
        match absent {
            _ if !unknown_to.is_empty() => self.unknown(&unknown_to, logon, now),
            Some(why) => Err(why),
            None => Err(Error::NoAuthority(
                "no account file is configured ([accounts] file, or NEGOSSP_ACCOUNTS)",
            )),
        }
    }

    /// The credential's own accounts.
    fn credential(&self, logon: &NetworkLogon<'_>, now: FileTime) -> Verdict {
        if self.credential.is_empty() {
            return Verdict::Absent(None);
        }
        match self.local.own_account(&self.credential, logon.domain, logon.user) {
            Some(own) => {
                let status =
                    if own.disabled { AccountStatus::Disabled } else { AccountStatus::Normal };
                let kind = AuthorityKind::Credential;
                Verdict::Judged(self.account(kind, own, status, Origin::Credential, logon, now))
            }
            None => Verdict::Unknown,
        }
    }

    /// The server program's.
    fn application(&self, logon: &NetworkLogon<'_>, now: FileTime) -> Verdict {
        let Some(application) = &self.application else { return Verdict::Absent(None) };
        let Some(account) = self.local.application_account(&**application, logon) else {
            return Verdict::Unknown;
        };
        let judged =
            self.throttled(&[AuthorityKind::Application], account.counted(), logon, now, || {
                application::ask(&**application, logon).transpose()
            });
        match judged {
            Ok((Some(proof), receipt)) => {
                let client =
                    self.validated(account.user, &account.domain, Origin::Application, proof);
                Verdict::Judged(Ok(Validated { receipt, ..client }))
            }
            Ok((None, _)) => Verdict::Unknown,
            Err(error) => Verdict::Judged(Err(error)),
        }
    }

    /// The account file's. If there is a domain, only a client that names this machine or no domain
    /// means them.
    fn account_file(&self, logon: &NetworkLogon<'_>, now: FileTime) -> Verdict {
        let Some(file) = &self.local.file else { return Verdict::Absent(None) };
        let accounts = file.peek();
        if let Some(problem) = &accounts.problem {
            return Verdict::Absent(Some(problem.error("the account file cannot be read")));
        }
        let domain = self.domain.as_deref();
        if self.in_domain() && !self.local.is_this_machine(logon.domain, domain) {
            return Verdict::Unknown;
        }
        let mut candidates = self.local.candidates(logon.domain, logon.user);
        match candidates.find_map(|name| accounts.get(&name)) {
            Some(entry) => Verdict::Judged(self.account(
                AuthorityKind::AccountFile,
                &entry.account,
                entry.standing,
                Origin::AccountFile,
                logon,
                now,
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
        now: FileTime,
    ) -> Verdict {
        let Some(to) = to else { return Verdict::Absent(None) };
        if self.is_of_this_machine_alone(logon.domain) {
            return Verdict::Unknown;
        }
        let account = canonical_name(to, logon);
        let validated = self.throttled(&[kind], &account, logon, now, || to.validate(logon));
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
        now: FileTime,
    ) -> Result<Validated> {
        let checked =
            self.throttled(&[kind], &account.user, logon, now, || response::check(account, logon));
        // "No password set" is more useful in the log.
        if status == AccountStatus::NoPassword
            && let Err(Error::LogonDenied(Denial::WrongPassword)) = checked
        {
            status.admit()?;
        }
        let (proof, receipt) = checked?;
        status.admit()?;
        let client = self.validated(account.user.clone(), &account.domain, origin, proof);
        Ok(Validated { receipt, ..client })
    }

    /// An unknown name: one response is checked all the same, so that it takes as long as a wrong
    /// password.
    fn unknown(
        &self,
        kinds: &[AuthorityKind],
        logon: &NetworkLogon<'_>,
        now: FileTime,
    ) -> Result<Validated> {
        let name = self.local.canonical_name(logon.domain, logon.user);
        let denied =
            self.throttled(kinds, &name, logon, now, || match response::check(nobody(), logon) {
                Err(error @ Error::LogonDenied(Denial::ResponseNotAllowed)) => Err(error),
                _ => Err(Error::LogonDenied(Denial::UnknownUser)),
            });
        denied.map(|(never, _)| never)
    }

    /// Calls `judge` to check the logon, unless the account is throttled, and counts wrong
    /// passwords. Of attempts at the same time, those that are judged after so many wrong ones that
    /// the account is throttled are rejected, whatever the judgement. That the client may go on from there counts once the whole logon has succeeded:
    /// [`Chain::conclude`] gets the receipt returned here, if the throttle is for such accounts.
    fn throttled<T>(
        &self,
        kinds: &[AuthorityKind],
        account: &str,
        logon: &NetworkLogon<'_>,
        now: FileTime,
        judge: impl FnOnce() -> Result<T>,
    ) -> Result<(T, Option<Receipt>)> {
        if !self.options.throttles(kinds) {
            return Ok((judge()?, None));
        }
        let (throttle, limits) = (&self.throttle, self.options.limits());
        let (machine_id, address) = (logon.machine_id.as_ref(), logon.address.as_ref());
        let mut attempt = throttle.attempt(account, machine_id, address, now);
        if !throttle.admits(&mut attempt, limits, Instant::now) {
            // As long as checking takes: the time must not tell who is throttled.
            let _ = black_box(response::check(nobody(), logon));
            return Err(Error::LogonDenied(Denial::Throttled));
        }
        let result = judge();
        match &result {
            Err(Error::LogonDenied(
                Denial::WrongPassword
                | Denial::UnknownUser
                | Denial::Controller(
                    NtStatus::WRONG_PASSWORD | NtStatus::NO_SUCH_USER | NtStatus::LOGON_FAILURE,
                ),
            )) => throttle.wrong(&attempt, limits, Instant::now()),
            // Some other denials, too, are for right passwords alone.
            Ok(_) | Err(Error::LogonDenied(_))
                if !throttle.admits(&mut attempt, limits, Instant::now) =>
            {
                return Err(Error::LogonDenied(Denial::Throttled));
            }
            _ => {}
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

/// The name that attempts on a domain's account are counted under: `\\user` for the domain's own
/// accounts, however the client names it.
fn canonical_name(domain: &dyn PassThrough, logon: &NetworkLogon<'_>) -> String {
    let (of, user) = match logon.user.rsplit_once('@') {
        Some((user, suffix)) if logon.domain.is_empty() => (suffix, user),
        _ => (logon.domain, logon.user),
    };
    let of = if domain.is_named(of) { "" } else { of };
    format!("{of}\\{user}")
}
