//! From a ticket-granting ticket to a ticket for a service of any realm: cross-realm authentication
//! and referrals, RFC 4120 1.2 and 3.3.1, RFC 6806 8.

use super::tgs_exchange::{TgsOutput, TgsRequest, realm_of};
use super::{Capaths, ClientOptions, Credentials, Exchange, Next, TgsExchange, clock};
use crate::kerberos::message::error_code;
use crate::kerberos::principal::Principal;
use crate::primitives::random::SecureRandom;
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;
use std::sync::Arc;

/// The most realms that referrals lead through, as in MIT's library.
pub(super) const MAX_HOPS: usize = 10;
/// The most requests for one ticket. A path of ten realms of which all but the next one are refused
/// at each takes fewer.
const MAX_REQUESTS: usize = 64;

/// What requests to a TGS need beside the tickets.
#[derive(Debug, Clone)]
pub struct TgsConfig {
    /// What to ask for.
    pub options: Arc<ClientOptions>,
    /// The paths between realms.
    pub capaths: Arc<Capaths>,
    /// The source of keys and nonces.
    pub random: &'static dyn SecureRandom,
}

/// A ticket to ask for.
#[derive(Debug, Clone)]
pub struct ServiceTicketRequest {
    /// The ticket-granting ticket to start with, usually that of the client's realm.
    pub tgt: Arc<Credentials>,
    /// The service. With an empty realm the KDC of the first realm is asked in which realm it is.
    /// `krbtgt/REALM` of another realm is a ticket for that realm's TGS.
    pub service: Principal,
    /// The server's ticket-granting ticket, encoded, for user-to-user authentication.
    pub user_to_user: Option<Vec<u8>>,
    /// Authorization data for the ticket, encoded.
    pub authorization_data: Option<Vec<u8>>,
    /// Tickets of the same client for other realms' TGS, which shorten the way.
    pub known: Vec<Arc<Credentials>>,
    /// The KDC's time less ours, in microseconds, as far as it is known.
    pub clock_offset: i64,
}

/// What a [`ServiceTicket`] exchange leads to.
#[derive(Debug)]
pub struct ServiceTicketOutput {
    /// The ticket. Its service has the name that was asked for, in the realm that it was found in.
    pub ticket: Credentials,
    /// The tickets for other realms' TGS that were got on the way, in order.
    pub intermediates: Vec<Arc<Credentials>>,
    /// The ticket-granting ticket that the ticket was got with.
    pub tgt: Arc<Credentials>,
    /// The time of the first KDC less ours, in microseconds.
    pub clock_offset: i64,
}

/// Gets a ticket for a service. Where its realm is not that of the ticket-granting ticket, tickets
/// for the TGS of realms on the path come first, the farthest that a KDC gives. Then the service is
/// asked for, and referrals are followed. A KDC that knows no referrals is asked without them.
#[derive(Debug)]
pub struct ServiceTicket {
    config: TgsConfig,
    asked: ServiceTicketRequest,
    phase: Phase,
    /// The ticket-granting ticket for the realm that is asked.
    tgt: Arc<Credentials>,
    exchange: Option<TgsExchange>,
    intermediates: Vec<Arc<Credentials>>,
    /// The realms that the way led through in this phase.
    seen: Vec<String>,
    requests: usize,
    clock_offset: i64,
}

#[derive(Debug)]
enum Phase {
    Start,
    /// Towards the TGS of the last realm of `path`: the first realm is being asked for `next`.
    Path {
        path: Vec<String>,
        next: usize,
    },
    /// Asked for the service, or for a referral to its realm.
    Referral,
    /// Asked for the service only.
    Plain,
}

/// What comes next: a request, or the end.
type Then = Result<Option<Credentials>>;

impl ServiceTicket {
    /// Begins with these tickets.
    pub fn new(asked: ServiceTicketRequest, config: TgsConfig) -> ServiceTicket {
        ServiceTicket {
            config,
            phase: Phase::Start,
            tgt: asked.tgt.clone(),
            exchange: None,
            intermediates: Vec::new(),
            seen: Vec::new(),
            requests: 0,
            clock_offset: asked.clock_offset,
            asked,
        }
    }

    /// The realm whose TGS is the goal, if it is not a service.
    fn goal_realm(&self) -> Option<&str> {
        let service = &self.asked.service;
        let of = service.krbtgt_of().filter(|of| *of != self.tgt_realm_bytes())?;
        std::str::from_utf8(of).ok().filter(|_| self.asked.user_to_user.is_none())
    }

    /// The realm of the first ticket-granting ticket.
    fn tgt_realm_bytes(&self) -> &[u8] {
        self.asked.tgt.server.krbtgt_of().unwrap_or_default()
    }

    fn start(&mut self, now: FileTime) -> Then {
        let home = realm_of(&self.asked.tgt)?.to_owned();
        let target = match (self.goal_realm(), std::str::from_utf8(&self.asked.service.realm)) {
            (Some(realm), _) => realm.to_owned(),
            (None, Ok("")) => home.clone(),
            (None, Ok(realm)) => realm.to_owned(),
            (None, Err(_)) => return Err(Error::InvalidParameter("a realm that is not UTF-8")),
        };
        if target == home {
            return self.ask_service(true);
        }
        if let Some(known) = self.known(&target, now) {
            return self.arrived(known);
        }
        let path = self.config.capaths.path(&home, &target);
        self.seen.push(home);
        self.towards(path, now)
    }

    /// A known ticket for the TGS of `realm`.
    fn known(&self, realm: &str, now: FileTime) -> Option<Arc<Credentials>> {
        let now = clock::shifted(now, self.clock_offset);
        let usable = |ticket: &&Arc<Credentials>| {
            ticket.client == self.asked.tgt.client
                && ticket.server.krbtgt_of() == Some(realm.as_bytes())
                && ticket.is_valid(now, 0)
                && self.config.options.enctypes.contains(&ticket.key.enctype())
        };
        self.asked.known.iter().find(usable).cloned()
    }

    /// Asks the first realm of `path` for the TGS of the last, unless one on the way is known.
    fn towards(&mut self, mut path: Vec<String>, now: FileTime) -> Then {
        while let Some((at, known)) = (1..path.len())
            .rev()
            .find_map(|at| path.get(at).and_then(|realm| Some((at, self.known(realm, now)?))))
        {
            path.drain(..at);
            self.seen.extend(path.first().cloned());
            if path.len() == 1 {
                return self.arrived(known);
            }
            self.tgt = known;
        }
        let next = path.len().saturating_sub(1);
        self.ask_path(path, next)
    }

    fn ask_path(&mut self, path: Vec<String>, next: usize) -> Then {
        let Some(realm) = path.get(next).filter(|_| next > 0) else {
            return Err(Error::Internal("a path without another realm"));
        };
        let server = Principal::krbtgt(realm, "");
        self.phase = Phase::Path { path, next };
        self.ask(TgsRequest::service(self.tgt.clone(), &server)?)
    }

    /// Takes a ticket for another realm's TGS into use.
    fn go_to(&mut self, tgt: Credentials) -> Result<String> {
        let realm = realm_of(&tgt)?.to_owned();
        if self.seen.contains(&realm) {
            return Err(Error::NoAuthority("the KDCs' referrals lead in a circle"));
        }
        if self.seen.len() > MAX_HOPS {
            return Err(Error::NoAuthority("the KDCs' referrals lead through too many realms"));
        }
        self.seen.push(realm.clone());
        self.tgt = Arc::new(tgt);
        self.intermediates.push(self.tgt.clone());
        Ok(realm)
    }

    /// A ticket for the TGS of the service's realm was found.
    fn arrived(&mut self, tgt: Arc<Credentials>) -> Then {
        self.tgt = tgt;
        if self.goal_realm().is_some() {
            return Ok(Some((*self.tgt).clone()));
        }
        self.seen.clear();
        self.ask_service(true)
    }

    fn ask_service(&mut self, referral: bool) -> Then {
        if referral && self.seen.is_empty() {
            self.seen.push(realm_of(&self.tgt)?.to_owned());
        }
        self.phase = if referral { Phase::Referral } else { Phase::Plain };
        let (tgt, service) = (self.tgt.clone(), &self.asked.service);
        let request = match &self.asked.user_to_user {
            Some(ticket) => TgsRequest::user_to_user(tgt, service, ticket.clone())?,
            None => TgsRequest::service(tgt, service)?,
        };
        let mut request = request.canonicalize(referral);
        request.authorization_data.clone_from(&self.asked.authorization_data);
        self.ask(request)
    }

    fn ask(&mut self, request: TgsRequest) -> Then {
        self.requests += 1;
        if self.requests > MAX_REQUESTS {
            return Err(Error::NoAuthority("too many requests for one ticket"));
        }
        let TgsConfig { options, random, .. } = &self.config;
        self.exchange =
            Some(TgsExchange::new(request, options.clone(), self.clock_offset, *random));
        Ok(None)
    }

    /// Continues after the result of a request.
    fn then(&mut self, result: Result<TgsOutput>, now: FileTime) -> Then {
        // Another realm's clock is that realm's own, and its word on it is not protected.
        if let Ok(output) = &result
            && Arc::ptr_eq(&self.tgt, &self.asked.tgt)
        {
            self.clock_offset = output.clock_offset;
        }
        match std::mem::replace(&mut self.phase, Phase::Start) {
            Phase::Start => Err(Error::Internal("a reply without a request")),
            Phase::Path { path, next } => self.then_path(path, next, result, now),
            Phase::Referral => self.then_service(result),
            Phase::Plain => result.map(|output| Some(output.credentials)),
        }
    }

    fn then_path(
        &mut self,
        mut path: Vec<String>,
        next: usize,
        result: Result<TgsOutput>,
        now: FileTime,
    ) -> Then {
        let output = match result {
            Ok(output) => output,
            // The next closer realm.
            Err(Error::KrbError(_)) if next > 1 => return self.ask_path(path, next - 1),
            Err(error) => return Err(error),
        };
        let realm = self.go_to(output.credentials)?;
        match path.iter().position(|on_path| *on_path == realm) {
            Some(at) => path.drain(..at).for_each(drop),
            // Another way than ours: from there on, the last realm is asked for.
            None => path.splice(..path.len() - 1, [realm]).for_each(drop),
        }
        match path.len() {
            1 => self.arrived(self.tgt.clone()),
            _ => self.towards(path, now),
        }
    }

    fn then_service(&mut self, result: Result<TgsOutput>) -> Then {
        const REFUSED: [i32; 2] = [error_code::S_PRINCIPAL_UNKNOWN, error_code::BADOPTION];
        let output = match result {
            Ok(output) => output,
            // Some KDCs refuse what they are asked with `canonicalize`, and some answer with another
            // of the service's names.
            Err(Error::KrbError(code)) if self.seen.len() == 1 && REFUSED.contains(&code) => {
                return self.ask_service(false);
            }
            Err(Error::WrongTarget(_)) => return self.ask_service(false),
            Err(error) => return Err(error),
        };
        if !output.is_referral {
            return Ok(Some(output.credentials));
        }
        self.go_to(output.credentials)?;
        // The KDC has put it into the ticket for the next realm.
        self.asked.authorization_data = None;
        self.ask_service(true)
    }
}

impl Exchange for ServiceTicket {
    type Output = ServiceTicketOutput;

    fn step(&mut self, reply: Option<&[u8]>, now: FileTime) -> Result<Next<ServiceTicketOutput>> {
        let then = match (reply, self.exchange.as_mut()) {
            (None, _) => self.start(now)?,
            (Some(_), None) => return Err(Error::Internal("a TGS-REP without a TGS-REQ")),
            (Some(reply), Some(exchange)) => match exchange.step(Some(reply), now) {
                Ok(Next::Ask { service, realm, request }) => {
                    return Ok(Next::Ask { service, realm, request });
                }
                Ok(Next::Done(output)) => self.then(Ok(output), now)?,
                Err(error) => self.then(Err(error), now)?,
            },
        };
        if let Some(ticket) = then {
            return Ok(Next::Done(ServiceTicketOutput {
                ticket,
                intermediates: std::mem::take(&mut self.intermediates),
                tgt: self.tgt.clone(),
                clock_offset: self.clock_offset,
            }));
        }
        match self.exchange.as_mut().map(|exchange| exchange.step(None, now)) {
            Some(Ok(Next::Ask { service, realm, request })) => {
                Ok(Next::Ask { service, realm, request })
            }
            Some(Err(error)) => Err(error),
            _ => Err(Error::Internal("a TGS-REQ that was not made")),
        }
    }
}
