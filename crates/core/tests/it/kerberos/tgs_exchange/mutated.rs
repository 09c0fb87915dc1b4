//! Replies that are damaged, or made by a KDC that lies: they may make a request fail, never yield
//! another client's, another service's or a weaker ticket.

use super::kdc::{END, Edit, EditBytes, RENEW_TILL, Realms, Reply, new_key};
use super::{config, get, principal, tgt};
use negossp_core::kerberos::Principal;
use negossp_core::kerberos::client::{
    Credentials, S4uSelf, S4uSelfRequest, ServiceTicketOutput, run,
};
use negossp_core::kerberos::crypto::{Enctype, key_usage};
use negossp_core::kerberos::message::{TicketFlags, pa_type};
use std::sync::{Arc, Mutex};

/// Xorshift, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }
}

/// Octets changed, cut off, added or moved.
fn damage(mut bytes: Vec<u8>, numbers: &mut Numbers) -> Vec<u8> {
    for _ in 0..=numbers.next(3) {
        let at = numbers.next(bytes.len());
        match numbers.next(6) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, numbers.next(256) as u8),
            2 => drop(bytes.drain(at..(at + 1 + numbers.next(8)).min(bytes.len()))),
            3 => {
                let from = numbers.next(bytes.len());
                let part = bytes[from..(from + numbers.next(64)).min(bytes.len())].to_vec();
                bytes.splice(at..at, part);
            }
            4 => bytes[at] = numbers.next(256) as u8,
            _ => bytes[at] ^= 1 << numbers.next(8),
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
    bytes
}

/// Lies under the right key.
fn lie(reply: &mut Reply, numbers: &mut Numbers) {
    let names =
        ["alice", "mallory", "HTTP/c", "HTTP/x", "krbtgt/A", "krbtgt/B", "krbtgt/C", "krbtgt/D"];
    let realms = ["A", "B", "C", "D", "a"];
    let any = |numbers: &mut Numbers| {
        principal(names[numbers.next(names.len())], realms[numbers.next(realms.len())])
    };
    for _ in 0..=numbers.next(2) {
        match numbers.next(13) {
            0 => reply.client = any(numbers),
            1 => reply.server = any(numbers),
            2 => reply.ticket_server = any(numbers),
            3 | 4 => {
                reply.server = any(numbers);
                reply.ticket_server = reply.server.clone();
            }
            5 => reply.session = new_key(Enctype::ALL[numbers.next(6)]),
            6 => reply.nonce ^= 1 << numbers.next(32),
            7 => reply.flags = TicketFlags::from_bits_retain(1 << numbers.next(32)) | reply.flags,
            8 => reply.endtime += 1_000_000,
            9 => reply.renew_till = Some(i64::from(u32::MAX)),
            10 => reply.key = new_key(reply.key.enctype()),
            11 => reply.usage = key_usage::TGS_REP,
            _ => reply.ticket = reply.ticket.clone(),
        }
    }
}

fn realms() -> Realms {
    Realms::new(&["A", "B", "C"], Enctype::Aes128Sha1)
        .trust("A", "B")
        .trust("B", "C")
        .trust("B", "A")
        .trust("C", "A")
        .service("C", "HTTP/c")
        .service("C", "HTTP/x")
        .refer("A", "HTTP/c", "B")
        .refer("B", "HTTP/c", "C")
}

fn check(credentials: &Credentials, client: &Principal) {
    assert_eq!(credentials.client, *client);
    assert!(config().options.enctypes.contains(&credentials.key.enctype()));
    assert!(credentials.endtime <= END);
    assert!(credentials.renew_till.is_none_or(|time| time <= RENEW_TILL));
    let unasked = TicketFlags::PROXIABLE
        | TicketFlags::FORWARDED
        | TicketFlags::PROXY
        | TicketFlags::INVALID
        | TicketFlags::POSTDATED
        | TicketFlags::ANONYMOUS
        | TicketFlags::INITIAL;
    assert!(!credentials.flags.intersects(unasked));
}

/// The way from A to C, as it was; a KDC on it can lead astray only by tickets for other TGS, with
/// which nothing is got but the service asked for.
fn check_way(output: &ServiceTicketOutput) {
    let client = principal("alice", "A");
    check(&output.ticket, &client);
    assert_eq!(output.ticket.server.components, [b"HTTP".to_vec(), b"c".to_vec()]);
    assert_eq!(Some(&*output.ticket.server.realm), output.tgt.server.krbtgt_of());
    for tgt in &output.intermediates {
        check(tgt, &client);
        assert!(tgt.server.krbtgt_of().is_some());
    }
}

#[test]
fn damaged_and_lying_replies_yield_no_other_ticket() {
    let realms = realms();
    let numbers = Arc::new(Mutex::new(Numbers(0x5eed_1234_9876_0001)));
    let damaging = || -> EditBytes {
        let numbers = numbers.clone();
        Box::new(move |bytes| {
            let mut numbers = numbers.lock().unwrap();
            if numbers.next(2) == 0 { damage(bytes, &mut numbers) } else { bytes }
        })
    };
    let lying = || -> Edit {
        let numbers = numbers.clone();
        Box::new(move |reply| {
            let mut numbers = numbers.lock().unwrap();
            if numbers.next(2) == 0 {
                lie(reply, &mut numbers);
            }
        })
    };
    let (mut succeeded, mut failed) = (0, 0);
    // Some three replies each.
    for round in 0..9_000 {
        *realms.edit.lock().unwrap() = (round % 3 == 0).then(lying);
        *realms.edit_bytes.lock().unwrap() = (round % 3 == 1).then(damaging);
        // Under the right key.
        *realms.edit_plain.lock().unwrap() = (round % 3 == 2).then(damaging);
        match get(&realms, "HTTP/c", if round % 2 == 0 { "C" } else { "" }) {
            Ok(output) => {
                check_way(&output);
                succeeded += 1;
            }
            Err(_) => failed += 1,
        }
        // No reply makes it ask on and on.
        assert!(realms.take_asked().len() <= 64);
    }
    assert!(succeeded > 500 && failed > 2_000, "{succeeded} {failed}");
}

#[test]
fn damaged_replies_to_s4u2self_yield_no_other_users_ticket() {
    for enctype in [Enctype::Aes256Sha1, Enctype::Rc4Hmac] {
        let realms = Realms::new(&["A"], enctype).service("A", "HTTP/web");
        let mut numbers = Numbers(0x5eed_1234_9876_0002);
        let mut succeeded = 0;
        realms.edit(move |reply| match numbers.next(5) {
            0 => reply.client = principal(["bob", "mallory", "HTTP/web"][numbers.next(3)], "A"),
            1 => {
                for (padata_type, value) in &mut reply.padata {
                    assert_eq!(*padata_type, pa_type::S4U_X509_USER);
                    *value = damage(std::mem::take(value), &mut numbers);
                }
            }
            2 => {
                for (_, value) in &mut reply.padata {
                    let at = value.windows(3).position(|part| part == b"bob").unwrap();
                    value[at] = b'r';
                }
                reply.client = principal("rob", "A");
            }
            3 => reply.padata.clear(),
            _ => (),
        });
        for _ in 0..2_000 {
            let asked = S4uSelfRequest {
                tgt: tgt(&realms, "HTTP/web", "A"),
                service: principal("HTTP/web", "A"),
                user: principal("bob", "A"),
                known: Vec::new(),
                clock_offset: 0,
            };
            if let Ok(output) = run(&mut S4uSelf::new(asked, config()), &realms) {
                check(&output.ticket, &principal("bob", "A"));
                succeeded += 1;
            }
        }
        assert!(succeeded > 300, "{succeeded}");
    }
}
