//! A pool of `ntlm_auth` processes. Callers talk to a borrowed helper in their own thread.

use super::Options;
use super::ntlm_auth::{self, Answer, HelperError, Keys};
use super::{BUSY, MALFORMED, Names, SLOW, UNREACHABLE, for_others};
use crate::authority::pass_through::{self, PassThroughRequest};
use crate::platform::helper_process::Helper;
use crate::runtime::threads;
use crate::types::error::{Error, Result};
use parking_lot::{Condvar, Mutex};
use std::ffi::OsString;
use std::time::{Duration, Instant};

/// A helper idle for this long is ended.
const LONGEST_IDLE: Duration = Duration::from_secs(300);

/// The helpers of a process.
pub(super) struct NtlmAuthPool {
    most: usize,
    state: Mutex<State>,
    given_back: Condvar,
}

#[derive(Default)]
struct State {
    /// Idle helpers and when each was last used, the latest at the end.
    idle: Vec<(Helper, Instant)>,
    /// All helpers, including those in use.
    count: usize,
    /// Permits of clients that do not name winbindd's domain.
    others: usize,
}

/// The right to use a helper; Drop returns it.
struct Permit<'a> {
    helpers: &'a NtlmAuthPool,
    helper: Option<Helper>,
    /// The client names winbindd's domain.
    own: bool,
}

impl NtlmAuthPool {
    pub(super) fn new(most: usize) -> NtlmAuthPool {
        NtlmAuthPool { most, state: Mutex::default(), given_back: Condvar::new() }
    }

    /// Has a logon judged.
    pub(super) fn validate(
        &self,
        settings: &Options,
        names: &Names,
        question: &PassThroughRequest<'_>,
        deadline: Instant,
    ) -> Result<Keys> {
        let mut permit = self.permit(names.own, deadline)?;
        let request = ntlm_auth::request(names, question);
        // An idle helper may have ended meanwhile; that does not count against the next.
        loop {
            let (helper, kept) = match permit.helper.take() {
                Some(helper) if ntlm_auth::is_ready(&helper) => (helper, true),
                Some(_) => {
                    self.sweep();
                    (start(settings)?, false)
                }
                None => (start(settings)?, false),
            };
            match ntlm_auth::ask(&helper, &request, deadline) {
                Ok(answer) => {
                    permit.helper = Some(helper);
                    return keys_of(answer);
                }
                Err(HelperError::Ended) if kept => {
                    tracing::info!("winbind: a helper has ended; starting another")
                }
                Err(error) => {
                    tracing::error!(program = ?settings.ntlm_auth, "winbind: the helper {error}; ending it");
                    return Err(match error {
                        HelperError::Silent => SLOW,
                        HelperError::Malformed(_) => MALFORMED,
                        HelperError::Ended => UNREACHABLE,
                    });
                }
            }
        }
    }

    /// If one helper has ended, others may have: drops them, which reaps their processes.
    fn sweep(&self) {
        let mut state = self.state.lock();
        let (ready, ended): (Vec<_>, Vec<_>) =
            state.idle.drain(..).partition(|(helper, _)| ntlm_auth::is_ready(helper));
        state.idle = ready;
        state.count -= ended.len();
    }

    /// Waits for a helper, or for the right to start one. Clients that do not name winbindd's
    /// domain leave one free, if there are several.
    fn permit(&self, own: bool, deadline: Instant) -> Result<Permit<'_>> {
        let mut ended = Vec::new();
        let mut state = self.state.lock();
        loop {
            while state.idle.first().is_some_and(|(_, used)| used.elapsed() > LONGEST_IDLE) {
                ended.push(state.idle.remove(0).0);
                state.count -= 1;
            }
            if own || state.others < for_others(self.most) {
                let helper = state.idle.pop().map(|(helper, _)| helper);
                if helper.is_some() || state.count < self.most {
                    state.count += usize::from(helper.is_none());
                    state.others += usize::from(!own);
                    drop(state);
                    return Ok(Permit { helpers: self, helper, own });
                }
            }
            if self.given_back.wait_until(&mut state, deadline).timed_out() {
                return Err(BUSY);
            }
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.helpers.state.lock();
        match self.helper.take() {
            Some(helper) => state.idle.push((helper, Instant::now())),
            None => state.count -= 1,
        }
        state.others -= usize::from(!self.own);
        drop(state);
        // Not each of those that wait may have it.
        self.helpers.given_back.notify_all();
    }
}

fn start(settings: &Options) -> Result<Helper> {
    let mut arguments = vec![OsString::from("--helper-protocol=ntlm-server-1")];
    arguments.extend(settings.smb_conf.as_ref().map(|path| {
        let mut argument = OsString::from("--configfile=");
        argument.push(path);
        argument
    }));
    let program = settings.ntlm_auth.clone();
    threads::as_server(move || Helper::start(&program, &arguments)).map_err(|error| {
        tracing::error!(program = ?settings.ntlm_auth, "winbind: the helper cannot be started: {error}");
        UNREACHABLE
    })
}

fn keys_of(answer: Answer) -> Result<Keys> {
    match answer {
        Answer::Yes(keys) => Ok(keys),
        Answer::No(status) => Err(pass_through::refused(status)),
        Answer::Unavailable(text) => {
            tracing::error!("winbind: {text}");
            Err(UNREACHABLE)
        }
        Answer::Unable(text) => {
            tracing::error!("winbind: {text}");
            Err(Error::NoAuthority("winbindd cannot validate the logon"))
        }
    }
}
