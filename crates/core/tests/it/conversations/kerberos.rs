//! The conversations of MIT krb5 and Heimdal, with this crate as the acceptor.

use crate::support::caller::{Keys, acceptor_config, channel_bindings};
use crate::support::kerberos_recorded::{
    Conversation, Opened, conversations, decrypt, hex, keytab,
};
use crate::support::random::Drawn;
use negossp_core::context::{Accepting, Call};
use negossp_core::kerberos;
use negossp_core::kerberos::crypto::{Enctype, Key, key_usage};
use negossp_core::kerberos::gss_token::{Token, TokenId};
use negossp_core::kerberos::message::*;
use negossp_core::mechanism::{Mechanism, Package, Step};
use negossp_core::negotiate::token::{NegState, NegTokenInit, NegTokenResp, mech_type_list};
use negossp_core::negotiate::{AcceptorConfig, Established};
use negossp_core::types::channel_bindings::ChannelBindings;
use negossp_core::types::error::{Denial, Error, Failure};
use negossp_core::types::flags::ContextFlags as C;
use negossp_core::types::time::FileTime;
use std::sync::Arc;
use std::time::Duration;

/// GSS-API's flags and ours.
const FLAGS: [(u32, C); 7] = [
    (1, C::DELEGATE),
    (2, C::MUTUAL_AUTH),
    (4, C::REPLAY_DETECT),
    (8, C::SEQUENCE_DETECT),
    (16, C::CONFIDENTIALITY),
    (32, C::INTEGRITY),
    (0x1000, C::USE_DCE_STYLE),
];

/// The bindings of the conversations that have any.
const CHANNEL: &[u8] = b"tls-server-end-point:0123456789abcdef";

/// A conversation, decrypted, and this crate's acceptor before its first token.
struct Replay {
    conversation: Conversation,
    opened: Opened,
    /// The recorded acceptor's sequence number, sub-key and, for encrypting both, a confounder.
    drawn: &'static Drawn,
    server: Accepting,
    bindings: Option<ChannelBindings>,
    now: FileTime,
}

impl Replay {
    fn new(conversation: Conversation, package: Package) -> Replay {
        let opened = Opened::new(&conversation);
        let now = Authenticator::decode(&opened.authenticator).unwrap().ctime;
        let reply = (!conversation.acceptor.is_empty())
            .then(|| EncApRepPart::decode(&opened.replies[0]).unwrap());
        let drawn = Drawn::leak(reply.into_iter().flat_map(|reply| {
            let confounder = vec![0; session_key(&opened).enctype().confounder_length()];
            let sequence = reply.seq_number.unwrap().to_be_bytes().to_vec();
            [sequence, reply.subkey.unwrap().key().unwrap().bytes().to_vec(), confounder]
        }));
        let mut config = acceptor_config(vec![]);
        config.kerberos = kerberos::AcceptorConfig {
            keys: Arc::new(Keys(Some(Arc::new(keytab())))),
            random: drawn,
            ..config.kerberos
        };
        config.kerberos.policy.enctypes = Enctype::ALL.to_vec();
        let bound = conversation.name.ends_with("-bindings");
        Replay {
            server: Accepting::new(package, Arc::new(config)),
            bindings: bound.then(|| channel_bindings(CHANNEL)),
            now: FileTime::from_unix_seconds(now),
            conversation,
            opened,
            drawn,
        }
    }

    fn all(package: Package) -> impl Iterator<Item = Replay> {
        conversations().into_iter().map(move |conversation| Replay::new(conversation, package))
    }

    fn named(name: &str, package: Package) -> Replay {
        Replay::all(package).find(|replay| replay.conversation.name == name).unwrap()
    }

    fn call(&self) -> Call<'_> {
        Call {
            requirements: C::DELEGATE,
            bindings: self.bindings.as_ref(),
            address: None,
            now: self.now,
        }
    }

    fn config(&self) -> &AcceptorConfig {
        &self.server.config
    }

    fn first(&self) -> &[u8] {
        &self.conversation.initiator[0]
    }

    /// Whether the reply token equals the recorded one when decrypted; the confounder differs.
    fn answers_alike(&self, token: &[u8]) {
        let theirs = Token::read(&self.conversation.acceptor[0]).unwrap();
        let ours = Token::read(token).unwrap();
        assert_eq!((ours.oid, ours.id), (theirs.oid, theirs.id), "{}", self.conversation.name);
        let reply = ApRep::decode(ours.body).unwrap().enc_part;
        let part = decrypt(&session_key(&self.opened), key_usage::AP_REP, &reply);
        assert_eq!(part, self.opened.replies[0], "{}", self.conversation.name);
    }

    /// What the recorded acceptor reported about the established context, and its key.
    fn is_as_recorded(&self, established: &Established) {
        let Conversation { name, facts, .. } = &self.conversation;
        assert_eq!(self.drawn.left(), 0, "{name}");
        assert_eq!(established.mechanism, Mechanism::Kerberos, "{name}");
        assert_eq!(established.client.native_name(), facts["client"], "{name}");
        let granted: u32 = facts["flags"].parse().unwrap();
        let flags: C =
            FLAGS.iter().filter(|(bit, _)| granted & bit != 0).map(|(_, flag)| *flag).collect();
        assert_eq!(established.flags, flags, "{name}");
        let ticket = EncTicketPart::decode(&self.opened.ticket).unwrap();
        let skew = self.config().kerberos.policy.max_clock_skew;
        let expiry = FileTime::from_unix_seconds(ticket.endtime).plus(skew);
        assert_eq!(established.expiry, expiry, "{name}");
        assert_eq!(established.session.session_key(), self.key(), "{name}");
        let delegated = established.session.delegated().map(|delegated| delegated.ccache(None));
        assert_eq!(delegated.is_some(), flags.contains(C::DELEGATE), "{name}");
        if let Some(theirs) = facts.get("ccache") {
            assert_eq!(**delegated.unwrap().unwrap(), hex(theirs), "{name}");
        }
    }

    /// The context's key. Heimdal's acceptor did not report it, but sent or received it.
    fn key(&self) -> Vec<u8> {
        if let Some(key) = self.conversation.facts.get("key") {
            return hex(key);
        }
        let subkey = match self.conversation.acceptor.is_empty() {
            true => Authenticator::decode(&self.opened.authenticator).unwrap().subkey,
            false => EncApRepPart::decode(&self.opened.replies[0]).unwrap().subkey,
        };
        subkey.unwrap().key().unwrap().bytes().to_vec()
    }
}

fn session_key(opened: &Opened) -> Key {
    EncTicketPart::decode(&opened.ticket).unwrap().key.key().unwrap()
}

#[track_caller]
fn done<S>(step: Step<S, Box<Established>>) -> (Box<Established>, Option<Vec<u8>>) {
    match step {
        Step::Done { established, token, .. } => (established, token),
        Step::Continue { .. } => panic!("not done"),
    }
}

fn refused(result: Result<Step<Accepting, Box<Established>>, Failure>) -> Failure {
    match result {
        Ok(_) => panic!("must be refused"),
        Err(failure) => failure,
    }
}

/// Kerberos by itself, and its tokens passed to SPNEGO without a wrapper.
#[test]
fn each_is_accepted_with_the_same_key() {
    for package in [Package::Only(Mechanism::Kerberos), Package::Negotiate] {
        for replay in Replay::all(package) {
            let Conversation { name, initiator, acceptor, .. } = &replay.conversation;
            let bare_for_spnego = package == Package::Negotiate;
            // DCE style has no frame that identifies the mechanism.
            if bare_for_spnego && name.ends_with("-dce") {
                continue;
            }
            let step = replay.server.step(replay.first(), replay.call());
            let step = step.unwrap_or_else(|failure| panic!("{name}: {}", failure.error));
            let (established, token) = match step {
                Step::Continue { next, token, .. } => {
                    replay.answers_alike(&token);
                    let step = next.step(&initiator[1], replay.call());
                    let (established, last) =
                        done(step.unwrap_or_else(|failure| panic!("{name}: {}", failure.error)));
                    assert_eq!(last, None, "{name}");
                    (established, Some(token))
                }
                Step::Done { established, token, .. } => {
                    assert_eq!(initiator.len(), 1, "{name}");
                    (established, token)
                }
            };
            assert_eq!(token.is_some(), !acceptor.is_empty(), "{name}");
            token.inspect(|token| replay.answers_alike(token));
            replay.is_as_recorded(&established);
        }
    }
}

/// The same tokens inside SPNEGO's.
#[test]
fn each_is_accepted_inside_spnego() {
    let list = mech_type_list(&[Mechanism::Kerberos, Mechanism::Ntlm]);
    for replay in Replay::all(Package::Negotiate) {
        let Conversation { name, initiator, acceptor, .. } = &replay.conversation;
        let expected = |step: Result<Step<Accepting, Box<Established>>, Failure>| {
            step.unwrap_or_else(|failure| panic!("{name}: {}", failure.error))
        };
        let first = NegTokenInit::encode(&list, replay.first());
        let (established, answer) = match expected(replay.server.step(&first, replay.call())) {
            Step::Continue { next, token, .. } => {
                let third = NegTokenResp {
                    neg_state: Some(NegState::AcceptIncomplete),
                    supported_mech: None,
                    response_token: Some(&initiator[1]),
                    mech_list_mic: None,
                };
                let (established, last) = done(expected(next.step(&third.encode(), replay.call())));
                let last = last.expect("the end of the negotiation");
                let last = NegTokenResp::decode(&last).unwrap();
                assert_eq!(last.neg_state, Some(NegState::AcceptCompleted), "{name}");
                (established, token)
            }
            Step::Done { established, token, .. } => {
                (established, token.expect("the end of the negotiation"))
            }
        };
        let answer = NegTokenResp::decode(&answer).unwrap();
        let state = match initiator.len() {
            1 => NegState::AcceptCompleted,
            _ => NegState::AcceptIncomplete,
        };
        assert_eq!(answer.neg_state, Some(state), "{name}");
        assert_eq!(answer.response_token.is_some(), !acceptor.is_empty(), "{name}");
        answer.response_token.inspect(|token| replay.answers_alike(token));
        replay.is_as_recorded(&established);
    }
}

/// For a repeated request the acceptor gives the same answer as MIT's, byte for byte.
#[test]
fn a_replay_is_answered_as_mit_answers_it() {
    let mut replay = Replay::named("mit-mutual", Package::Only(Mechanism::Kerberos));
    let theirs = hex(replay.conversation.facts["replay"]);
    let token = Token::read(&theirs).unwrap();
    assert_eq!(token.id, TokenId::Error);
    let error = KrbError::decode(token.body).unwrap();
    done(replay.server.step(replay.first(), replay.call()).unwrap());
    let microseconds = Duration::from_micros(error.susec.into());
    replay.now = FileTime::from_unix_seconds(error.stime).plus(microseconds);
    let requirements = C::DELEGATE | C::EXTENDED_ERROR;
    let call = Call { requirements, ..replay.call() };
    let failure = refused(replay.server.step(replay.first(), call));
    assert_eq!(
        failure.error,
        Error::LogonDenied(Denial::Ticket("the authenticator was used before"))
    );
    assert_eq!(failure.token, Some(theirs));
}

/// The result depends on what the caller passes in: time, channel, keys.
#[test]
fn elsewhere_it_is_refused() {
    for package in [Package::Only(Mechanism::Kerberos), Package::Negotiate] {
        let skew = 300;
        for seconds in [-skew - 1, skew + 1] {
            let mut replay = Replay::named("mit-mutual", package);
            replay.now = replay.now.shifted(seconds);
            let error = refused(replay.server.step(replay.first(), replay.call())).error;
            assert!(matches!(error, Error::LogonDenied(_)), "{seconds} s: {error}");
            assert_eq!(replay.drawn.left(), 3);
        }
        for name in ["mit-bindings", "heimdal-bindings"] {
            let mut replay = Replay::named(name, package);
            replay.bindings = Some(channel_bindings(b"tls-server-end-point:another"));
            let error = refused(replay.server.step(replay.first(), replay.call())).error;
            assert!(matches!(error, Error::BadBindings(_)), "{error}");
        }
        let replay = Replay::named("mit-mutual", package);
        let keyless = Accepting::new(package, Arc::new(acceptor_config(vec![])));
        let error = refused(keyless.step(replay.first(), replay.call())).error;
        let why = "no key of the ticket's encryption type for its service";
        assert_eq!(error, Error::LogonDenied(Denial::Ticket(why)));
    }
}
