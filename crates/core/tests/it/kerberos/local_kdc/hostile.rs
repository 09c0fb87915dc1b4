//! Requests that no honest client makes.

use super::realm::{NOW, PASSWORD, Realm, at};
use negossp_core::kerberos::Principal;
use negossp_core::kerberos::kdc::{KdcCall, Outcome};
use negossp_core::kerberos::message::{
    KdcExchange, KdcOptions, KdcReq, KdcReqBody, NewKdcReqBody, PaData, error_code, name_type,
    pa_type,
};
use negossp_core::types::error::Error;

/// The second AS-REQ of a logon, and the TGS-REQ after it.
fn requests(realm: &Realm) -> [Vec<u8>; 2] {
    realm.messages.lock().unwrap().clear();
    let tgt = realm.log_on("alice", PASSWORD).unwrap().credentials;
    realm.ticket(&tgt, "HTTP/web1").unwrap();
    let messages = realm.messages.lock().unwrap();
    [messages[1].0.clone(), messages[2].0.clone()]
}

/// Nobody but the right client gets a ticket, whatever is changed: a changed AS-REQ may only be
/// granted where what was changed is not protected by anything, and then to whoever has the key.
#[test]
fn no_changed_request_to_the_tgs_is_granted() {
    let realm = Realm::new();
    let [_, tgs] = requests(&realm);
    let mut granted = Vec::new();
    for at_byte in 0..tgs.len() {
        for change in [1u8, 0x80] {
            let mut request = tgs.clone();
            request[at_byte] ^= change;
            if let Ok(answer) = realm.answer(&request)
                && answer.outcome == Outcome::ServiceTicket
            {
                granted.push(at_byte);
            }
        }
    }
    // What is beside the ticket (its names, ap-options) is not protected; nor are they used.
    let ap_req = KdcReq::decode(&tgs).unwrap().padata.find(pa_type::TGS_REQ).unwrap().to_vec();
    let start = tgs.windows(ap_req.len()).position(|part| part == ap_req).unwrap();
    let unprotected = start..start + 120;
    assert!(granted.iter().all(|at| unprotected.contains(at)), "{granted:?} {unprotected:?}");
}

#[test]
fn truncated_and_changed_requests_are_answered_or_refused() {
    let realm = Realm::new();
    for request in requests(&realm) {
        for end in 0..request.len() {
            assert!(realm.answer(&request[..end]).is_err());
        }
        for at_byte in 0..request.len() {
            let mut changed = request.clone();
            changed[at_byte] = changed[at_byte].wrapping_add(0x1f);
            let _ = realm.answer(&changed);
        }
    }
}

/// Tickets that stand for other things than a logon of this client at this server.
#[test]
fn options_that_are_not_for_these_tickets_are_refused() {
    let realm = Realm::new();
    let krbtgt = Principal::krbtgt("WEB1", "WEB1").encode();
    let alice = Principal::new(name_type::PRINCIPAL, &["alice"], "WEB1").encode();
    for options in [
        KdcOptions::FORWARDED,
        KdcOptions::PROXY,
        KdcOptions::RENEW,
        KdcOptions::VALIDATE,
        KdcOptions::ENC_TKT_IN_SKEY,
        KdcOptions::CNAME_IN_ADDL_TKT,
        KdcOptions::POSTDATED,
        KdcOptions::REQUEST_ANONYMOUS,
    ] {
        let body = NewKdcReqBody {
            kdc_options: options,
            cname: Some(alice.name()),
            realm: b"WEB1",
            sname: Some(krbtgt.name()),
            till: 0,
            rtime: None,
            nonce: 1,
            etypes: &[18],
            enc_authorization_data: None,
            additional_tickets: &[],
        };
        let request = KdcReq::encode(KdcExchange::As, &[], &body.encode());
        let answer = realm.answer(&request).unwrap();
        assert_eq!(answer.outcome, Outcome::Refused(error_code::BADOPTION));
        let etypes =
            NewKdcReqBody { etypes: &[23, 3, 16], kdc_options: KdcOptions::empty(), ..body };
        let request = KdcReq::encode(KdcExchange::As, &[], &etypes.encode());
        let answer = realm.answer(&request).unwrap();
        assert_eq!(answer.outcome, Outcome::Refused(error_code::ETYPE_NOSUPP));
    }
}

/// A TGS-REQ without PA-TGS-REQ; with that of another request; for another user.
#[test]
fn a_request_to_the_tgs_needs_its_own_authenticator() {
    let realm = Realm::new();
    let [_, tgs] = requests(&realm);
    let outer = KdcReq::decode(&tgs).unwrap();
    let body = KdcReqBody::decode(outer.req_body).unwrap();
    let other = NewKdcReqBody {
        kdc_options: body.kdc_options,
        cname: None,
        realm: body.realm,
        sname: body.sname,
        till: body.till,
        rtime: None,
        nonce: body.nonce ^ 1,
        etypes: &[18],
        enc_authorization_data: None,
        additional_tickets: &[],
    }
    .encode();
    let ap_req = outer.padata.find(pa_type::TGS_REQ).unwrap();
    let padata = PaData { padata_type: pa_type::TGS_REQ, padata_value: ap_req };
    let user = PaData { padata_type: pa_type::FOR_USER, padata_value: b"\x30\x00" };
    for (padata, body, code) in [
        (&[][..], outer.req_body, error_code::PADATA_TYPE_NOSUPP),
        (&[padata], &other, error_code::MODIFIED),
        (&[padata, user], outer.req_body, error_code::BADOPTION),
    ] {
        let answer = realm.answer(&KdcReq::encode(KdcExchange::Tgs, padata, body)).unwrap();
        assert_eq!(answer.outcome, Outcome::Refused(code));
    }
}

#[test]
fn tickets_end() {
    let mut realm = Realm::new();
    let [_, tgs] = requests(&realm);
    let tgt = realm.log_on("alice", PASSWORD).unwrap().credentials;
    let call = KdcCall { restrictions: &[], address: None, now: at(NOW + 301) };
    let answer = realm.kdc.answer(&tgs, &call).unwrap();
    assert_eq!(answer.outcome, Outcome::Refused(error_code::SKEW));
    realm.now = NOW + 36_000 + 301;
    let refused = realm.ticket(&tgt, "HTTP/web1").unwrap_err();
    assert!(matches!(refused, Error::KrbError(_) | Error::ContextExpired), "{refused:?}");
}

/// A ticket for a service is none for the TGS.
#[test]
fn a_service_ticket_grants_no_tickets() {
    let realm = Realm::new();
    let tgt = realm.log_on("alice", PASSWORD).unwrap().credentials;
    let mut ticket = realm.ticket(&tgt, "HTTP/web1").unwrap().ticket;
    ticket.server = tgt.server.clone();
    let refused = realm.ticket(&ticket, "HTTP/web1").unwrap_err();
    assert_eq!(refused, Error::KrbError(error_code::MODIFIED));
}
