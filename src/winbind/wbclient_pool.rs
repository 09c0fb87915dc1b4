//! A pool of threads that call winbindd's client library.
//!
//! The library has no timeout, so it is not called on the caller's thread: a few threads, started
//! on demand and ended when idle, call it, and callers wait until their own deadline. One thread is
//! kept free of clients that do not name winbindd's domain, if there are several.

use super::{BUSY, Names, SLOW, UNREACHABLE, account, for_others};
use crate::authority::pass_through::{
    self, ALLOW_MSVCHAPV2, PassThroughRequest, PassThroughResult,
};
use crate::platform;
use crate::platform::wbclient::{Connection, Logon, Named, WbcError};
use crate::runtime::threads;
use crate::types::error::{Error, Result};
use crate::types::ntstatus::NtStatus;
use crate::types::sid::Sid;
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long a thread keeps its connection for the next logon.
const IDLE: Duration = Duration::from_secs(30);

/// ParameterControl, [MS-NRPC] 2.2.1.4.15: machines may log on as users do.
const PARAMETER_CONTROL: u32 = ALLOW_SERVER_TRUST_ACCOUNT | ALLOW_WORKSTATION_TRUST_ACCOUNT;
const ALLOW_SERVER_TRUST_ACCOUNT: u32 = 0x20;
const ALLOW_WORKSTATION_TRUST_ACCOUNT: u32 = 0x800;

/// Threads that call the library.
pub(super) struct WbclientPool {
    shared: Arc<Shared>,
    most: usize,
}

struct Shared {
    state: Mutex<State>,
    more: Condvar,
}

struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    /// Those waiting for a job.
    idle: usize,
    /// Threads in calls whose callers have given up.
    overdue: usize,
    /// Those of them with clients of other domains.
    overdue_of_others: usize,
    /// Threads that clients of other domains may still have.
    free_for_others: usize,
}

struct Job {
    /// The client names winbindd's domain.
    own: bool,
    run: Box<Work>,
}

type Work = dyn FnOnce(&mut Option<Connection>) + Send;

/// A call's result.
struct Slot<T> {
    state: Mutex<Progress<T>>,
    changed: Condvar,
}

enum Progress<T> {
    Waiting,
    Begun,
    Done(T),
    /// The caller gave up, before the call began or during it.
    GivenUp,
}

impl WbclientPool {
    pub(super) fn new(most: usize) -> WbclientPool {
        let state = State {
            jobs: VecDeque::new(),
            threads: 0,
            idle: 0,
            overdue: 0,
            overdue_of_others: 0,
            free_for_others: for_others(most),
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), more: Condvar::new() });
        WbclientPool { shared, most }
    }

    /// Has a logon judged.
    pub(super) fn validate(
        &self,
        names: Names,
        question: &PassThroughRequest<'_>,
        deadline: Instant,
    ) -> Result<PassThroughResult> {
        let challenge = question.challenge;
        let allowed = if question.mschapv2 { ALLOW_MSVCHAPV2 } else { 0 };
        let parameter_control = PARAMETER_CONTROL | allowed;
        let nt_response = Zeroizing::new(question.nt_response.to_vec());
        let lm_response = Zeroizing::new(question.lm_response.to_vec());
        let answer = self.call(names.own, deadline, move |connection| {
            connection.authenticate(&Logon {
                user: &names.user,
                domain: &names.domain,
                workstation: &names.workstation,
                challenge,
                nt_response: &nt_response,
                lm_response: &lm_response,
                parameter_control,
            })
        })?;
        match answer {
            Ok(account) => Ok(account::pass_through_result(account)),
            Err(WbcError::Refused(status)) => Err(pass_through::refused(NtStatus(status))),
            Err(error) => Err(log_error(error)),
        }
    }

    /// The library is installed.
    pub(super) fn is_available() -> bool {
        Connection::is_available()
    }

    /// Looks an account up. Failure is an error, so that a client does not map to one account now
    /// and to another later.
    pub(super) fn look_up(&self, names: Names, deadline: Instant) -> Result<Named> {
        let look_up =
            move |connection: &mut Connection| connection.look_up(&names.domain, &names.user);
        self.call(names.own, deadline, look_up)?.map_err(log_error)
    }

    /// The SID of an account or a group.
    pub(super) fn sid_of(&self, names: Names, deadline: Instant) -> Result<Sid> {
        let look_up =
            move |connection: &mut Connection| connection.sid_of(&names.domain, &names.user);
        self.call(names.own, deadline, look_up)?.map_err(log_error)
    }

    /// Has a thread call the library, and waits for the result until the deadline.
    fn call<T: Send + 'static>(
        &self,
        own: bool,
        deadline: Instant,
        work: impl FnOnce(&mut Connection) -> std::result::Result<T, WbcError> + Send + 'static,
    ) -> Result<std::result::Result<T, WbcError>> {
        if !WbclientPool::is_available() {
            tracing::error!("winbind: libwbclient.so.0 cannot be loaded");
            return Err(UNREACHABLE);
        }
        let slot = Arc::new(Slot { state: Mutex::new(Progress::Waiting), changed: Condvar::new() });
        self.submit(job(self.shared.clone(), slot.clone(), own, work))?;
        let mut progress = slot.state.lock();
        while !matches!(*progress, Progress::Done(_)) {
            if slot.changed.wait_until(&mut progress, deadline).timed_out()
                && !matches!(*progress, Progress::Done(_))
            {
                let begun =
                    matches!(std::mem::replace(&mut *progress, Progress::GivenUp), Progress::Begun);
                if begun {
                    let mut state = self.shared.state.lock();
                    state.overdue += 1;
                    state.overdue_of_others += usize::from(!own);
                }
                drop(progress);
                tracing::error!("winbind: no answer in time");
                return Err(if begun { SLOW } else { BUSY });
            }
        }
        match std::mem::replace(&mut *progress, Progress::GivenUp) {
            Progress::Done(answer) => Ok(answer),
            _ => Err(Error::Internal("a finished call without a result")),
        }
    }

    fn submit(&self, job: Job) -> Result<()> {
        let mut state = self.shared.state.lock();
        // While overdue calls occupy all threads, waiting is pointless.
        let all_others = state.overdue_of_others >= for_others(self.most);
        if state.overdue >= self.most || (!job.own && all_others) {
            return Err(SLOW);
        }
        state.jobs.push_back(job);
        if state.idle < state.jobs.len() && state.threads < self.most {
            let shared = self.shared.clone();
            let work = move |begun: Result<(), threads::NotTheServer>| match begun {
                Ok(()) => shared.work(),
                Err(_) => shared.state.lock().threads -= 1,
            };
            match threads::start("negossp-winbind", work) {
                Ok(_) => state.threads += 1,
                Err(_) if state.threads > 0 => {}
                Err(_) => {
                    state.jobs.pop_back();
                    return Err(Error::OutOfMemory);
                }
            }
        }
        self.shared.more.notify_one();
        Ok(())
    }
}

/// Logs the failed call and returns the error.
fn log_error(error: WbcError) -> Error {
    tracing::error!(?error, "winbind: no answer by libwbclient");
    match error {
        WbcError::Unavailable => UNREACHABLE,
        _ => Error::NoAuthority("winbindd cannot answer"),
    }
}

/// The job that runs on a pool thread.
fn job<T: Send + 'static>(
    shared: Arc<Shared>,
    slot: Arc<Slot<std::result::Result<T, WbcError>>>,
    own: bool,
    work: impl FnOnce(&mut Connection) -> std::result::Result<T, WbcError> + Send + 'static,
) -> Job {
    let run = move |connection: &mut Option<Connection>| {
        let mut progress = slot.state.lock();
        if matches!(*progress, Progress::GivenUp) {
            return;
        }
        *progress = Progress::Begun;
        drop(progress);
        if connection.is_none() {
            *connection = Connection::open();
        }
        let answer = match connection {
            Some(connection) => catch_unwind(AssertUnwindSafe(|| work(connection)))
                .unwrap_or(Err(WbcError::Unavailable)),
            None => Err(WbcError::Unavailable),
        };
        let mut progress = slot.state.lock();
        if matches!(*progress, Progress::GivenUp) {
            // The caller counted it under the slot's lock, which is held here.
            let mut state = shared.state.lock();
            state.overdue -= 1;
            state.overdue_of_others -= usize::from(!own);
            return;
        }
        *progress = Progress::Done(answer);
        slot.changed.notify_one();
    };
    Job { own, run: Box::new(run) }
}

impl State {
    /// The next job that a thread may begin.
    fn next(&mut self) -> Option<Job> {
        let may_begin = |job: &Job| job.own || self.free_for_others > 0;
        let job = self.jobs.iter().position(may_begin).and_then(|at| self.jobs.remove(at))?;
        self.free_for_others -= usize::from(!job.own);
        Some(job)
    }
}

impl Shared {
    fn work(&self) {
        // The library may write to a connection that winbindd has closed, which raises SIGPIPE.
        platform::take_no_signals();
        let mut connection = None;
        let mut state = self.state.lock();
        loop {
            if let Some(Job { own, run }) = state.next() {
                drop(state);
                run(&mut connection);
                state = self.state.lock();
                state.free_for_others += usize::from(!own);
                continue;
            }
            state.idle += 1;
            let waited = self.more.wait_for(&mut state, IDLE);
            state.idle -= 1;
            if waited.timed_out() && state.jobs.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `o` is a job of a client that names winbindd's domain, `x` one of another's.
    fn queue(jobs: &str, free_for_others: usize) -> State {
        let job = |own| Job { own, run: Box::new(|_| ()) };
        State {
            jobs: jobs.chars().map(|kind| job(kind == 'o')).collect(),
            threads: 0,
            idle: 0,
            overdue: 0,
            overdue_of_others: 0,
            free_for_others,
        }
    }

    #[test]
    fn clients_of_other_domains_leave_a_thread_free() {
        for (jobs, free, begun) in
            [("xoxo", 2, "xoxo"), ("xxxo", 1, "xo"), ("xoxo", 0, "oo"), ("x", 0, ""), ("", 1, "")]
        {
            let mut state = queue(jobs, free);
            let next = || state.next().map(|job| if job.own { 'o' } else { 'x' });
            assert_eq!(std::iter::from_fn(next).collect::<String>(), begun, "{jobs} {free}");
        }
        assert_eq!([1, 2, 4].map(for_others), [1, 1, 3]);
    }
}
