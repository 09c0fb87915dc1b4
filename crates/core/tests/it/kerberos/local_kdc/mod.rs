//! The KDC for a server's own accounts, asked by our own client and by tokens recorded from
//! Windows.

mod accept;
mod hostile;
mod iakerb;
mod realm;
mod recorded;

use negossp_core::kerberos::Principal;
use negossp_core::kerberos::crypto::{Enctype, key_usage};
use negossp_core::kerberos::kdc::{KdcCall, Outcome};
use negossp_core::kerberos::message::{EncTicketPart, Ticket, TicketFlags, error_code, name_type};
use negossp_core::types::error::Error;
use realm::{ENDS, NOW, PASSWORD, Realm, at, parameters};

/// RFC 4120 3.1 and 3.3: a password leads to a ticket-granting ticket, and that to a ticket for a
/// service of this server.
#[test]
fn a_user_gets_a_ticket_for_this_server() {
    for enctypes in [
        vec![Enctype::Aes256Sha1, Enctype::Aes128Sha1],
        vec![Enctype::Aes128Sha1],
        vec![Enctype::Aes256Sha384, Enctype::Rc4Hmac, Enctype::Aes256Sha1],
    ] {
        let realm = Realm::new();
        let mut asked = parameters("alice", PASSWORD);
        asked.options.enctypes = enctypes;
        let issued = realm.log_on_at(asked, NOW).unwrap();
        let tgt = &issued.credentials;
        assert_eq!(tgt.server, Principal::krbtgt("WEB1", "WEB1"));
        assert_eq!(tgt.client, Principal::new(name_type::PRINCIPAL, &["alice"], "WEB1"));
        assert_eq!((tgt.authtime, tgt.endtime, tgt.renew_till), (NOW, NOW + 36_000, None));
        let never = TicketFlags::FORWARDABLE | TicketFlags::PROXIABLE | TicketFlags::RENEWABLE;
        assert!(!tgt.flags.intersects(never) && tgt.flags.contains(TicketFlags::PRE_AUTHENT));
        for service in ["HTTP/web1", "http/WEB1.example.test", "MSSQLSvc/web1:1433"] {
            let ticket = realm.ticket(tgt, service).unwrap().ticket;
            assert_eq!(ticket.client, tgt.client);
            assert_eq!((ticket.authtime, ticket.endtime), (NOW, tgt.endtime));
            assert!(!ticket.flags.intersects(never | TicketFlags::INITIAL));
        }
        let heard = realm.accounts.heard.lock().unwrap();
        assert_eq!(*heard, [("alice".to_owned(), String::new(), true)]);
    }
}

/// RFC 6806: the account's spelling for those who take another one than they asked for; its own for
/// those who do not.
#[test]
fn names_are_those_that_the_client_compares() {
    let realm = Realm::new();
    let issued = realm.log_on("BOB", PASSWORD).unwrap();
    assert_eq!(issued.credentials.client.to_text(), "Bob@WEB1");
    let mut exact = parameters("BOB", PASSWORD);
    exact.options.canonicalize = false;
    let issued = realm.log_on_at(exact, NOW).unwrap();
    assert_eq!(issued.credentials.client.to_text(), "BOB@WEB1");
    realm.ticket(&issued.credentials, "HTTP/web1").unwrap();
    let mut upn = parameters("Bob@web1", PASSWORD);
    upn.client.name_type = name_type::ENTERPRISE;
    let issued = realm.log_on_at(upn, NOW).unwrap();
    assert_eq!(issued.credentials.client.to_text(), "Bob@WEB1");
}

#[test]
fn who_may_not_log_on_is_told_no_more_than_that() {
    let realm = Realm::new();
    for (user, password, code) in [
        ("alice", "wrong", error_code::PREAUTH_FAILED),
        ("nobody", PASSWORD, error_code::PREAUTH_FAILED),
        ("carol", "wrong", error_code::PREAUTH_FAILED),
        ("carol", PASSWORD, error_code::CLIENT_REVOKED),
        ("alice@web1", PASSWORD, error_code::PREAUTH_FAILED),
        ("WEB1\\alice", PASSWORD, error_code::PREAUTH_FAILED),
    ] {
        realm.messages.lock().unwrap().clear();
        let refused = realm.log_on(user, password).unwrap_err();
        let messages = realm.messages.lock().unwrap();
        let outcomes: Vec<_> = messages.iter().map(|(_, answer)| answer.outcome.clone()).collect();
        assert_eq!(outcomes, [Outcome::PreauthRequired, Outcome::Rejected(code)], "{user}");
        assert!(matches!(refused, Error::LogonDenied(_) | Error::KrbError(_)), "{refused:?}");
    }
}

/// Names of the same length get answers of the same bytes, whether there is such an account or not.
#[test]
fn an_unknown_user_looks_like_a_wrong_password() {
    let realm = Realm::new();
    let masked = |user: &str| {
        realm.messages.lock().unwrap().clear();
        realm.log_on(user, "wrong").unwrap_err();
        let messages = realm.messages.lock().unwrap();
        let answers = messages.iter().map(|(_, answer)| {
            let mut bytes = answer.message.clone();
            let places = (0..bytes.len() - user.len())
                .filter(|&at| bytes[at..].starts_with(user.as_bytes()));
            for at in places.collect::<Vec<_>>() {
                bytes[at..at + user.len()].fill(b'x');
            }
            bytes
        });
        answers.collect::<Vec<_>>()
    };
    assert_eq!(masked("alice"), masked("aliec"));
    assert_eq!(masked("alice"), masked("carol"));
}

/// RFC 4120 3.1.3: KRB_AP_ERR_SKEW tells the KDC's time; a client that takes it logs on.
#[test]
fn a_clock_that_is_wrong_is_told_the_time_after_the_right_password_only() {
    let realm = Realm::new();
    for off in [-3600, 3600] {
        let issued = realm.log_on_at(parameters("alice", PASSWORD), NOW + off).unwrap();
        assert_eq!(issued.credentials.authtime, NOW);
    }
}

/// A new password, a disabled and a removed account end the tickets at once.
#[test]
fn a_ticket_ends_with_the_password_that_it_was_got_with() {
    for change in ENDS {
        let realm = Realm::new();
        let issued = realm.log_on("alice", PASSWORD).unwrap();
        realm.ticket(&issued.credentials, "HTTP/web1").unwrap();
        change(&realm);
        let refused = realm.ticket(&issued.credentials, "HTTP/web1").unwrap_err();
        assert_eq!(refused, Error::KrbError(error_code::TGT_REVOKED));
    }
}

/// A server that passes on a client's request for itself gets no ticket: nor does anything but a
/// service of this host.
#[test]
fn tickets_are_for_this_server_only() {
    let realm = Realm::new();
    let tgt = realm.log_on("alice", PASSWORD).unwrap().credentials;
    for service in
        ["HTTP/web2", "HTTP/web1.example.test.evil", "HTTP/192.0.2.1", "HTTP", "a/web1/b"]
    {
        let refused = realm.ticket(&tgt, service).unwrap_err();
        assert_eq!(refused, Error::KrbError(error_code::S_PRINCIPAL_UNKNOWN), "{service}");
    }
    let ServiceNames(list) = ServiceNames::of(&["HTTP/web1"]);
    let call = KdcCall { restrictions: &[&list], address: None, now: at(NOW) };
    realm.ticket(&tgt, "cifs/web1").unwrap();
    let messages = realm.messages.lock().unwrap();
    let (request, _) = messages.last().unwrap();
    let answer = realm.kdc.answer(request, &call).unwrap();
    assert_eq!(answer.outcome, Outcome::Refused(error_code::S_PRINCIPAL_UNKNOWN));
}

struct ServiceNames(Vec<negossp_core::kerberos::ServiceName>);

impl ServiceNames {
    fn of(names: &[&str]) -> ServiceNames {
        let parse = |name: &&str| negossp_core::kerberos::ServiceName::parse(name).unwrap();
        ServiceNames(names.iter().map(parse).collect())
    }
}

/// The secret is replaced, and the previous one stays for tickets that are out.
#[test]
fn tickets_outlive_one_change_of_the_secret() {
    let tgt = Realm::new().log_on("alice", PASSWORD).unwrap().credentials;
    Realm::with_secrets(&[2, 1]).ticket(&tgt, "HTTP/web1").unwrap();
    let refused = Realm::with_secrets(&[3, 2]).ticket(&tgt, "HTTP/web1").unwrap_err();
    assert_eq!(refused, Error::KrbError(error_code::MODIFIED));
}

/// A ticket for one service does not open with another's key, so a changed name beside it is noticed.
#[test]
fn each_service_has_a_key() {
    let realm = Realm::new();
    let tgt = realm.log_on("alice", PASSWORD).unwrap().credentials;
    let key = |realm: &Realm, service: &str| {
        let ticket = realm.ticket(&tgt, service).unwrap().ticket;
        let decoded = Ticket::decode(&ticket.ticket).unwrap();
        (decoded.enc_part.cipher.to_vec(), ticket.key)
    };
    let (cipher, _) = key(&realm, "HTTP/web1");
    // Only the KDC has the keys: that of krbtgt, which the ticket-granting ticket opens with.
    let decoded = Ticket::decode(&tgt.ticket).unwrap();
    assert_ne!(decoded.enc_part.cipher, cipher);
    let mut data = cipher.clone();
    assert!(tgt.key.decrypt(key_usage::TICKET, &mut data).is_err());
    assert!(EncTicketPart::decode(&data).is_err());
}
