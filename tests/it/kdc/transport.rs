//! KDCs that are down, slow, overloaded or hostile.

use super::{Kdc, REALM, REQUEST, answer, client, framed, krb_error, options};
use negossp::kerberos::client::{Kdc as _, KdcService};
use negossp::kerberos::message::error_code;
use negossp::net::kdc::{Client, Transport};
use negossp::types::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn ask(client: &Client) -> Vec<u8> {
    match client.ask(KdcService::Kdc, REALM, REQUEST) {
        Ok(reply) => reply,
        Err(error) => panic!("{error}: {:?}", client.notes()),
    }
}

#[test]
fn the_first_is_asked_and_no_other() {
    let (first, second) = (Kdc::good("first"), Kdc::good("second"));
    let client = client(&[&first, &second]);
    assert_eq!(ask(&client), answer("first"));
    assert_eq!((first.datagrams(), first.connections()), (1, 0));
    assert_eq!((second.datagrams(), second.connections()), (0, 0));
}

#[test]
fn one_that_is_down_is_passed_over_and_remembered() {
    for down in [Kdc::silent(), Kdc::refusing()] {
        let up = Kdc::good("up");
        let options = Arc::new(options(&[&down, &up]));
        assert_eq!(ask(&Client::new(options.clone())), answer("up"));
        let (before, up_before) = (down.datagrams(), up.datagrams());
        // Another client of the process goes to the good one at once.
        assert_eq!(ask(&Client::new(options)), answer("up"));
        assert_eq!(down.datagrams(), before);
        assert_eq!(up.datagrams(), up_before + 1);
    }
}

#[test]
fn a_remembered_one_that_goes_down_is_passed_over_too() {
    let (first, second) = (Kdc::good("first"), Kdc::silent());
    let mut options = options(&[&second, &first]);
    assert_eq!(ask(&Client::new(Arc::new(options.clone()))), answer("first"));
    // Its address stays, and what is there now is silent.
    drop(first);
    let third = Kdc::good("third");
    options.realms.get_mut(REALM).unwrap().kdcs.push(third.server());
    let reply = ask(&Client::new(Arc::new(options)));
    assert!(reply == answer("third") || reply == answer("first"));
}

#[test]
fn a_slow_answer_counts_after_others_were_asked() {
    let slow = Kdc::start(
        Some(Box::new(|_| {
            std::thread::sleep(Duration::from_millis(1500));
            vec![answer("slow")]
        })),
        None,
    );
    let silent = Kdc::silent();
    assert_eq!(ask(&client(&[&slow, &silent])), answer("slow"));
    assert!(silent.datagrams() >= 1);
}

/// RFC 4120 7.2.1: KRB_ERR_RESPONSE_TOO_BIG over UDP means to ask again over TCP.
#[test]
fn too_big_for_a_datagram() {
    let big = Kdc::start(
        Some(Box::new(|_| vec![krb_error(error_code::RESPONSE_TOO_BIG)])),
        framed([answer("big"), vec![0; 300_000]].concat()),
    );
    let other = Kdc::good("other");
    let reply = ask(&client(&[&big, &other]));
    assert_eq!(reply.len(), 300_005);
    assert_eq!((other.datagrams(), other.connections()), (0, 0));
}

#[test]
fn too_big_of_one_that_has_no_tcp() {
    let big = Kdc::start(Some(Box::new(|_| vec![krb_error(error_code::RESPONSE_TOO_BIG)])), None);
    let other = Kdc::good("other");
    assert_eq!(ask(&client(&[&big, &other])), answer("other"));
    assert_eq!((other.datagrams(), other.connections()), (0, 1));
}

#[test]
fn a_long_request_travels_by_tcp() {
    let kdc = Kdc::good("kdc");
    let request = [b"\x6c".to_vec(), vec![0; 1465]].concat();
    let client = client(&[&kdc]);
    assert_eq!(client.ask(KdcService::Kdc, REALM, &request).unwrap(), answer("kdc"));
    assert_eq!((kdc.datagrams(), kdc.connections()), (0, 1));
    // Unless there is only UDP.
    let kdc = Kdc::start(Some(Box::new(|_| vec![answer("kdc")])), None);
    let mut options = options(&[&kdc]);
    options.realms.get_mut(REALM).unwrap().kdcs[0].transport = Transport::Udp;
    let client = Client::new(Arc::new(options));
    assert_eq!(client.ask(KdcService::Kdc, REALM, &request).unwrap(), answer("kdc"));
}

/// RFC 4120 7.5.9: KDC_ERR_SVC_UNAVAILABLE. It is for the caller only if no other serves.
#[test]
fn one_that_cannot_serve() {
    let refused = krb_error(error_code::SVC_UNAVAILABLE);
    let busy = || {
        let reply = refused.clone();
        Kdc::start(Some(Box::new(move |_| vec![reply.clone()])), framed(refused.clone()))
    };
    assert_eq!(ask(&client(&[&busy(), &Kdc::good("good")])), answer("good"));
    assert_eq!(ask(&client(&[&busy(), &busy()])), refused);
}

#[test]
fn garbage_is_no_answer() {
    // From the server's address, where anybody can send it: the right one is awaited.
    let noisy = Kdc::start(
        Some(Box::new(|_| vec![vec![], b"\x30\x00".to_vec(), vec![0x7e; 9], answer("right")])),
        None,
    );
    assert_eq!(ask(&client(&[&noisy])), answer("right"));
    let good = Kdc::good("good");
    for wrong in [
        b"\0\0\0\x02\x30\0".to_vec(),
        b"\0\0\0\0".to_vec(),
        b"\xff\xff\xff\xff\x6b".to_vec(),
        b"\0\x20\0\0\x6b".to_vec(),
        b"\0\0\0\x09\x6b\0".to_vec(),
    ] {
        let hostile = Kdc::start(None, Some(Box::new(move |_| wrong.clone())));
        assert_eq!(ask(&client(&[&hostile, &good])), answer("good"));
    }
}

#[test]
fn the_deadline_holds() {
    let endless = Kdc::start(
        Some(Box::new(|_| vec![b"\x30\x00".to_vec(); 1000])),
        Some(Box::new(|_| vec![])),
    );
    for kdcs in [&[&Kdc::silent(), &Kdc::silent()][..], &[&endless]] {
        for service in [KdcService::Kdc, KdcService::Kpasswd] {
            let options = Arc::new(options(kdcs));
            let begun = Instant::now();
            let client = Client::with_deadline(options, begun + Duration::from_secs(3));
            let result = client.ask(service, REALM, REQUEST);
            assert!(matches!(result, Err(Error::NoAuthority(_))), "{result:?}");
            assert!(begun.elapsed() >= Duration::from_millis(2900));
            assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
            // One deadline for all that the client asks.
            assert!(client.ask(service, REALM, REQUEST).is_err());
            assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
        }
    }
}

#[test]
fn refused_by_all_is_told_at_once() {
    let begun = Instant::now();
    let client = client(&[&Kdc::refusing(), &Kdc::refusing()]);
    // Where a host's refusals are not told, it takes until the deadline.
    assert!(client.ask(KdcService::Kdc, REALM, REQUEST).is_err());
    assert!(begun.elapsed() <= Duration::from_secs(40));
    assert!(!client.notes().is_empty());
    let result = client.ask(KdcService::Kdc, "OTHER.TEST", REQUEST);
    assert_eq!(result, Err(Error::NoAuthority("no KDC of the realm is known")));
}

/// A password is changed once, though the answer comes late; RFC 3244 2 has the reply's header.
#[test]
fn a_password_request_is_sent_once() {
    let reply = b"\0\x08\0\x01\0\0xx".to_vec();
    let framed = [b"\0\0\0\x08".to_vec(), reply.clone()].concat();
    let slow = Kdc::start(
        Some(Box::new(|_| vec![])),
        Some(Box::new(move |_| {
            std::thread::sleep(Duration::from_millis(2500));
            framed.clone()
        })),
    );
    let other = Kdc::good("other");
    let client = client(&[&slow, &other]);
    assert_eq!(client.ask(KdcService::Kpasswd, REALM, b"\0\x03x").unwrap(), reply);
    assert_eq!((slow.datagrams(), slow.connections()), (0, 1));
    assert_eq!((other.datagrams(), other.connections()), (0, 0));
}
