//! A system that is played, for tests.

use super::{Answer, Contents, Logon, Look, Privilege, Refusal, System};
use crate::access_token::Sids;
use crate::access_token::{Level, Subject};
use crate::config::Settings;
use crate::mechanism::Mechanism;
use crate::principal::{Principal, SidAndAttributes, attributes};
use crate::types::sid::Sid;
use crate::types::time::FileTime;
use std::cell::Cell;

/// A system, and what it is to do.
pub(crate) struct Played {
    pub(crate) wine: bool,
    pub(crate) can_create: bool,
    pub(crate) refuses_to_create: bool,
    pub(crate) privileges: Vec<Privilege>,
    pub(crate) own: Look,
    /// What CreateRestrictedToken leaves, if not what it should.
    pub(crate) restricts_to: Option<Look>,
    pub(crate) ignores_levels: bool,
    /// What LsaLogonUser gives.
    pub(crate) logs_on: Option<Look>,
    /// The server's own token was asked for.
    pub(crate) restricted: Cell<bool>,
}

impl Default for Played {
    /// A Windows on which nothing is allowed.
    fn default() -> Played {
        Played {
            wine: false,
            can_create: false,
            refuses_to_create: false,
            privileges: Vec::new(),
            own: look("S-1-5-21-7-7-7-1000", None),
            restricts_to: None,
            ignores_levels: false,
            logs_on: None,
            restricted: Cell::new(false),
        }
    }
}

/// A token, and how it came about.
#[derive(Debug)]
pub(crate) enum Made {
    Created(Contents, Option<Privilege>),
    Restricted(Look),
    LoggedOn(Logon, Look, Option<Privilege>),
}

const REFUSED: Refusal = Refusal(0xc000_0061);

impl System for Played {
    type Handle = Made;

    fn is_wine(&self) -> bool {
        self.wine
    }

    fn can_create(&self) -> bool {
        self.can_create
    }

    fn holds(&self, privilege: Privilege) -> bool {
        self.privileges.contains(&privilege)
    }

    fn create(&self, contents: &Contents, with: Option<Privilege>) -> Answer<Made> {
        if self.refuses_to_create
            || !self.can_create
            || !(self.wine || with.is_some_and(|with| self.holds(with)))
        {
            return Err(REFUSED);
        }
        Ok(Made::Created(contents.clone(), with))
    }

    fn own(&self) -> Answer<Look> {
        Ok(self.own.clone())
    }

    fn restricted(&self, deny_only: &[Sid]) -> Answer<Made> {
        self.restricted.set(true);
        if let Some(left) = &self.restricts_to {
            return Ok(Made::Restricted(left.clone()));
        }
        let mut left = Look { enabled: Vec::new(), ..self.own.clone() };
        for group in left.groups.iter_mut().filter(|group| deny_only.contains(&group.sid)) {
            group.attributes = attributes::USE_FOR_DENY_ONLY;
        }
        Ok(Made::Restricted(left))
    }

    fn at_level(&self, token: &Made, level: Level) -> Answer<Made> {
        let level = if self.ignores_levels { Level::Delegation } else { level };
        let levelled = |look: &Look| Look { level: Some(level as u32), ..look.clone() };
        Ok(match token {
            Made::Created(contents, with) => {
                Made::Created(Contents { level, ..contents.clone() }, *with)
            }
            Made::Restricted(look) => Made::Restricted(levelled(look)),
            Made::LoggedOn(logon, look, with) => {
                Made::LoggedOn(logon.clone(), levelled(look), *with)
            }
        })
    }

    fn look(&self, token: &Made) -> Answer<Look> {
        match token {
            Made::Created(contents, _) => Ok(Look {
                level: Some(contents.level as u32),
                user: contents.user,
                groups: contents.groups.clone(),
                enabled: vec![contents.privilege as u64],
            }),
            Made::Restricted(look) | Made::LoggedOn(_, look, _) => Ok(look.clone()),
        }
    }

    fn computer(&self) -> String {
        "PLAYED".into()
    }

    fn log_on(&self, logon: &Logon, with: Option<Privilege>) -> Answer<Made> {
        self.logs_on.clone().map(|look| Made::LoggedOn(logon.clone(), look, with)).ok_or(REFUSED)
    }
}

pub(crate) fn sid(text: &str) -> Sid {
    text.parse().unwrap()
}

pub(crate) fn groups(texts: &[&str], attributes: u32) -> Vec<SidAndAttributes> {
    texts.iter().map(|text| SidAndAttributes { sid: sid(text), attributes }).collect()
}

pub(crate) fn look(user: &str, level: Option<u32>) -> Look {
    Look { level, user: sid(user), groups: Vec::new(), enabled: Vec::new() }
}

pub(crate) fn subject(principal: Principal) -> Subject {
    let (level, mechanism) = (Level::Impersonation, Mechanism::Kerberos);
    let sids = Sids::of(&principal, mechanism, &Settings::default());
    Subject {
        principal,
        sids,
        level,
        mechanism,
        server_name: String::new(),
        expiry: FileTime::NEVER,
        logon_id: 4711,
    }
}
