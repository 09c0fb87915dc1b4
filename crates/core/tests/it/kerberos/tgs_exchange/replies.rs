//! What of a TGS-REP is believed: RFC 4120 3.3.4.

use super::kdc::{END, NOW, RENEW_TILL, Reply, new_key, open_with};
use super::{Realms, ask, config, one_realm, principal, tgt};
use crate::support::random::COUNTED;
use negossp_core::kerberos::Principal;
use negossp_core::kerberos::client::{
    ClientOptions, Exchange, Kdc, KdcService, Next, TgsExchange, TgsOutput, TgsRequest, krb_cred,
    run,
};
use negossp_core::kerberos::crypto::{Enctype, key_usage};
use negossp_core::kerberos::message::{
    EncKrbCredPart, KrbCred, Ticket, TicketFlags, error_code, name_type,
};
use negossp_core::types::error::{Error, Result};
use std::sync::Arc;

fn edited(edit: impl FnMut(&mut Reply) + Send + 'static) -> Result<TgsOutput> {
    let realms = one_realm();
    realms.edit(edit);
    ask(&realms, TgsRequest::service(tgt(&realms, "alice", "A"), &principal("HTTP/a", "")).unwrap())
}

#[test]
fn a_ticket_is_got_with_every_type_of_key() {
    for enctype in Enctype::ALL {
        let realms = Realms::new(&["A"], enctype).service("A", "HTTP/a");
        let request =
            TgsRequest::service(tgt(&realms, "alice", "A"), &principal("HTTP/a", "")).unwrap();
        let output = ask(&realms, request).unwrap();
        let got = output.credentials;
        assert!(!output.is_referral && output.clock_offset == 0);
        assert_eq!(got.client, principal("alice", "A"));
        assert_eq!(got.server, principal("HTTP/a", "A"));
        // The session key is of the first type asked for.
        assert_eq!(got.key.enctype(), Enctype::Aes256Sha1);
        assert_eq!((got.endtime, got.renew_till), (END, Some(RENEW_TILL)));
        assert!(got.flags.contains(TicketFlags::FORWARDABLE | TicketFlags::RENEWABLE));
        let (client, key, _) = realms.open(&got.ticket).unwrap();
        assert_eq!((client, key.bytes()), (got.client, got.key.bytes()));
    }
}

/// RFC 4120 3.3.3: the reply is encrypted with the sub-key; older KDCs use the session key.
#[test]
fn a_kdc_may_ignore_the_subkey() {
    let mut realms = one_realm();
    realms.realm("A").ignores_subkey = true;
    let request =
        TgsRequest::service(tgt(&realms, "alice", "A"), &principal("HTTP/a", "")).unwrap();
    assert!(ask(&realms, request).is_ok());
}

/// RFC 4120 3.3.4: name, realm, nonce and key must be those of the request.
#[test]
fn what_does_not_belong_to_the_request_is_rejected() {
    assert!(edited(|_| ()).is_ok());
    let mallory = || principal("mallory", "A");
    type Edit = fn(&mut Reply);
    let edits: [(&str, Edit); 14] = [
        ("client", |r| r.client = principal("mallory", "A")),
        ("client's realm", |r| r.client = principal("alice", "B")),
        ("client's case", |r| r.client = principal("Alice", "A")),
        ("service", |r| r.server = principal("HTTP/b", "A")),
        ("service on both", |r| {
            r.server = principal("HTTP/b", "A");
            r.ticket_server = r.server.clone();
        }),
        ("service's realm", |r| {
            r.server = principal("HTTP/a", "B");
            r.ticket_server = r.server.clone();
        }),
        ("ticket's service", |r| r.ticket_server = principal("HTTP/b", "A")),
        ("ticket's realm", |r| r.ticket_server = principal("HTTP/a", "B")),
        ("nonce", |r| r.nonce ^= 1),
        ("key", |r| r.key = new_key(Enctype::Aes256Sha1)),
        ("type of the key", |r| r.key = new_key(Enctype::Rc4Hmac)),
        ("session key", |r| r.session = new_key(Enctype::Rc4Hmac)),
        ("usage", |r| r.usage = key_usage::TGS_REP),
        ("referral that was not allowed", |r| {
            r.server = Principal::krbtgt("B", "A");
            r.ticket_server = r.server.clone();
        }),
    ];
    for (what, edit) in edits {
        assert!(edited(edit).is_err(), "{what}");
    }
    assert!(matches!(edited(move |r| r.client = mallory()), Err(Error::MessageAltered(_))));
    assert!(matches!(
        edited(|r| {
            r.server = principal("HTTP/b", "A");
            r.ticket_server = r.server.clone();
        }),
        Err(Error::WrongTarget(_))
    ));
}

#[test]
fn what_was_not_asked_for_is_not_believed() {
    let got = edited(|reply| {
        reply.flags = TicketFlags::all() - TicketFlags::INVALID;
        reply.endtime = END + 1000;
        reply.renew_till = Some(RENEW_TILL + 1000);
    })
    .unwrap()
    .credentials;
    assert_eq!((got.endtime, got.renew_till), (END, Some(RENEW_TILL)));
    let believed = TicketFlags::FORWARDABLE
        | TicketFlags::RENEWABLE
        | TicketFlags::PRE_AUTHENT
        | TicketFlags::TRANSITED_POLICY_CHECKED
        | TicketFlags::OK_AS_DELEGATE
        | TicketFlags::ENC_PA_REP;
    assert_eq!(got.flags, believed);
    assert!(edited(|reply| reply.flags |= TicketFlags::INVALID).is_err());
    assert!(edited(|reply| reply.starttime = NOW + 301).is_err());
    assert!(edited(|reply| reply.starttime = NOW + 300).is_ok());
    // Without `renew-till` it is not renewable, whatever the flag says.
    let got = edited(|reply| reply.renew_till = None).unwrap().credentials;
    assert!(!got.flags.contains(TicketFlags::RENEWABLE) && got.renew_till.is_none());
}

#[test]
fn options_say_what_is_asked_for() {
    let realms = one_realm();
    let options = ClientOptions {
        enctypes: vec![Enctype::Aes128Sha256],
        forwardable: false,
        renew_lifetime: None,
        ..ClientOptions::default()
    };
    let request =
        TgsRequest::service(tgt(&realms, "alice", "A"), &principal("HTTP/a", "")).unwrap();
    let mut exchange = TgsExchange::new(request, Arc::new(options), 0, &COUNTED);
    let got = run(&mut exchange, &realms).unwrap().credentials;
    assert_eq!(got.key.enctype(), Enctype::Aes128Sha256);
    assert!(!got.flags.intersects(TicketFlags::FORWARDABLE | TicketFlags::RENEWABLE));
    assert_eq!(got.renew_till, None);
}

/// KRB_AP_ERR_SKEW tells the KDC's time, which is used once.
#[test]
fn the_kdcs_clock_is_learnt() {
    for clock in [3000, -3000] {
        let mut realms = one_realm();
        realms.realm("A").clock = clock;
        let tgt = tgt(&realms, "alice", "A");
        let request = || TgsRequest::service(tgt.clone(), &principal("HTTP/a", "")).unwrap();
        let output = ask(&realms, request()).unwrap();
        assert_eq!(output.clock_offset, clock * 1_000_000);
        // Known before, it is right at once.
        let mut exchange =
            TgsExchange::new(request(), config().options, clock * 1_000_000, &COUNTED);
        realms.take_asked();
        assert_eq!(run(&mut exchange, &realms).unwrap().clock_offset, clock * 1_000_000);
        assert_eq!(realms.take_asked().len(), 1);
    }
    // A time at which the ticket has ended, or one that does not help.
    let mut realms = one_realm();
    realms.realm("A").clock = 40_000;
    let request =
        TgsRequest::service(tgt(&realms, "alice", "A"), &principal("HTTP/a", "")).unwrap();
    assert_eq!(ask(&realms, request.clone()).unwrap_err(), Error::KrbError(error_code::SKEW));
    let mut exchange = TgsExchange::new(request.clone(), config().options, 0, &COUNTED);
    let Ok(Next::Ask { request: bytes, .. }) = exchange.step(None, realms.now()) else { panic!() };
    let error = realms.ask(KdcService::Kdc, "A", &bytes).unwrap();
    realms.realm("A").clock = 3000;
    let mut count = 0;
    *realms.edit_bytes.lock().unwrap() = Some(Box::new(move |reply| {
        count += 1;
        assert!(count <= 2, "asked again and again");
        if count == 2 { error.clone() } else { reply }
    }));
    assert_eq!(ask(&realms, request).unwrap_err(), Error::KrbError(error_code::SKEW));
}

/// RFC 4120 3.7: the ticket is encrypted with the session key of the server's ticket-granting ticket.
#[test]
fn user_to_user() {
    let mut realms = one_realm();
    realms.realm("A").user_to_user.push("HTTP/a".to_owned());
    let service = principal("HTTP/a", "A");
    let alice = tgt(&realms, "alice", "A");
    let plain = TgsRequest::service(alice.clone(), &service).unwrap();
    assert_eq!(ask(&realms, plain).unwrap_err(), Error::KrbError(error_code::MUST_USE_USER2USER));
    let server = tgt(&realms, "HTTP/a", "A");
    let request = TgsRequest::user_to_user(alice, &service, server.ticket.clone()).unwrap();
    let got = ask(&realms, request).unwrap().credentials;
    assert!(got.is_skey && got.second_ticket == server.ticket);
    let (client, key, _) = open_with(&server.key, &Ticket::decode(&got.ticket).unwrap()).unwrap();
    assert_eq!((client, key.bytes()), (principal("alice", "A"), got.key.bytes()));
}

#[test]
fn a_ticket_granting_ticket_is_forwarded_and_renewed() {
    let realms = Realms::new(&["A", "B"], Enctype::Aes256Sha1)
        .trust("A", "B")
        .trust("B", "A")
        .service("A", "HTTP/a");
    let alice = tgt(&realms, "alice", "A");
    let foreign = Arc::new(realms.issue(&principal("alice", "B"), "krbtgt/A", "B"));
    assert!(TgsRequest::forwarded(foreign.clone()).is_err());
    assert!(TgsRequest::renewal(foreign).is_err());
    assert!(
        TgsRequest::forwarded(Arc::new(realms.issue(&principal("alice", "A"), "HTTP/a", "A")))
            .is_err()
    );

    let got = ask(&realms, TgsRequest::forwarded(alice.clone()).unwrap()).unwrap().credentials;
    assert_eq!(got.server, alice.server);
    assert!(got.flags.contains(TicketFlags::FORWARDED | TicketFlags::FORWARDABLE));

    // RFC 4120 5.8: what the acceptor reads.
    let key = new_key(Enctype::Rc4Hmac);
    let message = krb_cred(&got, &key, realms.now(), &COUNTED).unwrap();
    let message = KrbCred::decode(&message).unwrap();
    assert_eq!(message.enc_part.etype, 23);
    assert!(message.tickets().eq([got.ticket.as_slice()]));
    let mut cipher = message.enc_part.cipher.to_vec();
    let plain = key.decrypt(key_usage::KRB_CRED, &mut cipher).unwrap();
    let part = EncKrbCredPart::decode(plain).unwrap();
    assert_eq!(part.timestamp, Some(NOW));
    let info = part.ticket_info().next().unwrap();
    assert_eq!(info.key.keyvalue, got.key.bytes());
    assert_eq!(Principal::from_name(&info.pname.unwrap(), info.prealm.unwrap()), got.client);
    assert_eq!(Principal::from_name(&info.sname.unwrap(), info.srealm.unwrap()), got.server);
    assert_eq!((info.flags, info.endtime), (Some(got.flags), Some(got.endtime)));
    assert_eq!((info.renew_till, info.caddr), (got.renew_till, None));

    realms.edit(|reply| reply.endtime = END + 5000);
    let got = ask(&realms, TgsRequest::renewal(alice.clone()).unwrap()).unwrap().credentials;
    assert_eq!((got.endtime, got.renew_till), (END + 5000, Some(RENEW_TILL)));
    realms.edit(|reply| {
        reply.server = Principal::krbtgt("B", "A");
        reply.ticket_server = reply.server.clone();
    });
    assert!(ask(&realms, TgsRequest::renewal(alice.clone()).unwrap()).is_err());
    assert!(ask(&realms, TgsRequest::forwarded(alice).unwrap()).is_err());
}

#[test]
fn only_a_ticket_granting_ticket_of_a_realm_is_used() {
    let realms = one_realm();
    let alice = principal("alice", "A");
    let service = Principal::new(name_type::SRV_INST, &["HTTP", "a"], "A");
    assert!(TgsRequest::service(Arc::new(realms.issue(&alice, "HTTP/a", "A")), &service).is_err());
    for realm in ["", "A\nB", "A\0", &"x".repeat(256)] {
        let mut tgt = realms.issue(&alice, "krbtgt/A", "A");
        tgt.server = Principal::krbtgt(realm, "A");
        assert!(TgsRequest::service(Arc::new(tgt), &service).is_err(), "{realm:?}");
    }
}
