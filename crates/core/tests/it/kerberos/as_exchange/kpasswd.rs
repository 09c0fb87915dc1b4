//! Changing passwords (RFC 3244), against a password service played here.

use super::kdc::{NOW, RANDOM, armored_parameters, at, krb_error};
use negossp_core::kerberos::Principal;
use negossp_core::kerberos::client::{
    ChangePassword, Exchange, KdcService, NewPassword, Next, PasswordChange, PasswordPolicy,
    PasswordResult,
};
use negossp_core::kerberos::crypto::{Key, key_usage};
use negossp_core::kerberos::message::{
    ApRep, ApReq, Authenticator, ChangePasswdData, EncApRepPart, EncKrbPrivPart, EncryptedData,
    HostAddress, KrbPriv, error_code, name_type,
};
use negossp_core::types::error::{Error, Result};

/// What the service got, and what its answer is made of.
struct Heard {
    version: u16,
    data: Vec<u8>,
    session: Key,
    subkey: Key,
    ctime: i64,
    cusec: u32,
    sequence: (u32, u32),
    address: Vec<u8>,
}

fn parameters(target: Option<Principal>) -> (NewPassword, Key) {
    let (armored, key) = armored_parameters();
    let credentials = armored.armor.unwrap();
    let password = "new password".to_owned().into();
    let address = Some("192.0.2.7".parse().unwrap());
    (
        NewPassword {
            credentials,
            password,
            target,
            address,
            clock_offset: 2_500_000,
            random: &RANDOM,
        },
        key,
    )
}

fn hear(request: &[u8], session: &Key) -> Heard {
    let word = |at: usize| u16::from_be_bytes([request[at], request[at + 1]]);
    assert_eq!(usize::from(word(0)), request.len());
    let (ap_req, krb_priv) = request[6..].split_at(word(4).into());
    let mut cipher = ApReq::decode(ap_req).unwrap().authenticator.cipher.to_vec();
    let plain = session.decrypt(key_usage::AP_REQ_AUTHENTICATOR, &mut cipher).unwrap();
    let authenticator = Authenticator::decode(plain).unwrap();
    let subkey = authenticator.subkey.unwrap().key().unwrap();
    let mut cipher = KrbPriv::decode(krb_priv).unwrap().enc_part.cipher.to_vec();
    let plain = subkey.decrypt(key_usage::KRB_PRIV, &mut cipher).unwrap();
    let part = EncKrbPrivPart::decode(plain).unwrap();
    assert_eq!(part.seq_number, authenticator.seq_number);
    assert_eq!(part.s_address.addr_type, 2);
    Heard {
        version: word(2),
        data: part.user_data.to_vec(),
        session: session.clone(),
        subkey,
        ctime: authenticator.ctime,
        cusec: authenticator.cusec,
        sequence: (77, 77),
        address: part.s_address.address.to_vec(),
    }
}

fn frame(first: &[u8], second: &[u8]) -> Vec<u8> {
    let length = 6 + first.len() + second.len();
    let words = [length, 1, first.len()].map(|word| (word as u16).to_be_bytes());
    [words.as_flattened(), first, second].concat()
}

fn answer(heard: &Heard, code: u16, text: &[u8]) -> Vec<u8> {
    let part = EncApRepPart {
        ctime: heard.ctime,
        cusec: heard.cusec,
        subkey: None,
        seq_number: Some(heard.sequence.0),
    };
    let seal = |key: &Key, usage, plain: &[u8]| key.encrypt(usage, plain, &RANDOM).unwrap();
    let data = |cipher| EncryptedData { etype: 18, kvno: None, cipher };
    let cipher = seal(&heard.session, key_usage::AP_REP, &part.encode());
    let ap_rep = ApRep { enc_part: data(&cipher) }.encode();
    let result = EncKrbPrivPart {
        user_data: &[&code.to_be_bytes(), text].concat(),
        timestamp: None,
        usec: None,
        seq_number: Some(heard.sequence.1),
        s_address: HostAddress { addr_type: 2, address: &[192, 0, 2, 1] },
        r_address: None,
    };
    let cipher = seal(&heard.subkey, key_usage::KRB_PRIV, &result.encode());
    frame(&ap_rep, &KrbPriv { enc_part: data(&cipher) }.encode())
}

fn change(
    target: Option<Principal>,
    reply: impl FnOnce(Heard) -> Vec<u8>,
) -> Result<PasswordChange> {
    let (parameters, key) = parameters(target);
    assert!(!format!("{parameters:?}").contains("new password"));
    let mut exchange = ChangePassword::new(parameters);
    let Next::Ask { service, realm, request } = exchange.step(None, at(NOW)).unwrap() else {
        panic!("no request");
    };
    assert_eq!((service, &*realm), (KdcService::Kpasswd, "R.TEST"));
    let reply = reply(hear(&request, &key));
    match exchange.step(Some(&reply), at(NOW))? {
        Next::Done(done) => Ok(done),
        Next::Ask { .. } => panic!("another request"),
    }
}

/// The client's own password: version 1, with the password alone. Another's: RFC 3244's version.
#[test]
fn passwords_are_changed_and_set() {
    let done = change(None, |heard| {
        assert_eq!((heard.version, &*heard.data), (1, &b"new password"[..]));
        assert_eq!((heard.ctime, heard.cusec), (NOW + 2, 500_000));
        assert_eq!(heard.address, [192, 0, 2, 7]);
        answer(&heard, 0, b"")
    });
    assert_eq!(done.unwrap().result, PasswordResult::Success);

    let target = Principal::new(name_type::PRINCIPAL, &["bob"], "R.TEST");
    let done = change(Some(target.clone()), |heard| {
        assert_eq!(heard.version, 0xff80);
        let data = ChangePasswdData::decode(&heard.data).unwrap();
        assert_eq!(data.newpasswd, b"new password");
        let (name, realm) = data.target.unwrap();
        assert_eq!(Principal::from_name(&name, realm), target);
        answer(&heard, 5, b"not\nyours ")
    });
    let done = done.unwrap();
    assert_eq!((done.result, &*done.text), (PasswordResult::AccessDenied, "not yours"));
}

/// A domain's policy in place of a text.
#[test]
fn a_domains_policy_is_read() {
    let policy: Vec<u8> = [
        &[0, 0][..],
        &7_u32.to_be_bytes(),
        &24_u32.to_be_bytes(),
        &1_u32.to_be_bytes(),
        &36_288_000_000_000_u64.to_be_bytes(),
        &864_000_000_000_u64.to_be_bytes(),
    ]
    .concat();
    let done = change(None, |heard| answer(&heard, 4, &policy)).unwrap();
    assert_eq!((done.result, &*done.text), (PasswordResult::SoftError, ""));
    let expected = PasswordPolicy {
        min_length: 7,
        history: 24,
        properties: 1,
        max_age: 36_288_000_000_000,
        min_age: 864_000_000_000,
    };
    assert_eq!(done.policy, Some(expected));
    let long = change(None, |heard| answer(&heard, 2, &[b'x'; 20_000])).unwrap();
    assert_eq!(long.text.len(), 4096);
}

/// A KRB-ERROR is not protected: a refusal may come by it, success may not.
#[test]
fn success_is_always_protected() {
    for framed in [true, false] {
        let error = |data: &[u8]| {
            let error = krb_error(error_code::GENERIC, NOW, data);
            change(None, |_| if framed { frame(&[], &error) } else { error })
        };
        assert_eq!(error(&[0, 4, b'x']).unwrap().result, PasswordResult::SoftError);
        assert!(matches!(error(&[0, 0]), Err(Error::MessageAltered(_))));
        assert_eq!(error(&[]).unwrap_err(), Error::KrbError(error_code::GENERIC));
    }
}

/// Each part of an answer that ties it to the request.
#[test]
fn only_the_service_can_answer_and_only_this_request() {
    let wrong: [fn(&mut Heard); 5] = [
        |heard| heard.ctime += 1,
        |heard| heard.cusec ^= 1,
        |heard| heard.sequence.1 += 1,
        |heard| heard.session = heard.subkey.clone(),
        |heard| heard.subkey = heard.session.clone(),
    ];
    for (number, edit) in wrong.into_iter().enumerate() {
        let done = change(None, |mut heard| {
            edit(&mut heard);
            answer(&heard, 0, b"")
        });
        assert!(matches!(done, Err(Error::MessageAltered(_))), "{number}: {done:?}");
    }
}

/// Each octet of an answer, altered, and each prefix of it: never success.
#[test]
fn altered_answers_are_no_success() {
    let (parameters, key) = parameters(None);
    let mut exchange = ChangePassword::new(parameters.clone());
    let Next::Ask { request, .. } = exchange.step(None, at(NOW)).unwrap() else { panic!() };
    let length = answer(&hear(&request, &key), 0, b"").len();
    for at_octet in 0..length {
        for cut in [false, true] {
            let done = change(None, |heard| {
                let mut reply = answer(&heard, 0, b"");
                if cut {
                    reply.truncate(at_octet)
                } else {
                    reply[at_octet] ^= 0x80
                }
                reply
            });
            if let Ok(done) = &done {
                // Key versions and the like are not protected, and not used.
                assert!(!cut && done.result == PasswordResult::Success);
            }
        }
    }
    // The version of the protocol may be either.
    assert!(exchange.step(None, at(NOW)).is_err());
}
