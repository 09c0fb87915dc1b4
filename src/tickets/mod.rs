//! The Kerberos tickets of outbound credentials: from a credential cache, or from KDCs.

mod base;
mod change_password;
mod client;
mod clock;
mod environment;
pub mod explain;
mod held;
mod options;
mod proxy;
mod single_flight;
mod sources;

pub use change_password::{change_password, is_in_realm};
pub use client::Realms;
pub use environment::Environment;
pub use options::{DelegateTo, Krb5ConfPlace, Options};
pub use proxy::ProxySettings;

use crate::kerberos::client::{
    Credentials, Kdc, S4uProxy, S4uProxyRequest, ServiceTicket, ServiceTicketRequest, TgsExchange,
    TgsRequest, run,
};
use crate::kerberos::message::{TicketFlags, error_code, name_type};
use crate::kerberos::{Principal, Target, Tgt, TicketRequest, TicketSource, crypto};
use crate::net::kdc;
use crate::platform;
use crate::platform::random::SystemRandom;
use crate::runtime::fork_local::ForkLocal;
use crate::stores::ccache::Contents;
use crate::types::error::{Error, Result};
use crate::types::identity::Identity;
use crate::types::time::FileTime;
use base::Base;
use clock::Clock;
use held::{Held, Key, MARGIN, RENEW_AGAIN, RENEW_BEFORE};
use parking_lot::Mutex;
use single_flight::SingleFlight;
use sources::Source;
use std::sync::Arc;
use std::time::Instant;

/// The tickets of one client: of an identity with a password, or of the user who runs the process.
/// They are in memory only, shared by all contexts of the credential.
#[derive(Debug)]
pub struct Tickets {
    source: Source,
    environment: Arc<Environment>,
    /// Where KDCs are: the environment's, perhaps by a proxy of the credential's own.
    kdcs: Arc<kdc::Options>,
    proxy: Option<ProxySettings>,
    clock: Clock,
    state: ForkLocal<State>,
}

/// What changes, anew in a forked child.
#[derive(Debug, Default)]
struct State {
    held: Mutex<Held>,
    services: SingleFlight<Key, Arc<Credentials>>,
    bases: SingleFlight<(), Base>,
}

/// A principal that a target may mean.
#[derive(Debug, Clone)]
struct Candidate {
    principal: Principal,
    /// Whether the caller has named its realm: a ticket for a service of another one is not for the
    /// target.
    is_realm_given: bool,
}

impl Tickets {
    /// The tickets of a client with a password.
    ///
    /// Errors: `NoCredentials` if it is in no known realm.
    pub fn with_password(identity: &Identity, environment: Arc<Environment>) -> Result<Tickets> {
        let client = client::principal(identity, &*environment.realms)?;
        let password = identity.password.clone();
        Ok(Tickets::of(Source::Password { client, password }, environment))
    }

    /// The tickets of the user who runs the process: those of what is the default credential cache
    /// now, or else got with the client keytab.
    pub fn of_user(environment: Arc<Environment>) -> Tickets {
        let ccache = sources::default_ccache(&environment).ok();
        Tickets::of(Source::User { ccache }, environment)
    }

    /// The tickets of a client with keys of its own, each with its version.
    pub fn with_keys(
        client: Principal,
        keys: Vec<(u32, crypto::Key)>,
        environment: Arc<Environment>,
    ) -> Tickets {
        Tickets::of(Source::Keys { client, keys }, environment)
    }

    /// The tickets of a client who has delegated them: a credential cache in MIT's file format, as
    /// [`Delegated::ccache`](crate::kerberos::Delegated::ccache) makes it.
    ///
    /// Errors: `NoCredentials` if it cannot be read.
    pub fn delegated(ccache: &[u8], environment: Arc<Environment>) -> Result<Tickets> {
        let contents = Contents::parse(ccache, "delegated credentials");
        let contents = contents.map_err(|error| error.error())?;
        Ok(Tickets::of(Source::Delegated(Arc::new(contents)), environment))
    }

    /// The tickets of a user of the server's domain, got by the server in the user's name (S4U2self):
    /// `tgt` is the server's own.
    ///
    /// Errors: `NoCredentials` if the domain's realm is not known.
    pub fn on_behalf_of(
        user: &str,
        domain: &str,
        tgt: &Tgt,
        environment: Arc<Environment>,
    ) -> Result<Tickets> {
        let realm = environment.realms.of_netbios(domain);
        let realm = realm.ok_or(Error::NoCredentials("the client's realm is not known"))?;
        let user = Principal::new(name_type::PRINCIPAL, &[user], realm);
        let tgt = Arc::new(tgt.credentials()?);
        Ok(Tickets::of(Source::OnBehalfOf { user, tgt }, environment))
    }

    fn of(source: Source, environment: Arc<Environment>) -> Tickets {
        let kdcs = environment.kdcs.clone();
        let (clock, state) = (Clock::new(environment.kdc_timesync), ForkLocal::default());
        Tickets { source, environment, kdcs, proxy: None, clock, state }
    }

    /// The same client with a KDC proxy of its own, without the tickets got so far.
    pub fn with_proxy(&self, proxy: &ProxySettings) -> Tickets {
        let mut tickets = Tickets::of(self.source.clone(), self.environment.clone());
        tickets.kdcs = Arc::new(proxy.apply(&self.environment.kdcs));
        tickets.proxy = Some(proxy.clone());
        tickets
    }

    /// The KDC proxy of its own.
    pub fn proxy(&self) -> Option<&ProxySettings> {
        self.proxy.as_ref()
    }

    fn state(&self) -> &State {
        self.state.get(State::default)
    }

    /// The client's principal, as far as it is known without asking a KDC.
    ///
    /// Errors: `NoCredentials` if there is none.
    pub fn client(&self) -> Result<Principal> {
        self.source.client(&self.environment)
    }

    /// Whether they are a server's, to act as its client.
    pub fn act_for_client(&self) -> bool {
        matches!(self.source, Source::Delegated(_) | Source::OnBehalfOf { .. })
    }

    /// When the tickets end, if there are any. No KDC is asked.
    pub fn expiry(&self) -> Option<FileTime> {
        let held = self.state().held.lock().base.clone();
        let now = self.clock.at(platform::now());
        let base = held.or_else(|| self.source.cached_base(&self.environment, now))?;
        Some(FileTime::from_unix_seconds(base.endtime()))
    }

    /// One deadline for all that one request of ours takes.
    fn deadline(&self) -> Instant {
        Instant::now() + self.environment.timeout
    }

    fn kdc(&self, deadline: Instant) -> kdc::Client {
        kdc::Client::with_deadline(self.kdcs.clone(), deadline)
    }

    /// What service tickets are asked for with: held, from the credential cache, or from a KDC.
    fn base(&self, kdc: &dyn Kdc, deadline: Instant) -> Result<Base> {
        let state = self.state();
        let now = self.clock.at(platform::now());
        let held = state.held.lock().base.clone();
        if let Some(base) = held.filter(|base| base.is_valid(now, MARGIN)) {
            return Ok(self.renewed(base, now, kdc));
        }
        state.bases.ask(&(), deadline, || {
            {
                let held = state.held.lock();
                if let Some(refused) = held.refusal() {
                    return Err(refused);
                }
                // Another thread's request may have ended since.
                let base = held.base.clone().filter(|base| base.is_valid(now, MARGIN));
                if let Some(base) = base {
                    return Ok(base);
                }
            }
            let got = self.source.base(&self.environment, kdc, &self.clock);
            let got = got.inspect_err(|error| state.held.lock().refuse(*error))?;
            {
                let mut held = state.held.lock();
                held.begin(got.clone());
            }
            Ok(self.renewed(got, now, kdc))
        })
    }

    /// The ticket-granting ticket with a later end, if it is about to end and can be renewed.
    fn renewed(&self, base: Base, now: FileTime, kdc: &dyn Kdc) -> Base {
        let tgt = &base.tgt;
        let renewable = tgt.flags.contains(TicketFlags::RENEWABLE)
            && tgt.renew_till.is_some_and(|till| till > tgt.endtime);
        if !renewable || base.evidence.is_some() || tgt.is_valid(now, RENEW_BEFORE) {
            return base;
        }
        {
            let mut held = self.state().held.lock();
            if held.renew_after.is_some_and(|after| Instant::now() < after) {
                return base;
            }
            // Other threads go on with the old one meanwhile.
            held.renew_after = Some(Instant::now() + RENEW_AGAIN);
        }
        match TgsRequest::renewal(tgt.clone()).and_then(|request| self.ask_tgs(request, kdc)) {
            Ok(renewed) => {
                let renewed = Base { tgt: Arc::new(renewed), evidence: None };
                let mut held = self.state().held.lock();
                held.base = Some(renewed.clone());
                held.forwarded = None;
                renewed
            }
            Err(error) => {
                tracing::debug!(%error, "the ticket-granting ticket is not renewed");
                base
            }
        }
    }

    /// Asks the TGS of the client's realm.
    fn ask_tgs(&self, request: TgsRequest, kdc: &dyn Kdc) -> Result<Credentials> {
        let options = self.environment.options.clone();
        let offset = self.clock.offset();
        let output = run(&mut TgsExchange::new(request, options, offset, &SystemRandom), kdc)?;
        self.clock.learn(output.clock_offset);
        Ok(output.credentials)
    }

    /// A ticket for the first of the target's principals that a KDC knows.
    fn find(&self, request: &TicketRequest<'_>, deadline: Instant) -> Result<Credentials> {
        let kdc = self.kdc(deadline);
        let mut failure = Error::WrongTarget("the target has no principal");
        for candidate in self.candidates(request.target) {
            let service = &candidate.principal;
            if request.user_to_user.is_none()
                && let Some(cached) = self.source.cached(&self.environment, service, &self.clock)
                && self.is_usable(&cached)
            {
                return Ok(cached);
            }
            let base = self.base(&kdc, deadline)?;
            match self.ask(base, candidate, request.user_to_user, &kdc) {
                Ok(ticket) => return Ok(ticket),
                Err(why @ Error::KrbError(error_code::S_PRINCIPAL_UNKNOWN)) => failure = why,
                Err(why) => return Err(why),
            }
        }
        Err(failure)
    }

    /// Whether a cached ticket is of the client whose ticket-granting ticket is held, since another one
    /// may have logged on to the cache; and no service has rejected it.
    fn is_usable(&self, ticket: &Credentials) -> bool {
        let held = self.state().held.lock();
        !held.is_rejected(ticket)
            && held.base.as_ref().is_none_or(|base| *base.client() == ticket.client)
    }

    /// The principals to ask for, with their realms as far as the configuration knows them.
    fn candidates(&self, target: &Target) -> Vec<Candidate> {
        let realms = &self.environment.realms;
        let mut candidates = Vec::new();
        for named in &target.candidates {
            let host = named.components.get(1).and_then(|host| std::str::from_utf8(host).ok());
            let names = match host {
                Some(host) if named.realm.is_empty() => realms.host_names(host),
                _ => Vec::new(),
            };
            if names.is_empty() {
                let mut principal = named.clone();
                let realm = std::str::from_utf8(&named.realm).ok();
                if let Some(realm) = realm.and_then(|realm| realms.realm(realm)) {
                    principal.realm = realm.as_bytes().to_vec();
                }
                let is_realm_given = !principal.realm.is_empty();
                candidates.push(Candidate { principal, is_realm_given });
            }
            for name in names {
                let without_port = name.split(':').next().unwrap_or_default();
                let realm = realms.of_host(without_port).unwrap_or_default();
                let mut principal = named.clone();
                principal.realm = realm.as_bytes().to_vec();
                if let Some(host) = principal.components.get_mut(1) {
                    *host = name.into_bytes();
                }
                candidates.push(Candidate { principal, is_realm_given: false });
            }
        }
        candidates
    }

    fn ask(
        &self,
        base: Base,
        candidate: Candidate,
        user_to_user: Option<&[u8]>,
        kdc: &dyn Kdc,
    ) -> Result<Credentials> {
        let Candidate { principal: service, is_realm_given } = candidate;
        let realm = is_realm_given.then(|| service.realm.clone());
        let home = base.tgt.server.realm.clone();
        let known = self.state().held.lock().cross_realm.clone();
        let clock_offset = self.clock.offset();
        let config = self.environment.tgs_config();
        let (ticket, intermediates, learnt) = match (base.evidence, user_to_user) {
            (Some(evidence), None) => {
                let asked = S4uProxyRequest {
                    tgt: base.tgt,
                    service,
                    evidence: evidence.ticket.clone(),
                    client: evidence.client.clone(),
                    known,
                    clock_offset,
                };
                let output = run(&mut S4uProxy::new(asked, config), kdc)?;
                (output.ticket, output.intermediates, output.clock_offset)
            }
            (Some(_), Some(_)) => {
                return Err(Error::Unsupported("user-to-user by constrained delegation"));
            }
            (None, user_to_user) => {
                let asked = ServiceTicketRequest {
                    tgt: base.tgt,
                    service,
                    user_to_user: user_to_user.map(<[u8]>::to_vec),
                    authorization_data: None,
                    known,
                    clock_offset,
                };
                let output = run(&mut ServiceTicket::new(asked, config), kdc)?;
                (output.ticket, output.intermediates, output.clock_offset)
            }
        };
        self.clock.learn(learnt);
        // What another realm issues for a third one is for this request alone: it knows the key.
        let of_home = |ticket: &Arc<Credentials>| ticket.server.realm == home;
        let intermediates = intermediates.into_iter().filter(of_home).collect();
        self.state().held.lock().insert_cross_realm(intermediates);
        // The KDC may know the service in another realm than the caller means.
        if realm.is_some_and(|realm| realm != ticket.server.realm) {
            return Err(Error::KrbError(error_code::S_PRINCIPAL_UNKNOWN));
        }
        Ok(ticket)
    }

    /// A forwarded ticket-granting ticket of the client's own realm.
    fn forward(&self, deadline: Instant) -> Result<Arc<Credentials>> {
        let kdc = self.kdc(deadline);
        let Base { tgt, evidence } = self.base(&kdc, deadline)?;
        if evidence.is_some() || !tgt.flags.contains(TicketFlags::FORWARDABLE) {
            return Err(Error::NoCredentials("the ticket-granting ticket is not forwardable"));
        }
        let forwarded = Arc::new(self.ask_tgs(TgsRequest::forwarded(tgt)?, &kdc)?);
        self.state().held.lock().forwarded = Some(forwarded.clone());
        Ok(forwarded)
    }
}

impl TicketSource for Tickets {
    fn is_realm(&self, name: &str) -> bool {
        let realms = &self.environment.realms;
        realms.realm(name).is_some()
            || realms.default_realm().is_some_and(|realm| realm.eq_ignore_ascii_case(name))
            || self.client().is_ok_and(|client| client.realm.eq_ignore_ascii_case(name.as_bytes()))
    }

    fn service_ticket(&self, request: &TicketRequest<'_>) -> Result<Arc<Credentials>> {
        let key: Key = (request.target.text.clone(), request.user_to_user.map(<[u8]>::to_vec));
        let now = self.clock.at(platform::now());
        let state = self.state();
        {
            let held = state.held.lock();
            if let Some(ticket) = held.service(&key, now) {
                return Ok(ticket);
            }
            if let Some(failure) = held.failure(&key) {
                return Err(failure);
            }
        }
        let deadline = self.deadline();
        state.services.ask(&key, deadline, || {
            // Another thread's request may have ended since.
            if let Some(ticket) = state.held.lock().service(&key, now) {
                return Ok(ticket);
            }
            match self.find(request, deadline) {
                Ok(ticket) => {
                    let ticket = Arc::new(ticket);
                    state.held.lock().insert(key.clone(), ticket.clone());
                    Ok(ticket)
                }
                Err(error) => {
                    tracing::debug!(%error, target = request.target.text, "no ticket");
                    state.held.lock().fail(key.clone(), error);
                    Err(error)
                }
            }
        })
    }

    fn forwarded_ticket(&self, _service: &Credentials) -> Result<Arc<Credentials>> {
        let now = self.clock.at(platform::now());
        let held = self.state().held.lock().forwarded.clone();
        match held.filter(|ticket| ticket.is_valid(now, MARGIN)) {
            Some(ticket) => Ok(ticket),
            None => self.forward(self.deadline()),
        }
    }

    fn authenticator_time(&self, now: FileTime, _service: &Principal) -> FileTime {
        self.clock.authenticator_time(now)
    }

    fn forget(&self, ticket: &Arc<Credentials>) {
        self.state().held.lock().forget(ticket);
    }
}
