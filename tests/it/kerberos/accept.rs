//! The acceptor against valid and invalid requests made with the service's own key: RFC 4120 3.2.3,
//! RFC 4121 4.1, RFC 4537, [MS-KILE] 3.4.

use crate::support::kerberos::{Cksum, Forge, REALM, SERVICE, USUAL, framed, gss, key};
use negossp::kerberos::Addresses;
use negossp::kerberos::Principal;
use negossp::kerberos::ccache::{self, CredentialCache};
use negossp::kerberos::crypto::{Enctype, Key, key_usage};
use negossp::kerberos::gss_checksum::GssFlags;
use negossp::kerberos::gss_token::{Oid, Token, TokenId};
use negossp::kerberos::keytab::{Entry, Keytab};
use negossp::kerberos::message::authorization_data::ad_type;
use negossp::kerberos::message::{
    ApOptions, ApRep, ApReq, EncApRepPart, EncKrbCredPart, EncryptedData, EncryptionKey, EtypeList,
    HostAddress, HostAddresses, KrbCred, KrbCredInfo, KrbError, PrincipalName, TgtReply,
    TgtRequest, Ticket, TicketFlags, Unprotected, error_code, name_type,
};
use negossp::kerberos::{Acceptor, CredentialKeys, Delegated, Delegation, ServiceName};
use negossp::mechanism::{Mechanism, Step};
use negossp::persist::{Persist, Reader, Writer};
use negossp::platform;
use negossp::platform::random::SystemRandom;
use negossp::server::Configuration;
use negossp::types::address::Address;
use negossp::types::channel_bindings::ChannelBindings;
use negossp::types::channel_bindings::Strictness;
use negossp::types::error::{Denial, Error};
use negossp::types::flags::ContextFlags;
use negossp::types::time::FileTime;
use std::sync::Arc;
use std::time::Duration;

const AES: Enctype = Enctype::Aes256Sha1;

fn denied(result: Result<impl Sized, Error>) -> &'static str {
    match result.err() {
        Some(Error::LogonDenied(Denial::Ticket(why))) => why,
        other => panic!("not refused by Kerberos: {other:?}"),
    }
}

/// The content of the AP-REP in `token`.
fn reply(token: &[u8], session_key: &Key) -> (i64, u32, Option<Key>, Option<u32>) {
    let token = Token::read(token).unwrap();
    assert_eq!(token.id, TokenId::ApRep);
    let message = ApRep::decode(token.body).unwrap();
    assert_eq!(message.enc_part.etype, session_key.enctype().number());
    let mut cipher = message.enc_part.cipher.to_vec();
    let plain = session_key.decrypt(key_usage::AP_REP, &mut cipher).unwrap();
    let part = EncApRepPart::decode(plain).unwrap();
    (part.ctime, part.cusec, part.subkey.map(|subkey| subkey.key().unwrap()), part.seq_number)
}

#[test]
fn a_good_request_is_accepted_with_every_pair_of_encryption_types() {
    for ticket in Enctype::ALL {
        for session in Enctype::ALL {
            let forge = Forge {
                session_key: key(session),
                subkey: Some(key(session)),
                ..Forge::new(ticket)
            };
            let now = platform::now();
            let (established, token) = forge.server().accept(&framed(&forge.at(now))).unwrap();
            assert_eq!(established.client.display_name(), "alice@EXAMPLE.TEST");
            assert_eq!(established.client.native_name(), "alice@EXAMPLE.TEST");
            assert_eq!(established.client_target.as_deref(), Some("HTTP/server.example.test"));
            assert_eq!(established.mechanism, Mechanism::Kerberos);
            assert!(!established.wants_mech_list_mic);
            let (ctime, cusec, subkey, sequence) = reply(&token.unwrap(), &forge.session_key);
            assert_eq!((ctime, cusec), (now.unix_seconds(), 123_456));
            assert!(sequence.is_some());
            // RFC 4121's messages get a sub-key of the acceptor's; the older ones cannot state
            // whose key they use.
            let older = matches!(session, Enctype::Rc4Hmac | Enctype::Des3Sha1);
            assert_eq!(subkey.is_none(), older, "{session:?}");
            let in_effect = subkey.as_ref().or(forge.subkey.as_ref()).unwrap();
            assert_eq!(in_effect.enctype(), session);
            assert_eq!(established.session.session.session_key(), in_effect.bytes());
        }
    }
}

#[test]
fn the_context_ends_with_its_ticket() {
    let forge = Forge { endtime: 1000, ..Forge::new(AES) };
    let mut server = forge.server();
    let now = platform::now();
    server.now = Some(now);
    let expiry = server.accept(&framed(&forge.at(now))).unwrap().0.expiry;
    let end = FileTime::from_unix_seconds(now.unix_seconds() + 1000)
        .plus(server.settings.kerberos.max_clock_skew);
    assert_eq!(expiry, end);
    server.settings.negotiate.context_lifetime = Some(Duration::from_secs(10));
    assert_eq!(
        server.accept(&framed(&forge.at(now))).unwrap().0.expiry,
        now.plus(Duration::from_secs(10))
    );
}

#[test]
fn flags_are_those_that_the_client_asks_for() {
    let rows = [
        (GssFlags::MUTUAL, ContextFlags::MUTUAL_AUTH),
        (GssFlags::REPLAY, ContextFlags::REPLAY_DETECT),
        (GssFlags::SEQUENCE, ContextFlags::SEQUENCE_DETECT),
        (GssFlags::CONF, ContextFlags::CONFIDENTIALITY),
        (GssFlags::INTEG, ContextFlags::INTEGRITY),
        (GssFlags::IDENTIFY, ContextFlags::IDENTIFY),
        (GssFlags::empty(), ContextFlags::empty()),
    ];
    for (asked, granted) in rows {
        let forge = Forge { cksum: gss(asked), ..Forge::new(AES) };
        let mut server = forge.server();
        let own = ContextFlags::CONNECTION | ContextFlags::IDENTIFY;
        server.requirements = ContextFlags::all() - own - ContextFlags::EXTENDED_ERROR;
        let (established, token) = server.accept(&forge.token()).unwrap();
        assert_eq!(established.flags, granted);
        assert_eq!(token.is_some(), asked.contains(GssFlags::MUTUAL));
    }
    // What the server may do with it is its own to say.
    let forge = Forge { cksum: gss(GssFlags::empty()), ..Forge::new(AES) };
    let mut server = forge.server();
    server.requirements = ContextFlags::CONNECTION | ContextFlags::IDENTIFY;
    assert_eq!(server.accept(&forge.token()).unwrap().0.flags, server.requirements);
}

#[test]
fn without_mutual_authentication_both_sides_count_from_the_clients_number_with_its_key() {
    for enctype in [AES, Enctype::Rc4Hmac] {
        let forge = Forge { cksum: gss(USUAL - GssFlags::MUTUAL), ..Forge::new(enctype) };
        let (established, token) = forge.server().accept(&forge.token()).unwrap();
        assert_eq!(token, None);
        assert_eq!(
            established.session.session.session_key(),
            forge.subkey.as_ref().unwrap().bytes()
        );
        let forge = Forge { subkey: None, ..forge };
        let (established, _) = forge.server().accept(&forge.token()).unwrap();
        assert_eq!(established.session.session.session_key(), forge.session_key.bytes());
    }
}

#[test]
fn the_answer_is_framed_as_the_request_was() {
    for oid in [None, Some(Oid::Krb5), Some(Oid::MsKrb5)] {
        let forge = Forge::new(AES);
        let body = forge.ap_req();
        let request = Token { oid, id: TokenId::ApReq, body: &body }.write();
        let (_, token) = forge.server().accept(&request).unwrap();
        assert_eq!(Token::read(&token.unwrap()).unwrap().oid, oid);
    }
}

#[test]
fn the_client_may_choose_the_type_of_the_sub_key() {
    let offer = |etypes: &[i32]| vec![(ad_type::ETYPE_NEGOTIATION, EtypeList::encode(etypes))];
    let chosen = |forge: &Forge| {
        let (established, token) = forge.server().accept(&forge.token()).unwrap();
        let subkey = reply(&token.unwrap(), &forge.session_key).2;
        if let Some(subkey) = &subkey {
            assert_eq!(established.session.session.session_key(), subkey.bytes());
        }
        subkey.map(|subkey| subkey.enctype())
    };
    // Of two lists the first that has a supported one.
    let lists = [offer(&[99]), offer(&[17]), offer(&[18])].concat();
    let forge = Forge { authenticator_data: lists, ..Forge::new(AES) };
    assert_eq!(chosen(&forge), Some(Enctype::Aes128Sha1));
    // RFC 4537 3: the first one that is supported.
    let mut forge = Forge { authenticator_data: offer(&[99, 20, 18]), ..Forge::new(AES) };
    assert_eq!(chosen(&forge), Some(Enctype::Aes256Sha384));
    // From RC4 to RFC 4121's messages.
    forge = Forge { authenticator_data: offer(&[17, 23]), ..Forge::new(Enctype::Rc4Hmac) };
    assert_eq!(chosen(&forge), Some(Enctype::Aes128Sha1));
    // Never the reverse.
    forge = Forge { authenticator_data: offer(&[23]), ..Forge::new(AES) };
    assert_eq!(chosen(&forge), Some(AES));
    forge = Forge { authenticator_data: offer(&[]), ..Forge::new(Enctype::Rc4Hmac) };
    assert_eq!(chosen(&forge), None);
}

#[test]
fn names_and_realms_of_ticket_and_authenticator_must_be_one() {
    let good = Forge::new(AES);
    for forge in [
        Forge { other_client: Some(vec!["bob".into()]), ..good.clone() },
        Forge { other_client: Some(vec!["alice".into(), "admin".into()]), ..good.clone() },
        Forge {
            other_client: Some(vec!["alice/admin".into()]),
            client: vec!["alice".into(), "admin".into()],
            ..good.clone()
        },
        Forge { other_realm: Some("EXAMPLE.TESt".into()), ..good.clone() },
    ] {
        assert_eq!(
            denied(forge.server().accept(&forge.token())),
            "ticket and authenticator name different clients"
        );
    }
}

#[test]
fn all_components_of_the_client_are_kept() {
    let named = |client: &[&str], realm: &str| {
        let client = client.iter().map(|part| (*part).into()).collect();
        let forge = Forge { client, realm: realm.into(), ..Forge::new(AES) };
        forge.server().accept(&forge.token()).unwrap().0.client
    };
    assert_eq!(
        named(&["alice", "admin"], "EXAMPLE.TEST").display_name(),
        "alice/admin@EXAMPLE.TEST"
    );
    assert_eq!(
        named(&["alice/admin"], "EXAMPLE.TEST").display_name(),
        "alice\\/admin@EXAMPLE.TEST"
    );
    assert_eq!(
        named(&["alice@OTHER"], "EXAMPLE.TEST").display_name(),
        "alice\\@OTHER@EXAMPLE.TEST"
    );
    assert_eq!(named(&["jörg"], "OTHER.TEST").display_name(), "jörg@OTHER.TEST");
}

#[test]
fn clocks_and_times() {
    const SKEW: i64 = 300;
    let now = FileTime::from_unix_seconds(platform::now().unix_seconds());
    let verdict = |forge: &Forge| {
        let mut server = forge.server();
        server.now = Some(now);
        server.accept(&framed(&forge.at(now)))
    };
    let good = Forge::new(AES);
    for ctime in [0, SKEW, -SKEW] {
        assert!(verdict(&Forge { ctime, ..good.clone() }).is_ok(), "{ctime}");
    }
    for ctime in [SKEW + 1, -SKEW - 1, 86400, -86400] {
        assert!(denied(verdict(&Forge { ctime, ..good.clone() })).contains("clocks"), "{ctime}");
    }
    assert!(verdict(&Forge { starttime: Some(SKEW), ..good.clone() }).is_ok());
    assert!(
        denied(verdict(&Forge { starttime: Some(SKEW + 1), ..good.clone() }))
            .contains("not valid yet")
    );
    assert!(verdict(&Forge { starttime: None, authtime: SKEW, ..good.clone() }).is_ok());
    assert!(
        denied(verdict(&Forge { starttime: None, authtime: SKEW + 1, ..good.clone() }))
            .contains("not valid yet")
    );
    assert!(verdict(&Forge { endtime: -SKEW, ..good.clone() }).is_ok());
    assert!(denied(verdict(&Forge { endtime: -SKEW - 1, ..good.clone() })).contains("expired"));
    assert!(
        denied(verdict(&Forge { ticket_flags: TicketFlags::INVALID, ..good.clone() }))
            .contains("postdated")
    );
    assert!(verdict(&Forge { ticket_flags: TicketFlags::POSTDATED, ..good.clone() }).is_ok());
    // Another tolerance.
    let mut server = good.server();
    server.now = Some(now);
    server.settings.kerberos.max_clock_skew = Duration::from_secs(10);
    assert!(server.accept(&framed(&Forge { ctime: 10, ..good.clone() }.at(now))).is_ok());
    denied(server.accept(&framed(&Forge { ctime: 11, ..good }.at(now))));
}

#[test]
fn a_request_can_be_made_once_only() {
    let forge = Forge::new(AES);
    let token = forge.token();
    assert!(forge.server().accept(&token).is_ok());
    // Another context, another credential.
    for _ in 0..3 {
        let refused = forge.server().accept(&token).map(|_| ());
        assert!(matches!(refused, Err(Error::LogonDenied(_))), "{refused:?}");
    }
    // The same authenticator in another request.
    let Token { body, .. } = Token::read(&token).unwrap();
    let request = ApReq::decode(body).unwrap();
    let other = ApReq { ap_options: ApOptions::empty(), ..request }.encode();
    assert!(forge.server().accept(&framed(&other)).is_err());
    // Another authenticator for the same ticket.
    assert!(forge.server().accept(&forge.token()).is_ok());
}

#[test]
fn a_step_that_could_not_be_handed_out_can_be_repeated() {
    let forge = Forge::new(AES);
    let (server, token) = (forge.server(), forge.token());
    let Ok(Step::Done { claim, .. }) = server.step(&Acceptor::new(), &token) else { panic!() };
    server.config().kerberos.replay.release(claim.unwrap());
    assert!(server.accept(&token).is_ok());
    assert!(server.accept(&token).is_err());
}

#[test]
fn keys() {
    let good = Forge::new(AES);
    let server = good.server();
    let token = |forge: Forge| forge.token();
    // The key is found whatever service name and version the ticket states.
    assert!(server.accept(&token(Forge { kvno: None, ..good.clone() })).is_ok());
    assert!(server.accept(&token(Forge { kvno: Some(7), ..good.clone() })).is_ok());
    assert!(
        server
            .accept(&token(Forge { service: vec!["host".into(), "x".into()], ..good.clone() }))
            .is_ok()
    );
    assert!(
        denied(server.accept(&token(Forge { service_key: key(AES), ..good.clone() })))
            .contains("no key opens")
    );
    assert!(
        denied(server.accept(&token(Forge { service_key: key(Enctype::Rc4Hmac), ..good.clone() })))
            .contains("no key of")
    );
    // A session key other than the ticket's.
    let mut stolen = good.clone();
    stolen.session_key = key(AES);
    let (theirs, ours) = (stolen.ap_req(), good.ap_req());
    let (theirs, ours) = (ApReq::decode(&theirs).unwrap(), ApReq::decode(&ours).unwrap());
    let mixed = ApReq { authenticator: theirs.authenticator, ..ours }.encode();
    assert!(denied(server.accept(&framed(&mixed))).contains("session key does not open"));
}

#[test]
fn encryption_types_that_policy_forbids() {
    let enctypes = |server: &mut crate::support::kerberos::Server| {
        server.settings.kerberos.enctypes.retain(|&enctype| enctype == AES)
    };
    for forge in [
        Forge { session_key: key(Enctype::Rc4Hmac), ..Forge::new(AES) },
        Forge { subkey: Some(key(Enctype::Aes128Sha1)), ..Forge::new(AES) },
        Forge { session_key: key(AES), subkey: None, ..Forge::new(Enctype::Rc4Hmac) },
    ] {
        let mut server = forge.server();
        assert!(server.accept(&forge.token()).is_ok());
        enctypes(&mut server);
        assert!(denied(server.accept(&forge.token())).contains("not allowed"));
    }
}

/// RFC 4120 2.7: servers reject tickets that came through realms that no KDC has checked. A PAC is
/// handled separately.
#[test]
fn realms_on_the_way_must_have_been_checked() {
    let mut forge = Forge { realm: "TRUSTED.EXAMPLE".into(), ..Forge::new(AES) };
    assert!(forge.server().accept(&forge.token()).is_ok());
    forge.transited = b"MIDDLE.EXAMPLE".to_vec();
    assert!(denied(forge.server().accept(&forge.token())).contains("realms"));
    forge.ticket_flags = TicketFlags::TRANSITED_POLICY_CHECKED;
    assert!(forge.server().accept(&forge.token()).is_ok());
}

#[test]
fn checksums_other_than_gss_api_s() {
    // None: no requirement.
    let forge = Forge { cksum: Cksum::None, ..Forge::new(AES) };
    let (established, token) = forge.server().accept(&forge.token()).unwrap();
    assert_eq!((established.flags, token), (ContextFlags::empty(), None));
    // A valid one over no data, as Samba's clients send it.
    for enctype in Enctype::ALL {
        let mut forge = Forge::new(enctype);
        // With the session key, whether or not there is a sub-key, as MIT's acceptor verifies it.
        let session_key = forge.session_key.clone();
        let checksum = session_key.checksum(key_usage::AP_REQ_CHECKSUM, &[]).unwrap();
        forge.cksum = Cksum::Other(checksum.checksum_type(), checksum.bytes().to_vec());
        let (established, token) = forge.server().accept(&forge.token()).unwrap();
        let flags =
            ContextFlags::MUTUAL_AUTH | ContextFlags::REPLAY_DETECT | ContextFlags::SEQUENCE_DETECT;
        assert_eq!(established.flags, flags);
        assert!(token.is_some());
        // Over some data: it was made for another protocol.
        let other = session_key.checksum(key_usage::AP_REQ_CHECKSUM, &[b"PA-DATA"]).unwrap();
        let subkeys =
            forge.subkey.as_ref().unwrap().checksum(key_usage::AP_REQ_CHECKSUM, &[]).unwrap();
        for wrong in [other, subkeys] {
            forge.cksum = Cksum::Other(wrong.checksum_type(), wrong.bytes().to_vec());
            assert!(denied(forge.server().accept(&forge.token())).contains("checksum"));
        }
    }
    // Not a checksum, and not GSS-API's field.
    for bytes in [vec![], vec![0; 23], [&[15, 0, 0, 0][..], &[0; 20]].concat()] {
        let forge = Forge { cksum: Cksum::Other(0x8003, bytes), ..Forge::new(AES) };
        assert!(matches!(forge.server().accept(&forge.token()), Err(Error::InvalidToken(_))));
    }
}

#[test]
fn channel_bindings() {
    let bindings = |byte: u8| ChannelBindings::of_channel([byte; 16]);
    let client = |byte: u8| Forge {
        cksum: Cksum::Gss { flags: USUAL, bindings: [byte; 16], credential: None },
        ..Forge::new(AES)
    };
    let verdict = |forge: &Forge, ours: Option<u8>, requirements, strictness| {
        let mut server = forge.server();
        server.bindings = ours.map(bindings);
        server.requirements = requirements;
        server.settings.kerberos.channel_bindings = strictness;
        server.accept(&forge.token()).map(|_| ())
    };
    let (when_sent, none) = (Strictness::WhenSent, ContextFlags::empty());
    let lenient = ContextFlags::ALLOW_MISSING_BINDINGS;
    let bad = |result: Result<(), Error>| {
        assert!(matches!(result, Err(Error::BadBindings(_))), "{result:?}")
    };
    assert_eq!(verdict(&client(7), Some(7), none, when_sent), Ok(()));
    bad(verdict(&client(7), Some(8), none, when_sent));
    bad(verdict(&client(7), Some(8), lenient, when_sent));
    assert_eq!(verdict(&client(7), None, none, when_sent), Ok(()));
    bad(verdict(&client(0), Some(7), none, when_sent));
    assert_eq!(verdict(&client(0), Some(7), lenient, when_sent), Ok(()));
    assert_eq!(verdict(&client(7), Some(8), none, Strictness::Off), Ok(()));
    bad(verdict(&client(7), None, none, Strictness::Require));
    bad(verdict(&client(0), Some(7), lenient, Strictness::Require));
    // A client that supports bindings omits them only where its channel differs from ours.
    let knows =
        Forge { authenticator_data: vec![(ad_type::AP_OPTIONS, vec![0, 0x40, 0, 0])], ..client(0) };
    bad(verdict(&knows, Some(7), lenient, when_sent));
    assert_eq!(verdict(&knows, None, lenient, when_sent), Ok(()));
    let other =
        Forge { authenticator_data: vec![(ad_type::AP_OPTIONS, vec![0, 0x80, 0, 0])], ..client(0) };
    assert_eq!(verdict(&other, Some(7), lenient, when_sent), Ok(()));
}

#[test]
fn tickets_for_certain_addresses() {
    let caddr = HostAddresses::encode(&[HostAddress { addr_type: 2, address: &[192, 0, 2, 1] }]);
    let forge = Forge { caddr: Some(caddr), ..Forge::new(AES) };
    let verdict = |from: Option<[u8; 4]>, policy| {
        let mut server = forge.server();
        server.address = from.map(Address::V4);
        server.settings.kerberos.addresses = policy;
        server.accept(&forge.token()).map(|_| ())
    };
    for policy in [Addresses::WhenKnown, Addresses::Require] {
        assert_eq!(verdict(Some([192, 0, 2, 1]), policy), Ok(()));
        assert!(denied(verdict(Some([192, 0, 2, 2]), policy)).contains("addresses"));
    }
    assert_eq!(verdict(None, Addresses::WhenKnown), Ok(()));
    denied(verdict(None, Addresses::Require));
    assert_eq!(verdict(Some([192, 0, 2, 2]), Addresses::Ignore), Ok(()));
}

#[test]
fn dce_style_has_a_third_leg() {
    for enctype in Enctype::ALL {
        let forge = Forge { cksum: gss(USUAL | GssFlags::DCE_STYLE), ..Forge::new(enctype) };
        let server = forge.server();
        let Step::Continue { next, token, .. } =
            server.step(&Acceptor::new(), &forge.ap_req()).unwrap()
        else {
            panic!("no third leg")
        };
        let (.., subkey, sequence) = reply(&token, &forge.session_key);
        let answer = |key: &Key, seq_number| {
            let part = EncApRepPart { ctime: 0, cusec: 0, subkey: None, seq_number };
            let cipher = key.encrypt(key_usage::AP_REP, &part.encode(), &SystemRandom).unwrap();
            ApRep {
                enc_part: EncryptedData {
                    etype: key.enctype().number(),
                    kvno: None,
                    cipher: &cipher,
                },
            }
            .encode()
        };
        let right = answer(&forge.session_key, sequence);
        for wrong in [
            answer(&forge.session_key, sequence.map(|number| number ^ 1)),
            answer(&forge.session_key, None),
            answer(&key(enctype), sequence),
        ] {
            assert!(
                denied(server.step(&next, &wrong).map_err(|failure| failure.error))
                    .contains("third leg")
            );
        }
        for end in 0..right.len() {
            assert!(server.step(&next, &right[..end]).is_err());
        }
        assert!(server.step(&next, &forge.ap_req()).is_err(), "not the leg that is due");
        assert!(server.step(&next, &token).is_err(), "our own second leg");
        let Step::Done { established, token, .. } = server.step(&next, &right).unwrap() else {
            panic!("a fourth leg")
        };
        assert_eq!(token, None);
        assert!(
            established.flags.contains(ContextFlags::USE_DCE_STYLE | ContextFlags::MUTUAL_AUTH)
        );
        assert_eq!(established.session.session.session_key(), subkey.unwrap().bytes());
    }
}

#[test]
fn anonymous_is_accepted_only_where_the_caller_says_so() {
    let client = vec!["WELLKNOWN".into(), "ANONYMOUS".into()];
    let forge = Forge {
        client,
        client_type: name_type::WELLKNOWN,
        realm: "WELLKNOWN:ANONYMOUS".into(),
        ..Forge::new(AES)
    };
    let mut server = forge.server();
    assert!(matches!(server.accept(&forge.token()), Err(Error::LogonDenied(Denial::Anonymous))));
    // The type of a name is a hint, and a client need not send its name.
    let other_type = Forge { client_type: name_type::PRINCIPAL, ..forge.clone() };
    let unnamed = Forge {
        ticket_flags: TicketFlags::ANONYMOUS,
        ..Forge { service_key: forge.service_key.clone(), ..Forge::new(AES) }
    };
    for forge in [other_type, unnamed] {
        assert!(matches!(
            server.accept(&forge.token()),
            Err(Error::LogonDenied(Denial::Anonymous))
        ));
    }
    server.requirements = ContextFlags::ALLOW_NULL_SESSION;
    let established = server.accept(&forge.token()).unwrap().0;
    assert!(established.client.anonymous && established.flags.contains(ContextFlags::NULL_SESSION));
}

#[test]
fn the_peer_is_sent_the_reason_only_if_the_caller_wants_it() {
    let good = Forge::new(AES);
    let replayed = good.token();
    good.server().accept(&replayed).unwrap();
    let cases = [
        (Forge { ctime: 900, ..good.clone() }.token(), error_code::SKEW),
        (Forge { service_key: key(AES), ..good.clone() }.token(), error_code::MODIFIED),
        (Forge { service_key: key(Enctype::Rc4Hmac), ..good.clone() }.token(), error_code::NOKEY),
        (Forge { endtime: -900, ..good.clone() }.token(), error_code::TKT_EXPIRED),
        (Forge { starttime: Some(900), ..good.clone() }.token(), error_code::TKT_NYV),
        (Forge { other_realm: Some("X".into()), ..good.clone() }.token(), error_code::BADMATCH),
        (replayed, error_code::REPEAT),
    ];
    for (token, code) in cases {
        let mut server = good.server();
        assert_eq!(server.step(&Acceptor::new(), &token).err().unwrap().token, None);
        server.requirements = ContextFlags::EXTENDED_ERROR;
        let told = server.step(&Acceptor::new(), &token).err().unwrap().token.unwrap();
        let told = Token::read(&told).unwrap();
        assert_eq!((told.oid, told.id), (Some(Oid::Krb5), TokenId::Error));
        let error = KrbError::decode(told.body).unwrap();
        assert_eq!(error.error_code, code);
        assert_eq!(
            (error.realm, error.sname.to_spn().unwrap().as_str()),
            (&b"EXAMPLE.TEST"[..], "HTTP/server.example.test")
        );
        assert!(error.stime.abs_diff(platform::now().unix_seconds()) <= 2);
    }
}

#[test]
fn no_byte_of_a_request_can_be_changed_or_left_out() {
    let forge = Forge { cksum: gss(USUAL), ..Forge::new(Enctype::Aes128Sha1) };
    let server = forge.server();
    let body = forge.ap_req();
    let request = ApReq::decode(&body).unwrap();
    let offset = |part: &[u8]| part.as_ptr() as usize - body.as_ptr() as usize;
    // Names and options outside the ticket's encrypted part, and its key version, are unprotected
    // hints.
    let sealed = [request.ticket.enc_part.cipher, request.authenticator.cipher];
    for part in sealed {
        for at in offset(part)..offset(part) + part.len() {
            let mut changed = body.clone();
            changed[at] ^= 1;
            assert!(server.accept(&framed(&changed)).is_err(), "byte {at}");
        }
    }
    for end in 0..body.len() {
        assert!(server.accept(&framed(&body[..end])).is_err(), "{end} bytes");
    }
    for at in 0..body.len() {
        for bit in 0..8 {
            let mut changed = body.clone();
            changed[at] ^= 1 << bit;
            let _ = server.accept(&changed);
        }
    }
}

/// A file with the service's ticket-granting ticket, as `kinit -k` writes it.
struct Cache {
    path: std::path::PathBuf,
}

impl Cache {
    fn new(name: &str, session_key: &Key, endtime: i64) -> Cache {
        let path = std::env::temp_dir().join(format!("negossp-{}-{name}", std::process::id()));
        let name = |components: &[&str]| Principal {
            name_type: name_type::PRINCIPAL,
            realm: REALM.into(),
            components: components.iter().map(|part| part.as_bytes().to_vec()).collect(),
        };
        let krbtgt = PrincipalName::encode_components(&["krbtgt", REALM]);
        let ticket = Ticket {
            realm: Unprotected::new(REALM.as_bytes()),
            sname: Unprotected::new(PrincipalName::new(name_type::SRV_INST, &krbtgt).unwrap()),
            enc_part: EncryptedData { etype: 18, kvno: Some(1), cipher: b"for the KDC alone" },
        }
        .encode();
        let now = platform::now().unix_seconds();
        let tgt = ccache::Credential {
            client: name(&SERVICE),
            server: name(&["krbtgt", REALM]),
            key: EncryptionKey::of(session_key),
            authtime: now as u32,
            starttime: 0,
            endtime: (now + endtime) as u32,
            renew_till: 0,
            is_skey: false,
            ticket_flags: TicketFlags::empty(),
            addresses: Vec::new(),
            authdata: Vec::new(),
            ticket: &ticket,
            second_ticket: &[],
        };
        let cache = CredentialCache { default_principal: name(&SERVICE), credentials: vec![tgt] };
        std::fs::write(&path, cache.encode().unwrap()).unwrap();
        Cache { path }
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[test]
fn user_to_user_is_for_the_service_that_the_caller_means() {
    let tgt_key = key(AES);
    let forge = Forge {
        service_key: tgt_key.clone(),
        ap_options: ApOptions::USE_SESSION_KEY,
        kvno: None,
        ..Forge::new(AES)
    };
    let cache = Cache::new("service-tgt", &tgt_key, 3600);
    let mut server = forge.server();
    server.settings.kerberos_files.tgt_ccache = Some(cache.path.clone());
    let own_keys = std::mem::replace(&mut server.credential.service.keys, CredentialKeys::None);
    let name = |text| ServiceName::parse(text).unwrap();
    let other = |result: Result<_, Error>| {
        assert!(denied(result.map(|_| ())).contains("another service's"))
    };
    assert!(server.accept(&forge.token()).is_ok());
    for (restriction, fits) in
        [("HTTP/server.example.test", true), ("HTTP/other.example.test", false)]
    {
        server.credential.service.name = Some(name(restriction));
        match fits {
            true => assert!(server.accept(&forge.token()).is_ok()),
            false => other(server.accept(&forge.token())),
        }
        server.credential.service.name = None;
        server.settings.kerberos.principals = vec![name(restriction)];
        match fits {
            true => assert!(server.accept(&forge.token()).is_ok()),
            false => other(server.accept(&forge.token())),
        }
        server.settings.kerberos.principals.clear();
    }
    // A client that means another service of the host; the server's ticket is no account's.
    server.settings.kerberos.principals = vec![name("HTTP/server.example.test")];
    let target: Vec<u8> =
        "cifs/server.example.test".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let authenticator_data = vec![(ad_type::CLIENT_TARGET, target)];
    let relayed = Forge { authenticator_data, ..forge.clone() };
    assert!(matches!(server.accept(&relayed.token()), Err(Error::WrongTarget(_))));
    server.settings.kerberos.principals.clear();
    // The service's own keys determine its name.
    server.credential.service.keys = own_keys;
    other(server.accept(&forge.token()));
}

/// An attacker can change the name and the realm beside the ticket, but not the key that decrypts
/// it, nor what the client has encrypted.
#[test]
fn the_service_is_the_one_whose_key_it_is() {
    let told = |forge: &Forge, server: &crate::support::kerberos::Server| {
        let established = server.accept(&forge.token()).unwrap().0;
        (established.server_name, established.client_target)
    };
    let mut forge = Forge {
        service: vec!["HTTP".into(), "admin".into()],
        service_realm: "OTHER".into(),
        ..Forge::new(AES)
    };
    let server = forge.server();
    let own = (
        "HTTP/server.example.test@EXAMPLE.TEST".to_owned(),
        Some("HTTP/server.example.test".to_owned()),
    );
    assert_eq!(told(&forge, &server), own);
    // The services of one account share a key, which does not tell them apart.
    let entry = |name: &[&str]| {
        let components = name.iter().map(|part| part.to_string()).collect();
        Entry::new(REALM.into(), components, 1, 3, 0, forge.service_key.clone())
    };
    let with_keys = |keys| crate::support::kerberos::Server::with_keytab(Keytab::of_entries(keys));
    let account = with_keys(vec![entry(&["WEB1$"])]);
    assert_eq!(told(&forge, &account), ("WEB1$@EXAMPLE.TEST".into(), None));
    let several = with_keys(vec![entry(&["HTTP", "web1"]), entry(&["host", "web1"])]);
    let (name, target) = told(&forge, &several);
    assert!(name.ends_with("/web1@EXAMPLE.TEST") && target.is_none(), "{name} {target:?}");
    let target: Vec<u8> =
        "HTTP/alias@EXAMPLE.TEST".encode_utf16().flat_map(u16::to_le_bytes).collect();
    forge.authenticator_data = vec![(ad_type::CLIENT_TARGET, target)];
    for server in [&account, &server, &several] {
        assert_eq!(told(&forge, server).1.as_deref(), Some("HTTP/alias@EXAMPLE.TEST"));
    }
    // Whatever stands there.
    forge = Forge {
        service: vec!["HTTP".into(), "admin\0.example.test".into()],
        authenticator_data: Vec::new(),
        ..forge
    };
    assert_eq!(told(&forge, &account), ("WEB1$@EXAMPLE.TEST".into(), None));
}

/// SPNEGO offers Kerberos without a key to a client that begins so.
#[test]
fn a_ticket_of_the_server_s_own_is_enough_for_user_to_user() {
    let tgt_key = key(AES);
    let forge = |ap_options| Forge {
        service_key: tgt_key.clone(),
        ap_options,
        kvno: None,
        ..Forge::new(AES)
    };
    let request = TgtRequest { server_name: None, realm: Some(REALM.as_bytes()) }.encode();
    let request =
        Token { oid: Some(Oid::UserToUser), id: TokenId::TgtRequest, body: &request }.write();
    let mut server = Forge::new(AES).server();
    server.credential.service.keys = CredentialKeys::None;
    let session_key = forge(ApOptions::USE_SESSION_KEY).token();
    let usual = forge(ApOptions::MUTUAL_REQUIRED).token();
    let tokens = [Some(&*request), Some(&*session_key), Some(&*usual), Some(&usual[..20]), None];
    let can_accept = |server: &crate::support::kerberos::Server| {
        tokens.map(|token| negossp::kerberos::can_accept(token, &server.call()))
    };
    assert_eq!(can_accept(&server), [false; 5]);
    let cache = Cache::new("spnego-tgt", &tgt_key, 3600);
    server.settings.kerberos_files.tgt_ccache = Some(cache.path.clone());
    assert_eq!(can_accept(&server), [true, true, false, false, false]);
    let other = ServiceName::parse("HTTP/other.example.test").unwrap();
    server.settings.kerberos.principals = vec![other];
    assert_eq!(can_accept(&server), [false; 5]);
}

#[test]
fn user_to_user() {
    let tgt_key = key(AES);
    let forge = Forge {
        service_key: tgt_key.clone(),
        ap_options: ApOptions::USE_SESSION_KEY | ApOptions::MUTUAL_REQUIRED,
        kvno: None,
        ..Forge::new(AES)
    };
    let mut server = Forge::new(AES).server();
    server.credential.service.keys = CredentialKeys::None;
    let long_term = Forge::new(AES);
    let path = std::env::temp_dir().join(format!("negossp-{}-u2u.keytab", std::process::id()));
    let entry = Entry::new(
        REALM.into(),
        SERVICE.map(Into::into).to_vec(),
        1,
        3,
        0,
        long_term.service_key.clone(),
    );
    std::fs::write(&path, crate::support::kerberos::keytab_file(&[entry])).unwrap();
    server.settings.kerberos_files.keytab = Some(path.clone());
    server.requirements = ContextFlags::EXTENDED_ERROR;
    let request = TgtRequest { server_name: None, realm: Some(REALM.as_bytes()) }.encode();
    let request =
        Token { oid: Some(Oid::UserToUser), id: TokenId::TgtRequest, body: &request }.write();
    let refused = |server: &crate::support::kerberos::Server, token: &[u8]| {
        let failure = server.step(&Acceptor::new(), token).err().unwrap();
        assert!(matches!(failure.error, Error::LogonDenied(_)));
        KrbError::decode(Token::read(&failure.token.unwrap()).unwrap().body).unwrap().error_code
    };
    // Not possible for a server without a ticket of its own.
    assert_eq!(refused(&server, &request), error_code::NO_TGT);
    assert_eq!(refused(&server, &forge.token()), error_code::NO_TGT);
    let old = Cache::new("old-tgt", &tgt_key, -1);
    server.settings.kerberos_files.tgt_ccache = Some(old.path.clone());
    assert_eq!(refused(&server, &request), error_code::NO_TGT);

    let cache = Cache::new("tgt", &tgt_key, 3600);
    server.settings.kerberos_files.tgt_ccache = Some(cache.path.clone());
    let Step::Continue { next, token, .. } = server.step(&Acceptor::new(), &request).unwrap()
    else {
        panic!("no ticket")
    };
    let token = Token::read(&token).unwrap();
    assert_eq!((token.oid, token.id), (Some(Oid::UserToUser), TokenId::TgtReply));
    assert_eq!(TgtReply::decode(token.body).unwrap().ticket.enc_part.cipher, b"for the KDC alone");
    // The client's ticket stays valid if ours is renewed meanwhile.
    let renewed = Cache::new("renewed-tgt", &key(AES), 3600);
    server.settings.kerberos_files.tgt_ccache = Some(renewed.path.clone());
    let Step::Done { established, token, .. } = server.step(&next, &forge.token()).unwrap() else {
        panic!("another leg")
    };
    assert!(established.flags.contains(ContextFlags::USE_SESSION_KEY | ContextFlags::MUTUAL_AUTH));
    assert!(token.is_some());
    // The server is the client of its ticket-granting ticket, whatever stands beside the ticket.
    assert_eq!(
        (established.server_name.as_str(), established.client_target),
        ("HTTP/server.example.test@EXAMPLE.TEST", None)
    );
    let rewritten =
        Forge { service: vec!["admin".into()], service_realm: "OTHER".into(), ..forge.clone() };
    let Step::Done { established, .. } = server.step(&next, &rewritten.token()).unwrap() else {
        panic!("another leg")
    };
    assert_eq!(established.server_name, "HTTP/server.example.test@EXAMPLE.TEST");
    // A ticket under the long-term key is not accepted for user-to-user, nor the reverse.
    assert_eq!(refused(&server, &forge.token()), error_code::MODIFIED);
    server.settings.kerberos_files.tgt_ccache = Some(cache.path.clone());
    assert!(server.accept(&forge.token()).is_ok());
    let long_term = Forge { ap_options: ApOptions::MUTUAL_REQUIRED, ..forge.clone() };
    assert_eq!(refused(&server, &long_term.token()), error_code::MODIFIED);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn forwarded_credentials() {
    let names = PrincipalName::encode_components(&["alice"]);
    let krbtgt = PrincipalName::encode_components(&["krbtgt", REALM]);
    let ticket = Ticket {
        realm: Unprotected::new(REALM.as_bytes()),
        sname: Unprotected::new(PrincipalName::new(name_type::SRV_INST, &krbtgt).unwrap()),
        enc_part: EncryptedData { etype: 18, kvno: Some(1), cipher: b"for the KDC alone" },
    }
    .encode();
    let ticket_key = key(AES);
    let info = KrbCredInfo {
        key: EncryptionKey::of(&ticket_key),
        prealm: Some(REALM.as_bytes()),
        pname: Some(PrincipalName::new(name_type::PRINCIPAL, &names).unwrap()),
        flags: Some(TicketFlags::FORWARDED),
        authtime: None,
        starttime: None,
        endtime: Some(platform::now().unix_seconds() + 3600),
        renew_till: None,
        srealm: Some(REALM.as_bytes()),
        sname: Some(PrincipalName::new(name_type::SRV_INST, &krbtgt).unwrap()),
        caddr: None,
    };
    let part = EncKrbCredPart::encode(&[info], platform::now().unix_seconds(), 0);
    let good = Forge::new(AES);
    let subkey = good.subkey.clone().unwrap();
    let sealed = |key: Option<&Key>| {
        let cipher = key.map_or(part.to_vec(), |key| {
            key.encrypt(key_usage::KRB_CRED, &part, &SystemRandom).unwrap()
        });
        let etype = key.map_or(0, |key| key.enctype().number());
        let credential =
            KrbCred::encode(&[&ticket], &EncryptedData { etype, kvno: None, cipher: &cipher });
        Forge {
            cksum: Cksum::Gss { flags: USUAL, bindings: [0; 16], credential: Some(credential) },
            ..good.clone()
        }
    };
    let mut server = good.server();
    let accept = |server: &crate::support::kerberos::Server, key| {
        server.accept(&sealed(key).token()).map(|(established, _)| established)
    };
    for key in [Some(&good.session_key), Some(&subkey), None] {
        server.requirements = ContextFlags::DELEGATE;
        let established = accept(&server, key).unwrap();
        assert!(established.flags.contains(ContextFlags::DELEGATE));
        let delegated = established.session.delegated.unwrap();
        let bytes = delegated.ccache(None).unwrap();
        // They are exported with the context.
        let mut packed = Writer::new();
        delegated.pack(&mut packed).unwrap();
        let there = Delegated::unpack(&mut Reader::new(&packed.finish(), &SystemRandom)).unwrap();
        assert_eq!(there.ccache(None).unwrap(), bytes);
        let cache = CredentialCache::parse(&bytes).unwrap();
        assert_eq!(cache.default_principal.to_text(), "alice@EXAMPLE.TEST");
        let tgt = cache.ticket_granting_ticket().unwrap();
        assert_eq!((tgt.ticket, tgt.key.keyvalue), (&ticket[..], ticket_key.bytes()));
        // Only if the caller requires them and the configuration permits it.
        server.settings.kerberos.delegation = Delegation::Never;
        assert!(!accept(&server, key).unwrap().flags.contains(ContextFlags::DELEGATE));
        server.settings.kerberos.delegation = Delegation::Forwarded;
        server.requirements = ContextFlags::empty();
        assert!(accept(&server, key).unwrap().session.delegated.is_none());
    }
    server.requirements = ContextFlags::DELEGATE;
    assert!(denied(accept(&server, Some(&key(AES)))).contains("forwarded"));
    // Another client's.
    let forge = Forge { client: vec!["mallory".into()], ..sealed(None) };
    assert!(denied(server.accept(&forge.token())).contains("another client's"));
}

/// No number of right requests at the same time may refuse one.
#[test]
fn four_threads_accept_the_same_client() {
    let forge = Forge { cksum: gss(GssFlags::MUTUAL), ..Forge::new(AES) };
    let mut server = forge.server();
    server.configuration = Some(Arc::new(Configuration::open(server.settings.clone(), None)));
    let server = &server;
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..2000 {
                    server.accept(&forge.token()).expect("accepted");
                }
            });
        }
    });
}
