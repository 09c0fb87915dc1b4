//! TGS exchanges with KDCs played here: RFC 4120 3.3, RFC 6806, [MS-SFU].

mod kdc;
mod mutated;
mod referrals;
mod replies;
mod s4u;

use crate::support::random::COUNTED;
use kdc::Realms;
use negossp_core::kerberos::Principal;
use negossp_core::kerberos::client::{
    Capaths, ClientOptions, Credentials, ServiceTicket, ServiceTicketOutput, ServiceTicketRequest,
    TgsConfig, TgsExchange, TgsOutput, TgsRequest, run,
};
use negossp_core::kerberos::crypto::Enctype;
use negossp_core::kerberos::message::name_type;
use negossp_core::types::error::Result;
use std::sync::Arc;

fn principal(name: &str, realm: &str) -> Principal {
    let components: Vec<&str> = name.split('/').collect();
    Principal::new(name_type::PRINCIPAL, &components, realm)
}

/// The ticket-granting ticket of a client of `realm`.
fn tgt(realms: &Realms, client: &str, realm: &str) -> Arc<Credentials> {
    Arc::new(realms.issue(&principal(client, realm), &format!("krbtgt/{realm}"), realm))
}

fn config() -> TgsConfig {
    TgsConfig {
        options: Arc::new(ClientOptions::default()),
        capaths: Arc::new(Capaths::new()),
        random: &COUNTED,
    }
}

fn ask(realms: &Realms, request: TgsRequest) -> Result<TgsOutput> {
    let mut exchange = TgsExchange::new(request, config().options, 0, &COUNTED);
    run(&mut exchange, realms)
}

fn request(realms: &Realms, service: &str, realm: &str) -> ServiceTicketRequest {
    ServiceTicketRequest {
        tgt: tgt(realms, "alice", "A"),
        service: principal(service, realm),
        user_to_user: None,
        authorization_data: None,
        known: Vec::new(),
        clock_offset: 0,
    }
}

/// A ticket of alice, a client of A.
fn get(realms: &Realms, service: &str, realm: &str) -> Result<ServiceTicketOutput> {
    run(&mut ServiceTicket::new(request(realms, service, realm), config()), realms)
}

/// Realm A with HTTP/a.
fn one_realm() -> Realms {
    Realms::new(&["A"], Enctype::Aes256Sha1).service("A", "HTTP/a")
}
