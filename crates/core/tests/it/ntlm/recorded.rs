//! Recorded exchanges between other implementations: each must be accepted here too, with the same
//! key, and their messages must decrypt and verify.

use crate::support::caller::channel_bindings as bindings;
use crate::support::exchanges::{Exchange, exchanges};
use crate::support::ntlm::*;
use negossp_core::ntlm::{Acceptor, Challenged, Session, Side};
use negossp_core::types::error::{Denial, Error};
use negossp_core::types::flags::ContextFlags;
use negossp_core::types::protection::Part;

/// A server that has the account of the exchange's user.
fn server(exchange: &Exchange) -> Party {
    let mut party = Party::alice();
    party.identity = Some(identity(&exchange.user, &exchange.domain, &exchange.password));
    party.policy.responses = every_response();
    party.bindings = exchange.bindings.as_deref().map(bindings);
    party
}

/// Replaces the recorded acceptor for the last message.
fn accept(exchange: &Exchange, server: &Party, authenticate: &[u8]) -> Result<Established, Error> {
    let [negotiate, challenge, _] = &exchange.tokens[..] else {
        panic!("{}: not three tokens", exchange.name)
    };
    let challenged = Challenged::new(&negotiate.bytes, &challenge.bytes, server.now)?;
    server.accept(&Acceptor::ExpectAuthenticate(challenged), authenticate).map(|step| done(step).0)
}

#[test]
fn each_is_accepted_with_the_same_key() {
    for exchange in exchanges("ntlm-") {
        let established = accept(&exchange, &server(&exchange), &exchange.tokens[2].bytes)
            .unwrap_or_else(|error| panic!("{}: {error}", exchange.name));
        if let Some(key) = &exchange.key {
            assert_eq!(established.session.session_key(), &key[..], "{}", exchange.name);
        }
        assert_eq!(established.client.user, exchange.user, "{}", exchange.name);
    }
}

#[test]
fn each_is_answered_with_a_challenge() {
    for exchange in exchanges("ntlm-") {
        let step = server(&exchange).accept(&Acceptor::new(), &exchange.tokens[0].bytes);
        going_on(step.unwrap_or_else(|error| panic!("{}: {error}", exchange.name)));
    }
}

#[test]
fn none_is_accepted_with_another_password() {
    for exchange in exchanges("ntlm-") {
        let mut server = server(&exchange);
        server.identity = Some(identity(&exchange.user, &exchange.domain, "another"));
        let refused =
            accept(&exchange, &server, &exchange.tokens[2].bytes).expect_err(&exchange.name);
        assert_eq!(refused, Error::LogonDenied(Denial::WrongPassword), "{}", exchange.name);
    }
}

#[test]
fn channel_bindings_are_the_same_everywhere() {
    for exchange in exchanges("ntlm-bindings") {
        let mut server = server(&exchange);
        server.bindings = Some(bindings(b"tls-server-end-point:another channel"));
        let refused =
            accept(&exchange, &server, &exchange.tokens[2].bytes).expect_err(&exchange.name);
        assert!(matches!(refused, Error::BadBindings(_)), "{}: {refused}", exchange.name);
    }
}

#[test]
fn each_message_is_made_alike() {
    for exchange in exchanges("ntlm-").into_iter().filter(|exchange| !exchange.messages.is_empty())
    {
        let established =
            accept(&exchange, &server(&exchange), &exchange.tokens[2].bytes).expect("accepted");
        let server = established.session;
        let key: [u8; 16] = server.session_key().try_into().unwrap();
        let client = Session::new(server.flags(), &key, Side::Client);
        let (mut from_client, mut from_server) =
            (Ends::new(client.clone(), server.clone()), Ends::new(server, client));
        // Without extended session security both directions share one key stream, so there is one
        // pair of contexts only.
        let shared = !from_client
            .sender
            .flags()
            .contains(negossp_core::ntlm::flags::NegotiateFlags::EXTENDED_SESSIONSECURITY);
        for message in &exchange.messages {
            let ends =
                if message.from_client || shared { &mut from_client } else { &mut from_server };
            ends.check(message, &exchange.name);
        }
        assert!(established.flags.contains(ContextFlags::INTEGRITY));
    }
}

struct Ends {
    sender: Session,
    receiver: Session,
}

impl Ends {
    fn new(sender: Session, receiver: Session) -> Ends {
        Ends { sender, receiver }
    }

    fn check(&mut self, message: &crate::support::exchanges::Message, name: &str) {
        let mut token = [0; 16];
        match &message.sealed {
            None => {
                assert_eq!(self.sender.sign(&[&message.data], 0, &mut token), Ok(16));
                assert_eq!(token, message.signature[..], "{name}");
                assert_eq!(self.receiver.verify(&[&message.data], 0, &token), Ok(()), "{name}");
            }
            Some(sealed) => {
                let mut data = message.data.clone();
                let mut parts = [Part { data: &mut data, seal: true }];
                assert_eq!(
                    self.sender.seal(
                        negossp_core::types::protection::Qop::Encrypt,
                        &mut parts,
                        0,
                        &mut token
                    ),
                    Ok(16)
                );
                assert_eq!((&token[..], &data), (&message.signature[..], sealed), "{name}");
                let mut parts = [Part { data: &mut data, seal: true }];
                self.receiver
                    .unseal(&mut parts, 0, &token)
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(data, message.data, "{name}");
            }
        }
    }
}
