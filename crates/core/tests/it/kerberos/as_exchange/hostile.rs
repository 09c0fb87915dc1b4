//! A hostile KDC, or somebody in between: it can refuse service and nothing else.

use super::kdc::{
    Checked, Kdc, NOW, PASSWORD, RANDOM, Reply, armored_parameters, encode, krb_error, parameters,
    run, run_through,
};
use negossp_core::kerberos::Principal;
use negossp_core::kerberos::client::{AsService, ClientSecret, Issued};
use negossp_core::kerberos::crypto::{Enctype, random_key, string_to_key};
use negossp_core::kerberos::message::{EtypeInfo, TicketFlags, error_code, name_type, pa_type};
use negossp_core::types::error::{Error, Result};

fn principal(name: &str, realm: &str) -> Principal {
    Principal::new(name_type::PRINCIPAL, &[name], realm)
}

/// RFC 4120 3.1.5, RFC 6806 11: each field of a reply, wrong in turn.
#[test]
fn every_field_counts() {
    let wrong: [fn(&mut Reply); 22] = [
        |reply| reply.nonce ^= 1,
        |reply| reply.client = principal("mallory", "R.TEST"),
        |reply| reply.client = principal("Alice", "R.TEST"),
        |reply| reply.client = principal("alice", "EVIL.TEST"),
        |reply| reply.server = Principal::krbtgt("EVIL.TEST", "R.TEST"),
        |reply| reply.server = Principal::krbtgt("R.TEST", "EVIL.TEST"),
        |reply| reply.server = Principal::krbtgt("EVIL.TEST", "EVIL.TEST"),
        |reply| reply.server = principal("krbtgt", "R.TEST"),
        |reply| reply.server = Principal::new(2, &["kadmin", "changepw"], "R.TEST"),
        |reply| reply.usage = 8,
        |reply| reply.usage = 2,
        |reply| reply.session = random_key(Enctype::Rc4Hmac, &RANDOM).unwrap(),
        |reply| reply.session = random_key(Enctype::Des3Sha1, &RANDOM).unwrap(),
        |reply| {
            reply.key = string_to_key(Enctype::Rc4Hmac, PASSWORD, b"", None).unwrap();
        },
        |reply| reply.enc_pa_rep = Some(Checked(b"another request".to_vec())),
        |reply| reply.enc_pa_rep = None,
        |reply| reply.flags |= TicketFlags::INVALID,
        |reply| reply.flags |= TicketFlags::ANONYMOUS,
        |reply| reply.starttime = Some(NOW + 3600),
        |reply| reply.endtime = NOW - 1,
        |reply| reply.endtime += 1,
        |reply| reply.renew_till = reply.renew_till.map(|till| till + 1),
    ];
    for preauth in [true, false] {
        for (number, edit) in wrong.into_iter().enumerate() {
            let mut kdc = Kdc { preauth, ..Kdc::editing(edit) };
            let refused = run(parameters(), &mut kdc).unwrap_err();
            let wrong_key = refused == Error::KrbError(error_code::PREAUTH_FAILED) && !preauth;
            assert!(
                matches!(refused, Error::MessageAltered(_)) || wrong_key,
                "{number}: {refused:?}"
            );
        }
    }
}

/// With canonicalization (RFC 6806 6) the KDC may name the client and its realm otherwise, but not
/// a ticket-granting service other than the realm's own, nor another service.
#[test]
fn canonical_names_are_those_of_one_realm() {
    let renamed = |service, edit: fn(&mut Reply)| {
        let mut of = parameters();
        of.options.canonicalize = true;
        of.service = service;
        run(of, &mut Kdc::editing(edit)).map(|issued| issued.credentials.client.to_text())
    };
    let tgt = AsService::TicketGranting;
    let alias = renamed(tgt, |reply| reply.client = principal("Alice", "R.TEST"));
    assert_eq!(alias.as_deref(), Ok("Alice@R.TEST"));
    let long = renamed(tgt, |reply| {
        reply.client = principal("alice", "R.LONG.TEST");
        reply.server = Principal::krbtgt("R.LONG.TEST", "R.LONG.TEST");
    });
    assert_eq!(long.as_deref(), Ok("alice@R.LONG.TEST"));
    let wrong: [fn(&mut Reply); 4] = [
        |reply| reply.client = principal("alice", "EVIL.TEST"),
        |reply| reply.server = Principal::krbtgt("OTHER.TEST", "R.TEST"),
        |reply| reply.server = Principal::krbtgt("EVIL.TEST", "EVIL.TEST"),
        |reply| reply.server = principal("HTTP", "R.TEST"),
    ];
    for edit in wrong {
        assert!(matches!(renamed(tgt, edit), Err(Error::MessageAltered(_))));
    }
    let changed = renamed(AsService::ChangePassword, |reply| {
        reply.server = Principal::krbtgt("R.TEST", "R.TEST");
    });
    assert!(matches!(changed, Err(Error::MessageAltered(_))));
}

/// A reply to an earlier request.
#[test]
fn replies_cannot_be_replayed() {
    let mut kdc = Kdc { preauth: false, ..Kdc::new() };
    let mut recorded = Vec::new();
    run_through(parameters(), &mut kdc, |reply| recorded.clone_from(reply)).unwrap();
    let replayed = run_through(parameters(), &mut kdc, |reply| reply.clone_from(&recorded));
    assert!(matches!(replayed.unwrap_err(), Error::MessageAltered(_)));
}

fn info2(etype: i32, s2kparams: &[u8], salt: &[u8]) -> Vec<u8> {
    let entry = EtypeInfo { etype, salt: Some(salt), s2kparams: Some(s2kparams) };
    let list = EtypeInfo::encode_list2(&[entry]);
    let list = encode(&[(pa_type::ETYPE_INFO2, list), (pa_type::ENC_TIMESTAMP, vec![])]);
    krb_error(error_code::PREAUTH_REQUIRED, NOW, &list)
}

/// Parameters that make a key too cheap to guess or too dear to make.
#[test]
fn key_parameters_are_bounded() {
    for s2kparams in [
        &[0; 4][..],
        &[0, 0, 0, 1],
        &[0, 0, 0x0f, 0xff],
        &[0, 0x10, 0, 1],
        &[0xff; 4],
        &[],
        &[0, 0, 0x10],
        &[0, 0, 0, 0x10, 0],
    ] {
        for etype in [17, 18, 19, 20] {
            let mut kdc = Kdc::new();
            let reply = info2(etype, s2kparams, b"salt");
            kdc.instead = Box::new(move |instead| *instead = Some(reply.clone()));
            let refused = run(parameters(), &mut kdc).unwrap_err();
            assert!(matches!(refused, Error::InvalidToken(_)), "{s2kparams:?}: {refused:?}");
            assert_eq!(kdc.requests, 1);
        }
    }
    let mut kdc = Kdc::new();
    let reply = info2(18, &[0, 0, 0x10, 0], &[b'x'; 4097]);
    kdc.instead = Box::new(move |instead| *instead = Some(reply.clone()));
    assert!(matches!(run(parameters(), &mut kdc).unwrap_err(), Error::InvalidToken(_)));
}

/// All keys of one exchange together have one limit.
#[test]
fn a_kdc_cannot_demand_work_again_and_again() {
    let mut count = 0_u32;
    let result = run_through(parameters(), &mut Kdc::new(), |reply| {
        count += 1;
        // Half of what is accepted, with another salt each time, and begun anew in between.
        *reply = if count % 2 == 1 {
            info2(18, &[0, 8, 0, 0], &count.to_be_bytes())
        } else {
            krb_error(error_code::PREAUTH_EXPIRED, NOW, &[])
        };
    });
    assert!(result.is_err());
    assert!(count <= 5, "{count}");
}

/// Cheap random numbers for mutations.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }

    fn mutate(&mut self, message: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let at = self.below(message.len());
            match self.below(6) {
                0 => message.truncate(at),
                1 => message.insert(at, self.below(256) as u8),
                2 if !message.is_empty() => drop(message.remove(at)),
                3 => {
                    let end = (at + self.below(16)).min(message.len());
                    let copied = message[at..end].to_vec();
                    let to = self.below(message.len());
                    message.splice(to..to, copied);
                }
                _ if !message.is_empty() => message[at] ^= 1 << self.below(8),
                _ => message.push(0),
            }
        }
    }
}

fn believed(issued: &Result<Issued>, name_may_change: bool) {
    if let Ok(issued) = issued {
        let credentials = &issued.credentials;
        assert_eq!(credentials.server.to_text(), "krbtgt/R.TEST@R.TEST");
        assert_eq!(credentials.client.realm, b"R.TEST");
        assert!(name_may_change || credentials.client.to_text() == "alice@R.TEST");
        assert_eq!(credentials.key.enctype(), Enctype::Aes256Sha1);
        assert!(credentials.endtime <= NOW + 24 * 3600);
    }
}

/// Mutated replies, to each request in turn: refused, or without effect. Only a name that may
/// change and that no armor protects can be altered.
#[test]
fn mutated_replies_never_change_what_is_believed() {
    // A key, since passwords take their time.
    let key = Kdc::new().key(Enctype::Aes256Sha1);
    let mut dice = Dice(14);
    let mut good = 0;
    for round in 0..20_000 {
        let (mut of, armor) = match round % 4 {
            0 => {
                let (of, armor) = armored_parameters();
                (of, Some(armor))
            }
            _ => (parameters(), None),
        };
        of.options.canonicalize = round % 2 == 0;
        let name_may_change = of.options.canonicalize && armor.is_none();
        of.secret = ClientSecret::Keys(vec![(1, key.clone())]);
        let mut kdc = Kdc { armor, preauth: round % 3 > 0, ..Kdc::new() };
        kdc.known.replace(Some(key.clone()));
        let which = dice.below(2);
        let mut replies = 0;
        let issued = run_through(of, &mut kdc, |reply| {
            if replies == which {
                dice.mutate(reply);
            }
            replies += 1;
            assert!(replies <= 16);
        });
        good += u32::from(issued.is_ok());
        believed(&issued, name_may_change);
    }
    // Some mutations do no harm, most do.
    assert!((100..15_000).contains(&good), "{good}");
}
