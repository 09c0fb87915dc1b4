//! The machine's winbindd as an authority: Samba's daemon, for a machine joined to a domain by
//! Samba, validates NTLM responses.
//!
//! [`wbclient_pool`] reaches it by its client library, [`ntlm_auth_pool`] by processes of
//! `ntlm_auth`, whose protocol is in [`ntlm_auth`].

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
use crate::types::account_name;
use crate::types::error::{Denial, Error, Result};
use crate::types::sid::Sid;
use ntlm_auth::Keys;
use ntlm_auth_pool::NtlmAuthPool;
pub use options::{Options, WinbindWay};
use parking_lot::Mutex;
use std::ffi::CString;
use std::fmt;
use std::time::{Duration, Instant};
use wbclient_pool::WbclientPool;

/// If winbindd is unreachable, it is not tried again for this long.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// winbindd's strings have 256 bytes with the terminating zero; longer ones would be cut off.
const LONGEST_NAME: usize = 255;

const UNREACHABLE: Error = Error::NoAuthority("winbindd cannot be reached");
const MALFORMED: Error = Error::NoAuthority("winbindd's helper gives a malformed answer");
const SLOW: Error = Error::NoAuthority("winbindd does not answer in time");
const BUSY: Error = Error::NoAuthority("winbindd does not keep up with the logons");

/// A configured winbindd.
pub struct Winbind {
    /// What is configured.
    pub settings: Options,
    open: ForkLocal<Open>,
}

/// State kept between logons.
struct Open {
    wbclient: WbclientPool,
    ntlm_auth: NtlmAuthPool,
    retry_at: Mutex<Option<Instant>>,
}

/// A logon's names as passed to winbindd.
struct Names {
    user: CString,
    domain: CString,
    workstation: CString,
    /// The domain is winbindd's. Others' controllers need not answer it.
    own: bool,
}

/// How many of the helpers clients of other domains may have at once.
fn for_others(helpers: usize) -> usize {
    helpers.saturating_sub(1).max(1)
}

impl PassThrough for Winbind {
    /// Which domain the client names does not matter: winbindd knows those that it can ask.
    fn is_named(&self, _domain: &str) -> bool {
        false
    }

    /// Has winbindd validate a logon.
    ///
    /// Errors: `LogonDenied` if it rejects the logon, or policy does beforehand; `NoAuthority` if
    /// it cannot be asked.
    fn validate(&self, logon: &NetworkLogon<'_>) -> Result<Validated> {
        let question = PassThroughRequest::of(logon)?;
        let deadline = Instant::now() + self.settings.timeout;
        let names = Names::of(logon, &self.settings.domain)?;
        let open = self.open.get(|| Open::new(&self.settings));
        open.check_reachable()?;
        let result = match self.settings.way {
            WinbindWay::Libwbclient => open.wbclient.validate(names, &question, deadline),
            WinbindWay::NtlmAuth => self.with_ntlm_auth(open, names, &question, deadline),
        };
        if matches!(result, Err(UNREACHABLE)) {
            *open.retry_at.lock() = Some(Instant::now() + RETRY_AFTER);
        }
        result?.into_validated(question.kind, Origin::Winbind)
    }
}

impl Winbind {
    /// A winbindd without connections yet.
    pub fn new(settings: Options) -> Winbind {
        let open = ForkLocal::new(Open::new(&settings));
        Winbind { settings, open }
    }

    /// The SID of an account or a group of this domain, or, if it is empty, of the own one.
    ///
    /// Errors: `NoAuthority` if there is none, or libwbclient cannot tell.
    pub fn sid_of(&self, domain: &str, name: &str) -> Result<Sid> {
        let named = NetworkLogon { user: name, domain, ..NetworkLogon::default() };
        let names = Names::of(&named, &self.settings.domain)?;
        let open = self.open.get(|| Open::new(&self.settings));
        open.wbclient.sid_of(names, Instant::now() + self.settings.timeout)
    }

    /// ntlm_auth returns only the keys. The account is looked up by winbindd's client library, if
    /// available.
    fn with_ntlm_auth(
        &self,
        open: &Open,
        names: Names,
        question: &PassThroughRequest<'_>,
        deadline: Instant,
    ) -> Result<PassThroughResult> {
        let keys = open.ntlm_auth.validate(&self.settings, &names, question, deadline)?;
        let Keys { user_session_key, lm_key } = keys;
        if !WbclientPool::is_available() {
            let text = |name: CString| name.into_string().unwrap_or_default();
            let (user, domain) = (text(names.user), text(names.domain));
            return Ok(PassThroughResult { user, domain, facts: None, user_session_key, lm_key });
        }
        let named = open.wbclient.look_up(names, deadline)?;
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
            wbclient: WbclientPool::new(settings.helpers),
            ntlm_auth: NtlmAuthPool::new(settings.helpers),
            retry_at: Mutex::new(None),
        }
    }

    /// Fails while winbindd is expected to be unreachable.
    fn check_reachable(&self) -> Result<()> {
        let mut retry_at = self.retry_at.lock();
        match *retry_at {
            Some(until) if Instant::now() < until => Err(UNREACHABLE),
            _ => {
                *retry_at = None;
                Ok(())
            }
        }
    }
}

impl Names {
    /// The client's names. Without a domain it is in `own_domain`, unless the user is a user
    /// principal name.
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
            own: account_name::same(domain, own_domain),
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
