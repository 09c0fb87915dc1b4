//! Responses that our client never sends: made by hand, with the right password.

use crate::support::ntlm::*;
use negossp_core::ntlm::av_pair::{self, id};
use negossp_core::ntlm::flags::NegotiateFlags as F;
use negossp_core::ntlm::message::authenticate::Answer;
use negossp_core::ntlm::message::challenge::Challenge;
use negossp_core::ntlm::message::negotiate::Negotiate;
use negossp_core::ntlm::response::{self, V2};
use negossp_core::ntlm::{Acceptor, MAX_TOKEN, NetworkLogon, ResponseKind, ResponsePolicy, crypto};
use negossp_core::types::error::{Denial, Error};
use negossp_core::types::flags::ContextFlags as C;

/// What a client offers here, and selects unless a test says otherwise.
const OFFERED: F = F::UNICODE
    .union(F::OEM)
    .union(F::REQUEST_TARGET)
    .union(F::NTLM)
    .union(F::SIGN)
    .union(F::ALWAYS_SIGN)
    .union(F::EXTENDED_SESSIONSECURITY)
    .union(F::N128)
    .union(F::KEY_EXCH);
const EXPORTED: [u8; 16] = [0x33; 16];

/// A client whose every choice can be changed.
#[derive(Clone)]
struct Client {
    offered: F,
    chosen: F,
    user: &'static str,
    domain: &'static str,
    /// The domain that goes into NTOWFv2.
    hashed_domain: &'static str,
    /// It copies the server's AV pairs, before its own.
    returns_target_info: bool,
    av_pairs: Vec<(u16, Vec<u8>)>,
    mic: Mic,
    session_key: Option<Vec<u8>>,
    responses: Responses,
}

#[derive(Clone, Copy, PartialEq)]
enum Mic {
    Absent,
    Right,
    Wrong,
}

#[derive(Clone, Copy, PartialEq)]
enum Responses {
    V2,
    LmV2,
    Lm,
    V1,
}

impl Client {
    fn new() -> Client {
        Client {
            offered: OFFERED,
            chosen: OFFERED,
            user: USER,
            domain: DOMAIN,
            hashed_domain: DOMAIN,
            returns_target_info: true,
            av_pairs: Vec::new(),
            mic: Mic::Absent,
            session_key: None,
            responses: Responses::V2,
        }
    }

    fn saying(av_id: u16, value: &[u8]) -> Client {
        Client { av_pairs: vec![(av_id, value.to_vec())], ..Client::new() }
    }

    /// An exchange with `server`: its context.
    fn logs_on(&self, server: &Party) -> Result<Established, Error> {
        let negotiate = Negotiate::write(self.offered).unwrap();
        let (acceptor, challenge) = going_on(server.accept(&Acceptor::new(), &negotiate)?);
        let answer = self.answer(&negotiate, &challenge);
        server.accept(&acceptor, &answer).map(|step| done(step).0)
    }

    fn answer(&self, negotiate: &[u8], challenge_message: &[u8]) -> Vec<u8> {
        let challenge = Challenge::parse(challenge_message).expect("a challenge");
        let flags = (challenge.flags | F::OEM) & self.chosen;
        let mut target_info = Vec::new();
        let returned = challenge.target_info.unwrap_or_default();
        let own = self.av_pairs.iter().map(|(av_id, value)| (*av_id, &value[..]));
        for (av_id, value) in returned.iter().filter(|_| self.returns_target_info).chain(own) {
            av_pair::put(&mut target_info, av_id, value);
        }
        av_pair::put(&mut target_info, id::EOL, &[]);
        let nt_hash = crypto::nt_hash(PASSWORD);
        let response_key = crypto::ntowf_v2(&nt_hash, self.user, self.hashed_domain);
        let v2 = V2 {
            response_key: &response_key,
            server_challenge: &challenge.server_challenge,
            client_challenge: &[0xcc; 8],
            time: NOW.0,
            target_info: &target_info,
        };
        let made = v2.respond().unwrap();
        let v1 = crypto::desl(&nt_hash, &challenge.server_challenge);
        let lm = crypto::desl(&crypto::lm_hash(PASSWORD).unwrap(), &challenge.server_challenge);
        let (nt_response, lm_response): (&[u8], &[u8]) = match self.responses {
            Responses::V2 => (&made.nt, &[0; 24]),
            Responses::LmV2 => (&[], &made.lm),
            Responses::Lm => (&[], &lm),
            Responses::V1 => (&v1, &[]),
        };
        let exchanged = crypto::rc4k(&made.session_base_key, EXPORTED);
        let session_key = self.session_key.as_deref().unwrap_or(&exchanged[..]);
        let key = if session_key.len() == 16 && flags.contains(F::KEY_EXCH) {
            EXPORTED
        } else {
            *made.session_base_key
        };
        let (key, before) =
            (if self.mic == Mic::Wrong { [0; 16] } else { key }, [negotiate, challenge_message]);
        let answer = Answer {
            flags,
            lm_response,
            nt_response,
            domain: self.domain,
            user: self.user,
            workstation: "PC",
            session_key,
            mic: (self.mic != Mic::Absent).then_some((&key, &before)),
        };
        answer.write().expect("a message")
    }
}

fn denied(result: Result<Established, Error>, why: Denial) {
    assert_eq!(result.err(), Some(Error::LogonDenied(why)));
}

fn invalid(result: Result<Established, Error>) {
    let error = result.err();
    assert!(matches!(error, Some(Error::InvalidToken(_))), "{error:?}");
}

// ---- MIC

const HAS_MIC: [u8; 4] = [2, 0, 0, 0];

#[test]
fn a_mic_that_is_announced_must_be_there_and_right() {
    let announced = Client::saying(id::FLAGS, &HAS_MIC);
    denied(announced.logs_on(&Party::alice()), Denial::Mic);
    denied(Client { mic: Mic::Wrong, ..announced.clone() }.logs_on(&Party::alice()), Denial::Mic);
    let established =
        Client { mic: Mic::Right, ..announced }.logs_on(&Party::alice()).expect("accepted");
    assert!(established.wants_mech_list_mic);
}

#[test]
fn a_mic_that_is_not_announced_is_not_looked_at() {
    for mic in [Mic::Right, Mic::Wrong] {
        let established =
            Client { mic, ..Client::new() }.logs_on(&Party::alice()).expect("accepted");
        assert!(!established.wants_mech_list_mic);
    }
    // But where a MIC is required, one that is not announced does not count.
    let mut server = Party::alice();
    server.policy.require_mic = true;
    denied(Client { mic: Mic::Right, ..Client::new() }.logs_on(&server), Denial::Mic);
}

// ---- target information

/// All that the server sent must come back, each pair unchanged; clients add pairs of their own and
/// bits of MsvAvFlags, in any order.
#[test]
fn target_information_must_come_back() {
    let challenge = {
        let negotiate = Negotiate::write(OFFERED).unwrap();
        let first = Party::alice().accept(&Acceptor::new(), &negotiate).expect("a challenge");
        going_on(first).1
    };
    let sent: Vec<(u16, Vec<u8>)> = Challenge::parse(&challenge)
        .map(|challenge| {
            let pairs = challenge.target_info.unwrap_or_default();
            pairs.iter().map(|(av_id, value)| (av_id, value.to_vec())).collect()
        })
        .expect("a challenge");
    assert_eq!(sent.len(), 5);
    let returning = |av_pairs: Vec<(u16, Vec<u8>)>| Client {
        returns_target_info: false,
        av_pairs,
        ..Client::new()
    };
    let server = Party::alice();
    returning(sent.clone()).logs_on(&server).expect("unchanged");
    let mut other = sent.clone();
    other.reverse();
    other.insert(2, (id::FLAGS, vec![0; 4]));
    other.push((0x7fff, b"?".to_vec()));
    returning(other).logs_on(&server).expect("in another order, with more");
    for at in 0..sent.len() {
        let mut without = sent.clone();
        without.remove(at);
        let mut changed = sent.clone();
        changed[at].1[0] ^= 1;
        let mut shorter = sent.clone();
        shorter[at].1.pop();
        let mut twice = sent.clone();
        twice.push((sent[at].0, b"X\0".to_vec()));
        for av_pairs in [without, changed, shorter, twice] {
            let client = returning(av_pairs);
            denied(client.logs_on(&server), Denial::TargetInfo);
            client.logs_on(&server.taking_any_target_info()).expect("not compared");
        }
    }
    denied(returning(vec![]).logs_on(&server), Denial::TargetInfo);
    // Who does not know the password learns nothing of it.
    let mut server = Party::alice();
    server.identity = Some(identity(USER, DOMAIN, "another"));
    denied(returning(vec![]).logs_on(&server), Denial::WrongPassword);
}

// ---- responses

#[test]
fn a_client_may_leave_its_domain_out_of_the_hash() {
    let client = Client { hashed_domain: "", ..Client::new() };
    client.logs_on(&Party::alice()).expect("accepted");
    denied(
        Client { hashed_domain: "OTHER", ..Client::new() }.logs_on(&Party::alice()),
        Denial::WrongPassword,
    );
}

#[test]
fn lm_responses_count_where_policy_allows_them() {
    let policy = |lmv2, lm| {
        let mut server = Party::alice();
        server.policy.responses = ResponsePolicy { lmv2, lm, ..ResponsePolicy::default() };
        server
    };
    let client = |responses| Client { responses, offered: OFFERED - F::KEY_EXCH, ..Client::new() };
    let (lmv2, lm) = (client(Responses::LmV2), client(Responses::Lm));
    lmv2.logs_on(&policy(true, false)).expect("LMv2");
    lmv2.logs_on(&policy(true, true)).expect("LMv2");
    denied(lmv2.logs_on(&policy(false, true)), Denial::WrongPassword);
    denied(lmv2.logs_on(&policy(false, false)), Denial::ResponseNotAllowed);
    lm.logs_on(&policy(false, true)).expect("LM");
    lm.logs_on(&policy(true, true)).expect("LM");
    denied(lm.logs_on(&policy(true, false)), Denial::WrongPassword);
    denied(lm.logs_on(&policy(false, false)), Denial::ResponseNotAllowed);
    // A null session is not requested by an LM response.
    let mut server = policy(true, true);
    server.requirements = C::ALLOW_NULL_SESSION;
    assert!(!lm.logs_on(&server).expect("LM").client.anonymous);
}

/// [MS-NLMP] 2.2.2.3, 2.2.2.4, 2.2.2.6 and 2.2.2.8 give the lengths: 24 bytes, and more for NTLMv2
/// alone.
#[test]
fn a_response_is_known_by_its_form() {
    use ResponseKind as Kind;
    for (nt, lm, ess, lmv2, kind) in [
        (0, 24, false, true, Some(Kind::LmV2)),
        (0, 24, false, false, Some(Kind::Lm)),
        (0, 0, true, true, None),
        (0, 23, false, true, None),
        (0, 40, false, true, None),
        (0, 40, false, false, None),
        (23, 24, true, true, None),
        (24, 24, true, true, Some(Kind::NtlmV1Ess)),
        (24, 23, true, true, Some(Kind::NtlmV1)),
        (24, 24, false, true, Some(Kind::NtlmV1)),
        (25, 24, true, true, Some(Kind::NtlmV2)),
        (25, 0, false, false, Some(Kind::NtlmV2)),
    ] {
        let logon = NetworkLogon {
            nt_response: &[0; 25][..nt],
            lm_response: &[0; 40][..lm],
            extended_session_security: ess,
            allowed: ResponsePolicy { lmv2, ..Default::default() },
            ..Default::default()
        };
        assert_eq!(response::kind(&logon), kind, "{nt} {lm} {ess} {lmv2}");
    }
}

#[test]
fn ntlmv1_counts_where_policy_allows_it() {
    let client =
        Client { responses: Responses::V1, offered: OFFERED - F::KEY_EXCH, ..Client::new() };
    denied(client.logs_on(&Party::alice()), Denial::ResponseNotAllowed);
    let mut server = Party::alice();
    server.policy.responses.ntlmv1 = true;
    client.logs_on(&server).expect("accepted");
    // A key derived from the LM hash, which the account does not have, would be known to anyone.
    let server_without_lm = Party { lm_hash: false, ..server.clone() };
    for weak in [F::LM_KEY, F::NON_NT_SESSION_KEY] {
        let offered = (OFFERED - F::KEY_EXCH - F::EXTENDED_SESSIONSECURITY) | weak;
        let client = Client { offered, chosen: offered, ..client.clone() };
        denied(client.logs_on(&server_without_lm), Denial::ResponseNotAllowed);
        client.logs_on(&server).expect("the account has an LM hash");
    }
    // Other keys do not derive from it.
    let offered = OFFERED - F::KEY_EXCH - F::EXTENDED_SESSIONSECURITY;
    let of_nt_hash = Client { offered, chosen: offered, ..client.clone() };
    of_nt_hash.logs_on(&server_without_lm).expect("accepted");
    server.policy.require_mic = true;
    client.logs_on(&server).expect("a MIC is demanded of NTLMv2 alone");
}

#[test]
fn proven_av_pairs_must_make_sense() {
    invalid(Client::saying(id::FLAGS, &[2, 0]).logs_on(&Party::alice()));
    invalid(Client::saying(id::CHANNEL_BINDINGS, &[1; 15]).logs_on(&Party::alice()));
    invalid(Client::saying(id::TARGET_NAME, b"H").logs_on(&Party::alice()));
    invalid(Client::saying(id::TARGET_NAME, &[0, 0xd8]).logs_on(&Party::alice()));
    // An attacker between the peers may have put the first one into CHALLENGE_MESSAGE.
    for (av_id, value) in
        [(id::FLAGS, &[0; 4][..]), (id::CHANNEL_BINDINGS, &[1; 16]), (id::TARGET_NAME, b"H\0")]
    {
        let twice = Client {
            av_pairs: vec![(av_id, value.to_vec()), (av_id, value.to_vec())],
            ..Client::new()
        };
        invalid(twice.logs_on(&Party::alice()));
    }
    // An unknown pair is ignored.
    Client::saying(0x7fff, b"?").logs_on(&Party::alice()).expect("accepted");
}

// ---- flags and keys

#[test]
fn a_key_exchange_needs_its_key() {
    let established = Client::new().logs_on(&Party::alice()).expect("accepted");
    assert_eq!(established.session.session_key(), EXPORTED);
    for length in [0, 1, 15, 17] {
        invalid(
            Client { session_key: Some(vec![7; length]), ..Client::new() }.logs_on(&Party::alice()),
        );
    }
}

#[test]
fn without_protection_the_field_tells_of_a_key_exchange() {
    let client = Client { offered: OFFERED - F::SIGN, ..Client::new() };
    // Also with a MIC under the exchanged key, as older macOS clients send it.
    let proved = Client { mic: Mic::Right, ..Client::saying(id::FLAGS, &HAS_MIC) };
    let proved = Client { offered: OFFERED - F::SIGN, ..proved };
    for client in [&client, &proved] {
        let established = client.logs_on(&Party::alice()).expect("accepted");
        assert_eq!(established.session.session_key(), EXPORTED);
    }
    for length in [0, 1] {
        let client = Client { session_key: Some(vec![7; length]), ..client.clone() };
        let established = client.logs_on(&Party::alice()).expect("accepted");
        assert_ne!(established.session.session_key(), EXPORTED);
    }
}

#[test]
fn the_last_message_may_do_without_but_not_weaken() {
    let chosen = |chosen| Client { chosen, ..Client::new() };
    let established = chosen(OFFERED - F::SIGN).logs_on(&Party::alice()).expect("without signing");
    assert_eq!(established.flags, C::empty());
    invalid(chosen(OFFERED - F::EXTENDED_SESSIONSECURITY).logs_on(&Party::alice()));
    invalid(chosen(OFFERED - F::N128).logs_on(&Party::alice()));
    // Without session keys there is nothing to weaken.
    chosen(OFFERED - F::SIGN - F::N128).logs_on(&Party::alice()).expect("without signing");
    let mut server = Party::alice();
    server.policy.require_128 = true;
    let refused = chosen(OFFERED - F::SIGN - F::N128).logs_on(&server).err();
    assert!(matches!(refused, Some(Error::NothingInCommon(_))), "{refused:?}");
    // 40 bits where 56 were agreed.
    let offered = (OFFERED - F::N128) | F::N56;
    let client = Client { offered, chosen: offered, ..Client::new() };
    client.logs_on(&Party::alice()).expect("56 bits");
    invalid(Client { chosen: offered - F::N56, ..client }.logs_on(&Party::alice()));
}

/// [MS-NLMP] 3.2.5.2.1: datagram contexts exchange a key.
#[test]
fn a_datagram_context_stays_one() {
    let server = Party::requiring(C::DATAGRAM);
    let chosen = |chosen| {
        Client { offered: OFFERED | F::DATAGRAM, chosen, ..Client::new() }.logs_on(&server)
    };
    chosen(OFFERED | F::DATAGRAM).expect("accepted");
    invalid(chosen(OFFERED));
    invalid(chosen((OFFERED - F::KEY_EXCH) | F::DATAGRAM));
}

/// NEGOTIATE_MESSAGE is kept until the client answers, and clients may leave many exchanges.
#[test]
fn a_first_message_is_no_longer_than_a_token_may_be() {
    let begins = |length| {
        let mut message = Negotiate::write(OFFERED).unwrap();
        message.resize(length, 0);
        Party::alice().accept(&Acceptor::new(), &message).map(|_| ())
    };
    let longest = MAX_TOKEN as usize;
    assert_eq!(begins(longest), Ok(()));
    for length in [longest + 1, longest + 2] {
        assert!(matches!(begins(length), Err(Error::InvalidToken(_))), "{length}");
    }
}

#[test]
fn the_last_message_claims_nothing_new() {
    let client =
        Client { offered: OFFERED - F::SIGN - F::IDENTIFY, chosen: F::all(), ..Client::new() };
    let established = client.logs_on(&Party::alice()).expect("accepted");
    assert_eq!(established.flags, C::empty());
}

/// A client that offers OEM text alone, as curl and GNU Wget do. `chosen`: the flags of its last
/// message; `user`: its bytes in either message.
fn oem_logon(chosen: F, user: &[u8], hashed_user: &[u8]) -> Result<Established, Error> {
    let mut server = Party::alice();
    server.identity = Some(identity("jörg", "", PASSWORD));
    let negotiate = Negotiate::write(F::OEM | F::NTLM | F::REQUEST_TARGET).unwrap();
    let (acceptor, challenge) = going_on(server.accept(&Acceptor::new(), &negotiate)?);
    let parsed = Challenge::parse(&challenge).expect("a challenge");
    assert!(parsed.flags.contains(F::OEM) && !parsed.flags.contains(F::UNICODE));
    let mut target_info = Vec::new();
    for (av_id, value) in parsed.target_info.expect("target information").iter() {
        av_pair::put(&mut target_info, av_id, value);
    }
    av_pair::put(&mut target_info, id::EOL, &[]);
    let identity: Vec<u8> = hashed_user.iter().flat_map(|byte| [*byte, 0]).collect();
    let response_key = crypto::hmac_md5(&crypto::nt_hash(PASSWORD), &[&identity]);
    let v2 = V2 {
        response_key: &response_key,
        server_challenge: &parsed.server_challenge,
        client_challenge: &[0xcc; 8],
        time: NOW.0,
        target_info: &target_info,
    };
    let answer = Answer {
        flags: F::OEM | F::NTLM,
        lm_response: &[0; 24],
        nt_response: &v2.respond().unwrap().nt,
        domain: "",
        // As many bytes, which are replaced.
        user: &"x".repeat(user.len()),
        workstation: "",
        session_key: &[],
        mic: None,
    };
    let mut message = answer.write().expect("a message");
    let place = message.windows(user.len()).position(|bytes| bytes == vec![b'x'; user.len()]);
    let place = place.expect("the name");
    message[place..place + user.len()].copy_from_slice(user);
    message[60..64].copy_from_slice(&chosen.bits().to_le_bytes());
    server.accept(&acceptor, &message).map(|step| done(step).0)
}

/// [MS-NLMP] 2.2.1.3: names are in the negotiated character set. GNU Wget and older node clients
/// set the flag of the other one in their last message.
#[test]
fn names_are_in_the_negotiated_character_set() {
    let unicode = F::UNICODE | F::NTLM | F::ALWAYS_SIGN;
    for chosen in [F::OEM | F::NTLM, F::NTLM, unicode, unicode | F::OEM] {
        let utf16: Vec<u8> = "jörg".encode_utf16().flat_map(u16::to_le_bytes).collect();
        // ISO 8859-1, and UTF-8; hashed as the name's UTF-16.
        for user in [&b"j\xf6rg"[..], "jörg".as_bytes()] {
            let established = oem_logon(chosen, user, b"J\xd6RG").expect("accepted");
            assert_eq!(established.client.user, "jörg", "{chosen:?}");
        }
        // A client that has meant its flag.
        let result = oem_logon(chosen, &utf16, b"J\xd6RG");
        if chosen.contains(F::UNICODE) {
            assert_eq!(result.expect("accepted").client.user, "jörg");
        } else {
            invalid(result);
        }
    }
}

/// curl hashes the bytes as they are and converts ASCII letters alone to upper case.
#[test]
fn names_may_be_hashed_as_undecoded_oem_text() {
    for (user, hashed) in [(&b"j\xf6rg"[..], &b"J\xf6RG"[..]), (b"j\xc3\xb6rg", b"J\xc3\xb6RG")] {
        let established = oem_logon(F::OEM | F::NTLM, user, hashed).expect("accepted");
        assert_eq!(established.client.user, "jörg");
    }
    denied(oem_logon(F::OEM | F::NTLM, b"j\xf6rg", b"J\xf7RG"), Denial::WrongPassword);
    // UTF-16 is hashed as it is, in upper case.
    let utf16: Vec<u8> = "jörg".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hashed = utf16.to_ascii_uppercase();
    denied(oem_logon(F::UNICODE | F::NTLM, &utf16, &hashed), Denial::WrongPassword);
}

/// Names go into log and audit, so that their length is bounded: [MS-ADA3] 2.349 for a user
/// principal name, 256 characters for a domain.
#[test]
fn names_are_no_longer_than_those_of_windows() {
    let logs_on = |chosen, user: usize, domain: usize| {
        let text = |length| &*"x".repeat(length).leak();
        let (user, domain) = (text(user), text(domain));
        let server = Party { identity: Some(identity(user, domain, PASSWORD)), ..Party::alice() };
        Client { chosen, user, domain, hashed_domain: domain, ..Client::new() }.logs_on(&server)
    };
    for chosen in [OFFERED, OFFERED - F::UNICODE] {
        logs_on(chosen, 1024, 256).expect("the longest");
        for (user, domain) in [(1025, 1), (1026, 1), (1, 257), (1, 258)] {
            invalid(logs_on(chosen, user, domain));
        }
    }
}

#[test]
fn the_last_message_chooses_its_character_set() {
    for chosen in [OFFERED, OFFERED - F::UNICODE] {
        let client =
            Client {
                chosen, user: "jörg", domain: "BÜRO", hashed_domain: "BÜRO", ..Client::new()
            };
        let mut server = Party::alice();
        server.identity = Some(identity("jörg", "BÜRO", PASSWORD));
        let established = client.logs_on(&server).expect("accepted");
        assert_eq!(established.client.user, "jörg");
    }
}

// ---- old and empty messages

/// An AUTHENTICATE_MESSAGE that ends its fixed part after WorkstationFields, as the oldest clients
/// send it.
fn oldest(lm_response: &[u8], nt_response: &[u8], user: &[u8]) -> Vec<u8> {
    let mut message = [b"NTLMSSP\0", &[3, 0, 0, 0][..], &[0; 40]].concat();
    for (at, field) in [(12, lm_response), (20, nt_response), (36, user)] {
        let (length, offset) = (field.len() as u16, message.len() as u32);
        message[at..at + 2].copy_from_slice(&length.to_le_bytes());
        message[at + 4..at + 8].copy_from_slice(&offset.to_le_bytes());
        message.extend_from_slice(field);
    }
    message
}

#[test]
fn the_oldest_clients_send_no_flags() {
    let mut server = Party::requiring(C::ALLOW_NULL_SESSION);
    server.policy.responses = every_response();
    let negotiate = Negotiate::write(F::OEM | F::NTLM).unwrap();
    let (acceptor, challenge) =
        going_on(server.accept(&Acceptor::new(), &negotiate).expect("a challenge"));
    let server_challenge = Challenge::parse(&challenge).expect("a challenge").server_challenge;
    let nt_response = crypto::desl(&crypto::nt_hash(PASSWORD), &server_challenge);
    let (established, _) = done(
        server
            .accept(&acceptor, &oldest(&[], &nt_response, b"ALICE"))
            .expect("accepted by the response"),
    );
    assert_eq!((&*established.client.user, established.client.anonymous), (USER, false));
    for lm_response in [&[][..], &[0]] {
        let (established, _) =
            done(server.accept(&acceptor, &oldest(lm_response, &[], b"")).expect("nobody"));
        assert!(established.client.anonymous);
    }
    // An anonymous response with only one of its fields is one of an unknown user.
    for (lm_response, nt_response, user) in [
        (&[1u8][..], &[][..], &b""[..]),
        (&[0; 24], &[], b""),
        (&[], &nt_response, b""),
        (&[], &[], b"ALICE"),
    ] {
        let refused = server.accept(&acceptor, &oldest(lm_response, nt_response, user)).err();
        assert!(matches!(refused, Some(Error::LogonDenied(_))), "{refused:?}");
    }
}
