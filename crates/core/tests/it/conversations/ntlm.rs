//! NTLM's recorded exchanges with this crate as the acceptor, bare and inside SPNEGO; and exchanges
//! with both sides from this crate, whose tokens depend only on what is passed in.

use crate::support::caller::{acceptor_config, channel_bindings};
use crate::support::exchanges::{Exchange, exchanges};
use crate::support::ntlm::{NOW, every_response, identity};
use crate::support::random::Drawn;
use negossp_core::context::{Accepting, Acceptor, Call, Initiating};
use negossp_core::kerberos;
use negossp_core::mechanism::{Mechanism, Package, Step};
use negossp_core::negotiate::token::{FirstToken, NegTokenResp};
use negossp_core::negotiate::{AcceptorConfig, Established, InitiatorConfig, MechAcceptor};
use negossp_core::ntlm::message::authenticate::Authenticate;
use negossp_core::ntlm::message::challenge::Challenge;
use negossp_core::ntlm::message::client_challenge::ClientChallenge;
use negossp_core::ntlm::{self, Account, Challenged};
use negossp_core::types::channel_bindings::ChannelBindings;
use negossp_core::types::error::{Denial, Error, Failure};
use negossp_core::types::flags::ContextFlags as C;
use std::sync::Arc;

const ONLY_NTLM: Package = Package::Only(Mechanism::Ntlm);

/// The server that has the account of the exchange's user and uses these random numbers.
fn config(exchange: &Exchange, drawn: &'static Drawn) -> Arc<AcceptorConfig> {
    let user = identity(&exchange.user, &exchange.domain, &exchange.password);
    let mut config = acceptor_config(vec![Account::from_identity(&user)]);
    config.ntlm.policy.responses = every_response();
    config.ntlm.random = drawn;
    Arc::new(config)
}

fn call(bindings: Option<&ChannelBindings>) -> Call<'_> {
    Call { requirements: C::empty(), bindings, address: None, now: NOW }
}

/// NTLM's message in the exchange's token with this number.
fn message(exchange: &Exchange, number: usize) -> &[u8] {
    let token = &exchange.tokens[number].bytes[..];
    if token.starts_with(b"NTLMSSP\0") {
        return token;
    }
    match number {
        0 => match FirstToken::read(token).unwrap() {
            FirstToken::Negotiate(init) => init.mech_token.unwrap(),
            FirstToken::Raw(_) => panic!("{}: not SPNEGO's", exchange.name),
        },
        _ => NegTokenResp::decode(token).unwrap().response_token.unwrap(),
    }
}

fn server_challenge(message: &[u8]) -> [u8; 8] {
    Challenge::parse(message).unwrap().server_challenge
}

/// Whether AUTHENTICATE_MESSAGE proves the messages before it: bit 1 of MsvAvFlags.
fn has_mic(message: &[u8]) -> bool {
    let response = Authenticate::parse(message).unwrap().nt_response;
    response.len() > 24
        && ClientChallenge::parse(response).unwrap().av_pairs.flags().unwrap() & 2 != 0
}

fn done<S>(step: Step<S, Box<Established>>) -> (Box<Established>, Option<Vec<u8>>) {
    match step {
        Step::Done { established, token, .. } => (established, token),
        Step::Continue { .. } => panic!("not done"),
    }
}

fn goes_on<S>(step: Result<Step<S, Box<Established>>, Failure>) -> (S, Vec<u8>) {
    match step {
        Ok(Step::Continue { next, token, .. }) => (next, token),
        Ok(Step::Done { .. }) => panic!("done too early"),
        Err(failure) => panic!("{}", failure.error),
    }
}

fn is_as_recorded(established: &Established, exchange: &Exchange) {
    let name = &exchange.name;
    assert_eq!(established.mechanism, Mechanism::Ntlm, "{name}");
    assert_eq!(established.client.user, exchange.user, "{name}");
    if let Some(key) = &exchange.key {
        assert_eq!(established.session.session_key(), &key[..], "{name}");
    }
}

/// From the recorded CHALLENGE_MESSAGE on, which the MIC covers.
#[test]
fn each_is_accepted_after_its_challenge() {
    let mut proved = 0;
    for prefix in ["ntlm-", "spnego-"] {
        for exchange in exchanges(prefix) {
            let name = &exchange.name;
            let bindings = exchange.bindings.as_deref().map(channel_bindings);
            let [negotiate, challenge, authenticate] = [0, 1, 2].map(|n| message(&exchange, n));
            let challenged = Challenged::new(negotiate, challenge, NOW).unwrap();
            let acceptor = ntlm::Acceptor::ExpectAuthenticate(challenged);
            let server = Accepting {
                config: config(&exchange, Drawn::leak([])),
                acceptor: Acceptor::Only(MechAcceptor::Ntlm(acceptor)),
            };
            let step = server.step(authenticate, call(bindings.as_ref()));
            let step = step.unwrap_or_else(|failure| panic!("{name}: {}", failure.error));
            let (established, token) = done(step);
            assert_eq!(token, None, "{name}");
            is_as_recorded(&established, &exchange);
            proved += usize::from(has_mic(authenticate));
        }
    }
    assert!(proved > 10, "{proved}");
}

/// From the first token on, with the recorded server's challenge in a message of our own. The
/// recorded AUTHENTICATE_MESSAGE is valid for it, unless it has a MIC over the recorded message.
#[test]
fn each_is_answered_with_the_recorded_challenge() {
    let mut accepted = [0, 0];
    for (spnego, prefix) in [(false, "ntlm-"), (true, "spnego-")] {
        let package = if spnego { Package::Negotiate } else { ONLY_NTLM };
        for exchange in exchanges(prefix) {
            let name = &exchange.name;
            let bindings = exchange.bindings.as_deref().map(channel_bindings);
            let call = call(bindings.as_ref());
            let recorded = server_challenge(message(&exchange, 1));
            let drawn = Drawn::leak([recorded.to_vec()]);
            let mut config = config(&exchange, drawn);
            // Nor has the recorded client seen these names.
            let ntlm = &mut Arc::get_mut(&mut config).unwrap().ntlm;
            ntlm.policy.require_target_info = false;
            let server = Accepting::new(package, config);
            let (server, token) = goes_on(server.step(&exchange.tokens[0].bytes, call));
            assert_eq!(drawn.left(), 0, "{name}");
            let challenge = match spnego {
                true => NegTokenResp::decode(&token).unwrap().response_token.unwrap(),
                false => &token,
            };
            assert_eq!(server_challenge(challenge), recorded, "{name}");
            let result = server.step(&exchange.tokens[2].bytes, call);
            if has_mic(message(&exchange, 2)) {
                let refused = result.expect_err(name).error;
                assert_eq!(refused, Error::LogonDenied(Denial::Mic), "{name}");
                continue;
            }
            let step = result.unwrap_or_else(|failure| panic!("{name}: {}", failure.error));
            let (established, _) = done(step);
            is_as_recorded(&established, &exchange);
            accepted[usize::from(spnego)] += 1;
        }
    }
    assert!(accepted[0] > 5 && accepted[1] > 0, "{accepted:?}");
}

/// Both sides: the tokens and keys of a conversation whose random numbers are `numbers`, a server's
/// challenge, a client's challenge and a session key.
fn conversation(package: Package, numbers: &[&[u8]; 3]) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let alice = identity("alice", "EXAMPLE", "Passw0rd!");
    let mut config = acceptor_config(vec![Account::from_identity(&alice)]);
    let (servers, clients) = (
        Drawn::leak([numbers[0].to_vec()]),
        Drawn::leak([numbers[1].to_vec(), numbers[2].to_vec()]),
    );
    config.ntlm.random = servers;
    let client = InitiatorConfig {
        mechanisms: vec![Mechanism::Ntlm],
        max_token: config.max_token,
        kerberos: kerberos::InitiatorConfig::without_client(clients),
        ntlm: ntlm::InitiatorConfig {
            policy: ntlm::Policy::default(),
            workstation: "CLIENT".into(),
            machine_id: None,
            identity: Some(alice),
            sign: package == Package::Negotiate,
            context_lifetime: None,
            random: clients,
        },
    };
    let requirements = C::INTEGRITY | C::CONFIDENTIALITY;
    let call = Call { requirements, bindings: None, address: None, now: NOW };
    let target = "HTTP/server.example.test".to_owned();
    let mut client = Initiating::new(package, Arc::new(client), target);
    let mut server = Accepting::new(package, Arc::new(config));
    let (mut tokens, mut sessions) = (vec![], vec![]);
    let mut to_client: Option<Vec<u8>> = None;
    while sessions.len() < 2 {
        match client.step(to_client.as_deref(), call) {
            Ok(Step::Continue { next, token, .. }) => {
                client = next;
                tokens.push(token);
            }
            Ok(Step::Done { established, token, .. }) => {
                sessions.push(established.session);
                tokens.extend(token);
            }
            Err(failure) => panic!("the client: {}", failure.error),
        }
        if sessions.len() == 2 {
            break;
        }
        match server.step(tokens.last().unwrap(), call) {
            Ok(Step::Continue { next, token, .. }) => {
                server = next;
                to_client = Some(token.clone());
                tokens.push(token);
            }
            Ok(Step::Done { established, token, .. }) => {
                assert_eq!(established.client.user, "alice");
                sessions.push(established.session);
                to_client = token.clone();
                tokens.extend(token);
            }
            Err(failure) => panic!("the server: {}", failure.error),
        }
    }
    assert_eq!((servers.left(), clients.left()), (0, 0));
    let mut signature = [0; 16];
    let [from, to] = &mut sessions[..] else { unreachable!() };
    assert_eq!(from.sign(&[b"signed"], 0, &mut signature), Ok(16));
    assert_eq!(to.verify(&[b"signed"], 0, &signature), Ok(()));
    tokens.push(signature.to_vec());
    (tokens, sessions.iter().map(|session| session.session_key().to_vec()).collect())
}

/// Each step depends only on what is passed in.
#[test]
fn the_same_numbers_make_the_same_conversation() {
    let numbers: [&[u8]; 3] = [b"\x01\x23\x45\x67\x89\xab\xcd\xef", &[0xaa; 8], &[0x55; 16]];
    for package in [ONLY_NTLM, Package::Negotiate] {
        let (tokens, keys) = conversation(package, &numbers);
        // [MS-NLMP] 3.1.5.1.2: the exported session key is the one that the client generated.
        assert_eq!(keys, [numbers[2], numbers[2]]);
        assert_eq!(conversation(package, &numbers).0, tokens);
        for other in 0..3 {
            let mut changed = numbers;
            let number = vec![0x77; numbers[other].len()];
            changed[other] = &number;
            assert_ne!(conversation(package, &changed).0, tokens, "{other}");
        }
    }
}
