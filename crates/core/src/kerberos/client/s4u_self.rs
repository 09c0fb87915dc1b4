//! S4U2self, [MS-SFU] 3.1.5.1: a service's ticket to itself in the name of a user of any realm.

use super::service_ticket::MAX_HOPS;
use super::tgs_exchange::{TgsOutput, realm_of};
use super::{
    Credentials, Exchange, Next, ServiceTicket, ServiceTicketOutput, ServiceTicketRequest,
    TgsConfig, TgsExchange, TgsRequest,
};
use crate::kerberos::message::name_type;
use crate::kerberos::principal::Principal;
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;
use std::sync::Arc;

/// A ticket to ask for.
#[derive(Debug, Clone)]
pub struct S4uSelfRequest {
    /// The service's own ticket-granting ticket.
    pub tgt: Arc<Credentials>,
    /// The service, as the ticket shall name it; its realm is that of `tgt`.
    pub service: Principal,
    /// The user; with an empty realm one of the service's realm. An enterprise name is one that the
    /// KDC of its realm knows.
    pub user: Principal,
    /// As in [`ServiceTicketRequest::known`].
    pub known: Vec<Arc<Credentials>>,
    /// The KDC's time less ours, in microseconds, as far as it is known.
    pub clock_offset: i64,
}

/// What the S4U exchanges lead to.
#[derive(Debug)]
pub struct S4uOutput {
    /// The ticket; its client is the user.
    pub ticket: Credentials,
    /// The service's own tickets for other realms' TGS that were got on the way, in order.
    pub intermediates: Vec<Arc<Credentials>>,
    /// The KDC's time less ours, in microseconds.
    pub clock_offset: i64,
}

/// Gets a service's ticket to itself in the name of a user. The KDC of the user's realm is asked
/// first, which refers back towards the service's realm.
#[derive(Debug)]
pub struct S4uSelf {
    asked: S4uSelfRequest,
    config: TgsConfig,
    phase: Phase,
    intermediates: Vec<Arc<Credentials>>,
    seen: Vec<String>,
    clock_offset: i64,
}

#[derive(Debug)]
enum Phase {
    Start,
    /// Towards the TGS of the user's realm.
    UserRealm(Box<ServiceTicket>),
    /// Asked for the service's ticket, in the realm `realm`.
    Asked(Box<TgsExchange>, String),
}

impl S4uSelf {
    /// Begins with this ticket.
    pub fn new(asked: S4uSelfRequest, config: TgsConfig) -> S4uSelf {
        let clock_offset = asked.clock_offset;
        let (intermediates, seen) = (Vec::new(), Vec::new());
        S4uSelf { asked, config, phase: Phase::Start, intermediates, seen, clock_offset }
    }

    fn start(&mut self) -> Result<()> {
        let home = realm_of(&self.asked.tgt)?.to_owned();
        if self.asked.user.realm.is_empty() {
            self.asked.user.realm = home.as_bytes().to_vec();
        }
        let realm = std::str::from_utf8(&self.asked.user.realm)
            .map_err(|_| Error::InvalidParameter("a realm that is not UTF-8"))?;
        if realm == home {
            return self.ask(self.asked.tgt.clone());
        }
        let request = ServiceTicketRequest {
            tgt: self.asked.tgt.clone(),
            service: Principal::krbtgt(realm, &home),
            user_to_user: None,
            authorization_data: None,
            known: self.asked.known.clone(),
            clock_offset: self.clock_offset,
        };
        self.phase = Phase::UserRealm(Box::new(ServiceTicket::new(request, self.config.clone())));
        Ok(())
    }

    fn reached(&mut self, output: ServiceTicketOutput) -> Result<()> {
        self.clock_offset = output.clock_offset;
        self.intermediates = output.intermediates;
        self.ask(output.tgt)
    }

    /// Asks for the ticket: in the service's own realm by its name, elsewhere by its name and realm
    /// in one ([MS-SFU] 3.1.5.1.1.2).
    fn ask(&mut self, tgt: Arc<Credentials>) -> Result<()> {
        let realm = realm_of(&tgt)?.to_owned();
        let home = realm_of(&self.asked.tgt)?;
        if self.seen.contains(&realm) || self.seen.len() > MAX_HOPS {
            return Err(Error::NoAuthority("the KDCs' referrals lead in a circle, or too far"));
        }
        let server = match realm == home {
            true => self.asked.service.clone(),
            false => enterprise(&self.asked.service, home),
        };
        let request =
            TgsRequest::s4u_self(tgt, &server, self.asked.user.clone())?.canonicalize(true);
        let TgsConfig { options, random, .. } = &self.config;
        let exchange = TgsExchange::new(request, options.clone(), self.clock_offset, *random);
        self.seen.push(realm.clone());
        self.phase = Phase::Asked(Box::new(exchange), realm);
        Ok(())
    }

    fn answered(&mut self, output: TgsOutput, own_realm: bool) -> Result<Option<Credentials>> {
        if own_realm {
            self.clock_offset = output.clock_offset;
        }
        // From here on it must remain this user.
        if let Some(user) = output.s4u_user {
            self.asked.user = user;
        }
        match (output.is_referral, own_realm) {
            (true, _) => self.ask(Arc::new(output.credentials)).map(|()| None),
            (false, true) => Ok(Some(output.credentials)),
            (false, false) => Err(Error::WrongTarget("S4U2self: another realm's ticket")),
        }
    }
}

/// The service's name and realm as an enterprise name.
fn enterprise(service: &Principal, realm: &str) -> Principal {
    let mut name = service.components.join(&b'/');
    name.push(b'@');
    name.extend(realm.as_bytes());
    Principal { name_type: name_type::ENTERPRISE, realm: Vec::new(), components: vec![name] }
}

impl Exchange for S4uSelf {
    type Output = S4uOutput;

    fn step(&mut self, mut reply: Option<&[u8]>, now: FileTime) -> Result<Next<S4uOutput>> {
        loop {
            match &mut self.phase {
                Phase::Start => self.start()?,
                Phase::UserRealm(exchange) => match exchange.step(reply.take(), now)? {
                    Next::Ask { service, realm, request } => {
                        return Ok(Next::Ask { service, realm, request });
                    }
                    Next::Done(output) => self.reached(output)?,
                },
                Phase::Asked(exchange, realm) => match exchange.step(reply.take(), now)? {
                    Next::Ask { service, realm, request } => {
                        return Ok(Next::Ask { service, realm, request });
                    }
                    Next::Done(output) => {
                        let own_realm = *realm == realm_of(&self.asked.tgt)?;
                        if let Some(ticket) = self.answered(output, own_realm)? {
                            return Ok(Next::Done(S4uOutput {
                                ticket,
                                intermediates: std::mem::take(&mut self.intermediates),
                                clock_offset: self.clock_offset,
                            }));
                        }
                    }
                },
            }
        }
    }
}
