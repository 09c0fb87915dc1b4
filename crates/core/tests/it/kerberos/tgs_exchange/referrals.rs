//! Tickets for services of other realms: RFC 4120 1.2 and 3.3.1, RFC 6806 8.

use super::kdc::{Realms, text};
use super::{config, get, principal, request, tgt};
use negossp_core::kerberos::client::{Capaths, ServiceTicket, TgsConfig, run};
use negossp_core::kerberos::crypto::Enctype;
use negossp_core::kerberos::message::{TicketFlags, error_code};
use negossp_core::types::error::Error;
use std::sync::Arc;

const TYPE: Enctype = Enctype::Aes256Sha1;

/// A trusts B, B trusts C; the KDCs know in which direction HTTP/c is.
fn chain() -> Realms {
    Realms::new(&["A", "B", "C"], TYPE)
        .trust("A", "B")
        .trust("B", "C")
        .service("C", "HTTP/c")
        .refer("A", "HTTP/c", "B")
        .refer("B", "HTTP/c", "C")
}

#[test]
fn referrals_lead_to_the_realm_of_a_service() {
    let realms = chain();
    let output = get(&realms, "HTTP/c", "").unwrap();
    assert_eq!(realms.take_asked(), ["!A HTTP/c", "!B HTTP/c", "!C HTTP/c"]);
    assert_eq!(output.ticket.server, principal("HTTP/c", "C"));
    assert_eq!(output.ticket.client, principal("alice", "A"));
    let (client, ..) = realms.open(&output.ticket.ticket).unwrap();
    assert_eq!(client, principal("alice", "A"));
    let intermediates: Vec<_> = output
        .intermediates
        .iter()
        .map(|tgt| format!("{}@{}", text(&tgt.server), String::from_utf8_lossy(&tgt.server.realm)))
        .collect();
    assert_eq!(intermediates, ["krbtgt/B@A", "krbtgt/C@B"]);
    assert_eq!(text(&output.tgt.server), "krbtgt/C");
}

/// KRB_AP_ERR_SKEW is not protected, and another realm's KDC can issue a ticket at any time of its own:
/// what it says of the time is for itself alone, and not learnt for the client's own realm.
#[test]
fn another_realms_clock_is_its_own() {
    for clock in [30_000, -30_000] {
        for (named, known) in [("", false), ("C", false), ("C", true)] {
            let mut realms = chain().refer("A", "krbtgt/C", "B");
            realms.realm("C").clock = clock;
            let mut asked = request(&realms, "HTTP/c", named);
            if known {
                asked.known = get(&realms, "HTTP/c", named).unwrap().intermediates;
            }
            let output = run(&mut ServiceTicket::new(asked, config()), &realms).unwrap();
            assert_eq!(output.clock_offset, 0, "{clock} {named} {known}");
        }
        // The own realm's is learnt, whatever comes after it.
        let mut realms = chain();
        realms.realm("A").clock = 1000;
        realms.realm("C").clock = clock;
        let output = get(&realms, "HTTP/c", "").unwrap();
        assert_eq!(output.clock_offset, 1_000_000_000);
    }
}

#[test]
fn a_known_realm_is_asked_for_directly_and_then_by_the_path() {
    // A and C have a key in common.
    let realms = chain().trust("A", "C");
    get(&realms, "HTTP/c", "C").unwrap();
    assert_eq!(realms.take_asked(), ["A krbtgt/C", "!C HTTP/c"]);
    // They have not; the names tell no way.
    let realms = chain();
    assert_eq!(
        get(&realms, "HTTP/c", "C").unwrap_err(),
        Error::KrbError(error_code::S_PRINCIPAL_UNKNOWN)
    );
    // Configured.
    let mut capaths = Capaths::new();
    capaths.insert("A", "C", &["B"]);
    let config = TgsConfig { capaths: Arc::new(capaths), ..config() };
    realms.take_asked();
    let mut exchange = ServiceTicket::new(request(&realms, "HTTP/c", "C"), config.clone());
    let output = run(&mut exchange, &realms).unwrap();
    assert_eq!(realms.take_asked(), ["A krbtgt/C", "A krbtgt/B", "B krbtgt/C", "!C HTTP/c"]);
    // What was got is known the next time.
    let mut again = request(&realms, "HTTP/c", "C");
    again.known = output.intermediates.clone();
    run(&mut ServiceTicket::new(again.clone(), config.clone()), &realms).unwrap();
    assert_eq!(realms.take_asked(), ["!C HTTP/c"]);
    again.known.truncate(1);
    run(&mut ServiceTicket::new(again.clone(), config.clone()), &realms).unwrap();
    assert_eq!(realms.take_asked(), ["B krbtgt/C", "!C HTTP/c"]);
    // Another client's are not.
    again.tgt = tgt(&realms, "bob", "A");
    let output = run(&mut ServiceTicket::new(again, config), &realms).unwrap();
    assert_eq!(output.ticket.client, principal("bob", "A"));
    assert_eq!(realms.take_asked().len(), 4);
}

#[test]
fn the_names_of_realms_tell_the_path() {
    let realms = Realms::new(&["A.B.X", "B.X", "X", "D.X"], TYPE)
        .trust("A.B.X", "B.X")
        .trust("B.X", "X")
        .trust("X", "D.X")
        .service("D.X", "HTTP/d");
    let mut asked = request(&realms_with_a(), "HTTP/d", "D.X");
    asked.tgt = tgt(&realms, "alice", "A.B.X");
    let output = run(&mut ServiceTicket::new(asked, config()), &realms).unwrap();
    assert_eq!(output.ticket.server, principal("HTTP/d", "D.X"));
    assert_eq!(output.intermediates.len(), 3);
    assert_eq!(
        realms.take_asked(),
        [
            "A.B.X krbtgt/D.X",
            "A.B.X krbtgt/X",
            "A.B.X krbtgt/B.X",
            "B.X krbtgt/D.X",
            "B.X krbtgt/X",
            "X krbtgt/D.X",
            "!D.X HTTP/d"
        ]
    );
}

fn realms_with_a() -> Realms {
    Realms::new(&["A"], TYPE)
}

/// RFC 4120 3.3.1: "a TGT for a realm that is closer to the desired realm".
#[test]
fn a_kdc_may_know_another_way() {
    let realms = chain().refer("A", "krbtgt/C", "B");
    get(&realms, "HTTP/c", "C").unwrap();
    assert_eq!(realms.take_asked(), ["A krbtgt/C", "B krbtgt/C", "!C HTTP/c"]);
}

#[test]
fn a_ticket_for_another_realms_tgs_is_a_goal_too() {
    let realms = chain().refer("A", "krbtgt/C", "B");
    let output = get(&realms, "krbtgt/C", "A").unwrap();
    assert_eq!(output.ticket.server.to_text(), "krbtgt/C@B");
    assert_eq!(realms.take_asked(), ["A krbtgt/C", "B krbtgt/C"]);
}

#[test]
fn referrals_do_not_lead_in_circles_nor_too_far() {
    let realms = chain().trust("B", "A").refer("B", "HTTP/c", "A");
    assert!(matches!(get(&realms, "HTTP/c", ""), Err(Error::NoAuthority(_))));
    assert_eq!(realms.take_asked().len(), 2);
    let realms = chain().trust("B", "A").refer("A", "krbtgt/C", "B").refer("B", "krbtgt/C", "A");
    assert!(matches!(get(&realms, "HTTP/c", "C"), Err(Error::NoAuthority(_))));
    for (count, ok) in [(11, true), (12, false)] {
        let names: Vec<String> =
            (0..count).map(|n| if n == 0 { "A".to_owned() } else { format!("R{n}") }).collect();
        let refs: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut realms = Realms::new(&refs, TYPE).service(refs[count - 1], "HTTP/x");
        for pair in refs.windows(2) {
            realms = realms.trust(pair[0], pair[1]).refer(pair[0], "HTTP/x", pair[1]).refer(
                pair[0],
                &format!("krbtgt/{}", refs[count - 1]),
                pair[1],
            );
        }
        assert_eq!(get(&realms, "HTTP/x", "").is_ok(), ok, "{count}");
        assert_eq!(get(&realms, "HTTP/x", refs[count - 1]).is_ok(), ok, "{count}");
    }
}

#[test]
fn kdcs_that_know_no_referrals_are_asked_without() {
    let mut realms = chain().service("A", "HTTP/a");
    realms.realm("A").canonicalizes = false;
    let output = get(&realms, "HTTP/a", "").unwrap();
    assert_eq!(output.ticket.server, principal("HTTP/a", "A"));
    assert_eq!(realms.take_asked(), ["!A HTTP/a", "A HTTP/a"]);
    // A service that nobody knows is asked for twice, not more.
    assert_eq!(
        get(&chain(), "HTTP/nobody", "").unwrap_err(),
        Error::KrbError(error_code::S_PRINCIPAL_UNKNOWN)
    );
    // One that the KDC names otherwise is asked for once more, and must have the name then.
    let realms = chain().service("A", "HTTP/a");
    let mut count = 0;
    realms.edit(move |reply| {
        count += 1;
        if count == 1 {
            reply.server = principal("host/a", "A");
            reply.ticket_server = reply.server.clone();
        }
    });
    assert_eq!(get(&realms, "HTTP/a", "A").unwrap().ticket.server, principal("HTTP/a", "A"));
    realms.edit(|reply| {
        reply.server = principal("host/a", "A");
        reply.ticket_server = reply.server.clone();
    });
    assert!(matches!(get(&realms, "HTTP/a", "A"), Err(Error::WrongTarget(_))));
}

/// As MIT's library: another realm's OK-AS-DELEGATE counts if the ticket for its TGS has it too.
#[test]
fn other_realms_do_not_decide_whom_to_trust_with_credentials() {
    for (hop, last) in [(true, true), (false, false)] {
        let realms = chain();
        realms.edit(move |reply| {
            let is_hop = reply.server.krbtgt_of() == Some(b"B");
            if !is_hop || hop {
                reply.flags |= TicketFlags::OK_AS_DELEGATE;
            }
        });
        let output = get(&realms, "HTTP/c", "").unwrap();
        assert_eq!(output.ticket.flags.contains(TicketFlags::OK_AS_DELEGATE), last);
    }
}

#[test]
fn another_realms_kdc_cannot_change_what_was_asked() {
    type Edit = fn(&mut super::kdc::Reply);
    let edits: [Edit; 6] = [
        |r| r.client = principal("mallory", "A"),
        |r| r.client = principal("alice", "C"),
        |r| {
            r.server = principal("HTTP/c", "A");
            r.ticket_server = r.server.clone();
        },
        |r| {
            r.server = principal("HTTP/other", "C");
            r.ticket_server = r.server.clone();
        },
        |r| r.session = super::kdc::new_key(Enctype::Des3Sha1),
        |r| r.nonce ^= 8,
    ];
    for (at, edit) in edits.into_iter().enumerate() {
        let realms = chain();
        realms.edit(move |reply| {
            if reply.server.realm == b"C" {
                edit(reply);
            }
        });
        assert!(get(&realms, "HTTP/c", "").is_err(), "{at}");
        let realms = chain();
        realms.edit(move |reply| {
            if reply.server.realm == b"B" {
                edit(reply);
            }
        });
        assert!(get(&realms, "HTTP/c", "").is_err(), "{at}");
    }
}
