//! Connections to a domain controller that are kept, and who may use them when.
//!
//! Callers do their own work on a connection that they borrow; there is no thread of the library's.
//! As many callers as there are to be connections work at a time, the others wait in a queue, each
//! no longer than its own time. If there is no channel one of them makes it and the others wait for
//! that; if it cannot be made, all are told so, and those who come in the next seconds at once.

use super::Domain;
use super::controller::{self, Controllers};
use super::machine_secret::NtHash;
use super::netlogon::validation::{Level, Reply};
use super::netlogon::{Channel, INTERFACE, Refusal, Request, logon};
use crate::net::host::Host;
use crate::net::rpc::{Connection, Trouble, endpoint_mapper};
use crate::types::error::{Error, Result};
use crate::types::ntstatus::NtStatus;
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// When no controller can be had, nobody tries again for this long.
const QUIET: Duration = Duration::from_secs(3);
/// A connection that nobody has used for longer is not used again: what is between may have
/// forgotten it.
const LONGEST_IDLE: Duration = Duration::from_secs(120);
/// The list of controllers is made anew when one is needed and it is older.
const LIST_AGE: Duration = Duration::from_secs(900);
/// How often one logon is tried: on a kept connection, on a new one, on a new channel, with another
/// controller.
const MOST_TRIES: usize = 4;

const NOBODY: Error = Error::NoAuthority("no domain controller can be reached");
const BUSY: Error = Error::NoAuthority("the domain controller does not keep up with the logons");

/// A domain's connections.
#[derive(Debug)]
pub struct Pool {
    state: Mutex<State>,
    /// A channel has been made, or could not be made.
    settled: Condvar,
}

#[derive(Debug)]
struct State {
    /// Callers that may still begin to work.
    permits: usize,
    /// Those that wait for that, and what wakes each of them.
    queue: VecDeque<Arc<Waiter>>,
    line: Option<Arc<Line>>,
    /// Connections of the line, those used last at the end, and when that was.
    idle: Vec<(Connection, Instant)>,
    /// Somebody is about to make a channel.
    establishing: bool,
    /// Somebody tries a controller that is preferred to the line's.
    probing: bool,
    /// Nobody could be reached: until then nobody tries.
    quiet_until: Option<Instant>,
    controllers: Controllers,
}

/// A channel, and with whom.
#[derive(Debug)]
struct Line {
    controller: Host,
    channel: Channel,
    secret: NtHash,
    /// The domain controller knows no better than that.
    level: Mutex<Level>,
}

#[derive(Debug)]
struct Waiter {
    granted: Mutex<bool>,
    wake: Condvar,
}

/// Leave to work; given to the next in the queue when dropped.
struct Permit<'a>(&'a Pool);

/// Whoever makes a channel has come to an end with it, one way or the other; dropped, so that
/// nobody waits for ever for a thread that has panicked.
struct Settled<'a>(&'a Pool);

impl Drop for Settled<'_> {
    fn drop(&mut self) {
        self.0.state.lock().establishing = false;
        self.0.settled.notify_all();
    }
}

/// A borrowed connection.
struct Borrowed {
    line: Arc<Line>,
    connection: Connection,
    /// It has been used before.
    kept: bool,
}

impl Pool {
    /// A pool of so many connections.
    pub fn new(connections: usize) -> Pool {
        let state = State {
            permits: connections,
            queue: VecDeque::new(),
            line: None,
            idle: Vec::new(),
            establishing: false,
            probing: false,
            quiet_until: None,
            controllers: Controllers::default(),
        };
        Pool { state: Mutex::new(state), settled: Condvar::new() }
    }

    /// Has a logon judged. The error says that nobody could; the log tells whom it was tried with.
    pub fn logon(&self, domain: &Domain, request: &Request<'_>) -> Result<Reply> {
        let deadline = Instant::now() + domain.settings.timeout;
        let _permit = self.permit(deadline)?;
        let mut failed_anew = false;
        for _ in 0..MOST_TRIES {
            let mut borrowed = self.borrow(domain, deadline)?;
            let until = self.share(&borrowed.line, deadline);
            let had_time = is_time_enough(until, domain);
            let trouble = match ask(&mut borrowed, request, until) {
                Ok(reply) if reply.status == NtStatus::ACCESS_DENIED => {
                    Trouble::Fault(reply.status.0)
                }
                Ok(reply) => {
                    self.give_back(borrowed);
                    return Ok(reply);
                }
                Err(trouble) => trouble,
            };
            let controller = &borrowed.line.controller;
            match trouble {
                Trouble::Ours(why) => {
                    tracing::error!("domain: {trouble}");
                    return Err(Error::Internal(why));
                }
                Trouble::Closed if borrowed.kept => {
                    tracing::info!(%controller, "domain: a connection was closed");
                    self.state.lock().idle.clear();
                }
                Trouble::TimedOut if !had_time => return Err(BUSY),
                Trouble::Closed
                | Trouble::Fault(_)
                | Trouble::BindRefused(_)
                | Trouble::Altered(_)
                    if !failed_anew =>
                {
                    tracing::warn!(%controller, "domain: {trouble}; making another channel");
                    self.forget(&borrowed.line, false);
                    failed_anew = true;
                }
                trouble => {
                    tracing::warn!(%controller, "domain: {trouble}");
                    self.forget(&borrowed.line, true);
                }
            }
        }
        Err(NOBODY)
    }

    /// Waits for leave to work.
    fn permit(&self, deadline: Instant) -> Result<Permit<'_>> {
        let waiter = {
            let mut state = self.state.lock();
            state.while_quiet()?;
            if state.permits > 0 {
                state.permits -= 1;
                return Ok(Permit(self));
            }
            let waiter = Arc::new(Waiter { granted: Mutex::new(false), wake: Condvar::new() });
            state.queue.push_back(waiter.clone());
            waiter
        };
        let mut granted = waiter.granted.lock();
        while !*granted {
            if waiter.wake.wait_until(&mut granted, deadline).timed_out() && !*granted {
                drop(granted);
                let mut state = self.state.lock();
                state.queue.retain(|other| !Arc::ptr_eq(other, &waiter));
                if *waiter.granted.lock() {
                    // It came after all, too late: for somebody else.
                    drop(state);
                    drop(Permit(self));
                }
                return Err(BUSY);
            }
        }
        Ok(Permit(self))
    }

    /// A connection that is ready for a call.
    fn borrow(&self, domain: &Domain, deadline: Instant) -> Result<Borrowed> {
        let secrets = domain.secret().nt_hashes(domain.machine().account()).map_err(|why| {
            tracing::error!(file = ?domain.secret().path(), "domain: {why}");
            Error::NoAuthority(why)
        })?;
        loop {
            let mut state = self.state.lock();
            if Instant::now() >= deadline {
                return Err(NOBODY);
            }
            if state.line.as_ref().is_some_and(|line| !secrets.contains(&line.secret)) {
                tracing::info!("domain: the machine's secret has changed; making another channel");
                state.drop_line();
            }
            let Some(line) = state.line.clone() else {
                self.settle(state, domain, &secrets, deadline)?;
                continue;
            };
            if let Some(preferred) = state.to_probe(&line) {
                self.probe(state, domain, preferred, &secrets, deadline);
                continue;
            }
            while let Some((connection, used)) = state.idle.pop() {
                if used.elapsed() < LONGEST_IDLE && connection.is_idle() {
                    return Ok(Borrowed { line, connection, kept: true });
                }
            }
            drop(state);
            let until = self.share(&line, deadline);
            let had_time = is_time_enough(until, domain);
            match line.channel.connect(until) {
                Ok(connection) => return Ok(Borrowed { line, connection, kept: false }),
                Err(Trouble::TimedOut) if !had_time => return Err(BUSY),
                Err(trouble) => {
                    tracing::warn!(controller = %line.controller, "domain: no further connection: {trouble}");
                    let unknown = matches!(
                        trouble,
                        Trouble::BindRefused(_) | Trouble::Fault(_) | Trouble::Altered(_)
                    );
                    self.forget(&line, !unknown);
                }
            }
        }
    }

    /// Makes a channel, or waits for whoever makes it. The error says that none can be made.
    fn settle(
        &self,
        mut state: MutexGuard<'_, State>,
        domain: &Domain,
        secrets: &[NtHash],
        deadline: Instant,
    ) -> Result<()> {
        state.while_quiet()?;
        if state.establishing {
            self.settled.wait_until(&mut state, deadline);
            return Ok(());
        }
        state.establishing = true;
        drop(state);
        let settled = Settled(self);
        let made = Making { pool: self, domain, secrets }.with_anybody(deadline);
        let mut state = self.state.lock();
        let result = match made {
            Ok(line) => {
                state.take_line(line);
                Ok(())
            }
            Err(failed) => {
                if failed.conclusive {
                    state.quiet_until = Some(Instant::now() + QUIET);
                }
                Err(NOBODY)
            }
        };
        drop(state);
        drop(settled);
        result
    }

    /// Tries whom we would rather ask, for a short time. Others go on meanwhile.
    fn probe(
        &self,
        mut state: MutexGuard<'_, State>,
        domain: &Domain,
        preferred: Vec<Host>,
        secrets: &[NtHash],
        deadline: Instant,
    ) {
        state.probing = true;
        drop(state);
        let until = deadline.min(Instant::now() + domain.settings.timeout / 4);
        let made = Making { pool: self, domain, secrets }.with(&preferred, until);
        let mut state = self.state.lock();
        state.probing = false;
        match made {
            Ok(line) => state.take_line(line),
            // However short the time was, they are not tried again at once.
            Err(()) => {
                let now = Instant::now();
                for name in preferred
                    .iter()
                    .filter(|name| !state.controllers.rests(name, now))
                    .collect::<Vec<_>>()
                {
                    state.controllers.failed(name, now);
                }
            }
        }
    }

    /// Until when a controller may take its time: if there is another, that one must have some too.
    fn share(&self, line: &Line, deadline: Instant) -> Instant {
        match self.state.lock().controllers.is_not_alone(&line.controller) {
            true => half_way(deadline),
            false => deadline,
        }
    }

    /// No more is done over this line. If its controller has failed and there is no other, nobody
    /// is asked for a while.
    fn forget(&self, line: &Arc<Line>, controller_failed: bool) {
        let mut state = self.state.lock();
        let now = Instant::now();
        if controller_failed && !state.controllers.rests(&line.controller, now) {
            state.controllers.failed(&line.controller, now);
            if state.controllers.all_rest(now) {
                report(&state.controllers.candidates(now));
                state.quiet_until = Some(now + QUIET);
            }
        }
        if state.line.as_ref().is_some_and(|current| Arc::ptr_eq(current, line)) {
            state.drop_line();
        }
    }

    fn give_back(&self, borrowed: Borrowed) {
        let mut state = self.state.lock();
        if state.line.as_ref().is_some_and(|current| Arc::ptr_eq(current, &borrowed.line)) {
            state.idle.push((borrowed.connection, Instant::now()));
        }
    }
}

/// Asks with as much detail as the domain controller knows.
fn ask(
    borrowed: &mut Borrowed,
    request: &Request<'_>,
    deadline: Instant,
) -> std::result::Result<Reply, Trouble> {
    let line = &borrowed.line;
    let level = *line.level.lock();
    let reply = logon(&line.channel, &mut borrowed.connection, request, level, deadline)?;
    if reply.status == NtStatus::INVALID_INFO_CLASS && level == Level::SamInfo4 {
        *line.level.lock() = Level::SamInfo2;
        return logon(&line.channel, &mut borrowed.connection, request, Level::SamInfo2, deadline);
    }
    Ok(reply)
}

impl State {
    /// Refuses while nobody can be reached.
    fn while_quiet(&mut self) -> Result<()> {
        match self.quiet_until {
            Some(until) if Instant::now() < until => Err(NOBODY),
            _ => {
                self.quiet_until = None;
                Ok(())
            }
        }
    }

    fn drop_line(&mut self) {
        self.line = None;
        self.idle.clear();
    }

    fn take_line(&mut self, line: Line) {
        self.controllers.works(&line.controller);
        self.drop_line();
        self.quiet_until = None;
        self.line = Some(Arc::new(line));
    }

    /// Whom to try who is preferred to the line's.
    fn to_probe(&self, line: &Line) -> Option<Vec<Host>> {
        if self.probing || self.establishing {
            return None;
        }
        Some(self.controllers.preferred_to(&line.controller, Instant::now()))
            .filter(|preferred| !preferred.is_empty())
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        match state.queue.pop_front() {
            Some(waiter) => {
                *waiter.granted.lock() = true;
                waiter.wake.notify_one();
            }
            None => state.permits += 1,
        }
    }
}

/// No channel could be made.
struct Failed {
    /// There was time enough to find that out.
    conclusive: bool,
}

/// Making a channel.
struct Making<'a> {
    pool: &'a Pool,
    domain: &'a Domain,
    secrets: &'a [NtHash],
}

impl Making<'_> {
    /// With the first of all controllers that lets us.
    fn with_anybody(&self, deadline: Instant) -> std::result::Result<Line, Failed> {
        let settings = &self.domain.settings;
        let now = Instant::now();
        if self.pool.state.lock().controllers.are_older_than(LIST_AGE, now) {
            match controller::find(settings, deadline) {
                Ok(names) => self.pool.state.lock().controllers.set(names, now),
                Err(why) => tracing::error!(
                    realm = settings.realm,
                    "domain: no domain controller found: {why}"
                ),
            }
        }
        let candidates = self.pool.state.lock().controllers.candidates(now);
        let enough = is_time_enough(deadline, self.domain);
        self.with(&candidates, deadline).map_err(|()| {
            report(&candidates);
            Failed { conclusive: enough }
        })
    }

    /// With the first of these controllers that lets us.
    fn with(&self, candidates: &[Host], deadline: Instant) -> std::result::Result<Line, ()> {
        for (index, controller) in candidates.iter().enumerate() {
            let now = Instant::now();
            let until = if index + 1 < candidates.len() { half_way(deadline) } else { deadline };
            let enough = until.saturating_duration_since(now) >= self.domain.settings.timeout / 8;
            match establish(controller, self.domain, self.secrets, until) {
                Ok((address, channel, secret)) => {
                    tracing::info!(%controller, %address, account = self.domain.machine().account(), "domain: secure channel made");
                    let level = Mutex::new(Level::SamInfo4);
                    return Ok(Line { controller: controller.clone(), channel, secret, level });
                }
                Err(why) => {
                    tracing::warn!(%controller, "domain: no secure channel: {why}");
                    if enough {
                        self.pool.state.lock().controllers.failed(controller, Instant::now());
                    }
                }
            }
        }
        Err(())
    }
}

/// Tells the operator that nobody is left.
fn report(tried: &[Host]) {
    let tried: Vec<String> = tried.iter().map(Host::to_string).collect();
    tracing::error!(tried = tried.join(" "), "domain: no domain controller can be reached");
}

/// Why there is no channel with a controller.
#[derive(Debug)]
pub enum NoChannel {
    /// Its name says nothing.
    Name(std::io::ErrorKind),
    /// Its endpoint mapper does not help.
    Mapper(SocketAddr, Trouble),
    /// It does not give one.
    Refused(SocketAddr, Refusal),
}

impl fmt::Display for NoChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoChannel::Name(kind) => write!(f, "its name has no address: {kind}"),
            NoChannel::Mapper(address, trouble) => {
                write!(f, "endpoint mapper at {address}: {trouble}")
            }
            NoChannel::Refused(address, refusal) => write!(f, "{address}: {refusal}"),
        }
    }
}

/// Makes a channel with this controller: where, the channel, and the secret that it was made with.
pub fn establish(
    controller: &Host,
    domain: &Domain,
    secrets: &[NtHash],
    deadline: Instant,
) -> std::result::Result<(SocketAddr, Channel, NtHash), NoChannel> {
    let mut last = NoChannel::Name(std::io::ErrorKind::NotFound);
    let found = controller::addresses(&domain.settings, controller, deadline);
    for mut address in found.map_err(NoChannel::Name)? {
        if controller.port.is_none() {
            match endpoint_mapper::port_of(&INTERFACE, address, deadline) {
                Ok(port) => address.set_port(port),
                Err(trouble) => {
                    last = NoChannel::Mapper(address, trouble);
                    continue;
                }
            }
        }
        for secret in secrets {
            match Channel::establish(address, domain.machine(), secret, deadline) {
                Ok(channel) => return Ok((address, channel, secret.clone())),
                Err(refusal) => {
                    // Another secret may be the right one; nothing else gets better by it.
                    let wrong_secret = matches!(
                        refusal,
                        Refusal::Status(_, NtStatus::ACCESS_DENIED) | Refusal::Impostor
                    );
                    last = NoChannel::Refused(address, refusal);
                    if !wrong_secret {
                        break;
                    }
                }
            }
        }
    }
    Err(last)
}

/// There is so much time left that a domain controller which needs more has failed. Who has waited
/// in the queue until its own time was nearly over has proved nothing to the others.
fn is_time_enough(until: Instant, domain: &Domain) -> bool {
    until.saturating_duration_since(Instant::now()) >= domain.settings.timeout / 4
}

/// The middle of the time that is left.
fn half_way(deadline: Instant) -> Instant {
    let now = Instant::now();
    now + deadline.saturating_duration_since(now) / 2
}
