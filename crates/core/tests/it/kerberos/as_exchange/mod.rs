//! The AS exchange, against a KDC played here.

mod fast;
mod hostile;
mod kdc;
mod kpasswd;
mod named;
mod recorded;

use kdc::{Kdc, NOW, PASSWORD, at, encode, krb_error, parameters, run};
use negossp_core::kerberos::Principal;
use negossp_core::kerberos::client::{
    AsExchange, AsParameters, AsService, ClientOptions, ClientSecret, Exchange, KdcService, Next,
};
use negossp_core::kerberos::crypto::{Enctype, string_to_key};
use negossp_core::kerberos::message::{
    EtypeInfo, KdcOptions, KdcReq, KdcReqBody, KrbError, PrincipalName, error_code, name_type,
    pa_type,
};
use negossp_core::types::error::Error;
use negossp_core::types::ntstatus::NtStatus;
use std::time::Duration;

/// RFC 4120 3.1: pre-authentication on demand, with what ETYPE-INFO2 says; RFC 6113 5.2: the cookie
/// comes back.
#[test]
fn a_password_leads_to_a_ticket() {
    for (enctype, iterations) in [
        (Enctype::Aes256Sha1, None),
        (Enctype::Aes128Sha1, Some(5000)),
        (Enctype::Aes256Sha384, None),
        (Enctype::Aes128Sha256, Some(40_000)),
    ] {
        for preauth in [true, false] {
            for salt in [Some("some salt"), None] {
                let mut kdc = Kdc { iterations, preauth, salt, ..Kdc::new() };
                kdc.enctypes = vec![enctype];
                kdc.cookie = Some(b"cookie");
                let issued = run(parameters(), &mut kdc).unwrap();
                assert_eq!(kdc.requests, if preauth { 2 } else { 1 });
                assert_eq!(issued.credentials.client, kdc.client);
                assert_eq!(issued.credentials.server, Principal::krbtgt("R.TEST", "R.TEST"));
                assert_eq!(issued.clock_offset, 0);
                assert!(issued.fast_available);
                assert_eq!(issued.credentials.endtime, NOW + 24 * 3600);
                assert_eq!(issued.credentials.renew_till, Some(NOW + 7 * 24 * 3600));
            }
        }
    }
}

/// RC4 and triple DES only for those who ask for them.
#[test]
fn old_encryption_types_are_for_those_who_permit_them() {
    for enctype in [Enctype::Rc4Hmac, Enctype::Des3Sha1] {
        let mut kdc = Kdc { enctypes: vec![enctype], session_enctype: enctype, ..Kdc::new() };
        let refused = run(parameters(), &mut kdc).unwrap_err();
        assert_eq!(refused, Error::KrbError(error_code::ETYPE_NOSUPP));
        let mut permitted = parameters();
        permitted.options.enctypes = vec![Enctype::Aes256Sha1, enctype];
        assert_eq!(run(permitted, &mut kdc).unwrap().credentials.key.enctype(), enctype);
    }
}

/// The order of encryption types is the client's, whatever the KDC's.
#[test]
fn the_client_chooses_the_key() {
    let mut kdc = Kdc::new();
    kdc.enctypes = vec![Enctype::Rc4Hmac, Enctype::Aes128Sha1, Enctype::Aes256Sha1];
    let mut shown = parameters();
    shown.options.enctypes.push(Enctype::Rc4Hmac);
    kdc.edit = Box::new(|reply| assert_eq!(reply.key.enctype(), Enctype::Aes256Sha1));
    run(shown, &mut kdc).unwrap();
}

/// A keytab's keys: the request prefers the types that there are keys for, as MIT's client does.
#[test]
fn keys_serve_as_well_as_a_password() {
    let key = |enctype, version| (version, string_to_key(enctype, PASSWORD, b"a salt", None));
    let keys = [(Enctype::Aes128Sha1, 3), (Enctype::Aes128Sha1, 2)]
        .map(|(enctype, version)| key(enctype, version))
        .map(|(version, key)| (version, key.unwrap()));
    let secret = ClientSecret::Keys(keys.to_vec());
    for preauth in [true, false] {
        let mut kdc = Kdc { preauth, ..Kdc::new() };
        run(AsParameters { secret: secret.clone(), ..parameters() }, &mut kdc).unwrap();
    }
    // Of several the one of the version that the reply names.
    let wrong = string_to_key(Enctype::Aes128Sha1, "other", b"", None).unwrap();
    let [(_, right), _] = keys;
    let secret = ClientSecret::Keys(vec![(2, wrong), (1, right)]);
    let mut kdc = Kdc { preauth: false, ..Kdc::new() };
    run(AsParameters { secret, ..parameters() }, &mut kdc).unwrap();

    let rc4 = string_to_key(Enctype::Rc4Hmac, PASSWORD, b"", None).unwrap();
    let secret = ClientSecret::Keys(vec![(1, rc4)]);
    let none = AsExchange::new(AsParameters { secret, ..parameters() }).unwrap_err();
    assert!(matches!(none, Error::NoCredentials(_)), "{none:?}");
}

/// A wrong password is one refusal and no loop; without pre-authentication it looks the same.
#[test]
fn a_wrong_password_is_a_failed_preauthentication() {
    for preauth in [true, false] {
        let mut kdc = Kdc { preauth, ..Kdc::new() };
        let secret = ClientSecret::Password("wrong".to_owned().into());
        let refused = run(AsParameters { secret, ..parameters() }, &mut kdc).unwrap_err();
        assert_eq!(refused, Error::KrbError(error_code::PREAUTH_FAILED));
        assert!(kdc.requests <= 2);
    }
}

/// The contents of the first request.
#[test]
fn the_request_says_what_the_options_say() {
    let options = ClientOptions {
        enctypes: vec![Enctype::Aes128Sha1, Enctype::Aes256Sha1],
        forwardable: true,
        proxiable: true,
        canonicalize: true,
        lifetime: Duration::from_secs(600),
        renew_lifetime: None,
        request_pac: Some(false),
        ..ClientOptions::default()
    };
    for service in [AsService::TicketGranting, AsService::ChangePassword] {
        let of = AsParameters { options: options.clone(), service, ..parameters() };
        let mut exchange = AsExchange::new(of).unwrap();
        let Next::Ask { service: asked, realm, request } = exchange.step(None, at(NOW)).unwrap()
        else {
            panic!("no request");
        };
        assert_eq!((asked, &*realm), (KdcService::Kdc, "R.TEST"));
        let request = KdcReq::decode(&request).unwrap();
        // [MS-KILE] 2.2.3: KERB-PA-PAC-REQUEST with include-pac FALSE.
        assert_eq!(request.padata.find(pa_type::PAC_REQUEST), Some(&[48, 5, 160, 3, 1, 1, 0][..]));
        assert_eq!(request.padata.find(pa_type::REQ_ENC_PA_REP), Some(&[][..]));
        let body = KdcReqBody::decode(request.req_body).unwrap();
        assert_eq!(body.etypes().collect::<Vec<_>>(), [17, 18]);
        assert_eq!(body.rtime, None);
        let server = Principal::from_name(&body.sname.unwrap(), body.realm).to_text();
        if service == AsService::TicketGranting {
            assert_eq!(server, "krbtgt/R.TEST@R.TEST");
            assert_eq!(
                body.kdc_options,
                KdcOptions::FORWARDABLE | KdcOptions::PROXIABLE | KdcOptions::CANONICALIZE
            );
            assert_eq!(body.till, NOW + 600);
        } else {
            assert_eq!(server, "kadmin/changepw@R.TEST");
            assert_eq!(body.kdc_options, KdcOptions::CANONICALIZE);
            assert_eq!(body.till, NOW + 300);
        }
        // Not again without a reply.
        assert!(exchange.step(None, at(NOW)).is_err());
    }
}

/// RFC 4120 3.1.3: with a clock that is wrong, the KDC's time is used, once; it is learnt. One that
/// differs by months fails at the first request already.
#[test]
fn the_kdcs_clock_is_learnt() {
    for difference in [-40_000, -301, 301, 5_000_000] {
        let mut kdc = Kdc { clock: NOW + difference, ..Kdc::new() };
        let issued = run(parameters(), &mut kdc).unwrap();
        assert_eq!(issued.clock_offset, difference * 1_000_000);
        assert_eq!(kdc.requests, 3);
        // What is known already costs no further request.
        let mut kdc = Kdc { clock: NOW + difference, ..Kdc::new() };
        let known = AsParameters { clock_offset: issued.clock_offset, ..parameters() };
        assert_eq!(run(known, &mut kdc).unwrap().clock_offset, difference * 1_000_000);
        assert_eq!(kdc.requests, 2);
    }
    // A KDC that is never content.
    let mut kdc = Kdc::new();
    kdc.instead = Box::new(|reply| *reply = Some(krb_error(error_code::SKEW, NOW + 9000, &[])));
    assert_eq!(run(parameters(), &mut kdc).unwrap_err(), Error::KrbError(error_code::SKEW));
    assert_eq!(kdc.requests, 2);
}

/// Codes that an administrator or the caller must hear of.
#[test]
fn refusals_are_passed_on() {
    for code in [
        error_code::C_PRINCIPAL_UNKNOWN,
        error_code::KEY_EXPIRED,
        error_code::CLIENT_REVOKED,
        error_code::PREAUTH_FAILED,
        error_code::WRONG_REALM,
        error_code::MORE_PREAUTH_DATA_REQUIRED,
        error_code::GENERIC,
    ] {
        let mut kdc = Kdc::new();
        kdc.instead = Box::new(move |reply| *reply = Some(krb_error(code, NOW, &[])));
        assert_eq!(run(parameters(), &mut kdc).unwrap_err(), Error::KrbError(code));
        assert_eq!(kdc.requests, 1);
    }
}

/// [MS-KILE] 2.2.1: KERB-EXT-ERROR, alone or in a list as domain controllers send it.
#[test]
fn a_domain_controllers_reason_is_told() {
    // STATUS_ACCOUNT_DISABLED, reserved, flags.
    let value = [0x72, 0, 0, 0xc0, 0, 0, 0, 0, 1, 0, 0, 0];
    let list = encode(&[(3, value.to_vec())]);
    let alone = list[2..].to_vec();
    let short = encode(&[(3, value[..11].to_vec())]);
    let disabled = Some(NtStatus(0xc000_0072));
    for (data, status) in [(list, disabled), (alone, disabled), (short, None), (vec![], None)] {
        let mut exchange = AsExchange::new(parameters()).unwrap();
        exchange.step(None, at(NOW)).unwrap();
        let refused = krb_error(error_code::CLIENT_REVOKED, NOW, &data);
        let error = exchange.step(Some(&refused), at(NOW)).unwrap_err();
        assert_eq!(error, Error::KrbError(error_code::CLIENT_REVOKED));
        assert_eq!(exchange.nt_status(), status);
    }
}

/// RFC 6113 5.2: KDC_ERR_PREAUTH_EXPIRED begins the exchange anew, which a KDC can demand once.
#[test]
fn an_expired_exchange_begins_anew() {
    let mut kdc = Kdc::new();
    let expired = krb_error(error_code::PREAUTH_EXPIRED, NOW, &[]);
    let mut replies = 0;
    let issued = kdc::run_through(parameters(), &mut kdc, |reply| {
        replies += 1;
        if replies == 2 {
            reply.clone_from(&expired);
        }
    });
    issued.unwrap();
    assert_eq!(kdc.requests, 4);
    let always =
        kdc::run_through(parameters(), &mut Kdc::new(), |reply| reply.clone_from(&expired));
    assert_eq!(always.unwrap_err(), Error::KrbError(error_code::PREAUTH_EXPIRED));
}

/// A KDC that wants another kind of pre-authentication, as one that demands FAST does.
#[test]
fn pre_authentication_of_other_kinds_is_refused() {
    let mut kdc = Kdc::new();
    let wanted = encode(&[(pa_type::FX_FAST, Vec::new()), (pa_type::SPAKE, Vec::new())]);
    kdc.instead = Box::new(move |reply| {
        *reply = Some(krb_error(error_code::PREAUTH_REQUIRED, NOW, &wanted));
    });
    let mut exchange = AsExchange::new(parameters()).unwrap();
    let Next::Ask { request, .. } = exchange.step(None, at(NOW)).unwrap() else { panic!() };
    assert!(!exchange.fast_offered());
    let refused = exchange.step(Some(&kdc.answer(&request)), at(NOW)).unwrap_err();
    assert_eq!(refused, Error::KrbError(error_code::PREAUTH_REQUIRED));
    assert!(exchange.fast_offered());
}

/// RFC 4120 5.2.7.4, 5.2.7.3: KDCs older than ETYPE-INFO2.
#[test]
fn older_forms_of_etype_info_are_understood() {
    // ETYPE-INFO: a SEQUENCE OF { etype [0] Int32, salt [1] OCTET STRING }.
    let mut info = vec![0x30, 0x11, 0x30, 0x0f, 0xa0, 3, 2, 1, 18, 0xa1, 8, 4, 6];
    info.extend(b"a salt");
    for list in [
        vec![(pa_type::ETYPE_INFO, info), (pa_type::ENC_TIMESTAMP, vec![])],
        vec![(pa_type::PW_SALT, b"a salt".to_vec()), (pa_type::ENC_TIMESTAMP, vec![])],
    ] {
        let old = krb_error(error_code::PREAUTH_REQUIRED, NOW, &encode(&list));
        let mut first = true;
        let issued = kdc::run_through(parameters(), &mut Kdc::new(), |reply| {
            if std::mem::take(&mut first) {
                reply.clone_from(&old);
            }
        });
        issued.unwrap();
    }
}

/// A key that the KDC is known to make otherwise only after it refused: used once, then refused.
#[test]
fn a_changed_salt_is_tried_once() {
    let mut kdc = Kdc::new();
    let info = |salt: &str| {
        let salt = Some(salt.as_bytes());
        let list = EtypeInfo::encode_list2(&[EtypeInfo { etype: 18, salt, s2kparams: None }]);
        encode(&[(pa_type::ETYPE_INFO2, list), (pa_type::ENC_TIMESTAMP, vec![])])
    };
    let stale = krb_error(error_code::PREAUTH_REQUIRED, NOW, &info("stale"));
    let mut first = true;
    let issued = kdc::run_through(parameters(), &mut kdc, |reply| {
        if std::mem::take(&mut first) {
            reply.clone_from(&stale);
        }
    });
    issued.unwrap();
    assert_eq!(kdc.requests, 3);

    let mut count = 0;
    let endless = kdc::run_through(parameters(), &mut kdc, |reply| {
        count += 1;
        let code =
            if count == 1 { error_code::PREAUTH_REQUIRED } else { error_code::PREAUTH_FAILED };
        *reply = krb_error(code, NOW, &info(&format!("salt {count}")));
    });
    assert_eq!(endless.unwrap_err(), Error::KrbError(error_code::PREAUTH_FAILED));
    assert_eq!(count, 3);
}

fn wrong_realm(realm: &str) -> Vec<u8> {
    KrbError {
        ctime: None,
        cusec: None,
        stime: NOW,
        susec: 0,
        error_code: error_code::WRONG_REALM,
        crealm: Some(realm.as_bytes()),
        cname: None,
        realm: b"ANY.TEST",
        sname: PrincipalName::EMPTY,
        e_text: None,
        e_data: None,
    }
    .encode()
}

/// RFC 6806 5, 6, 7: an enterprise name is looked up in the realm that the KDC refers to.
#[test]
fn a_name_leads_to_its_realm() {
    let mut kdc = Kdc::new();
    let client = Principal::new(name_type::ENTERPRISE, &["alice@upn.test"], "FIRST.TEST");
    let mut exchange = AsExchange::new(AsParameters { client, ..parameters() }).unwrap();
    let Next::Ask { realm, .. } = exchange.step(None, at(NOW)).unwrap() else { panic!() };
    assert_eq!(realm, "FIRST.TEST");
    let mut next = exchange.step(Some(&wrong_realm("R.TEST")), at(NOW)).unwrap();
    let issued = loop {
        match next {
            Next::Done(issued) => break issued,
            Next::Ask { realm, request, .. } => {
                assert_eq!(realm, "R.TEST");
                let request_body = KdcReq::decode(&request).unwrap().req_body;
                let body = KdcReqBody::decode(request_body).unwrap();
                assert!(body.kdc_options.contains(KdcOptions::CANONICALIZE));
                assert_eq!(body.cname.unwrap().name_type, name_type::ENTERPRISE);
                next = exchange.step(Some(&kdc.answer(&request)), at(NOW)).unwrap();
            }
        }
    };
    assert_eq!(issued.credentials.client.to_text(), "alice@R.TEST");
    assert_eq!(issued.credentials.server.to_text(), "krbtgt/R.TEST@R.TEST");
}

/// Referrals end: no realm twice, and ten at most. They are not protected: a client that has named its
/// realm follows none, or it would prove its password to the KDC of any realm.
#[test]
fn referrals_are_bounded() {
    let referred = |is_enterprise, realm: fn(usize) -> String| {
        let mut asked = 0;
        let mut of = parameters();
        of.options.canonicalize = true;
        if is_enterprise {
            of.client = Principal::new(name_type::ENTERPRISE, &["alice@upn.test"], "R.TEST");
        }
        let result = kdc::run_through(of, &mut Kdc::silent(), |reply| {
            *reply = wrong_realm(&realm(asked));
            asked += 1;
        });
        assert_eq!(result.unwrap_err(), Error::KrbError(error_code::WRONG_REALM));
        asked
    };
    assert_eq!(referred(true, |n| format!("REALM{n}.TEST")), 11);
    assert_eq!(referred(true, |n| format!("REALM{}.TEST", n % 2)), 3);
    assert_eq!(referred(true, |_| "r.test".to_owned()), 1);
    assert_eq!(referred(true, |_| String::new()), 1);
    assert_eq!(referred(false, |n| format!("REALM{n}.TEST")), 1);
}

/// Exchanges never print what they prove themselves with.
#[test]
fn secrets_are_not_printed() {
    let exchange = AsExchange::new(parameters()).unwrap();
    assert!(!format!("{exchange:?}").contains(PASSWORD));
}
