//! Service for User, [MS-SFU] 3.1.5.

use super::kdc::{Realms, Reply};
use super::{config, principal, tgt};
use negossp_core::kerberos::Principal;
use negossp_core::kerberos::client::{
    S4uOutput, S4uProxy, S4uProxyRequest, S4uSelf, S4uSelfRequest, run,
};
use negossp_core::kerberos::crypto::Enctype;
use negossp_core::kerberos::message::{TicketFlags, error_code, name_type, pa_type};
use negossp_core::types::error::{Error, Result};

fn realms(enctype: Enctype) -> Realms {
    Realms::new(&["A", "B", "C"], enctype)
        .trust("A", "B")
        .trust("B", "A")
        .trust("B", "C")
        .trust("C", "B")
        .service("A", "HTTP/web")
        .service("A", "HTTP/back")
        .service("C", "HTTP/far")
        .refer("A", "krbtgt/C", "B")
        .refer("C", "HTTP/web@A", "B")
        .refer("C", "krbtgt/A", "B")
        .refer("A", "HTTP/far", "B")
        .refer("B", "HTTP/far", "C")
}

fn to_self(realms: &Realms, user: Principal) -> Result<S4uOutput> {
    let asked = S4uSelfRequest {
        tgt: tgt(realms, "HTTP/web", "A"),
        service: principal("HTTP/web", "A"),
        user,
        known: Vec::new(),
        clock_offset: 0,
    };
    run(&mut S4uSelf::new(asked, config()), realms)
}

fn proxy(realms: &Realms, evidence: Vec<u8>, client: Principal, to: &str) -> Result<S4uOutput> {
    let asked = S4uProxyRequest {
        tgt: tgt(realms, "HTTP/web", "A"),
        service: principal(to, ""),
        evidence,
        client,
        known: Vec::new(),
        clock_offset: 0,
    };
    run(&mut S4uProxy::new(asked, config()), realms)
}

#[test]
fn a_service_gets_a_ticket_to_itself_in_a_users_name() {
    for enctype in [Enctype::Aes256Sha1, Enctype::Aes128Sha256, Enctype::Rc4Hmac] {
        let realms = realms(enctype);
        for realm in ["A", ""] {
            let got = to_self(&realms, principal("bob", realm)).unwrap().ticket;
            assert_eq!(got.client, principal("bob", "A"));
            assert_eq!(got.server, principal("HTTP/web", "A"));
            assert!(got.flags.contains(TicketFlags::FORWARDABLE));
            assert_eq!(realms.open(&got.ticket).unwrap().0, principal("bob", "A"));
        }
    }
}

#[test]
fn a_user_may_be_of_another_realm() {
    let realms = realms(Enctype::Aes256Sha1);
    let output = to_self(&realms, principal("bob", "C")).unwrap();
    assert_eq!(output.ticket.client, principal("bob", "C"));
    assert_eq!(output.ticket.server, principal("HTTP/web", "A"));
    assert_eq!(
        realms.take_asked(),
        ["A krbtgt/C", "B krbtgt/C", "!C HTTP/web@A", "!B HTTP/web@A", "!A HTTP/web"]
    );
    // The tickets in the user's name are not the service's own.
    assert_eq!(output.intermediates.len(), 2);
}

#[test]
fn an_enterprise_name_stands_for_a_user_whom_the_kdc_names() {
    let mut realms = realms(Enctype::Aes256Sha1);
    realms.realm("A").aliases.insert("bob@corp.test".to_owned(), "bob".to_owned());
    let user = Principal::new(name_type::ENTERPRISE, &["bob@corp.test"], "A");
    assert_eq!(to_self(&realms, user.clone()).unwrap().ticket.client, principal("bob", "A"));
    // Nothing protects the name then.
    realms.realm("A").x509_user = false;
    assert!(to_self(&realms, user).is_err());
    assert!(to_self(&realms, principal("bob", "A")).is_ok());
}

#[test]
fn it_remains_the_user_who_was_asked_for() {
    type Edit = fn(&mut Reply);
    let edits: [Edit; 7] = [
        |r| r.client = principal("mallory", "A"),
        |r| r.client = principal("bob", "B"),
        |r| r.client = principal("HTTP/web", "A"),
        |r| {
            // Without the protected name, or with an altered one.
            if let Some((_, value)) = r.padata.first_mut() {
                *value.last_mut().unwrap() ^= 1;
            }
        },
        |r| r.encrypted_padata.push((pa_type::S4U_X509_USER, vec![0; 32])),
        |r| r.padata.iter_mut().for_each(|(_, value)| *value = b"\x30\x00".to_vec()),
        |r| {
            r.padata.clear();
            r.client = principal("mallory", "A");
        },
    ];
    for (at, edit) in edits.into_iter().enumerate() {
        for enctype in [Enctype::Aes256Sha1, Enctype::Rc4Hmac] {
            let realms = realms(enctype);
            realms.edit(edit);
            let result = to_self(&realms, principal("bob", "A"));
            // AES's checksum has a key; an encrypted copy is not looked at.
            let ignored = at == 4 && enctype == Enctype::Aes256Sha1;
            let twice = at == 4 && enctype == Enctype::Rc4Hmac;
            assert_eq!(result.is_ok(), ignored || twice, "{at} {enctype:?}");
        }
    }
    // The aliases of a KDC do not apply to other names.
    let mut realms = realms(Enctype::Aes256Sha1);
    realms.realm("A").aliases.insert("bob".to_owned(), "mallory".to_owned());
    assert!(to_self(&realms, principal("bob", "A")).is_err());
    // A KDC without S4U2self issues the service's own ticket.
    realms.edit(|reply| {
        reply.client = principal("HTTP/web", "A");
        reply.padata.clear();
    });
    assert_eq!(
        to_self(&realms, principal("carol", "A")).unwrap_err(),
        Error::KrbError(error_code::PADATA_TYPE_NOSUPP)
    );
}

#[test]
fn a_service_gets_tickets_in_its_clients_name() {
    let realms = realms(Enctype::Aes256Sha1);
    let bob = principal("bob", "A");
    let evidence = to_self(&realms, bob.clone()).unwrap().ticket.ticket;
    let got = proxy(&realms, evidence.clone(), bob.clone(), "HTTP/back").unwrap().ticket;
    assert_eq!((got.client, got.server), (bob.clone(), principal("HTTP/back", "A")));
    assert_eq!(got.second_ticket, evidence);
    assert_eq!(realms.open(&got.ticket).unwrap().0, bob);
    // The evidence is another client's than the caller says.
    assert!(proxy(&realms, evidence.clone(), principal("carol", "A"), "HTTP/back").is_err());
    // The KDC issues another client's.
    realms.edit(|reply| reply.client = principal("carol", "A"));
    assert!(proxy(&realms, evidence.clone(), bob.clone(), "HTTP/back").is_err());
    realms.edit(|reply| {
        reply.server = principal("HTTP/web", "A");
        reply.ticket_server = reply.server.clone();
    });
    assert!(proxy(&realms, evidence, bob, "HTTP/back").is_err());
}

/// [MS-SFU] 3.1.5.2.2: resource-based, where the service is of another realm.
#[test]
fn a_service_of_another_realm_is_reached_in_the_clients_name() {
    let realms = realms(Enctype::Aes256Sha1);
    let bob = principal("bob", "A");
    let evidence = to_self(&realms, bob.clone()).unwrap().ticket.ticket;
    realms.take_asked();
    let output = proxy(&realms, evidence.clone(), bob.clone(), "HTTP/far").unwrap();
    assert_eq!(
        realms.take_asked(),
        [
            "!A HTTP/far", // in the client's name
            "!A HTTP/far",
            "!B HTTP/far",
            "!C HTTP/far",
            "B krbtgt/C",
            "!C HTTP/far"
        ]
    );
    assert_eq!(output.ticket.client, bob);
    assert_eq!(output.ticket.server, principal("HTTP/far", "C"));
    assert_eq!(realms.open(&output.ticket.ticket).unwrap().0, bob);
    assert!(output.ticket.second_ticket == evidence && output.intermediates.len() == 2);
    // A KDC that does not know it may have overlooked the evidence.
    realms.edit(|reply| reply.encrypted_padata.clear());
    assert_eq!(
        proxy(&realms, evidence, bob, "HTTP/far").unwrap_err(),
        Error::KrbError(error_code::PADATA_TYPE_NOSUPP)
    );
}
