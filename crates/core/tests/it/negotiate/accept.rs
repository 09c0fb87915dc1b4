//! The acceptor of SPNEGO against a client whose tokens each test wraps by hand.

use crate::support::mechanisms::{FLAGS, Fixture, fail, finish, go_on, talk};
use crate::support::ntlm::NOW;
use negossp_core::context::{Accepting, Call, Initiating};
use negossp_core::mechanism::{Mechanism, Package};
use negossp_core::negotiate::MechInitiator;
use negossp_core::negotiate::token::{
    FirstToken, NegState, NegTokenInit, NegTokenResp, mech_type_list,
};
use negossp_core::negotiate::{Acceptor, Initiator};
use negossp_core::negotiate::{Established, Step};
use negossp_core::types::error::{Denial, Error, Failure};
use negossp_core::types::flags::ContextFlags;

const KRB5: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
const MS_KRB5: &[u8] = b"\x2a\x86\x48\x82\xf7\x12\x01\x02\x02";
const NEGOEX: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x1e";
const NTLM: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a";
const PASSWORD: &str = "Passw0rd!";

fn list(oids: &[&[u8]]) -> Vec<u8> {
    let contents: Vec<u8> =
        oids.iter().flat_map(|oid| [&[0x06, oid.len() as u8], *oid].concat()).collect();
    [&[0x30, contents.len() as u8], &contents[..]].concat()
}

fn answer(
    state: Option<NegState>,
    response_token: Option<&[u8]>,
    mech_list_mic: Option<&[u8]>,
) -> Vec<u8> {
    NegTokenResp { neg_state: state, supported_mech: None, response_token, mech_list_mic }.encode()
}

fn incomplete(response_token: &[u8], mech_list_mic: Option<&[u8]>) -> Vec<u8> {
    answer(Some(NegState::AcceptIncomplete), Some(response_token), mech_list_mic)
}

/// The exchange up to where AUTHENTICATE_MESSAGE is to be sent. The mechanism list is [`list`] of
/// `offered` when the client sends it and of `received` when it arrives.
struct Ready {
    fixture: Fixture,
    acceptor: Acceptor,
    client: Box<Established>,
    authenticate: Vec<u8>,
    mech_types: Vec<u8>,
}

impl Ready {
    fn new(offered: &[&[u8]]) -> Ready {
        Ready::altered(list(offered), &list(offered)).unwrap()
    }

    /// `None` if the acceptor rejects the list.
    fn altered(mech_types: Vec<u8>, received: &[u8]) -> Option<Ready> {
        Ready::in_fixture(Fixture::new(PASSWORD), mech_types, received)
    }

    fn in_fixture(fixture: Fixture, mech_types: Vec<u8>, received: &[u8]) -> Option<Ready> {
        let (ntlm, negotiate) = fixture.ntlm_negotiate();
        let optimistic = mech_types.get(4..).is_some_and(|rest| rest.starts_with(NTLM));
        let token = NegTokenInit::encode(received, if optimistic { &negotiate } else { &[] });
        let Ok(Step::Continue { next, token, .. }) = fixture.accept(&Acceptor::new(), &token)
        else {
            return None;
        };
        let (acceptor, challenge) = match NegTokenResp::decode(&token).unwrap().response_token {
            Some(challenge) => (next, challenge.to_vec()),
            None => {
                let Ok(Step::Continue { next, token, .. }) =
                    fixture.accept(&next, &incomplete(&negotiate, None))
                else {
                    return None;
                };
                (next, NegTokenResp::decode(&token).unwrap().response_token.unwrap().to_vec())
            }
        };
        let (client, authenticate) = fixture.ntlm_authenticate(&ntlm, &challenge);
        Some(Ready { fixture, acceptor, client, authenticate, mech_types })
    }

    fn mic(&self) -> Vec<u8> {
        self.client.session.clone().make_mech_list_mic(&self.mech_types).unwrap()
    }

    /// The client's context once it has made its MIC and checked that of the acceptor.
    fn client_after(&self, theirs: Option<&[u8]>) -> Established {
        let mut client = (*self.client).clone();
        client.session.make_mech_list_mic(&self.mech_types).unwrap();
        client.session.verify_mech_list_mic(&self.mech_types, theirs.unwrap()).unwrap();
        client
    }

    fn send(&self, mic: Option<&[u8]>) -> Result<Step<Acceptor>, Failure> {
        self.fixture.accept(&self.acceptor, &incomplete(&self.authenticate, mic))
    }
}

#[track_caller]
fn is_denied(failure: Failure) {
    assert_eq!(failure.error, Error::LogonDenied(Denial::Mic));
    assert!(failure.token.is_none());
}

/// The list is kept for the mechListMIC while clients may leave many exchanges half open.
#[test]
fn a_mechanism_list_has_a_length_that_lists_have() {
    let fixture = Fixture::new(PASSWORD);
    let accepted = |length: usize| {
        let oid = |length: usize| [&[0x06, length as u8, 0x2b], &vec![1; length - 1][..]].concat();
        let mut contents = oid(NTLM.len());
        contents[2..].copy_from_slice(NTLM);
        // With a SEQUENCE's four octets before the contents.
        while contents.len() + 4 < length {
            let left = length - contents.len() - 4;
            contents.extend(oid(if left < 32 { left - 2 } else { 14 }));
        }
        let [high, low] = (contents.len() as u16).to_be_bytes();
        let list = [&[0x30, 0x82, high, low], &contents[..]].concat();
        assert_eq!(list.len(), length);
        fixture.accept(&Acceptor::new(), &NegTokenInit::encode(&list, &[])).is_ok()
    };
    assert!(accepted(1024));
    assert!(!accepted(1025) && !accepted(1026));
}

#[test]
fn both_sides_of_ours() {
    let fixture = Fixture::new(PASSWORD);
    let (client, token) = go_on(fixture.initiate(&Initiator::new(), None));
    let FirstToken::Negotiate(init) = FirstToken::read(&token).unwrap() else { panic!() };
    assert_eq!(init.mech_types.unwrap().der(), list(&[NTLM]));

    let (server, token) = go_on(fixture.accept(&Acceptor::new(), &token));
    let resp = NegTokenResp::decode(&token).unwrap();
    assert_eq!(resp.neg_state, Some(NegState::AcceptIncomplete));
    assert_eq!(resp.supported_mech, Some(NTLM));
    assert!(resp.response_token.unwrap().starts_with(b"NTLMSSP\0\x02"));
    assert_eq!(resp.mech_list_mic, None);

    let (client, token) = go_on(fixture.initiate(&client, Some(&token)));
    let resp = NegTokenResp::decode(&token).unwrap();
    assert_eq!(resp.supported_mech, None);
    assert!(resp.mech_list_mic.is_some());

    let (server, token) = finish(fixture.accept(&server, &token));
    let token = token.unwrap();
    let resp = NegTokenResp::decode(&token).unwrap();
    assert_eq!(resp.neg_state, Some(NegState::AcceptCompleted));
    assert_eq!((resp.supported_mech, resp.response_token), (None, None));
    assert!(resp.mech_list_mic.is_some());

    let (client, token) = finish(fixture.initiate(&client, Some(&token)));
    assert_eq!(token, None);
    assert_eq!(server.client.user, "alice");
    talk(&client, &server);
}

#[test]
fn optimistic_token_is_the_right_one() {
    for offered in [&[NTLM][..], &[NTLM, KRB5], &[NTLM, NTLM, NEGOEX]] {
        let ready = Ready::new(offered);
        let (server, token) = finish(ready.send(Some(&ready.mic())));
        let token = token.unwrap();
        let resp = NegTokenResp::decode(&token).unwrap();
        assert_eq!(resp.neg_state, Some(NegState::AcceptCompleted));
        talk(&ready.client_after(resp.mech_list_mic), &server);
    }
}

/// The list that Windows sends, with a token for its first mechanism, which is not NTLM.
#[test]
fn optimistic_token_is_the_wrong_one() {
    let fixture = Fixture::new(PASSWORD);
    let mech_types = list(&[MS_KRB5, KRB5, NEGOEX, NTLM]);
    let (ntlm, negotiate) = fixture.ntlm_negotiate();
    for mech_token in [&b"\x60\x03\x06\x01\x00"[..], &negotiate, b""] {
        let (server, token) =
            go_on(fixture.accept(&Acceptor::new(), &NegTokenInit::encode(&mech_types, mech_token)));
        let resp = NegTokenResp::decode(&token).unwrap();
        assert_eq!(resp.neg_state, Some(NegState::RequestMic));
        assert_eq!(resp.supported_mech, Some(NTLM));
        assert_eq!((resp.response_token, resp.mech_list_mic), (None, None));

        let (server, token) = go_on(fixture.accept(&server, &incomplete(&negotiate, None)));
        let resp = NegTokenResp::decode(&token).unwrap();
        // request-mic and supportedMech belong to the first reply only.
        assert_eq!((resp.neg_state, resp.supported_mech), (Some(NegState::AcceptIncomplete), None));
        let (mut client, authenticate) =
            fixture.ntlm_authenticate(&ntlm, resp.response_token.unwrap());
        let mic = client.session.make_mech_list_mic(&mech_types).unwrap();
        let (server, token) =
            finish(fixture.accept(&server, &incomplete(&authenticate, Some(&mic))));
        let token = token.unwrap();
        let mic = NegTokenResp::decode(&token).unwrap().mech_list_mic.unwrap();
        client.session.verify_mech_list_mic(&mech_types, mic).unwrap();
        talk(&client, &server);
    }
}

#[test]
fn optimistic_token_is_absent() {
    let fixture = Fixture::new(PASSWORD);
    let (server, token) =
        go_on(fixture.accept(&Acceptor::new(), &NegTokenInit::encode(&list(&[NTLM, KRB5]), b"")));
    let resp = NegTokenResp::decode(&token).unwrap();
    assert_eq!(
        (resp.neg_state, resp.supported_mech),
        (Some(NegState::AcceptIncomplete), Some(NTLM))
    );
    assert_eq!((resp.response_token, resp.mech_list_mic), (None, None));
    let (_, negotiate) = fixture.ntlm_negotiate();
    go_on(fixture.accept(&server, &incomplete(&negotiate, None)));
}

/// In a datagram context the server sends NTLM's first message.
#[test]
fn datagram_client_is_silent_at_first() {
    for offered in [&[NTLM][..], &[KRB5, NTLM]] {
        let mut fixture = Fixture::new(PASSWORD);
        fixture.requirements |= ContextFlags::DATAGRAM;
        let (client, token) = go_on(fixture.initiate(&Initiator::new(), None));
        assert_eq!(token, NegTokenInit::encode(&list(&[NTLM]), b""));
        let (mut server, mut token) =
            go_on(fixture.accept(&Acceptor::new(), &NegTokenInit::encode(&list(offered), b"")));
        if offered.len() > 1 {
            (server, token) = go_on(
                fixture.accept(&server, &answer(Some(NegState::AcceptIncomplete), None, None)),
            );
        }
        let (_, token) = go_on(fixture.initiate(&client, Some(&token)));
        if offered.len() == 1 {
            finish(fixture.accept(&server, &token));
        } else {
            is_denied(fail(fixture.accept(&server, &token))); // its MIC is over another list
        }
    }
}

/// A client that puts a MIC into AUTHENTICATE_MESSAGE and sends no mechListMIC is treated as on
/// Windows.
#[test]
fn mic_may_come_in_one_token_more() {
    for (offered, last) in [
        (&[NTLM][..], Some(NegState::AcceptIncomplete)),
        (&[KRB5, NTLM], Some(NegState::AcceptCompleted)),
        (&[KRB5, NTLM], None),
    ] {
        let ready = Ready::new(offered);
        let (server, token) = go_on(ready.send(None));
        let resp = NegTokenResp::decode(&token).unwrap();
        assert_eq!((resp.neg_state, resp.response_token), (Some(NegState::AcceptIncomplete), None));
        let client = ready.client_after(resp.mech_list_mic);

        is_denied(fail(ready.fixture.accept(&server, &answer(last, None, None))));
        is_denied(fail(ready.fixture.accept(&server, &answer(last, None, Some(&[0; 16])))));
        let mic = ready.mic();
        let again = answer(last, Some(&ready.authenticate), Some(&mic));
        assert!(matches!(
            fail(ready.fixture.accept(&server, &again)).error,
            Error::InvalidToken(_)
        ));

        let (server, token) =
            finish(ready.fixture.accept(&server, &answer(last, None, Some(&mic))));
        // Our MIC was in the previous token; a peer that has sent accept-completed expects no
        // further token.
        match last {
            Some(NegState::AcceptCompleted) => assert_eq!(token, None),
            _ => assert_eq!(token, Some(answer(Some(NegState::AcceptCompleted), None, None))),
        }
        talk(&client, &server);
    }
}

/// RFC 4178 5: a mechanism without integrity has no MIC, not even after request-mic.
#[test]
fn no_mic_without_integrity() {
    for offered in [&[NTLM][..], &[KRB5, NTLM]] {
        let mut fixture = Fixture::new(PASSWORD);
        fixture.requirements = ContextFlags::NO_INTEGRITY;
        let ready = Ready::in_fixture(fixture, list(offered), &list(offered)).unwrap();
        assert!(!ready.client.flags.contains(ContextFlags::INTEGRITY));
        let (_, token) = finish(ready.send(None));
        assert_eq!(token, Some(answer(Some(NegState::AcceptCompleted), None, None)));
        is_denied(fail(ready.send(Some(&[0; 16]))));
    }
}

#[test]
fn wrong_mic_is_refused_whether_required_or_not() {
    for offered in [&[NTLM][..], &[KRB5, NTLM]] {
        let ready = Ready::new(offered);
        let mic = ready.mic();
        for i in 0..8 * mic.len() {
            let mut mic = mic.clone();
            mic[i / 8] ^= 1 << (i % 8);
            is_denied(fail(ready.send(Some(&mic))));
        }
        for bad in [&mic[..15], &[&mic[..], b"\0"].concat(), b""] {
            is_denied(fail(ready.send(Some(bad))));
        }
        // A MIC of another session is rejected like any wrong one.
        let other = Ready::new(offered);
        is_denied(fail(ready.send(Some(&other.mic()))));
    }
}

/// Old peers repeat the responseToken as mechListMIC. That is not a MIC, and the real one is still
/// required.
#[test]
fn mic_that_repeats_the_token_counts_as_none() {
    let ready = Ready::new(&[KRB5, NTLM]);
    let (server, _) = go_on(ready.send(Some(&ready.authenticate)));
    finish(ready.fixture.accept(&server, &answer(None, None, Some(&ready.mic()))));
}

#[test]
fn removing_a_mechanism_in_flight_fails_on_the_mic() {
    for (offered, received) in [
        (&[KRB5, NTLM][..], &[NTLM][..]),
        (&[MS_KRB5, KRB5, NEGOEX, NTLM], &[NEGOEX, NTLM]),
        (&[NTLM, KRB5], &[NTLM]),
        (&[KRB5, NTLM], &[NTLM, KRB5]),
    ] {
        let ready = Ready::altered(list(offered), &list(received)).unwrap();
        is_denied(fail(ready.send(Some(&ready.mic()))));
        // Removing the MIC as well is rejected too.
        let (server, _) = go_on(ready.send(None));
        is_denied(fail(
            ready.fixture.accept(&server, &answer(Some(NegState::AcceptCompleted), None, None)),
        ));
        is_denied(fail(ready.fixture.accept(&server, &answer(None, None, Some(&ready.mic())))));
    }
}

#[test]
fn changing_any_bit_of_the_list_in_flight_fails() {
    let mech_types = list(&[KRB5, NTLM, NEGOEX]);
    let mut chosen = 0;
    for bit in 0..8 * mech_types.len() {
        let mut received = mech_types.clone();
        received[bit / 8] ^= 1 << (bit % 8);
        if let Some(ready) = Ready::altered(mech_types.clone(), &received) {
            chosen += 1;
            is_denied(fail(ready.send(Some(&ready.mic()))));
        }
    }
    assert!(chosen > 100, "{chosen}");
}

#[test]
fn raw_ntlm_stays_raw() {
    let fixture = Fixture::new(PASSWORD);
    let (ntlm, negotiate) = fixture.ntlm_negotiate();
    let (server, challenge) = go_on(fixture.accept(&Acceptor::new(), &negotiate));
    assert!(challenge.starts_with(b"NTLMSSP\0\x02"));
    let (client, authenticate) = fixture.ntlm_authenticate(&ntlm, &challenge);
    assert!(matches!(
        fail(fixture.accept(&server, &incomplete(&authenticate, None))).error,
        Error::InvalidToken(_)
    ));
    let (server, token) = finish(fixture.accept(&server, &authenticate));
    assert_eq!(token, None);
    talk(&client, &server);
}

#[test]
fn empty_token_asks_for_the_mechanisms() {
    let fixture = Fixture::new(PASSWORD);
    let (hinted, hint) = go_on(fixture.accept(&Acceptor::new(), b""));
    assert_eq!(hint, NegTokenInit::encode_hint(&mech_type_list(&[Mechanism::Ntlm])));
    assert!(matches!(fail(fixture.accept(&hinted, b"")).error, Error::InvalidToken(_)));

    let (client, token) = go_on(fixture.initiate(&Initiator::new(), Some(&hint)));
    let (server, token) = go_on(fixture.accept(&hinted, &token));
    let (client, token) = go_on(fixture.initiate(&client, Some(&token)));
    let (server, token) = finish(fixture.accept(&server, &token));
    let (client, _) = finish(fixture.initiate(&client, token.as_deref()));
    talk(&client, &server);

    // SMB clients may also take the hint and continue without SPNEGO.
    let (_, negotiate) = fixture.ntlm_negotiate();
    let (_, challenge) = go_on(fixture.accept(&hinted, &negotiate));
    assert!(challenge.starts_with(b"NTLMSSP\0\x02"));
}

#[test]
fn nothing_in_common() {
    let mut fixture = Fixture::new(PASSWORD);
    let (_, negotiate) = fixture.ntlm_negotiate();
    let refused = |fixture: &Fixture, token: &[u8]| {
        let failure = fail(fixture.accept(&Acceptor::new(), token));
        assert!(matches!(failure.error, Error::NothingInCommon(_)), "{}", failure.error);
        failure.token
    };
    assert_eq!(
        refused(&fixture, &NegTokenInit::encode(&list(&[MS_KRB5, KRB5, NEGOEX]), b"x")),
        None
    );
    assert_eq!(
        refused(&fixture, b"\x60\x0d\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00"),
        None
    );
    fixture.requirements |= ContextFlags::EXTENDED_ERROR;
    let reject = Some(answer(Some(NegState::Reject), None, None));
    assert_eq!(refused(&fixture, &NegTokenInit::encode(&list(&[KRB5]), b"x")), reject);
    fixture.server_mut().mechanisms.clear();
    assert_eq!(refused(&fixture, &NegTokenInit::encode(&list(&[NTLM]), &negotiate)), reject);
    assert_eq!(refused(&fixture, &negotiate), None);
    refused(&fixture, b"");
    let mut fixture = Fixture::new(PASSWORD);
    fixture.server_mut().mechanisms.clear();
    refused(&fixture, &NegTokenInit::encode(&list(&[NTLM]), &negotiate));
    refused(&fixture, &negotiate);
}

#[test]
fn the_peer_is_sent_an_error_only_if_the_caller_wants_that() {
    for (extended, token) in
        [(false, None), (true, Some(answer(Some(NegState::Reject), None, None)))]
    {
        let mut fixture = Fixture::new("wrong");
        fixture.requirements.set(ContextFlags::EXTENDED_ERROR, extended);
        let (client, negotiate) = go_on(fixture.initiate(&Initiator::new(), None));
        let (server, challenge) = go_on(fixture.accept(&Acceptor::new(), &negotiate));
        let (client, authenticate) = go_on(fixture.initiate(&client, Some(&challenge)));
        let failure = fail(fixture.accept(&server, &authenticate));
        assert_eq!(failure.error, Error::LogonDenied(Denial::WrongPassword));
        assert_eq!(failure.token, token);
        assert_eq!(fail(fixture.accept(&Acceptor::new(), b"garbage")).token, token);
        if let Some(token) = token {
            assert!(matches!(
                fail(fixture.initiate(&client, Some(&token))).error,
                Error::LogonDenied(_)
            ));
        }
    }
}

/// Tokens that are repeated, out of order, of the wrong kind, or empty: each is rejected. A step
/// that fails changes nothing, so the right token is still accepted afterwards.
#[test]
fn tokens_where_they_do_not_belong() {
    let fixture = Fixture::new(PASSWORD);
    let (client, negotiate) = go_on(fixture.initiate(&Initiator::new(), None));
    let start = Acceptor::new();
    let (server, challenge) = go_on(fixture.accept(&start, &negotiate));
    let (_, authenticate) = go_on(fixture.initiate(&client, Some(&challenge)));
    let raw = NegTokenResp::decode(&authenticate).unwrap().response_token.unwrap().to_vec();
    let invalid = |acceptor: &Acceptor, token: &[u8]| {
        let failure = fail(fixture.accept(acceptor, token));
        assert!(matches!(failure.error, Error::InvalidToken(_)), "{}", failure.error);
    };
    for token in [&authenticate[..], &challenge, &raw, b"\x60", b"\0"] {
        invalid(&start, token);
    }
    for token in [&negotiate[..], &challenge, &raw, b"", b"NTLMSSP\0"] {
        invalid(&server, token);
    }
    for (state, response_token) in
        [(None, None), (None, Some(&b""[..])), (Some(NegState::Reject), Some(&raw))]
    {
        invalid(&server, &answer(state, response_token, None));
    }
    let other =
        NegTokenResp { supported_mech: Some(KRB5), ..NegTokenResp::decode(&authenticate).unwrap() };
    invalid(&server, &other.encode());
    let nested = incomplete(&authenticate, None);
    invalid(&server, &nested);
    // A supportedMech that repeats ours is harmless.
    let same =
        NegTokenResp { supported_mech: Some(NTLM), ..NegTokenResp::decode(&authenticate).unwrap() };
    finish(fixture.accept(&server, &same.encode()));
    finish(fixture.accept(&server, &authenticate));
}

/// The limit applies to whole tokens, in each step of a context.
#[test]
fn longest_token() {
    let mut fixture = Fixture::new(PASSWORD);
    let (_, mut token) = go_on(fixture.initiate(&Initiator::new(), None));
    let call = Call { requirements: FLAGS, bindings: None, address: None, now: NOW };
    let accept = |fixture: &Fixture, token: &[u8]| {
        Accepting::new(Package::Negotiate, fixture.server.clone()).step(token, call)
    };
    token.resize(fixture.server.max_token, 0);
    go_on(accept(&fixture, &token));
    token.push(0);
    assert!(matches!(fail(accept(&fixture, &token)).error, Error::InvalidToken(_)));
    fixture.client_mut().max_token = 16;
    let target = "HTTP/server.example.test".to_owned();
    let client = Initiating::new(Package::Negotiate, fixture.client, target);
    assert!(matches!(fail(client.step(Some(&[0; 17]), call)).error, Error::InvalidToken(_)));
}

/// Whatever one bit does to AUTHENTICATE_MESSAGE in its NegTokenResp, no other client than alice is
/// accepted, and nothing panics. Only negState may change without effect.
#[test]
fn flipped_and_cut_last_token() {
    let ready = Ready::new(&[KRB5, NTLM]);
    let token = incomplete(&ready.authenticate, Some(&ready.mic()));
    for n in 0..token.len() {
        fail(ready.fixture.accept(&ready.acceptor, &token[..n]));
    }
    let mut accepted = 0;
    for bit in 0..8 * token.len() {
        let mut token = token.clone();
        token[bit / 8] ^= 1 << (bit % 8);
        if let Ok(Step::Done { established, .. }) = ready.fixture.accept(&ready.acceptor, &token) {
            accepted += 1;
            assert_eq!(established.client.user, "alice");
            assert_eq!(established.session.session_key(), ready.client.session.session_key());
            assert_ne!(
                NegTokenResp::decode(&token).unwrap().neg_state,
                Some(NegState::AcceptIncomplete)
            );
        }
    }
    assert!(accepted <= 2, "{accepted}");
}

#[allow(dead_code)]
fn states_go_between_threads(acceptor: Acceptor, initiator: Initiator, mechanism: MechInitiator) {
    fn check<T: Send + Sync>(_: T) {}
    check((acceptor, initiator, mechanism));
}
