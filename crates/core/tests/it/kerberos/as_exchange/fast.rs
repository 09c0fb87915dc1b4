//! FAST: the AS exchange inside an armor.

use super::kdc::{
    Kdc, NOW, PASSWORD, RANDOM, Reply, armored_parameters, encode, krb_error, run, run_through,
};
use negossp_core::kerberos::Principal;
use negossp_core::kerberos::client::{AsParameters, ClientSecret};
use negossp_core::kerberos::crypto::{Enctype, key_usage, string_to_key};
use negossp_core::kerberos::message::{
    EncryptedData, FastArmoredRep, error_code, name_type, pa_type,
};
use negossp_core::types::error::Error;

fn armored(edit: impl Fn(&mut Reply) + 'static) -> (AsParameters, Kdc) {
    let (parameters, key) = armored_parameters();
    (parameters, Kdc { armor: Some(key), ..Kdc::editing(edit) })
}

/// RFC 6113 5.4: an encrypted challenge within the armor, the cookie, the reply's own armor.
#[test]
fn an_armored_exchange_leads_to_a_ticket() {
    for preauth in [true, false] {
        let (parameters, kdc) = armored(|_| ());
        let mut kdc = Kdc { preauth, cookie: Some(b"cookie"), ..kdc };
        let issued = run(parameters, &mut kdc).unwrap();
        assert_eq!(issued.credentials.client.to_text(), "alice@R.TEST");
        assert!(issued.fast_available);
        // Without the optional strengthening and challenge.
        let (parameters, kdc) = armored(|reply| {
            reply.fast.strengthen = None;
            reply.fast.challenge = None;
        });
        run(parameters, &mut Kdc { preauth, ..kdc }).unwrap();
    }
}

/// The KDC's clock, to the microsecond, from inside the armor.
#[test]
fn the_clock_is_learnt_inside_the_armor() {
    let (parameters, kdc) = armored(|_| ());
    let mut kdc = Kdc { clock: NOW + 1000, ..kdc };
    assert_eq!(run(parameters, &mut kdc).unwrap().clock_offset, 1_000_000_000);
    assert_eq!(kdc.requests, 3);
    let (parameters, kdc) = armored(|_| ());
    let mut kdc = Kdc { clock: NOW + 100, preauth: false, ..kdc };
    assert_eq!(run(parameters, &mut kdc).unwrap().clock_offset, 100_250_000);
}

#[test]
fn a_wrong_password_is_told_inside_the_armor() {
    let (parameters, mut kdc) = armored(|_| ());
    let secret = ClientSecret::Password("wrong".to_owned().into());
    let refused = run(AsParameters { secret, ..parameters }, &mut kdc).unwrap_err();
    assert_eq!(refused, Error::KrbError(error_code::PREAUTH_FAILED));
}

/// RFC 6113 5.4.3: each protected field, wrong.
#[test]
fn every_field_of_the_armor_counts() {
    let wrong: [fn(&mut Reply); 8] = [
        |reply| reply.fast.nonce ^= 1,
        |reply| reply.fast.finished = false,
        |reply| reply.fast.armored = false,
        |reply| reply.fast.ticket.push(0),
        |reply| *reply.ticket.last_mut().unwrap() ^= 1,
        |reply| reply.fast.client = Principal::new(name_type::PRINCIPAL, &["mallory"], "R.TEST"),
        |reply| reply.fast.client = Principal::new(name_type::PRINCIPAL, &["alice"], "EVIL.TEST"),
        |reply| {
            let other = string_to_key(Enctype::Aes256Sha1, PASSWORD, b"other", None).unwrap();
            reply.fast.challenge = Some(other);
        },
    ];
    for (number, edit) in wrong.into_iter().enumerate() {
        let (parameters, mut kdc) = armored(edit);
        let refused = run(parameters, &mut kdc).unwrap_err();
        assert!(matches!(refused, Error::MessageAltered(_)), "{number}: {refused:?}");
    }
    // The unprotected name beside it does not count.
    let (parameters, mut kdc) = armored(|reply| {
        reply.client = Principal::new(name_type::PRINCIPAL, &["mallory"], "EVIL.TEST");
    });
    assert_eq!(run(parameters, &mut kdc).unwrap().credentials.client.to_text(), "alice@R.TEST");
}

/// With another armor key: somebody who does not have the armor's ticket.
#[test]
fn only_the_armors_kdc_can_answer() {
    let (parameters, mut kdc) = armored(|_| ());
    let (_, other) = armored_parameters();
    let mut answered = 0;
    let result = run_through(parameters, &mut kdc, |reply| {
        answered += 1;
        // A reply under a key that is not the armor's.
        let cipher = other.encrypt(key_usage::FAST_REP, &[0x30, 0], &RANDOM).unwrap();
        let enc_fast_rep = EncryptedData { etype: 18, kvno: None, cipher: &cipher };
        let value = FastArmoredRep { enc_fast_rep }.encode();
        *reply = krb_error(error_code::GENERIC, NOW, &encode(&[(pa_type::FX_FAST, value)]));
    });
    assert!(matches!(result.unwrap_err(), Error::MessageAltered(_)));
    assert_eq!(answered, 1);
}

/// Unarmored errors in an armored exchange: what they say of the client is not believed, nor is
/// their time; that the armor does not fit is.
#[test]
fn unarmored_errors_are_not_believed() {
    for (code, believed) in [
        (error_code::C_PRINCIPAL_UNKNOWN, false),
        (error_code::KEY_EXPIRED, false),
        (error_code::PREAUTH_FAILED, false),
        (error_code::PREAUTH_REQUIRED, false),
        (error_code::WRONG_REALM, false),
        (error_code::PREAUTH_EXPIRED, false),
        (error_code::TKT_EXPIRED, true),
        (error_code::SKEW, true),
        (error_code::GENERIC, true),
    ] {
        let (mut parameters, mut kdc) = armored(|_| ());
        parameters.options.canonicalize = true;
        let data = encode(&[(pa_type::ENC_TIMESTAMP, vec![])]);
        let result =
            run_through(parameters, &mut kdc, |reply| *reply = krb_error(code, NOW, &data));
        let error = result.unwrap_err();
        assert_eq!(kdc.requests, 1);
        match believed {
            true => assert_eq!(error, Error::KrbError(code)),
            false => assert!(matches!(error, Error::MessageAltered(_)), "{code}: {error:?}"),
        }
    }
}
