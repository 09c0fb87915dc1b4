//! A fake operating system, for tests.

use super::system::System;
use crate::access_token::config::Config;
use crate::access_token::options::Options;
use crate::access_token::sids::Sids;
use crate::access_token::{Level, Subject};
use crate::mechanism::Mechanism;
use crate::platform::access_token::{CallError, CallResult, Contents, Logon, Privilege, TokenInfo};
use crate::principal::{Principal, SidAndAttributes, attributes};
use crate::stores::machine_sid::MachineSid;
use crate::stores::own_accounts::OwnAccounts;
use crate::types::sid::Sid;
use crate::types::time::FileTime;
use std::cell::Cell;
use std::sync::Arc;

/// The system, and how it behaves.
pub(crate) struct FakeSystem {
    pub(crate) wine: bool,
    pub(crate) can_create: bool,
    pub(crate) refuses_to_create: bool,
    pub(crate) privileges: Vec<Privilege>,
    pub(crate) own: TokenInfo,
    /// What CreateRestrictedToken returns instead of a correct result.
    pub(crate) restricts_to: Option<TokenInfo>,
    pub(crate) ignores_levels: bool,
    /// What LsaLogonUser returns.
    pub(crate) logs_on: Option<TokenInfo>,
    /// The server's own token was requested.
    pub(crate) restricted: Cell<bool>,
}

impl Default for FakeSystem {
    /// A Windows on which the process may do nothing.
    fn default() -> FakeSystem {
        FakeSystem {
            wine: false,
            can_create: false,
            refuses_to_create: false,
            privileges: Vec::new(),
            own: info_of("S-1-5-21-7-7-7-1000", None),
            restricts_to: None,
            ignores_levels: false,
            logs_on: None,
            restricted: Cell::new(false),
        }
    }
}

/// A token, and how it was made.
#[derive(Debug)]
pub(crate) enum FakeToken {
    Created(Contents, Option<Privilege>),
    Restricted(TokenInfo),
    LoggedOn(Logon, TokenInfo, Option<Privilege>),
}

const REFUSED: CallError = CallError(0xc000_0061);

impl System for FakeSystem {
    type Handle = FakeToken;

    fn is_wine(&self) -> bool {
        self.wine
    }

    fn can_create(&self) -> bool {
        self.can_create
    }

    fn holds(&self, privilege: Privilege) -> bool {
        self.privileges.contains(&privilege)
    }

    fn create(&self, contents: &Contents, with: Option<Privilege>) -> CallResult<FakeToken> {
        if self.refuses_to_create
            || !self.can_create
            || !(self.wine || with.is_some_and(|with| self.holds(with)))
        {
            return Err(REFUSED);
        }
        Ok(FakeToken::Created(contents.clone(), with))
    }

    fn own_info(&self) -> CallResult<TokenInfo> {
        Ok(self.own.clone())
    }

    fn restricted(&self, deny_only: &[Sid]) -> CallResult<FakeToken> {
        self.restricted.set(true);
        if let Some(left) = &self.restricts_to {
            return Ok(FakeToken::Restricted(left.clone()));
        }
        let mut left = TokenInfo { enabled: Vec::new(), ..self.own.clone() };
        for group in left.groups.iter_mut().filter(|group| deny_only.contains(&group.sid)) {
            group.attributes = attributes::USE_FOR_DENY_ONLY;
        }
        Ok(FakeToken::Restricted(left))
    }

    fn at_level(&self, token: &FakeToken, level: Level) -> CallResult<FakeToken> {
        let level = if self.ignores_levels { Level::Delegation } else { level };
        let levelled = |info: &TokenInfo| TokenInfo { level: Some(level as u32), ..info.clone() };
        Ok(match token {
            FakeToken::Created(contents, with) => {
                FakeToken::Created(Contents { level, ..contents.clone() }, *with)
            }
            FakeToken::Restricted(info) => FakeToken::Restricted(levelled(info)),
            FakeToken::LoggedOn(logon, info, with) => {
                FakeToken::LoggedOn(logon.clone(), levelled(info), *with)
            }
        })
    }

    fn info(&self, token: &FakeToken) -> CallResult<TokenInfo> {
        match token {
            FakeToken::Created(contents, _) => Ok(TokenInfo {
                level: Some(contents.level as u32),
                user: contents.user,
                groups: contents.groups.clone(),
                enabled: vec![contents.privilege as u64],
            }),
            FakeToken::Restricted(info) | FakeToken::LoggedOn(_, info, _) => Ok(info.clone()),
        }
    }

    fn computer(&self) -> String {
        "FAKE".into()
    }

    fn log_on(&self, logon: &Logon, with: Option<Privilege>) -> CallResult<FakeToken> {
        self.logs_on
            .clone()
            .map(|info| FakeToken::LoggedOn(logon.clone(), info, with))
            .ok_or(REFUSED)
    }
}

pub(crate) fn sid(text: &str) -> Sid {
    text.parse().unwrap()
}

pub(crate) fn groups(texts: &[&str], attributes: u32) -> Vec<SidAndAttributes> {
    texts.iter().map(|text| SidAndAttributes { sid: sid(text), attributes }).collect()
}

pub(crate) fn info_of(user: &str, level: Option<u32>) -> TokenInfo {
    TokenInfo { level, user: sid(user), groups: Vec::new(), enabled: Vec::new() }
}

fn config() -> Config {
    Config {
        options: Options::default(),
        own: OwnAccounts { domain: None, computer: "WEB1".to_owned() },
        machine_sid: Arc::new(MachineSid::default()),
    }
}

pub(crate) fn subject(principal: Principal) -> Subject {
    let (level, mechanism) = (Level::Impersonation, Mechanism::Kerberos);
    let sids = Sids::of(&principal, mechanism, &config()).unwrap();
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
