//! SPNEGO over Kerberos and NTLM: which mechanism is chosen, and when a mechListMIC is required
//! (RFC 4178 4, 5; [MS-SPNG] 3.1.5.2).

use crate::support::kerberos::{Forge, USUAL, gss};
use crate::support::{configured, own_name};
use negossp::kerberos::CredentialKeys;
use negossp::kerberos::crypto::{Enctype, key_usage};
use negossp::kerberos::gss_checksum::GssFlags;
use negossp::kerberos::gss_token::Token;
use negossp::kerberos::message::{ApRep, EncApRepPart};
use negossp::kerberos::session::{Session, Setup, Side};
use negossp::mechanism::Mechanism;
use negossp::mechanism::{KRB5_OID, MS_KRB5_OID};
use negossp::negotiate::token::{NegState, NegTokenInit, NegTokenResp};
use negossp::negotiate::{AcceptCall, Acceptor, Established, InitiateCall, MechInitiator, Step};
use negossp::ntlm::Account;
use negossp::platform;
use negossp::platform::random::SystemRandom;
use negossp::types::error::{Denial, Error, Failure};
use negossp::types::identity::Identity;
use negossp::types::protection::Part;
use zeroize::Zeroizing;

const NTLM: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10];

fn list(oids: &[&[u8]]) -> Vec<u8> {
    let contents: Vec<u8> =
        oids.iter().flat_map(|oid| [&[6, oid.len() as u8][..], oid].concat()).collect();
    [&[0x30, contents.len() as u8][..], &contents].concat()
}

type Server = crate::support::kerberos::Server;

fn accept(server: &Server, acceptor: &Acceptor, token: &[u8]) -> Result<Step<Acceptor>, Failure> {
    let call = server.call();
    let config = &*server.config();
    acceptor.step(
        token,
        &AcceptCall {
            config,
            requirements: call.requirements,
            bindings: call.bindings,
            address: call.address,
            now: call.now,
        },
    )
}

#[track_caller]
fn done(step: Result<Step<Acceptor>, Failure>) -> (Box<Established>, Vec<u8>) {
    match step.expect("accepted") {
        Step::Done { established, token, .. } => (established, token.expect("a token")),
        Step::Continue { .. } => panic!("goes on"),
    }
}

#[track_caller]
fn goes_on(step: Result<Step<Acceptor>, Failure>) -> (Acceptor, Vec<u8>) {
    match step.expect("accepted") {
        Step::Continue { next, token, .. } => (next, token),
        Step::Done { .. } => panic!("done"),
    }
}

/// The client's context once it has read the AP-REP.
fn client(forge: &Forge, ap_rep: &[u8]) -> Session {
    let reply = ApRep::decode(Token::read(ap_rep).unwrap().body).unwrap();
    let mut cipher = reply.enc_part.cipher.to_vec();
    let part =
        EncApRepPart::decode(forge.session_key.decrypt(key_usage::AP_REP, &mut cipher).unwrap())
            .unwrap();
    Session::new(Setup {
        side: Side::Initiator,
        key: part.subkey.unwrap().key().unwrap(),
        acceptor_subkey: true,
        send_sequence: forge.seq_number.unwrap(),
        receive_sequence: part.seq_number.unwrap(),
        flags: negossp::types::flags::ContextFlags::SEQUENCE_DETECT
            | negossp::types::flags::ContextFlags::REPLAY_DETECT,
        dce_style: false,
        random: &SystemRandom,
    })
}

fn talk(client: &mut Session, server: &mut Established) {
    let mut token = vec![0; 256];
    let mut data = b"hello".to_vec();
    let length = client
        .seal(
            negossp::types::protection::Qop::Encrypt,
            &mut [Part { data: &mut data, seal: true }],
            0,
            &mut token,
        )
        .unwrap();
    server
        .session
        .unseal(&mut [Part { data: &mut data, seal: true }], 0, &token[..length])
        .unwrap();
    assert_eq!(data, b"hello");
    let length = server.session.sign(&[b"there"], 0, &mut token).unwrap();
    client.verify(&[b"there"], 0, &token[..length]).unwrap();
}

fn response(token: &[u8], mic: Option<&[u8]>) -> Vec<u8> {
    NegTokenResp { response_token: Some(token), mech_list_mic: mic, ..NegTokenResp::default() }
        .encode()
}

#[test]
fn the_preferred_mechanism_needs_one_leg_and_is_called_as_the_client_calls_it() {
    for (offered, answer) in [
        (&[KRB5_OID][..], KRB5_OID),
        (&[KRB5_OID, NTLM], KRB5_OID),
        (&[MS_KRB5_OID, KRB5_OID, NTLM], MS_KRB5_OID),
        (&[KRB5_OID, MS_KRB5_OID], KRB5_OID),
    ] {
        let forge = Forge::new(Enctype::Aes256Sha1);
        let server = forge.server();
        let (mut established, token) = done(accept(
            &server,
            &Acceptor::new(),
            &NegTokenInit::encode(&list(offered), &forge.token()),
        ));
        let resp = NegTokenResp::decode(&token).unwrap();
        assert_eq!(
            (resp.neg_state, resp.supported_mech),
            (Some(NegState::AcceptCompleted), Some(answer))
        );
        assert_eq!(resp.mech_list_mic, None);
        talk(&mut client(&forge, resp.response_token.unwrap()), &mut established);
    }
}

#[test]
fn one_way_authentication_has_no_token_of_the_mechanism() {
    let forge = Forge { cksum: gss(USUAL - GssFlags::MUTUAL), ..Forge::new(Enctype::Aes256Sha1) };
    let (_, token) = done(accept(
        &forge.server(),
        &Acceptor::new(),
        &NegTokenInit::encode(&list(&[KRB5_OID]), &forge.token()),
    ));
    let resp = NegTokenResp::decode(&token).unwrap();
    assert_eq!((resp.neg_state, resp.response_token), (Some(NegState::AcceptCompleted), None));
}

#[test]
fn kerberos_is_taken_wherever_it_is_offered_and_the_list_is_then_proven() {
    let mech_types = list(&[NTLM, MS_KRB5_OID]);
    let forge = Forge::new(Enctype::Aes256Sha1);
    let server = forge.server();
    let wrong = NegTokenInit::encode(&mech_types, b"NTLMSSP\0\x01\0\0\0");
    let (acceptor, token) = goes_on(accept(&server, &Acceptor::new(), &wrong));
    let resp = NegTokenResp::decode(&token).unwrap();
    assert_eq!(
        (resp.neg_state, resp.supported_mech),
        (Some(NegState::RequestMic), Some(MS_KRB5_OID))
    );
    assert_eq!(resp.response_token, None);
    // The client can sign only once it has the AP-REP.
    let (acceptor, token) = goes_on(accept(&server, &acceptor, &response(&forge.token(), None)));
    let resp = NegTokenResp::decode(&token).unwrap();
    let mut client = client(&forge, resp.response_token.unwrap());
    client.verify_mech_list_mic(&mech_types, resp.mech_list_mic.unwrap()).unwrap();
    let only_mic =
        |mic: &[u8]| NegTokenResp { mech_list_mic: Some(mic), ..NegTokenResp::default() }.encode();
    // One over a shortened list, and none.
    let shorter = client.clone().make_mech_list_mic(&list(&[MS_KRB5_OID])).unwrap();
    for wrong in [only_mic(&shorter), only_mic(b""), NegTokenResp::default().encode()] {
        let refused = accept(&server, &acceptor, &wrong).err().unwrap().error;
        assert_eq!(refused, Error::LogonDenied(Denial::Mic));
    }
    let mic = client.make_mech_list_mic(&mech_types).unwrap();
    let (mut established, token) = done(accept(&server, &acceptor, &only_mic(&mic)));
    assert_eq!(NegTokenResp::decode(&token).unwrap().neg_state, Some(NegState::AcceptCompleted));
    talk(&mut client, &mut established);
}

fn identity() -> Identity {
    Identity {
        user: "alice".into(),
        domain: "EXAMPLE".into(),
        password: Zeroizing::new("Passw0rd!".into()),
    }
}

/// A server that has alice's account and no keytab.
fn without_key() -> Server {
    let mut server = Forge::new(Enctype::Aes256Sha1).server();
    server.credential.service.keys = CredentialKeys::None;
    server.credential.accounts = vec![Account::from_identity(&identity())];
    server
}

#[test]
fn without_a_key_the_same_negotiation_goes_on_with_ntlm() {
    let mech_types = list(&[MS_KRB5_OID, KRB5_OID, NTLM]);
    let mut server = without_key();
    let optimistic = NegTokenInit::encode(&mech_types, &Forge::new(Enctype::Aes256Sha1).token());
    let (acceptor, token) = goes_on(accept(&server, &Acceptor::new(), &optimistic));
    let resp = NegTokenResp::decode(&token).unwrap();
    // Safe, because the client has to prove that its list was not shortened.
    assert_eq!((resp.neg_state, resp.supported_mech), (Some(NegState::RequestMic), Some(NTLM)));
    assert_eq!(resp.response_token, None);
    let client = server_as_client();
    let configuration = configured(client.settings.clone());
    let call = InitiateCall {
        config: &client.credential.initiator_config(&configuration),
        requirements: negossp::types::flags::ContextFlags::INTEGRITY,
        target: &own_name(&configuration),
        bindings: None,
        now: platform::now(),
    };
    let Step::Continue { next, token, .. } =
        MechInitiator::new(Mechanism::Ntlm).step(None, &call).unwrap()
    else {
        panic!()
    };
    let (acceptor, token) = goes_on(accept(&server, &acceptor, &response(&token, None)));
    let challenge = NegTokenResp::decode(&token).unwrap().response_token.unwrap().to_vec();
    let Step::Done { mut established, token, .. } = next.step(Some(&challenge), &call).unwrap()
    else {
        panic!()
    };
    let token = token.unwrap();
    let mic = established.session.make_mech_list_mic(&mech_types).unwrap();
    let (accepted, last) = done(accept(&server, &acceptor, &response(&token, Some(&mic))));
    assert_eq!((accepted.mechanism, accepted.client.user.as_str()), (Mechanism::Ntlm, "alice"));
    let theirs = NegTokenResp::decode(&last).unwrap();
    established.session.verify_mech_list_mic(&mech_types, theirs.mech_list_mic.unwrap()).unwrap();

    // Kerberos alone, without a key for it: the server does not send an NTLM challenge.
    server.credential.mechanisms = vec![Mechanism::Kerberos];
    for token in [
        optimistic,
        NegTokenInit::encode(&list(&[NTLM]), b"NTLMSSP\0\x01\0\0\0"),
        b"NTLMSSP\0\x01\0\0\0".to_vec(),
        vec![],
    ] {
        assert!(accept(&server, &Acceptor::new(), &token).is_err());
    }
}

fn server_as_client() -> Server {
    let mut client = without_key();
    client.credential.identity = Some(identity());
    client.credential.usage = negossp::server::credential::Usage { inbound: false, outbound: true };
    client.credential.accounts.clear();
    client
}

#[test]
fn a_server_of_kerberos_alone_never_challenges() {
    let forge = Forge::new(Enctype::Aes256Sha1);
    let mut server = forge.server();
    let negotiate: &[u8] = b"NTLMSSP\0\x01\0\0\0\x07\x82\x08\xa2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    for by_credential in [true, false] {
        server = forge.server();
        if by_credential {
            server.credential.mechanisms = vec![Mechanism::Kerberos];
        } else {
            server.settings.negotiate.mechanisms = vec![Mechanism::Kerberos];
        }
        for token in [NegTokenInit::encode(&list(&[NTLM]), negotiate), negotiate.to_vec()] {
            let failure = accept(&server, &Acceptor::new(), &token).err().unwrap();
            assert!(matches!(failure.error, Error::NothingInCommon(_)));
        }
        let hint = goes_on(accept(&server, &Acceptor::new(), b"")).1;
        assert!(!hint.windows(NTLM.len()).any(|window| window == NTLM));
        let (established, _) = done(
            accept(&server, &Acceptor::new(), &NegTokenInit::encode(&list(&[NTLM, KRB5_OID]), b""))
                .and_then(|step| {
                    let Step::Continue { next, .. } = step else { panic!() };
                    let forged = Forge { cksum: gss(USUAL - GssFlags::INTEG), ..forge.clone() };
                    accept(&server, &next, &response(&forged.token(), None))
                }),
        );
        assert_eq!(established.mechanism, Mechanism::Kerberos);
    }
    // And a server with NTLM alone does not accept a ticket.
    server.credential.mechanisms = vec![Mechanism::Ntlm];
    assert!(accept(&server, &Acceptor::new(), &forge.token()).is_err());
    assert!(accept(&server, &Acceptor::new(), &forge.ap_req()).is_err());
    assert!(
        accept(
            &server,
            &Acceptor::new(),
            &NegTokenInit::encode(&list(&[KRB5_OID]), &forge.token())
        )
        .is_err()
    );
}

#[test]
fn tokens_without_spnego() {
    let forge = Forge::new(Enctype::Aes256Sha1);
    for token in [forge.token(), forge.ap_req()] {
        let (_, token) = done(accept(&forge.server(), &Acceptor::new(), &token));
        assert!(Token::read(&token).is_ok());
        assert!(NegTokenResp::decode(&token).is_err());
    }
}

#[test]
fn a_replay_is_one_in_another_negotiation_too() {
    let forge = Forge::new(Enctype::Aes256Sha1);
    let token = forge.token();
    done(accept(
        &forge.server(),
        &Acceptor::new(),
        &NegTokenInit::encode(&list(&[KRB5_OID]), &token),
    ));
    for again in [NegTokenInit::encode(&list(&[MS_KRB5_OID, NTLM]), &token), token] {
        let refused = accept(&forge.server(), &Acceptor::new(), &again).err().unwrap().error;
        assert!(matches!(refused, Error::LogonDenied(_)), "{refused:?}");
    }
}
