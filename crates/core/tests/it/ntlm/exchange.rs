//! Whole exchanges between our initiator and our acceptor: what they negotiate.

use crate::support::ntlm::*;
use negossp_core::ntlm::flags::NegotiateFlags as F;
use negossp_core::ntlm::{Acceptor, Initiator};
use negossp_core::types::error::{Denial, Error};
use negossp_core::types::flags::ContextFlags as C;
use negossp_core::types::protection::{Part, Qop};
use negossp_core::types::time::FileTime;

#[test]
fn alice_gets_in() {
    let (client, server) = establish(&Party::alice(), &Party::alice()).expect("accepted");
    assert_eq!(client.session.session_key(), server.session.session_key());
    assert_eq!((&*server.client.user, &*server.client.domain), (USER, DOMAIN));
    assert_eq!(server.client_target.as_deref(), Some("HTTP/server.example.test"));
    assert_eq!(client.server_name, "SERVER");
    assert!(server.wants_mech_list_mic && client.wants_mech_list_mic);
    assert_eq!((client.flags, server.flags), (C::empty(), C::empty()));
    assert_eq!(server.expiry, FileTime::NEVER);
}

#[test]
fn names_are_compared_as_windows_does() {
    for (user, domain) in
        [("ALICE", DOMAIN), ("Alice", ""), ("EXAMPLE\\alice", ""), ("aLiCe", "elsewhere")]
    {
        let client = Party { identity: Some(identity(user, domain, PASSWORD)), ..Party::alice() };
        let (_, server) = establish(&client, &Party::alice())
            .unwrap_or_else(|error| panic!("{user} of {domain}: {error}"));
        assert_eq!(server.client.user, USER);
    }
    for user in ["jörg", "ÉTIENNE", "straße", "漢字", "σίσυφος", "𐐨"] {
        let both =
            Party { identity: Some(identity(user, "BÜRO", "pässwörd€")), ..Party::alice() };
        establish(&both, &both).unwrap_or_else(|error| panic!("{user}: {error}"));
    }
}

#[test]
fn a_wrong_password_and_an_unknown_name_are_denied() {
    let wrong = Party { identity: Some(identity(USER, DOMAIN, "wrong")), ..Party::alice() };
    assert_eq!(
        establish(&wrong, &Party::alice()).err(),
        Some(Error::LogonDenied(Denial::WrongPassword))
    );
    let unknown = Party { identity: Some(identity("bob", DOMAIN, PASSWORD)), ..Party::alice() };
    assert_eq!(
        establish(&unknown, &Party::alice()).err(),
        Some(Error::LogonDenied(Denial::UnknownUser))
    );
}

#[test]
fn what_the_client_requires_is_granted_to_both() {
    for (required, granted) in [
        (C::empty(), C::empty()),
        (C::INTEGRITY, SIGNED),
        (C::SEQUENCE_DETECT, SIGNED),
        (C::REPLAY_DETECT, SIGNED),
        (C::CONFIDENTIALITY, SIGNED | C::CONFIDENTIALITY),
        (C::IDENTIFY, C::IDENTIFY),
        (C::INTEGRITY | C::IDENTIFY, SIGNED | C::IDENTIFY),
    ] {
        let (client, server) =
            establish(&Party::requiring(required), &Party::alice()).expect("accepted");
        assert_eq!((client.flags, server.flags), (granted, granted), "{required:?}");
        assert_eq!(client.session.session_key(), server.session.session_key());
    }
}

#[test]
fn what_only_the_server_requires_is_absent() {
    let server = Party::requiring(
        C::CONFIDENTIALITY | C::INTEGRITY | C::CONNECTION | C::MUTUAL_AUTH | C::DELEGATE,
    );
    let (_, server) = establish(&Party::alice(), &server).expect("accepted");
    assert_eq!(server.flags, C::CONNECTION);
}

#[test]
fn messages_pass_both_ways_with_every_strength() {
    let everything = F::all() - F::SIGN;
    for ess in [F::empty(), F::EXTENDED_SESSIONSECURITY] {
        for lm_key in [F::empty(), F::LM_KEY] {
            for bits in [F::empty(), F::N56, F::N128, F::N56 | F::N128] {
                for exchange in [F::empty(), F::KEY_EXCH] {
                    for charset in [F::UNICODE, F::OEM, F::UNICODE | F::OEM] {
                        let off = F::EXTENDED_SESSIONSECURITY
                            | F::LM_KEY
                            | F::N56
                            | F::N128
                            | F::KEY_EXCH
                            | F::UNICODE
                            | F::OEM;
                        let keep =
                            (everything - off) | ess | lm_key | bits | exchange | charset | F::SIGN;
                        let parties = (Party::requiring(C::CONFIDENTIALITY), Party::alice());
                        let (mut client, mut server) = weaker(&parties.0, &parties.1, keep)
                            .unwrap_or_else(|error| panic!("{keep:?}: {error}"));
                        let session = &server.session;
                        assert_eq!(
                            session.flags() & off,
                            (keep & off)
                                - if charset == F::OEM { F::empty() } else { F::OEM }
                                - F::LM_KEY
                        );
                        both_ways(&mut client, &mut server);
                    }
                }
            }
        }
    }
}

#[test]
fn a_client_without_a_character_set_is_refused() {
    let refused = weaker(&Party::alice(), &Party::alice(), F::all() - F::UNICODE - F::OEM).err();
    assert!(matches!(refused, Some(Error::InvalidToken(_))), "{refused:?}");
}

#[test]
fn the_initiator_insists_on_what_its_caller_requires() {
    for (required, lost) in [
        (C::CONFIDENTIALITY, F::SEAL),
        (C::INTEGRITY, F::SIGN),
        (C::SEQUENCE_DETECT, F::SIGN),
        (C::REPLAY_DETECT, F::SIGN),
    ] {
        let refused = weaker(&Party::requiring(required), &Party::alice(), F::all() - lost).err();
        assert!(matches!(refused, Some(Error::Unsupported(_))), "{required:?}: {refused:?}");
    }
}

#[test]
fn an_initiator_without_an_identity_is_refused() {
    let client = Party { identity: None, ..Party::alice() };
    let refused = client.initiate(&Initiator::new(), None).err();
    assert!(matches!(refused, Some(Error::NoCredentials(_))), "{refused:?}");
}

#[test]
fn a_datagram_context_begins_with_the_challenge() {
    for requirements in [C::DATAGRAM | C::CONFIDENTIALITY, C::DATAGRAM | C::INTEGRITY, C::DATAGRAM]
    {
        let (client, server) = (Party::requiring(requirements), Party::requiring(C::DATAGRAM));
        let (initiator, token) =
            going_on(client.initiate(&Initiator::new(), None).expect("nothing to say"));
        assert!(token.is_empty());
        let (acceptor, challenge) =
            going_on(server.accept(&Acceptor::new(), &token).expect("a challenge"));
        let (mut from, authenticate) =
            done(client.initiate(&initiator, Some(&challenge)).expect("an answer"));
        let (mut to, _) = done(server.accept(&acceptor, &authenticate.unwrap()).expect("accepted"));
        assert_eq!(from.session.session_key(), to.session.session_key());
        assert!(from.flags.contains(C::DATAGRAM) && to.flags.contains(C::DATAGRAM));
        if requirements != C::DATAGRAM {
            datagrams(&mut from, &mut to);
        }
    }
}

#[test]
fn a_datagram_context_takes_negotiate_too() {
    let server = Party::requiring(C::DATAGRAM);
    let (_, negotiate) =
        going_on(Party::requiring(C::CONFIDENTIALITY).initiate(&Initiator::new(), None).unwrap());
    let (_, challenge) =
        going_on(server.accept(&Acceptor::new(), &negotiate).expect("a challenge"));
    let client = Party::requiring(C::DATAGRAM | C::CONFIDENTIALITY);
    // The datagram client may get the challenge in its first call.
    let (_, authenticate) =
        done(client.initiate(&Initiator::new(), Some(&challenge)).expect("an answer"));
    assert!(authenticate.is_some());
}

/// Datagrams may arrive in any order, each with the sequence number that the caller passes.
fn datagrams(from: &mut Established, to: &mut Established) {
    let mut messages: Vec<_> = [5u32, 0, 1, u32::MAX]
        .map(|number| {
            let (mut data, mut token) = (format!("datagram {number}").into_bytes(), [0; 16]);
            from.session
                .seal(Qop::Encrypt, &mut [Part { data: &mut data, seal: true }], number, &mut token)
                .expect("sealed");
            (number, data, token)
        })
        .into();
    messages.reverse();
    for (number, data, token) in &messages {
        let mut wrong = data.clone();
        let refused =
            to.session.unseal(&mut [Part { data: &mut wrong, seal: true }], number ^ 1, token);
        assert_eq!(refused, Err(Error::OutOfSequence));
        let mut data = data.clone();
        assert_eq!(
            to.session.unseal(&mut [Part { data: &mut data, seal: true }], *number, token),
            Ok(Qop::Encrypt)
        );
        assert_eq!(data, format!("datagram {number}").into_bytes());
    }
}

#[test]
fn only_a_datagram_context_may_begin_with_nothing() {
    let refused = Party::alice().accept(&Acceptor::new(), &[]).err();
    assert!(matches!(refused, Some(Error::InvalidToken(_))), "{refused:?}");
}

#[test]
fn a_step_can_be_repeated() {
    let exchange = exchange(&Party::alice(), &Party::alice()).expect("an answer");
    for _ in 0..2 {
        let step =
            Party::alice().accept(&exchange.acceptor, &exchange.authenticate).expect("accepted");
        assert!(matches!(step, Step::Done { .. }));
    }
}
