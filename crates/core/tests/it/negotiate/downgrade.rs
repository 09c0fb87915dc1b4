//! Somebody on the way chooses NTLM, where the client began with Kerberos (RFC 4178 5: only a
//! mechListMIC shows that the list of mechanisms is what the client sent).

use crate::support::mechanisms::{Fixture, fail, finish, go_on, talk};
use crate::support::ntlm::NOW;
use crate::support::random::COUNTED;
use negossp_core::kerberos::client::Credentials;
use negossp_core::kerberos::crypto::{Enctype, random_key};
use negossp_core::kerberos::message::{EncryptedData, Ticket, TicketFlags, Unprotected};
use negossp_core::kerberos::{self, Principal, TicketRequest, TicketSource};
use negossp_core::mechanism::Mechanism;
use negossp_core::negotiate::Initiator;
use negossp_core::negotiate::token::{NegState, NegTokenResp, mech_type_list};
use negossp_core::types::error::{Error, Result};
use negossp_core::types::flags::ContextFlags;
use negossp_core::types::time::FileTime;
use std::sync::Arc;
use std::time::Duration;

/// A ticket for whatever is asked for, which nobody has the key of.
#[derive(Debug)]
struct AnyTicket;

impl TicketSource for AnyTicket {
    fn is_realm(&self, _name: &str) -> bool {
        false
    }

    fn service_ticket(&self, request: &TicketRequest<'_>) -> Result<Arc<Credentials>> {
        let mut server = request.target.candidates[0].clone();
        server.realm = b"A".to_vec();
        let name = server.encode();
        let ticket = Ticket {
            realm: Unprotected::new(b"A"),
            sname: Unprotected::new(name.name()),
            enc_part: EncryptedData { etype: 18, kvno: None, cipher: &[0; 64] },
        }
        .encode();
        let now = NOW.unix_seconds();
        Ok(Arc::new(Credentials {
            client: Principal::new(1, &["alice"], "A"),
            server,
            key: random_key(Enctype::Aes256Sha1, &COUNTED).unwrap(),
            authtime: now,
            starttime: now,
            endtime: now + 36_000,
            renew_till: None,
            flags: TicketFlags::empty(),
            is_skey: false,
            addresses: Vec::new(),
            ticket,
            second_ticket: Vec::new(),
        }))
    }

    fn forwarded_ticket(&self, _service: &Credentials) -> Result<Arc<Credentials>> {
        Err(Error::NoCredentials("none"))
    }

    fn authenticator_time(&self, now: FileTime, _service: &Principal) -> FileTime {
        now
    }

    fn forget(&self, _ticket: &Arc<Credentials>) {}
}

/// The flags NTLMSSP_NEGOTIATE_SIGN and SEAL of a CHALLENGE_MESSAGE ([MS-NLMP] 2.2.1.2).
fn without_signing(challenge: &mut [u8]) {
    challenge[20] &= !0x30;
}

/// The exchange up to the client's AUTHENTICATE_MESSAGE, and what happens if the acceptor then says
/// that all is complete, with the mechListMIC that the server makes or without one.
fn chosen_by_somebody(requirements: ContextFlags, signing: bool, with_mic: bool) -> Option<Error> {
    let mut fixture = Fixture::new("Passw0rd!");
    fixture.requirements = requirements;
    let client = fixture.client_mut();
    client.mechanisms = vec![Mechanism::Kerberos, Mechanism::Ntlm];
    client.kerberos = kerberos::InitiatorConfig {
        tickets: Some(Arc::new(AnyTicket)),
        enctypes: vec![Enctype::Aes256Sha1],
        max_clock_skew: Duration::from_secs(300),
        sign: true,
        ..kerberos::InitiatorConfig::without_client(&COUNTED)
    };
    let (initiator, _) = go_on(fixture.initiate(&Initiator::new(), None));
    let ntlm = NegTokenResp {
        neg_state: Some(NegState::RequestMic),
        supported_mech: Some(Mechanism::Ntlm.oids()[0]),
        ..NegTokenResp::default()
    };
    let (initiator, token) = go_on(fixture.initiate(&initiator, Some(&ntlm.encode())));
    let negotiate = NegTokenResp::decode(&token).unwrap().response_token.unwrap();
    let (server, mut challenge) = fixture.ntlm_challenge(negotiate);
    if !signing {
        without_signing(&mut challenge);
    }
    let challenge = NegTokenResp {
        neg_state: Some(NegState::AcceptIncomplete),
        response_token: Some(&challenge),
        ..NegTokenResp::default()
    };
    let (initiator, token) = go_on(fixture.initiate(&initiator, Some(&challenge.encode())));
    let mut mic = None;
    let mut accepted = None;
    if with_mic {
        let resp = NegTokenResp::decode(&token).unwrap();
        let mut server = fixture.ntlm_accept(&server, resp.response_token.unwrap());
        let mech_types = mech_type_list(&[Mechanism::Kerberos, Mechanism::Ntlm]);
        server.session.verify_mech_list_mic(&mech_types, resp.mech_list_mic.unwrap()).unwrap();
        mic = Some(server.session.make_mech_list_mic(&mech_types).unwrap());
        accepted = Some(server);
    }
    let completed = NegTokenResp {
        neg_state: Some(NegState::AcceptCompleted),
        mech_list_mic: mic.as_deref(),
        ..NegTokenResp::default()
    };
    let step = fixture.initiate(&initiator, Some(&completed.encode()));
    match accepted {
        Some(server) => {
            let (client, _) = finish(step);
            talk(&client, &server);
            None
        }
        None => Some(fail(step).error),
    }
}

#[test]
fn ntlm_is_chosen_with_a_mic_only() {
    assert_eq!(chosen_by_somebody(ContextFlags::empty(), true, true), None);
    // The flags of CHALLENGE_MESSAGE are as unprotected as the choice: without signing there would
    // be no mechListMIC to miss.
    for requirements in [ContextFlags::empty(), ContextFlags::NO_INTEGRITY] {
        for signing in [true, false] {
            let error = chosen_by_somebody(requirements, signing, false);
            assert!(
                matches!(error, Some(Error::DowngradeDetected(_))),
                "{requirements:?} {signing}: {error:?}"
            );
        }
    }
}
