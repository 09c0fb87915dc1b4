//! S4U2proxy, [MS-SFU] 3.1.5.2: a service's ticket for another service in the name of a client, for
//! the client's ticket to it.

use super::s4u_self::S4uOutput;
use super::tgs_exchange::{TgsOutput, realm_of};
use super::{
    Credentials, Exchange, Next, ServiceTicket, ServiceTicketOutput, ServiceTicketRequest,
    TgsConfig, TgsExchange, TgsRequest,
};
use crate::kerberos::message::error_code;
use crate::kerberos::principal::Principal;
use crate::types::error::{Error, Result};
use crate::types::time::FileTime;
use std::sync::Arc;

/// A ticket to ask for.
#[derive(Debug, Clone)]
pub struct S4uProxyRequest {
    /// The asking service's own ticket-granting ticket.
    pub tgt: Arc<Credentials>,
    /// The service to be used. In which realm it is, the KDCs tell: its own realm is ignored.
    pub service: Principal,
    /// The client's ticket for the asking service, encoded.
    pub evidence: Vec<u8>,
    /// The client whose ticket it is.
    pub client: Principal,
    /// As in [`ServiceTicketRequest::known`].
    pub known: Vec<Arc<Credentials>>,
    /// The KDC's time less ours, in microseconds, as far as it is known.
    pub clock_offset: i64,
}

/// Gets a ticket for a service in the name of a client. A service of another realm permits it by
/// resource-based constrained delegation: its KDC takes the ticket for its TGS that the asker's KDC
/// has issued in the client's name as the evidence, and the asker's own ticket for its TGS ([MS-SFU]
/// 3.1.5.2.2).
#[derive(Debug)]
pub struct S4uProxy {
    asked: S4uProxyRequest,
    config: TgsConfig,
    phase: Phase,
    intermediates: Vec<Arc<Credentials>>,
    clock_offset: i64,
}

#[derive(Debug)]
enum Phase {
    Start,
    /// The KDC of the asker's realm is asked.
    First(Box<TgsExchange>),
    /// On the way to the service's realm with the asker's own tickets. `proxy` is the ticket for a
    /// TGS in the client's name.
    Own {
        exchange: Box<ServiceTicket>,
        proxy: Arc<Credentials>,
    },
    /// On the way to the realm of `own` with tickets in the client's name.
    Proxy {
        exchange: Box<ServiceTicket>,
        own: Arc<Credentials>,
    },
    /// The KDC of the service's realm is asked.
    Last(Box<TgsExchange>),
}

impl S4uProxy {
    /// Begins with these tickets.
    pub fn new(asked: S4uProxyRequest, config: TgsConfig) -> S4uProxy {
        let clock_offset = asked.clock_offset;
        S4uProxy { asked, config, phase: Phase::Start, intermediates: Vec::new(), clock_offset }
    }

    /// The request with `tgt` and this evidence.
    fn request(&self, tgt: Arc<Credentials>, evidence: Vec<u8>) -> Result<Box<TgsExchange>> {
        let S4uProxyRequest { service, client, .. } = &self.asked;
        let request =
            TgsRequest::s4u_proxy(tgt, service, evidence, client.clone())?.canonicalize(true);
        let TgsConfig { options, random, .. } = &self.config;
        Ok(Box::new(TgsExchange::new(request, options.clone(), self.clock_offset, *random)))
    }

    fn way(
        &self,
        tgt: &Arc<Credentials>,
        service: Principal,
        known: &[Arc<Credentials>],
    ) -> Box<ServiceTicket> {
        let request = ServiceTicketRequest {
            tgt: tgt.clone(),
            service,
            user_to_user: None,
            authorization_data: None,
            known: known.to_vec(),
            clock_offset: self.clock_offset,
        };
        Box::new(ServiceTicket::new(request, self.config.clone()))
    }

    fn start(&mut self) -> Result<()> {
        let exchange = self.request(self.asked.tgt.clone(), self.asked.evidence.clone())?;
        self.phase = Phase::First(exchange);
        Ok(())
    }

    fn first(&mut self, output: TgsOutput) -> Result<Option<Credentials>> {
        self.clock_offset = output.clock_offset;
        if !output.is_referral {
            return Ok(Some(output.credentials));
        }
        require_resource_based(&output)?;
        let service = Principal { realm: Vec::new(), ..self.asked.service.clone() };
        let exchange = self.way(&self.asked.tgt, service, &self.asked.known);
        self.phase = Phase::Own { exchange, proxy: Arc::new(output.credentials) };
        Ok(None)
    }

    fn own(&mut self, output: ServiceTicketOutput, proxy: Arc<Credentials>) -> Result<()> {
        self.clock_offset = output.clock_offset;
        self.intermediates = output.intermediates;
        if realm_of(&proxy)? == realm_of(&output.tgt)? {
            return self.last(output.tgt, &proxy);
        }
        let service = Principal::krbtgt(realm_of(&output.tgt)?, "");
        // Known tickets are the asker's own; those on this way are the client's.
        let exchange = self.way(&proxy, service, &[]);
        self.phase = Phase::Proxy { exchange, own: output.tgt };
        Ok(())
    }

    fn last(&mut self, own: Arc<Credentials>, proxy: &Credentials) -> Result<()> {
        let exchange = self.request(own, proxy.ticket.clone())?;
        self.phase = Phase::Last(exchange);
        Ok(())
    }

    fn answered(&self, output: TgsOutput) -> Result<Credentials> {
        require_resource_based(&output)?;
        match output.is_referral {
            true => Err(Error::WrongTarget("S4U2proxy: the service is not where it was found")),
            // What the ticket is got for, in a cache.
            false => {
                let second_ticket = self.asked.evidence.clone();
                Ok(Credentials { second_ticket, ..output.credentials })
            }
        }
    }
}

/// A KDC that does not know it may have overlooked the evidence.
fn require_resource_based(output: &TgsOutput) -> Result<()> {
    match output.resource_based {
        true => Ok(()),
        false => Err(Error::KrbError(error_code::PADATA_TYPE_NOSUPP)),
    }
}

impl Exchange for S4uProxy {
    type Output = S4uOutput;

    fn step(&mut self, mut reply: Option<&[u8]>, now: FileTime) -> Result<Next<S4uOutput>> {
        loop {
            let ticket = match &mut self.phase {
                Phase::Start => self.start().map(|()| None)?,
                Phase::First(exchange) => match exchange.step(reply.take(), now)? {
                    Next::Ask { service, realm, request } => {
                        return Ok(Next::Ask { service, realm, request });
                    }
                    Next::Done(output) => self.first(output)?,
                },
                Phase::Own { exchange, proxy } => match exchange.step(reply.take(), now)? {
                    Next::Ask { service, realm, request } => {
                        return Ok(Next::Ask { service, realm, request });
                    }
                    Next::Done(output) => {
                        let proxy = proxy.clone();
                        self.own(output, proxy).map(|()| None)?
                    }
                },
                Phase::Proxy { exchange, own } => match exchange.step(reply.take(), now)? {
                    Next::Ask { service, realm, request } => {
                        return Ok(Next::Ask { service, realm, request });
                    }
                    Next::Done(output) => {
                        let own = own.clone();
                        self.last(own, &output.ticket).map(|()| None)?
                    }
                },
                Phase::Last(exchange) => match exchange.step(reply.take(), now)? {
                    Next::Ask { service, realm, request } => {
                        return Ok(Next::Ask { service, realm, request });
                    }
                    Next::Done(output) => Some(self.answered(output)?),
                },
            };
            if let Some(ticket) = ticket {
                return Ok(Next::Done(S4uOutput {
                    ticket,
                    intermediates: std::mem::take(&mut self.intermediates),
                    clock_offset: self.clock_offset,
                }));
            }
        }
    }
}
