//! The pool of connections to a domain controller.
//!
//! Callers make their calls on a borrowed connection; the library has no threads for this. At most
//! as many callers as configured connections work at a time; the others wait in a queue, each until
//! its own deadline. Without a channel, one caller establishes it while the others wait. If that
//! fails, all of them fail, and callers of the next seconds fail at once.
//!
//! Only clients that name this domain are surely validated by its controller itself. For others it
//! asks another domain's, which need not answer. So that they hold up nobody else, one connection
//! is kept free of them, and a reply that does not come is no failure of the controller.

use super::Domain;
use super::controller::{self, Controllers};
use super::machine_secret::NtHash;
use super::netlogon::validation::{Level, Reply};
use super::netlogon::{Channel, INTERFACE, Refusal, Request, logon};
use crate::authority::pass_through::PassThrough;
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

/// Once no controller can be reached, none is tried again for this long.
const RETRY_AFTER: Duration = Duration::from_secs(3);
/// A connection idle for longer is not used again: a firewall may have dropped it.
const LONGEST_IDLE: Duration = Duration::from_secs(120);
/// An older list of controllers is looked up again when it is needed.
const LIST_AGE: Duration = Duration::from_secs(900);
/// Attempts for one logon: on an idle connection, a new one, a new channel, another controller.
const MOST_TRIES: usize = 4;

const UNREACHABLE: Error = Error::NoAuthority("no domain controller can be reached");
const UNREADABLE: Error =
    Error::NoAuthority("the domain controller's reply to this logon cannot be read");
const NO_REPLY: Error =
    Error::NoAuthority("the domain controller has not replied to this logon in time");
const BUSY: Error = Error::NoAuthority("the domain controller does not keep up with the logons");

/// A domain's connections.
#[derive(Debug)]
pub struct Pool {
    state: Mutex<State>,
    /// An attempt to establish a channel has ended.
    established: Condvar,
}

#[derive(Debug)]
struct State {
    /// Callers that may still start work.
    free_slots: usize,
    /// Those of them whose clients need not be of this domain.
    free_for_others: usize,
    /// Callers that wait for a slot.
    queue: VecDeque<Arc<Waiter>>,
    active: Option<Arc<ActiveChannel>>,
    /// The channel's idle connections and when each was last used, the latest at the end.
    idle: Vec<(Connection, Instant)>,
    /// A caller is establishing a channel.
    establishing: bool,
    /// A caller is trying a controller preferred to the channel's.
    probing: bool,
    /// No controller could be reached; none is tried before then.
    retry_at: Option<Instant>,
    controllers: Controllers,
}

/// A channel and its controller.
#[derive(Debug)]
struct ActiveChannel {
    controller: Host,
    channel: Channel,
    secret: NtHash,
    /// The most detailed level that the controller supports.
    level: Mutex<Level>,
}

#[derive(Debug)]
struct Waiter {
    /// Its client names this domain.
    own: bool,
    granted: Mutex<bool>,
    wake: Condvar,
}

/// Semaphore permit; Drop passes it to the next waiter.
struct Slot<'a> {
    pool: &'a Pool,
    /// The client names this domain.
    own: bool,
}

/// Drop guard: wakes the waiters when establishing a channel ends, also by panic.
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
    /// It has been used before, and so may have been closed.
    kept: bool,
}

impl Pool {
    /// A pool of at most this many connections.
    pub fn new(connections: usize) -> Pool {
        let state = State {
            free_slots: connections,
            free_for_others: connections.saturating_sub(1).max(1),
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

    /// Has a controller validate a logon. The error is only that none could; the log names those
    /// tried.
    pub fn logon(&self, domain: &Domain, request: &Request<'_>) -> Result<Reply> {
        let deadline = Instant::now() + domain.settings.timeout;
        let own = domain.is_named(request.domain);
        let _permit = self.acquire_slot(own, deadline)?;
        let mut failed_anew = false;
        for _ in 0..MOST_TRIES {
            let mut borrowed = self.borrow(domain, deadline)?;
            let until = self.share(&borrowed.active, deadline);
            let had_time = is_time_enough(until, domain);
            let error = match ask(&mut borrowed, request, until) {
                // The channel is not known any more. On a new one, another domain may say so.
                Ok(reply) if reply.status == NtStatus::ACCESS_DENIED && (own || !failed_anew) => {
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
                RpcError::OutOfMemory => return Err(Error::OutOfMemory),
                RpcError::Unreadable(_) => {
                    tracing::error!(%controller, user = request.user, "domain: {error}");
                    self.return_connection(borrowed);
                    return Err(UNREADABLE);
                }
                RpcError::Closed if borrowed.kept => {
                    tracing::info!(%controller, "domain: a connection was closed");
                    self.state.lock().idle.clear();
                }
                RpcError::TimedOut if !had_time => return Err(BUSY),
                RpcError::TimedOut if !own && self.is_alive(&borrowed.active, deadline) => {
                    tracing::warn!(%controller, user = request.user, domain = request.domain, "domain: no reply to a logon");
                    return Err(NO_REPLY);
                }
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

    /// Waits for a slot.
    fn acquire_slot(&self, own: bool, deadline: Instant) -> Result<Slot<'_>> {
        let slot = |own| Slot { pool: self, own };
        let waiter = {
            let mut state = self.state.lock();
            state.check_reachable()?;
            if state.take_slot(own) {
                return Ok(slot(own));
            }
            let waiter = Waiter { own, granted: Mutex::new(false), wake: Condvar::new() };
            let waiter = Arc::new(waiter);
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
                    // Granted meanwhile, but too late: pass it on.
                    drop(state);
                    drop(slot(own));
                }
                return Err(BUSY);
            }
        }
        Ok(slot(own))
    }

    /// A connection that is ready for a call, idle or new.
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

    /// Establishes a channel, or waits for the caller that does. The error is that none can be.
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

    /// Tries preferred controllers for a short time. Other callers go on meanwhile.
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
            // Even if the time was too short, they are not tried again at once.
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

    /// Whether the controller still accepts connections. If there is no time to see, the next caller
    /// does, which finds no idle ones.
    fn is_alive(&self, active: &Arc<ActiveChannel>, deadline: Instant) -> bool {
        self.state.lock().idle.clear();
        if Instant::now() >= deadline {
            return true;
        }
        match active.channel.connect(midpoint(deadline)) {
            Ok(connection) => {
                self.return_connection(Borrowed {
                    active: active.clone(),
                    connection,
                    kept: false,
                });
                true
            }
            Err(_) => false,
        }
    }

    /// The deadline for one controller: half of the time if there is another one to try.
    fn share(&self, active: &ActiveChannel, deadline: Instant) -> Instant {
        match self.state.lock().controllers.has_other_than(&active.controller) {
            true => midpoint(deadline),
            false => deadline,
        }
    }

    /// Drops this channel. If its controller has failed and no other is available, none is tried
    /// for a while.
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

/// Asks for the most detailed level that the controller supports.
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
    fn may_take_slot(&self, own: bool) -> bool {
        self.free_slots > 0 && (own || self.free_for_others > 0)
    }

    /// Takes a slot if one is free.
    fn take_slot(&mut self, own: bool) -> bool {
        let free = self.may_take_slot(own);
        if free {
            self.free_slots -= 1;
            self.free_for_others -= usize::from(!own);
        }
        free
    }

    /// Fails while no controller is expected to be reachable.
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

    /// Controllers to try that are preferred to the channel's.
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
        let mut state = self.pool.state.lock();
        state.free_slots += 1;
        state.free_for_others += usize::from(!self.own);
        let next = state.queue.iter().position(|waiter| state.may_take_slot(waiter.own));
        if let Some(waiter) = next.and_then(|at| state.queue.remove(at)) {
            state.take_slot(waiter.own);
            *waiter.granted.lock() = true;
            waiter.wake.notify_one();
        }
    }
}

/// No channel could be made.
struct Failed {
    /// There was enough time, so the controllers are at fault.
    conclusive: bool,
}

/// Establishes a channel.
struct Establisher<'a> {
    pool: &'a Pool,
    domain: &'a Domain,
    secrets: &'a [NtHash],
}

impl Establisher<'_> {
    /// With the first controller that accepts, of all.
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

    /// With the first of these controllers that accepts.
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

/// Logs that no controller is left.
fn report(tried: &[Host]) {
    let tried: Vec<String> = tried.iter().map(Host::to_string).collect();
    tracing::error!(tried = tried.join(" "), "domain: no domain controller can be reached");
}

/// Why there is no channel with a controller.
#[derive(Debug)]
pub enum NoChannel {
    /// Its name has no address.
    Name(std::io::ErrorKind),
    /// Its endpoint mapper gives no port.
    Mapper(SocketAddr, RpcError),
    /// It rejects the channel.
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

/// Establishes a channel with this controller. Returns its address, the channel and the secret
/// used.
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
                    // Only for these errors another secret may help.
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

/// The time left is long enough that a controller which needs more counts as failed. A caller that
/// spent most of its time in the queue proves nothing about the controller.
fn is_time_enough(until: Instant, domain: &Domain) -> bool {
    until.saturating_duration_since(Instant::now()) >= domain.settings.timeout / 4
}

/// The middle of the time left.
fn midpoint(deadline: Instant) -> Instant {
    let now = Instant::now();
    now + deadline.saturating_duration_since(now) / 2
}
