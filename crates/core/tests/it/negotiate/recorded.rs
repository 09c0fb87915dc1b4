//! Recorded exchanges between other implementations inside SPNEGO: the server's side is repeated,
//! with the same mechListMICs and the same messages after them.

use crate::support::caller::channel_bindings;
use crate::support::exchanges::{Exchange, exchanges};
use crate::support::ntlm::*;
use negossp_core::negotiate::token::{FirstToken, MechTypeList, NegTokenResp};
use negossp_core::ntlm::{Acceptor, Challenged, Session, Side};
use negossp_core::types::protection::{Part, Qop};

/// The client's list, and the context that the exchange led to.
fn establish(exchange: &Exchange) -> (MechTypeList<'_>, Established) {
    let FirstToken::Negotiate(init) = FirstToken::read(&exchange.tokens[0].bytes).unwrap() else {
        panic!("no SPNEGO")
    };
    let response_token =
        |i: usize| NegTokenResp::decode(&exchange.tokens[i].bytes).unwrap().response_token.unwrap();
    let mut server = Party::alice();
    server.identity = Some(identity(&exchange.user, &exchange.domain, &exchange.password));
    server.bindings = exchange.bindings.as_deref().map(channel_bindings);
    let challenged =
        Challenged::new(init.mech_token.unwrap(), response_token(1), server.now).unwrap();
    let step = server.accept(&Acceptor::ExpectAuthenticate(challenged), response_token(2));
    (
        init.mech_types.unwrap(),
        done(step.unwrap_or_else(|error| panic!("{}: {error}", exchange.name))).0,
    )
}

#[test]
fn mech_list_mics_are_the_same() {
    let mut seen = 0;
    for exchange in exchanges("spnego-") {
        let (list, mut server) = establish(&exchange);
        if let Some(key) = &exchange.key {
            assert_eq!(server.session.session_key(), &key[..], "{}", exchange.name);
        }
        let mic = |i: usize| NegTokenResp::decode(&exchange.tokens[i].bytes).unwrap().mech_list_mic;
        // A client that puts a MIC into AUTHENTICATE_MESSAGE sends a mechListMIC with it.
        if server.wants_mech_list_mic {
            assert!(mic(2).is_some(), "{}", exchange.name);
        }
        if let Some(mic) = mic(2) {
            server
                .session
                .verify_mech_list_mic(list.der(), mic)
                .unwrap_or_else(|error| panic!("{}: {error}", exchange.name));
        }
        if exchange.tokens.len() > 3 {
            let ours = server.session.make_mech_list_mic(list.der()).unwrap();
            assert_eq!(mic(3), Some(&ours[..]), "{}", exchange.name);
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen}");
}

#[test]
fn messages_are_the_same() {
    let mut seen = 0;
    for exchange in exchanges("spnego-") {
        let name = &exchange.name;
        let (list, server) = establish(&exchange);
        let mut server = server.session;
        let key: [u8; 16] = server.session_key().try_into().unwrap();
        let mut client = Session::new(server.flags(), &key, Side::Client);
        for token in &exchange.tokens[1..] {
            if let Some(mic) = NegTokenResp::decode(&token.bytes).unwrap().mech_list_mic {
                let (from, to) = if token.from_client {
                    (&mut client, &mut server)
                } else {
                    (&mut server, &mut client)
                };
                assert_eq!(from.make_mech_list_mic(list.der()).as_deref(), Ok(mic), "{name}");
                assert_eq!(to.verify_mech_list_mic(list.der(), mic), Ok(()), "{name}");
            }
        }
        for message in &exchange.messages {
            let (from, to) = if message.from_client {
                (&mut client, &mut server)
            } else {
                (&mut server, &mut client)
            };
            let (mut data, mut token) = (message.data.clone(), [0; 16]);
            match &message.sealed {
                None => {
                    assert_eq!(from.sign(&[&data], 0, &mut token), Ok(16), "{name}");
                    assert_eq!(to.verify(&[&data], 0, &token), Ok(()), "{name}");
                }
                Some(sealed) => {
                    let parts = &mut [Part { data: &mut data, seal: true }];
                    assert_eq!(from.seal(Qop::Encrypt, parts, 0, &mut token), Ok(16), "{name}");
                    assert_eq!(&data, sealed, "{name}");
                    let parts = &mut [Part { data: &mut data, seal: true }];
                    assert_eq!(to.unseal(parts, 0, &token), Ok(Qop::Encrypt), "{name}");
                }
            }
            assert_eq!(token, message.signature[..], "{name}");
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen}");
}
