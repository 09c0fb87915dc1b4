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
use crate::net::rpc::{Connection, RpcError, endpoint_mapper};
use crate::types::error::{Error, Result};
use crate::types::ntstatus::NtStatus;
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// When no controller can be had, nobody tries again for this long.
const RETRY_AFTER: Duration = Duration::from_secs(3);
/// A connection that nobody has used for longer is not used again: what is between may have
/// forgotten it.
const LONGEST_IDLE: Duration = Duration::from_secs(120);
/// The list of controllers is made anew when one is needed and it is older.
const LIST_AGE: Duration = Duration::from_secs(900);
/// How often one logon is tried: on a kept connection, on a new one, on a new channel, with another
/// controller.
const MOST_TRIES: usize = 4;

const UNREACHABLE: Error = Error::NoAuthority("no domain controller can be reached");
const BUSY: Error = Error::NoAuthority("the domain controller does not keep up with the logons");

/// A domain's connections.
#[derive(Debug)]
pub struct Pool {
    state: Mutex<State>,
    /// A channel has been made, or could not be made.
    established: Condvar,
}

#[derive(Debug)]
struct State {
    /// Callers that may still begin to work.
    free_slots: usize,
    /// Those that wait for that, and what wakes each of them.
    queue: VecDeque<Arc<Waiter>>,
    active: Option<Arc<ActiveChannel>>,
    /// Connections of the active, those used last at the end, and when that was.
    idle: Vec<(Connection, Instant)>,
    /// Somebody is about to make a channel.
    establishing: bool,
    /// Somebody tries a controller that is preferred to the active's.
    probing: bool,
    /// Nobody could be reached: until then nobody tries.
    retry_at: Option<Instant>,
    controllers: Controllers,
}

/// A channel, and with whom.
#[derive(Debug)]
struct ActiveChannel {
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
struct Slot<'a>(&'a Pool);

/// Whoever makes a channel has come to an end with it, one way or the other; dropped, so that
/// nobody waits for ever for a thread that has panicked.
struct EstablishGuard<'a>(&'a Pool);

impl Drop for EstablishGuard<'_> {
    fn drop(&mut self) {
        self.0.state.lock().establishing = false;
        self.0.established.notify_all();
    }
}

/// A borrowed connection.
struct Borrowed {
    active: Arc<ActiveChannel>,
    connection: Connection,
    /// It has been used before.
    kept: bool,
}

impl Pool {
    /// A pool of so many connections.
    pub fn new(connections: usize) -> Pool {
        let state = State {
            free_slots: connections,
            queue: VecDeque::new(),
            active: None,
            idle: Vec::new(),
            establishing: false,
            probing: false,
            retry_at: None,
            controllers: Controllers::default(),
        };
        Pool { state: Mutex::new(state), established: Condvar::new() }
    }

    /// Has a logon judged. The error says that nobody could; the log tells whom it was tried with.
    pub fn logon(&self, domain: &Domain, request: &Request<'_>) -> Result<Reply> {
        let deadline = Instant::now() + domain.settings.timeout;
        let _permit = self.acquire_slot(deadline)?;
        let mut failed_anew = false;
        for _ in 0..MOST_TRIES {
            let mut borrowed = self.borrow(domain, deadline)?;
            let until = self.share(&borrowed.active, deadline);
            let had_time = is_time_enough(until, domain);
            let error = match ask(&mut borrowed, request, until) {
                Ok(reply) if reply.status == NtStatus::ACCESS_DENIED => {
                    RpcError::Fault(reply.status.0)
                }
                Ok(reply) => {
                    self.return_connection(borrowed);
                    return Ok(reply);
                }
                Err(error) => error,
            };
            let controller = &borrowed.active.controller;
            match error {
                RpcError::Local(why) => {
                    tracing::error!("domain: {error}");
                    return Err(Error::Internal(why));
                }
                RpcError::Closed if borrowed.kept => {
                    tracing::info!(%controller, "domain: a connection was closed");
                    self.state.lock().idle.clear();
                }
                RpcError::TimedOut if !had_time => return Err(BUSY),
                RpcError::Closed
                | RpcError::Fault(_)
                | RpcError::BindRefused(_)
                | RpcError::Altered(_)
                    if !failed_anew =>
                {
                    tracing::warn!(%controller, "domain: {error}; making another channel");
                    self.forget(&borrowed.active, false);
                    failed_anew = true;
                }
                error => {
                    tracing::warn!(%controller, "domain: {error}");
                    self.forget(&borrowed.active, true);
                }
            }
        }
        Err(UNREACHABLE)
    }

    /// Waits for leave to work.
    fn acquire_slot(&self, deadline: Instant) -> Result<Slot<'_>> {
        let waiter = {
            let mut state = self.state.lock();
            state.check_reachable()?;
            if state.free_slots > 0 {
                state.free_slots -= 1;
                return Ok(Slot(self));
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
                    drop(Slot(self));
                }
                return Err(BUSY);
            }
        }
        Ok(Slot(self))
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
                return Err(UNREACHABLE);
            }
            if state.active.as_ref().is_some_and(|active| !secrets.contains(&active.secret)) {
                tracing::info!("domain: the machine's secret has changed; making another channel");
                state.drop_channel();
            }
            let Some(active) = state.active.clone() else {
                self.establish_or_wait(state, domain, &secrets, deadline)?;
                continue;
            };
            if let Some(preferred) = state.to_probe(&active) {
                self.probe(state, domain, preferred, &secrets, deadline);
                continue;
            }
            while let Some((connection, used)) = state.idle.pop() {
                if used.elapsed() < LONGEST_IDLE && connection.is_idle() {
                    return Ok(Borrowed { active, connection, kept: true });
                }
            }
            drop(state);
            let until = self.share(&active, deadline);
            let had_time = is_time_enough(until, domain);
            match active.channel.connect(until) {
                Ok(connection) => return Ok(Borrowed { active, connection, kept: false }),
                Err(RpcError::TimedOut) if !had_time => return Err(BUSY),
                Err(error) => {
                    tracing::warn!(controller = %active.controller, "domain: no further connection: {error}");
                    let unknown = matches!(
                        error,
                        RpcError::BindRefused(_) | RpcError::Fault(_) | RpcError::Altered(_)
                    );
                    self.forget(&active, !unknown);
                }
            }
        }
    }

    /// Makes a channel, or waits for whoever makes it. The error says that none can be made.
    fn establish_or_wait(
        &self,
        mut state: MutexGuard<'_, State>,
        domain: &Domain,
        secrets: &[NtHash],
        deadline: Instant,
    ) -> Result<()> {
        state.check_reachable()?;
        if state.establishing {
            self.established.wait_until(&mut state, deadline);
            return Ok(());
        }
        state.establishing = true;
        drop(state);
        let established = EstablishGuard(self);
        let made = Establisher { pool: self, domain, secrets }.with_any(deadline);
        let mut state = self.state.lock();
        let result = match made {
            Ok(active) => {
                state.set_channel(active);
                Ok(())
            }
            Err(failed) => {
                if failed.conclusive {
                    state.retry_at = Some(Instant::now() + RETRY_AFTER);
                }
                Err(UNREACHABLE)
            }
        };
        drop(state);
        drop(established);
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
        let made = Establisher { pool: self, domain, secrets }.with(&preferred, until);
        let mut state = self.state.lock();
        state.probing = false;
        match made {
            Ok(active) => state.set_channel(active),
            // However short the time was, they are not tried again at once.
            Err(()) => {
                let now = Instant::now();
                for name in preferred
                    .iter()
                    .filter(|name| !state.controllers.is_unavailable(name, now))
                    .collect::<Vec<_>>()
                {
                    state.controllers.failed(name, now);
                }
            }
        }
    }

    /// Until when a controller may take its time: if there is another, that one must have some too.
    fn share(&self, active: &ActiveChannel, deadline: Instant) -> Instant {
        match self.state.lock().controllers.has_other_than(&active.controller) {
            true => midpoint(deadline),
            false => deadline,
        }
    }

    /// No more is done over this active. If its controller has failed and there is no other, nobody
    /// is asked for a while.
    fn forget(&self, active: &Arc<ActiveChannel>, controller_failed: bool) {
        let mut state = self.state.lock();
        let now = Instant::now();
        if controller_failed && !state.controllers.is_unavailable(&active.controller, now) {
            state.controllers.failed(&active.controller, now);
            if state.controllers.all_unavailable(now) {
                report(&state.controllers.candidates(now));
                state.retry_at = Some(now + RETRY_AFTER);
            }
        }
        if state.active.as_ref().is_some_and(|current| Arc::ptr_eq(current, active)) {
            state.drop_channel();
        }
    }

    fn return_connection(&self, borrowed: Borrowed) {
        let mut state = self.state.lock();
        if state.active.as_ref().is_some_and(|current| Arc::ptr_eq(current, &borrowed.active)) {
            state.idle.push((borrowed.connection, Instant::now()));
        }
    }
}

/// Asks with as much detail as the domain controller knows.
fn ask(
    borrowed: &mut Borrowed,
    request: &Request<'_>,
    deadline: Instant,
) -> std::result::Result<Reply, RpcError> {
    let active = &borrowed.active;
    let level = *active.level.lock();
    let reply = logon(&active.channel, &mut borrowed.connection, request, level, deadline)?;
    if reply.status == NtStatus::INVALID_INFO_CLASS && level == Level::SamInfo4 {
        *active.level.lock() = Level::SamInfo2;
        return logon(
            &active.channel,
            &mut borrowed.connection,
            request,
            Level::SamInfo2,
            deadline,
        );
    }
    Ok(reply)
}

impl State {
    /// Refuses while nobody can be reached.
    fn check_reachable(&mut self) -> Result<()> {
        match self.retry_at {
            Some(until) if Instant::now() < until => Err(UNREACHABLE),
            _ => {
                self.retry_at = None;
                Ok(())
            }
        }
    }

    fn drop_channel(&mut self) {
        self.active = None;
        self.idle.clear();
    }

    fn set_channel(&mut self, active: ActiveChannel) {
        self.controllers.succeeded(&active.controller);
        self.drop_channel();
        self.retry_at = None;
        self.active = Some(Arc::new(active));
    }

    /// Whom to try who is preferred to the active's.
    fn to_probe(&self, active: &ActiveChannel) -> Option<Vec<Host>> {
        if self.probing || self.establishing {
            return None;
        }
        Some(self.controllers.preferred_to(&active.controller, Instant::now()))
            .filter(|preferred| !preferred.is_empty())
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        match state.queue.pop_front() {
            Some(waiter) => {
                *waiter.granted.lock() = true;
                waiter.wake.notify_one();
            }
            None => state.free_slots += 1,
        }
    }
}

/// No channel could be made.
struct Failed {
    /// There was time enough to find that out.
    conclusive: bool,
}

/// Establisher a channel.
struct Establisher<'a> {
    pool: &'a Pool,
    domain: &'a Domain,
    secrets: &'a [NtHash],
}

impl Establisher<'_> {
    /// With the first of all controllers that lets us.
    fn with_any(&self, deadline: Instant) -> std::result::Result<ActiveChannel, Failed> {
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
    fn with(
        &self,
        candidates: &[Host],
        deadline: Instant,
    ) -> std::result::Result<ActiveChannel, ()> {
        for (index, controller) in candidates.iter().enumerate() {
            let now = Instant::now();
            let until = if index + 1 < candidates.len() { midpoint(deadline) } else { deadline };
            let enough = until.saturating_duration_since(now) >= self.domain.settings.timeout / 8;
            match establish(controller, self.domain, self.secrets, until) {
                Ok((address, channel, secret)) => {
                    tracing::info!(%controller, %address, account = self.domain.machine().account(), "domain: secure channel made");
                    let level = Mutex::new(Level::SamInfo4);
                    return Ok(ActiveChannel {
                        controller: controller.clone(),
                        channel,
                        secret,
                        level,
                    });
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
    Mapper(SocketAddr, RpcError),
    /// It does not give one.
    Refused(SocketAddr, Refusal),
}

impl fmt::Display for NoChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoChannel::Name(kind) => write!(f, "its name has no address: {kind}"),
            NoChannel::Mapper(address, error) => {
                write!(f, "endpoint mapper at {address}: {error}")
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
                Err(error) => {
                    last = NoChannel::Mapper(address, error);
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
fn midpoint(deadline: Instant) -> Instant {
    let now = Instant::now();
    now + deadline.saturating_duration_since(now) / 2
}
