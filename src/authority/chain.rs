//! One logon, and the authorities that are asked about it.

use super::throttle::{Limits, Throttle};
use super::{
    Account, AccountStatus, AuthorityKind, NetworkLogon, Validated, application, candidates,
};
use crate::config::Settings;
use crate::ntlm::response::{self, Proof};
use crate::principal::{Origin, Principal};
use crate::server::credential::Credential;
use crate::stores::accounts::details;
use crate::stores::accounts::file::nobody;
use crate::types::account_name;
use crate::types::error::{Denial, Error, Result};
use crate::types::ntstatus::NtStatus;
use std::time::Instant;

/// A logon, and who may be asked about it.
#[derive(Clone, Copy)]
pub(super) struct Chain<'a> {
    pub(super) credential: &'a Credential,
    pub(super) settings: &'a Settings,
    pub(super) logon: &'a NetworkLogon<'a>,
}

/// What one authority says.
enum Verdict {
    /// It has judged the logon.
    Judged(Result<Validated>),
    /// It does not know the client.
    Unknown,
    /// There is no such authority, or (why) it cannot be asked.
    Absent(Option<Error>),
}

impl Chain<'_> {
    /// What the first authority says that knows the client.
    pub(super) fn answer(&self) -> Result<Validated> {
        self.settings.usable()?;
        let (mut unknown_to, mut absent) = (Vec::new(), None);
        for &kind in &self.settings.authorities.order {
            let answer = match kind {
                AuthorityKind::Credential => self.credential(),
                AuthorityKind::Application => self.application(),
                AuthorityKind::AccountFile => self.account_file(),
                AuthorityKind::Domain => self.domain(),
                AuthorityKind::Winbind => self.winbind(),
            };
            match answer {
                Verdict::Judged(result) => return result,
                Verdict::Unknown => unknown_to.push(kind),
                Verdict::Absent(why) => absent = absent.or(why),
            }
        }
        match absent {
            _ if !unknown_to.is_empty() => self.unknown(&unknown_to),
            Some(why) => Err(why),
            None => Err(Error::NoAuthority(
                "no account file is configured ([accounts] file, or NEGOSSP_ACCOUNTS)",
            )),
        }
    }

    /// The credential's own accounts.
    fn credential(&self) -> Verdict {
        if self.credential.accounts.is_empty() {
            return Verdict::Absent(None);
        }
        let is_meant = |own: &&Account| {
            candidates::candidates(self.logon, self.settings)
                .any(|name| account_name::same(name, &own.user))
        };
        match self.credential.accounts.iter().find(is_meant) {
            Some(own) => {
                let standing =
                    if own.disabled { AccountStatus::Disabled } else { AccountStatus::Normal };
                Verdict::Judged(self.account(
                    AuthorityKind::Credential,
                    own,
                    standing,
                    Origin::Credential,
                ))
            }
            None => Verdict::Unknown,
        }
    }

    /// The server program's.
    fn application(&self) -> Verdict {
        let Some(application) = &self.credential.application else { return Verdict::Absent(None) };
        let judged =
            self.throttled(
                &[AuthorityKind::Application],
                self.logon.user,
                || match application::ask(&**application, self.logon) {
                    Some(proof) => proof.map(Some),
                    None => Ok(None),
                },
            );
        match judged {
            Ok(Some(proof)) => Verdict::Judged(self.validated(
                self.logon.user.to_owned(),
                self.logon.domain,
                Origin::Application,
                proof,
            )),
            Ok(None) => Verdict::Unknown,
            Err(error) => Verdict::Judged(Err(error)),
        }
    }

    /// The account file's. Where there is a domain, they are meant only by who names this machine,
    /// or no domain.
    fn account_file(&self) -> Verdict {
        let Some(file) = &self.settings.accounts.file else { return Verdict::Absent(None) };
        let accounts = file.peek();
        if accounts.problem.is_some() {
            return Verdict::Absent(Some(Error::NoAuthority("the account file cannot be read")));
        }
        if self.in_domain() && !candidates::is_of_this_machine(self.logon.domain, self.settings) {
            return Verdict::Unknown;
        }
        match candidates::candidates(self.logon, self.settings).find_map(|name| accounts.get(name))
        {
            Some(entry) => Verdict::Judged(self.account(
                AuthorityKind::AccountFile,
                &entry.account,
                entry.standing,
                Origin::AccountFile,
            )),
            None => Verdict::Unknown,
        }
    }

    /// There is a domain, and somebody to ask about it.
    fn in_domain(&self) -> bool {
        let order = &self.settings.authorities.order;
        self.settings.domain.is_some() && order.contains(&AuthorityKind::Domain)
            || self.settings.winbind.is_some() && order.contains(&AuthorityKind::Winbind)
    }

    /// The client names this machine, and so none of the domain's accounts.
    fn is_of_this_machine_alone(&self) -> bool {
        let named = self.logon.domain;
        let of_the_domain =
            self.settings.domain.as_ref().is_some_and(|domain| domain.is_named(named));
        !named.is_empty() && !of_the_domain && candidates::is_of_this_machine(named, self.settings)
    }

    /// The domain's and those of the domains that it trusts: everybody's who does not name this
    /// machine.
    fn domain(&self) -> Verdict {
        let Some(domain) = &self.settings.domain else { return Verdict::Absent(None) };
        self.pass_on(AuthorityKind::Domain, || domain.validate(self.logon))
    }

    /// The same, as winbindd knows them.
    fn winbind(&self) -> Verdict {
        let Some(winbind) = &self.settings.winbind else { return Verdict::Absent(None) };
        self.pass_on(AuthorityKind::Winbind, || winbind.validate(self.logon))
    }

    fn pass_on(
        &self,
        kind: AuthorityKind,
        validate: impl FnOnce() -> Result<Validated>,
    ) -> Verdict {
        if self.is_of_this_machine_alone() {
            return Verdict::Unknown;
        }
        let account = format!("{}\\{}", self.logon.domain, self.logon.user);
        Verdict::Judged(self.throttled(&[kind], &account, validate))
    }

    /// An account whose hashes are at hand.
    fn account(
        &self,
        kind: AuthorityKind,
        account: &Account,
        standing: AccountStatus,
        origin: Origin,
    ) -> Result<Validated> {
        let proof = self.throttled(&[kind], &account.user, || {
            let proof = response::check(account, self.logon);
            // That there is no password says more than that it is wrong.
            if standing == AccountStatus::NoPassword {
                standing.admit()?;
            }
            proof
        })?;
        standing.admit()?;
        self.validated(account.user.clone(), &account.domain, origin, proof)
    }

    /// Nobody's account: one response is checked all the same, so that an unknown name costs what a
    /// wrong password costs.
    fn unknown(&self, kinds: &[AuthorityKind]) -> Result<Validated> {
        self.throttled(kinds, self.logon.user, || match response::check(nobody(), self.logon) {
            Err(error @ Error::LogonDenied(Denial::ResponseNotAllowed)) => Err(error),
            _ => Err(Error::LogonDenied(Denial::UnknownUser)),
        })
    }

    /// Has `judge` look at the logon, unless too many wrong passwords were given for the account;
    /// counts those.
    fn throttled<T>(
        &self,
        kinds: &[AuthorityKind],
        account: &str,
        judge: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let settings = &self.settings.authorities;
        if !kinds.iter().any(|kind| settings.throttle.contains(kind)) {
            return judge();
        }
        let (throttle, now) = (Throttle::global(), Instant::now());
        let attempt = throttle.attempt(account, self.logon);
        if !throttle.admits(&attempt, now) {
            return Err(Error::LogonDenied(Denial::Throttled));
        }
        let result = judge();
        match &result {
            Ok(_) => throttle.right(&attempt, now),
            Err(Error::LogonDenied(
                Denial::WrongPassword
                | Denial::UnknownUser
                | Denial::Controller(
                    NtStatus::WRONG_PASSWORD | NtStatus::NO_SUCH_USER | NtStatus::LOGON_FAILURE,
                ),
            )) => throttle.wrong(
                &attempt,
                Limits { after: settings.throttle_after, longest: settings.throttle_longest },
                now,
            ),
            // Nothing was guessed, or nobody has looked.
            Err(_) => {}
        }
        result
    }

    /// The client whose account has proven to be its own. `domain` is the account's; empty for the
    /// machine's.
    fn validated(
        &self,
        user: String,
        domain: &str,
        origin: Origin,
        proof: Proof,
    ) -> Result<Validated> {
        let settings = self.settings;
        let domains = [
            domain,
            settings.accounts.domain.as_deref().unwrap_or_default(),
            &settings.server.nb_computer,
        ];
        let domain = domains.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        Ok(Validated {
            principal: details::complete(
                Principal::of_account(user, domain.to_owned(), origin),
                settings,
            )?,
            session_base_key: proof.session_base_key,
            lm_session_key: proof.lm_session_key,
            response: proof.response,
        })
    }
}
