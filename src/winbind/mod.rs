//! The machine's winbindd as an authority: Samba's daemon, which the machine has joined its domain
//! with, judges NTLM's responses.
//!
//! [`library`] asks it by its client library and [`helpers`] by processes of `ntlm_auth`, whose
//! protocol is in [`ntlm_auth`].

mod account;
mod ntlm_auth;
mod ntlm_auth_pool;
mod options;
#[cfg(all(test, unix))]
mod tests;
mod wbclient_pool;

use crate::authority::pass_through::{PassThrough, PassThroughRequest, PassThroughResult};
use crate::ntlm::{NetworkLogon, Validated};
use crate::principal::Origin;
use crate::runtime::fork_local::ForkLocal;
use crate::types::error::{Denial, Error, Result};
use ntlm_auth::Keys;
use ntlm_auth_pool::Helpers;
pub use options::{Options, WinbindWay};
use parking_lot::Mutex;
use std::ffi::CString;
use std::fmt;
use std::time::{Duration, Instant};
use wbclient_pool::Library;

/// When winbindd is not there, nobody asks for this long.
const QUIET: Duration = Duration::from_secs(2);

/// winbindd's texts have 256 bytes with the zero at their end, and what is longer it would cut.
const LONGEST_NAME: usize = 255;

const UNREACHABLE: Error = Error::NoAuthority("winbindd cannot be reached");
const GARBLED: Error = Error::NoAuthority("what winbindd's helper answers is no answer");
const SLOW: Error = Error::NoAuthority("winbindd does not answer in time");
const BUSY: Error = Error::NoAuthority("winbindd does not keep up with the logons");

/// A configured winbindd.
pub struct Winbind {
    /// What the configuration says.
    pub settings: Options,
    open: ForkLocal<Open>,
}

/// What is kept between logons.
struct Open {
    library: Library,
    helpers: Helpers,
    quiet_until: Mutex<Option<Instant>>,
}

/// A logon as winbindd is told of it.
struct Names {
    user: CString,
    domain: CString,
    workstation: CString,
}

impl PassThrough for Winbind {
    /// Which domain the client names does not matter: winbindd knows those that it can ask.
    fn is_named(&self, _domain: &str) -> bool {
        false
    }

    /// Has winbindd judge a logon.
    ///
    /// Errors: `LogonDenied` when it refuses, or policy does before it is asked; `NoAuthority` when
    /// it cannot be asked.
    fn validate(&self, logon: &NetworkLogon<'_>) -> Result<Validated> {
        let question = PassThroughRequest::of(logon)?;
        let deadline = Instant::now() + self.settings.timeout;
        let names = Names::of(logon, &self.settings.domain)?;
        let open = self.open.get(|| Open::new(&self.settings));
        open.while_quiet()?;
        let vouched = match self.settings.way {
            WinbindWay::Libwbclient => open.library.judge(names, &question, deadline),
            WinbindWay::NtlmAuth => self.by_helper(open, names, &question, deadline),
        };
        if matches!(vouched, Err(UNREACHABLE)) {
            *open.quiet_until.lock() = Some(Instant::now() + QUIET);
        }
        vouched?.into_validated(question.kind, Origin::Winbind)
    }
}

impl Winbind {
    /// A winbindd that nobody has asked yet.
    pub fn new(settings: Options) -> Winbind {
        let open = ForkLocal::new(Open::new(&settings));
        Winbind { settings, open }
    }

    /// ntlm_auth tells the keys and no more: who that is, winbindd is asked by its library, if that
    /// can be had.
    fn by_helper(
        &self,
        open: &Open,
        names: Names,
        question: &PassThroughRequest<'_>,
        deadline: Instant,
    ) -> Result<PassThroughResult> {
        let keys = open.helpers.judge(&self.settings, &names, question, deadline)?;
        let Keys { user_session_key, lm_key } = keys;
        if !Library::can_be_had() {
            let text = |name: CString| name.into_string().unwrap_or_default();
            let (user, domain) = (text(names.user), text(names.domain));
            return Ok(PassThroughResult { user, domain, facts: None, user_session_key, lm_key });
        }
        let named = open.library.look_up(names, deadline)?;
        let facts = Some(account::facts(&named));
        Ok(PassThroughResult {
            user: named.user,
            domain: named.domain,
            facts,
            user_session_key,
            lm_key,
        })
    }
}

impl Open {
    fn new(settings: &Options) -> Open {
        Open {
            library: Library::new(settings.helpers),
            helpers: Helpers::new(settings.helpers),
            quiet_until: Mutex::new(None),
        }
    }

    /// Refuses while winbindd is not there.
    fn while_quiet(&self) -> Result<()> {
        let mut quiet_until = self.quiet_until.lock();
        match *quiet_until {
            Some(until) if Instant::now() < until => Err(UNREACHABLE),
            _ => {
                *quiet_until = None;
                Ok(())
            }
        }
    }
}

impl Names {
    /// The client's names; its domain is `own_domain` if it names none and is no user principal
    /// name.
    fn of(logon: &NetworkLogon<'_>, own_domain: &str) -> Result<Names> {
        let name = |text: &str| match CString::new(text) {
            Ok(name) if text.len() <= LONGEST_NAME => Ok(name),
            _ => Err(Error::LogonDenied(Denial::UnknownUser)),
        };
        if logon.user.is_empty() {
            return Err(Error::LogonDenied(Denial::UnknownUser));
        }
        let domain = match logon.domain {
            "" if !logon.user.contains('@') => own_domain,
            named => named,
        };
        Ok(Names {
            user: name(logon.user)?,
            domain: name(domain)?,
            workstation: name(logon.workstation)?,
        })
    }
}

impl PartialEq for Winbind {
    fn eq(&self, other: &Winbind) -> bool {
        self.settings == other.settings
    }
}

impl fmt::Debug for Winbind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Winbind").field("settings", &self.settings).finish_non_exhaustive()
    }
}
