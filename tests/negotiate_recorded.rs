//! Exchanges between other implementations inside SPNEGO, recorded: the server's half done over again, with the
//! same mechListMICs as theirs.

mod exchanges;
mod ntlm_support;

use exchanges::{Exchange, exchanges};
use negossp::channel_bindings::ChannelBindings;
use negossp::mechanism::Established;
use negossp::negotiate::token::{FirstToken, MechTypeList, NegTokenResp};
use negossp::ntlm::{Acceptor, Challenged};
use ntlm_support::*;

/// The client's list, and the context that the exchange led to.
fn establish(exchange: &Exchange) -> (MechTypeList<'_>, Box<Established>) {
    let FirstToken::Negotiate(init) = FirstToken::read(&exchange.tokens[0].bytes).unwrap() else { panic!("no SPNEGO") };
    let response_token = |i: usize| NegTokenResp::decode(&exchange.tokens[i].bytes).unwrap().response_token.unwrap();
    let mut server = Party::alice();
    server.identity = Some(identity(&exchange.user, &exchange.domain, &exchange.password));
    server.bindings = exchange.bindings.as_deref().map(|data| {
        let words = [0, 0, 0, 0, 0, 0, data.len() as u32, 32].map(u32::to_ne_bytes).concat();
        ChannelBindings::from_sec_channel_bindings(&[&words, data].concat()).unwrap()
    });
    let challenged = Challenged::new(init.mech_token.unwrap(), response_token(1), server.now).unwrap();
    let step = server.accept(&Acceptor::ExpectAuthenticate(challenged), response_token(2));
    (init.mech_types.unwrap(), done(step.unwrap_or_else(|error| panic!("{}: {error}", exchange.name))).0)
}

#[test]
fn mech_list_mics_are_the_same() {
    let mut seen = 0;
    for exchange in exchanges("spnego-") {
        let (list, server) = establish(&exchange);
        if let Some(key) = &exchange.key {
            assert_eq!(server.session.session_key(), &key[..], "{}", exchange.name);
        }
        let mic = |i: usize| NegTokenResp::decode(&exchange.tokens[i].bytes).unwrap().mech_list_mic;
        // Who puts a MIC into AUTHENTICATE_MESSAGE sends a mechListMIC with it.
        if server.wants_mech_list_mic {
            assert!(mic(2).is_some(), "{}", exchange.name);
        }
        if let Some(mic) = mic(2) {
            server.session.verify_mech_list_mic(list.der(), mic).unwrap_or_else(|error| panic!("{}: {error}", exchange.name));
        }
        if exchange.tokens.len() > 3 {
            let ours = server.session.make_mech_list_mic(list.der()).unwrap();
            assert_eq!(mic(3), Some(&ours[..]), "{}", exchange.name);
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen}");
}
