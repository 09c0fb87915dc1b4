//! The acceptor and tickets of the local realm.

use super::realm::{ENDS, NOW, PASSWORD, Realm, at};
use crate::support::caller::acceptor_config;
use crate::support::random::COUNTED;
use negossp_core::kerberos::client::Credentials;
use negossp_core::kerberos::crypto::Enctype;
use negossp_core::kerberos::{
    self, AcceptCall, Acceptor, EstablishedSession, InitiateCall, Initiator, InitiatorConfig,
    Principal, ServiceName, TicketRequest, TicketSource,
};
use negossp_core::mechanism::{Established, Step};
use negossp_core::types::error::{Denial, Error, Result};
use negossp_core::types::flags::ContextFlags;
use negossp_core::types::time::FileTime;
use std::sync::Arc;
use std::time::Duration;

/// One ticket, whatever is asked for.
#[derive(Debug)]
struct One(Arc<Credentials>);

impl TicketSource for One {
    fn is_realm(&self, _name: &str) -> bool {
        false
    }

    fn service_ticket(&self, _request: &TicketRequest<'_>) -> Result<Arc<Credentials>> {
        Ok(self.0.clone())
    }

    fn forwarded_ticket(&self, _service: &Credentials) -> Result<Arc<Credentials>> {
        Err(Error::NoCredentials("none"))
    }

    fn authenticator_time(&self, now: FileTime, _service: &Principal) -> FileTime {
        now
    }

    fn forget(&self, _ticket: &Arc<Credentials>) {}
}

/// What the acceptor of the realm's server makes of a ticket.
fn accept(
    realm: &Realm,
    ticket: &Credentials,
    change: impl FnOnce(&mut kerberos::AcceptorConfig),
) -> Result<Established<EstablishedSession>> {
    let initiator = InitiatorConfig {
        tickets: Some(Arc::new(One(Arc::new(ticket.clone())))),
        enctypes: vec![Enctype::Aes256Sha1, Enctype::Aes128Sha1],
        max_clock_skew: Duration::from_secs(300),
        ..InitiatorConfig::without_client(&COUNTED)
    };
    let requirements = ContextFlags::MUTUAL_AUTH | ContextFlags::INTEGRITY;
    let call = InitiateCall {
        config: &initiator,
        requirements,
        target: "HTTP/web1",
        bindings: None,
        now: at(realm.now),
    };
    let Step::Continue { next, token, .. } = Initiator::new().step(None, &call).unwrap() else {
        panic!("no AP-REP is expected");
    };
    let mut config = acceptor_config(vec![]).kerberos;
    config.local_kdc = Some(realm.kdc.clone());
    change(&mut config);
    let accepting = AcceptCall {
        config: &config,
        requirements,
        bindings: None,
        address: None,
        now: at(realm.now),
    };
    let step = Acceptor::new().step(&token, &accepting).map_err(|failure| failure.error)?;
    let Step::Done { established, token: Some(reply), .. } = step else { panic!("no AP-REP") };
    assert!(matches!(next.step(Some(&reply), &call), Ok(Step::Done { .. })), "the client refuses");
    Ok(established)
}

fn ticket(realm: &Realm, user: &str, service: &str) -> Credentials {
    let tgt = realm.log_on(user, PASSWORD).unwrap().credentials;
    realm.ticket(&tgt, service).unwrap().ticket
}

#[test]
fn a_local_ticket_is_accepted_as_its_account() {
    let realm = Realm::new();
    for (service, host) in
        [("HTTP/web1", "HTTP/web1"), ("http/WEB1.example.test", "http/WEB1.example.test")]
    {
        let established = accept(&realm, &ticket(&realm, "bob", service), |_| ()).unwrap();
        assert_eq!(established.client.display_name(), "WEB1\\Bob");
        assert_eq!(established.client.native_name(), "Bob@WEB1");
        assert_eq!(established.server_name, format!("{host}@WEB1"));
        assert!(established.session.delegated.is_none());
    }
}

fn is_denied(outcome: Result<Established<EstablishedSession>>) -> bool {
    matches!(outcome, Err(Error::LogonDenied(Denial::Ticket(_))))
}

#[test]
fn a_local_ticket_ends_with_the_password() {
    for change in ENDS {
        let realm = Realm::new();
        let ticket = ticket(&realm, "alice", "HTTP/web1");
        accept(&realm, &ticket, |_| ()).unwrap();
        change(&realm);
        assert!(is_denied(accept(&realm, &ticket, |_| ())));
    }
}

/// The name beside a ticket chooses the key: with another one it does not open.
#[test]
fn a_local_ticket_is_for_its_service() {
    let realm = Realm::new();
    let genuine = ticket(&realm, "alice", "HTTP/web1");
    let mut renamed = genuine.clone();
    let at = renamed.ticket.windows(4).position(|part| part == b"HTTP").unwrap();
    renamed.ticket[at..at + 4].copy_from_slice(b"cifs");
    assert!(is_denied(accept(&realm, &renamed, |_| ())));
    let only = |name: &str| {
        let name = ServiceName::parse(name).unwrap();
        move |config: &mut kerberos::AcceptorConfig| config.policy.principals = vec![name]
    };
    accept(&realm, &genuine, only("HTTP/web1")).unwrap();
    assert!(is_denied(accept(&realm, &genuine, only("cifs/web1"))));
}

/// Tickets of another secret, and of a realm that is not served here.
#[test]
fn tickets_of_other_realms_are_not_opened() {
    let realm = Realm::new();
    let genuine = ticket(&realm, "alice", "HTTP/web1");
    assert!(is_denied(accept(&Realm::with_secrets(&[9]), &genuine, |_| ())));
    accept(&Realm::with_secrets(&[9, 1]), &genuine, |_| ()).unwrap();
    assert!(is_denied(accept(&realm, &genuine, |config| config.local_kdc = None)));
    let mut tgt = realm.log_on("alice", PASSWORD).unwrap().credentials;
    tgt.server = genuine.server.clone();
    assert!(is_denied(accept(&realm, &tgt, |_| ())));
    let mut later = Realm::new();
    later.now = NOW + 36_301;
    assert!(is_denied(accept(&later, &genuine, |_| ())));
}
