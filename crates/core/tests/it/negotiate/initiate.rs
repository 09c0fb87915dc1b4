//! The initiator of SPNEGO against a server whose tokens each test wraps by hand.

use crate::support::mechanisms::{Fixture, fail, finish, go_on, talk};
use negossp_core::mechanism::Mechanism;
use negossp_core::negotiate::Initiator;
use negossp_core::negotiate::MechAcceptor;
use negossp_core::negotiate::token::{
    FirstToken, NegState, NegTokenInit, NegTokenResp, mech_type_list,
};
use negossp_core::negotiate::{Established, Step};
use negossp_core::types::error::{Error, Failure};
use negossp_core::types::flags::ContextFlags;

const KRB5: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
const COMPLETED: Option<NegState> = Some(NegState::AcceptCompleted);
const INCOMPLETE: Option<NegState> = Some(NegState::AcceptIncomplete);
const REQUEST_MIC: Option<NegState> = Some(NegState::RequestMic);
const REJECT: Option<NegState> = Some(NegState::Reject);

fn answer(
    state: Option<NegState>,
    response_token: Option<&[u8]>,
    mech_list_mic: Option<&[u8]>,
) -> Vec<u8> {
    NegTokenResp { neg_state: state, supported_mech: None, response_token, mech_list_mic }.encode()
}

/// NegTokenInit has been sent, and a CHALLENGE_MESSAGE is available.
struct Offered {
    fixture: Fixture,
    initiator: Initiator,
    server: MechAcceptor,
    challenge: Vec<u8>,
}

impl Offered {
    fn new() -> Offered {
        let fixture = Fixture::new("Passw0rd!");
        let (initiator, token) = go_on(fixture.initiate(&Initiator::new(), None));
        let FirstToken::Negotiate(init) = FirstToken::read(&token).unwrap() else { panic!() };
        let (server, challenge) = fixture.ntlm_challenge(init.mech_token.unwrap());
        Offered { fixture, initiator, server, challenge }
    }

    fn first_reply(
        &self,
        state: Option<NegState>,
        oid: Option<&[u8]>,
        token: Option<&[u8]>,
    ) -> Result<Step<Initiator>, Failure> {
        let resp = NegTokenResp {
            neg_state: state,
            supported_mech: oid,
            response_token: token,
            mech_list_mic: None,
        };
        self.fixture.initiate(&self.initiator, Some(&resp.encode()))
    }
}

/// AUTHENTICATE_MESSAGE has been sent and accepted.
struct Finishing {
    fixture: Fixture,
    initiator: Initiator,
    server: Box<Established>,
    mic: Vec<u8>,
}

impl Finishing {
    fn new(state: Option<NegState>, oid: Option<&[u8]>) -> Finishing {
        let offered = Offered::new();
        let (initiator, token) = go_on(offered.first_reply(state, oid, Some(&offered.challenge)));
        let resp = NegTokenResp::decode(&token).unwrap();
        assert_eq!((resp.neg_state, resp.supported_mech), (INCOMPLETE, None));
        let mut server = offered.fixture.ntlm_accept(&offered.server, resp.response_token.unwrap());
        let mech_types = mech_type_list(&[Mechanism::Ntlm]);
        server.session.verify_mech_list_mic(&mech_types, resp.mech_list_mic.unwrap()).unwrap();
        let mic = server.session.make_mech_list_mic(&mech_types).unwrap();
        Finishing { fixture: offered.fixture, initiator, server, mic }
    }

    fn last_reply(
        &self,
        state: Option<NegState>,
        token: Option<&[u8]>,
        mic: Option<&[u8]>,
    ) -> Result<Step<Initiator>, Failure> {
        self.fixture.initiate(&self.initiator, Some(&answer(state, token, mic)))
    }
}

#[test]
fn acceptors_may_word_their_replies_differently() {
    let ntlm = Some(Mechanism::Ntlm.oids()[0]);
    // RFC 4178 acceptors that prefer another mechanism than the client's first send request-mic;
    // Java sends neither field.
    for (state, oid) in [(INCOMPLETE, ntlm), (REQUEST_MIC, ntlm), (INCOMPLETE, None), (None, None)]
    {
        let finishing = Finishing::new(state, oid);
        // After both MICs there is nothing to send, whatever the acceptor's negState.
        for last in [COMPLETED, INCOMPLETE, None] {
            let (client, token) = finish(finishing.last_reply(last, None, Some(&finishing.mic)));
            assert_eq!(token, None);
            talk(&client, &finishing.server);
        }
    }
}

#[test]
fn acceptors_mic_is_required_once_ours_was_sent() {
    let finishing = Finishing::new(INCOMPLETE, None);
    for state in [COMPLETED, INCOMPLETE, None] {
        let failure = fail(finishing.last_reply(state, None, None));
        assert!(matches!(failure.error, Error::MessageAltered(_)), "{}", failure.error);
    }
    for bit in 0..8 * finishing.mic.len() {
        let mut mic = finishing.mic.clone();
        mic[bit / 8] ^= 1 << (bit % 8);
        let failure = fail(finishing.last_reply(COMPLETED, None, Some(&mic)));
        assert!(matches!(failure.error, Error::MessageAltered(_)), "{}", failure.error);
    }
    // Over another list than the one that was sent.
    let other = finishing.server.session.clone().make_mech_list_mic(&mech_type_list(&[])).unwrap();
    let failure = fail(finishing.last_reply(COMPLETED, None, Some(&other)));
    assert!(matches!(failure.error, Error::MessageAltered(_)), "{}", failure.error);
}

#[test]
fn reject() {
    let mut offered = Offered::new();
    let ntlm = Some(Mechanism::Ntlm.oids()[0]);
    assert!(matches!(
        fail(offered.first_reply(REJECT, None, None)).error,
        Error::NothingInCommon(_)
    ));
    assert!(matches!(
        fail(offered.first_reply(REJECT, ntlm, Some(&offered.challenge))).error,
        Error::LogonDenied(_)
    ));
    let mut finishing = Finishing::new(INCOMPLETE, None);
    assert!(matches!(fail(finishing.last_reply(REJECT, None, None)).error, Error::LogonDenied(_)));
    let garbage = fail(offered.first_reply(INCOMPLETE, ntlm, Some(b"garbage")));
    assert!(matches!(garbage.error, Error::InvalidToken(_)));
    assert_eq!(garbage.token, None);
    offered.fixture.requirements |= ContextFlags::EXTENDED_ERROR;
    finishing.fixture.requirements |= ContextFlags::EXTENDED_ERROR;
    let token = answer(REJECT, None, None);
    assert_eq!(
        fail(offered.first_reply(INCOMPLETE, ntlm, Some(b"garbage"))).token,
        Some(token.clone())
    );
    assert_eq!(fail(finishing.last_reply(COMPLETED, None, None)).token, Some(token));
}

#[test]
fn replies_that_make_no_sense() {
    let offered = Offered::new();
    let challenge = Some(&offered.challenge[..]);
    let ntlm = Some(Mechanism::Ntlm.oids()[0]);
    let invalid = |step: Result<Step<Initiator>, Failure>| {
        let failure = fail(step);
        assert!(matches!(failure.error, Error::InvalidToken(_)), "{}", failure.error);
    };
    invalid(offered.first_reply(INCOMPLETE, Some(KRB5), challenge)); // never offered
    invalid(offered.first_reply(REQUEST_MIC, Some(KRB5), None));
    // the optimistic token was right and is not answered
    invalid(offered.first_reply(INCOMPLETE, ntlm, None));
    invalid(offered.first_reply(COMPLETED, ntlm, challenge)); // NTLM has a token left to send
    invalid(offered.first_reply(COMPLETED, ntlm, None));
    let own = NegTokenInit::encode(&mech_type_list(&[Mechanism::Ntlm]), b"NTLMSSP\0");
    for token in [&offered.challenge[..], b"", b"\xa1", &own] {
        invalid(offered.fixture.initiate(&offered.initiator, Some(token)));
    }
    invalid(offered.fixture.initiate(&offered.initiator, None));
    let finishing = Finishing::new(INCOMPLETE, ntlm);
    invalid(finishing.last_reply(COMPLETED, challenge, Some(&finishing.mic)));
    invalid(finishing.fixture.initiate(&finishing.initiator, Some(b"")));
    // A failed step changes nothing, so the right token is still accepted.
    finish(finishing.last_reply(COMPLETED, Some(b""), Some(&finishing.mic)));
}

#[test]
fn hint_must_leave_something_in_common() {
    let fixture = Fixture::new("Passw0rd!");
    let hint = NegTokenInit::encode_hint(&mech_type_list(&[Mechanism::Ntlm]));
    go_on(fixture.initiate(&Initiator::new(), Some(&hint)));
    // Without a list the hint is empty.
    go_on(fixture.initiate(
        &Initiator::new(),
        Some(b"\x60\x0c\x06\x06\x2b\x06\x01\x05\x05\x02\xa0\x02\x30\x00"),
    ));
    let kerberos_only =
        [b"\x60\x1b\x06\x06\x2b\x06\x01\x05\x05\x02\xa0\x11\x30\x0f\xa0\x0d\x30\x0b\x06\x09", KRB5]
            .concat();
    assert!(matches!(
        fail(fixture.initiate(&Initiator::new(), Some(&kerberos_only))).error,
        Error::NothingInCommon(_)
    ));
    assert!(matches!(
        fail(fixture.initiate(&Initiator::new(), Some(b"NTLMSSP\0"))).error,
        Error::InvalidToken(_)
    ));
}

/// As Windows: a credential whose package list leaves nothing is none.
#[test]
fn without_a_mechanism_there_are_no_credentials() {
    let mut fixture = Fixture::new("Passw0rd!");
    fixture.client_mut().mechanisms.clear();
    assert!(matches!(
        fail(fixture.initiate(&Initiator::new(), None)).error,
        Error::NoCredentials(_)
    ));
}
