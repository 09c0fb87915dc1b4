//! [MS-NLMP] 4.2: every example of the cryptographic calculations, byte by byte. Each test is named
//! after its section.

use crate::support::exchanges::hex;
use crate::support::ntlm::*;
use negossp_core::ntlm::ResponseKind;
use negossp_core::ntlm::crypto;
use negossp_core::ntlm::flags::NegotiateFlags;
use negossp_core::ntlm::keys::{Direction, KeyExchange, kxkey, sealkey, signkey};
use negossp_core::ntlm::message::authenticate::{Answer, Authenticate};
use negossp_core::ntlm::message::challenge::Challenge;
use negossp_core::ntlm::response::{self, V2};
use negossp_core::ntlm::{Acceptor, Challenged, Session, Side};
use negossp_core::types::error::{Denial, Error};
use negossp_core::types::protection::{Part, Qop};

// 4.2.1, common values.
const USER: &str = "User";
const DOMAIN: &str = "Domain";
const PASSWORD: &str = "Password";
const COMPUTER: &str = "COMPUTER";
const SERVER_CHALLENGE: [u8; 8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
const CLIENT_CHALLENGE: [u8; 8] = [0xaa; 8];
const RANDOM_SESSION_KEY: [u8; 16] = [0x55; 16];

// The flags that 4.2.2, 4.2.3 and 4.2.4 begin with.
const NTLMV1: NegotiateFlags = NegotiateFlags::from_bits_retain(0xe202_8233);
const NTLMV1_ESS: NegotiateFlags = NegotiateFlags::from_bits_retain(0x820a_8233);
const NTLMV2: NegotiateFlags = NegotiateFlags::from_bits_retain(0xe28a_8233);

const LM_RESPONSE: &str = "98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13";
const NT_RESPONSE: &str = "67c43011f30298a2ad35ece64f16331c44bdbed927841f94";
const ESS_LM_RESPONSE: &str = "aaaaaaaaaaaaaaaa00000000000000000000000000000000";
const ESS_NT_RESPONSE: &str = "7537f803ae367128ca458204bde7caf81e97ed2683267232";
const LMV2_RESPONSE: &str = "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa";
const NT_PROOF_STR: &str = "68cd0ab851e51c96aabc927bebef6a1c";
const TEMP: &str = "01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000\
    02000c0044006f006d00610069006e0001000c00530065007200760065007200\
    0000000000000000";
/// "Plaintext", in UTF-16LE.
const PLAINTEXT: &str = "50006c00610069006e007400650078007400";

/// 4.2.2.3
const NTLMV1_CHALLENGE: &str = "\
    4e544c4d53535000020000000c000c0038000000338202e20123456789abcdef00000000000000000000000000000000\
    060070170000000f530065007200760065007200";

/// 4.2.2.3
const NTLMV1_AUTHENTICATE: &str = "\
    4e544c4d5353500003000000180018006c00000018001800840000000c000c0048000000080008005400000010001000\
    5c000000100010009c000000358280e20501280a0000000f44006f006d00610069006e00550073006500720043004f00\
    4d005000550054004500520098def7b87f88aa5dafe2df779688a172def11c7d5ccdef1367c43011f30298a2ad35ece6\
    4f16331c44bdbed927841f94518822b1b3f350c8958682ecbb3e3cb7";

/// 4.2.3.3
const NTLMV1_ESS_CHALLENGE: &str = "\
    4e544c4d53535000020000000c000c003800000033820a820123456789abcdef00000000000000000000000000000000\
    060070170000000f530065007200760065007200";

/// 4.2.3.3
const NTLMV1_ESS_AUTHENTICATE: &str = "\
    4e544c4d5353500003000000180018006c00000018001800840000000c000c0048000000080008005400000010001000\
    5c000000000000009c000000358208820501280a0000000f44006f006d00610069006e00550073006500720043004f00\
    4d0050005500540045005200aaaaaaaaaaaaaaaa000000000000000000000000000000007537f803ae367128ca458204\
    bde7caf81e97ed2683267232";

/// 4.2.4.3
const NTLMV2_CHALLENGE: &str = "\
    4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000002400240044000000\
    060070170000000f53006500720076006500720002000c0044006f006d00610069006e0001000c005300650072007600\
    6500720000000000";

/// 4.2.4.3
const NTLMV2_AUTHENTICATE: &str = "\
    4e544c4d5353500003000000180018006c00000054005400840000000c000c0048000000080008005400000010001000\
    5c00000010001000d8000000358288e20501280a0000000f44006f006d00610069006e00550073006500720043004f00\
    4d005000550054004500520086c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa68cd0ab851e51c96aabc927b\
    ebef6a1c01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e00\
    01000c005300650072007600650072000000000000000000c5dad2544fc9799094ce1ce90bc9d03e";

fn array<const N: usize>(digits: &str) -> [u8; N] {
    hex(digits).try_into().expect("that many bytes")
}

/// A server that has the user's account and has sent `challenge`.
fn server(challenge: &str) -> (Party, Acceptor) {
    let mut party = Party::alice();
    party.identity = Some(identity(USER, DOMAIN, PASSWORD));
    party.policy.responses = every_response();
    // The examples use a time at the beginning of 1601.
    party.policy.max_clock_skew = None;
    let challenged = Challenged::new(&[], &hex(challenge), party.now).expect("a challenge");
    (party, Acceptor::ExpectAuthenticate(challenged))
}

/// Checks that the example's AUTHENTICATE_MESSAGE is accepted, and rejected with another password;
/// returns the session key.
fn accepted(challenge: &str, authenticate: &str) -> Vec<u8> {
    let (mut party, acceptor) = server(challenge);
    let (established, _) = done(party.accept(&acceptor, &hex(authenticate)).expect("accepted"));
    assert_eq!(established.client.user, USER);
    party.identity = Some(identity(USER, DOMAIN, "password"));
    let refused = party.accept(&acceptor, &hex(authenticate)).err();
    assert_eq!(refused, Some(Error::LogonDenied(Denial::WrongPassword)));
    established.session.session_key().to_vec()
}

/// Reads the example's fields and writes them again; only the Version is our own.
fn rewritten(
    authenticate: &str,
    flags: u32,
    lm_response: &[u8],
    nt_response: &[u8],
    session_key: &[u8],
) {
    let example = hex(authenticate);
    let message = Authenticate::parse(&example).expect("a message");
    assert_eq!(message.flags, Some(NegotiateFlags::from_bits_retain(flags)));
    assert_eq!(message.lm_response, lm_response);
    assert_eq!(message.nt_response, nt_response);
    assert_eq!(message.session_key, session_key);
    let answer = Answer {
        flags: NegotiateFlags::from_bits_retain(flags),
        lm_response,
        nt_response,
        domain: DOMAIN,
        user: USER,
        workstation: COMPUTER,
        session_key,
        mic: None,
    };
    let mut written = answer.write().expect("a message");
    written[64..72].copy_from_slice(&example[64..72]);
    assert_eq!(written, example);
}

fn key_exchange_key(flags: NegotiateFlags, response: ResponseKind, lm_response: &str) -> [u8; 16] {
    let lm_hash = response::lm_hash(PASSWORD).expect("an LM hash");
    let lm_response = hex(lm_response);
    let from = KeyExchange {
        response,
        session_base_key: &crypto::md4(&response::nt_hash(PASSWORD)),
        lm_session_key: lm_hash.first_chunk().expect("8 of 16 bytes"),
        lm_response: &lm_response,
        server_challenge: &SERVER_CHALLENGE,
    };
    *kxkey(flags, &from)
}

/// `RC4K(key, RandomSessionKey)`.
fn encrypted_session_key(key: &[u8; 16]) -> [u8; 16] {
    *crypto::rc4k(key, RANDOM_SESSION_KEY)
}

/// `GSS_WrapEx` of "Plaintext" as the first message: the data, then the signature.
fn wrapped(flags: NegotiateFlags, key: &[u8; 16]) -> (Vec<u8>, [u8; 16]) {
    let mut session = Session::new(flags, key, Side::Client);
    let (mut data, mut token) = (hex(PLAINTEXT), [0; 16]);
    let length =
        session.seal(Qop::Encrypt, &mut [Part { data: &mut data, seal: true }], 0, &mut token);
    assert_eq!(length, Ok(16));
    (data, token)
}

/// Unwraps an example at the server's end.
fn unwraps(flags: NegotiateFlags, key: &[u8; 16], data: &str, signature: &str) {
    let mut session = Session::new(flags, key, Side::Server);
    let mut data = hex(data);
    let qop = session.unseal(&mut [Part { data: &mut data, seal: true }], 0, &hex(signature));
    assert_eq!(qop, Ok(Qop::Encrypt));
    assert_eq!(data, hex(PLAINTEXT));
}

#[test]
fn s4_2_2_1_1_lmowf_v1() {
    assert_eq!(response::lm_hash(PASSWORD), Some(array("e52cac67419a9a224a3b108f3fa6cb6d")));
}

#[test]
fn s4_2_2_1_2_ntowf_v1() {
    assert_eq!(response::nt_hash(PASSWORD), array("a4f49c406510bdcab6824ee7c30fd852"));
}

#[test]
fn s4_2_2_1_3_session_base_key_and_key_exchange_key() {
    assert_eq!(
        crypto::md4(&response::nt_hash(PASSWORD)),
        array("d87262b0cde4b1cb7499becccdf10784")
    );
    let key = |flags| key_exchange_key(flags, ResponseKind::NtlmV1, LM_RESPONSE);
    assert_eq!(key(NTLMV1), array("d87262b0cde4b1cb7499becccdf10784"));
    assert_eq!(
        key(NTLMV1 | NegotiateFlags::NON_NT_SESSION_KEY),
        array("e52cac67419a9a220000000000000000")
    );
    assert_eq!(key(NTLMV1 | NegotiateFlags::LM_KEY), array("b09e379f7fbecb1eaf0afdcb0383c8a0"));
}

#[test]
fn s4_2_2_2_1_ntlmv1_response() {
    assert_eq!(crypto::desl(&response::nt_hash(PASSWORD), &SERVER_CHALLENGE), array(NT_RESPONSE));
}

#[test]
fn s4_2_2_2_2_lmv1_response() {
    let lm_hash = response::lm_hash(PASSWORD).expect("an LM hash");
    assert_eq!(crypto::desl(&lm_hash, &SERVER_CHALLENGE), array(LM_RESPONSE));
}

#[test]
fn s4_2_2_2_3_encrypted_session_key() {
    let key =
        |flags| encrypted_session_key(&key_exchange_key(flags, ResponseKind::NtlmV1, LM_RESPONSE));
    assert_eq!(key(NTLMV1), array("518822b1b3f350c8958682ecbb3e3cb7"));
    assert_eq!(
        key(NTLMV1 | NegotiateFlags::NON_NT_SESSION_KEY),
        array("7452ca55c225a1ca04b48fae32cf56fc")
    );
    assert_eq!(key(NTLMV1 | NegotiateFlags::LM_KEY), array("4cd7bb57d697ef9b549f02b8f9b37864"));
}

#[test]
fn s4_2_2_3_messages() {
    let challenge = hex(NTLMV1_CHALLENGE);
    let challenge = Challenge::parse(&challenge).expect("a challenge");
    assert_eq!((challenge.flags, challenge.server_challenge), (NTLMV1, SERVER_CHALLENGE));
    assert!(challenge.target_info.is_none());
    let session_key = array::<16>("518822b1b3f350c8958682ecbb3e3cb7");
    rewritten(NTLMV1_AUTHENTICATE, 0xe280_8235, &hex(LM_RESPONSE), &hex(NT_RESPONSE), &session_key);
    assert_eq!(accepted(NTLMV1_CHALLENGE, NTLMV1_AUTHENTICATE), RANDOM_SESSION_KEY);
}

#[test]
fn s4_2_2_4_gss_wrap_ex() {
    let (data, signature) = wrapped(NTLMV1, &RANDOM_SESSION_KEY);
    assert_eq!(data, hex("56fe04d861f9319af0d7238a2e3b4d457fb8"));
    // The example leaves 45c844e5, the encrypted RandomPad, in the signature; 3.4.4.1 sets it to 0
    // in the end, and so do Windows and its other peers. No receiver checks it.
    assert_eq!(signature, array("010000000000000009dcd1df2e459d36"));
    let example = "0100000045c844e509dcd1df2e459d36";
    unwraps(NTLMV1, &RANDOM_SESSION_KEY, "56fe04d861f9319af0d7238a2e3b4d457fb8", example);
}

#[test]
fn s4_2_3_1_3_session_base_key_and_key_exchange_key() {
    let key = key_exchange_key(NTLMV1_ESS, ResponseKind::NtlmV1Ess, ESS_LM_RESPONSE);
    assert_eq!(key, array("eb93429a8bd952f8b89c55b87f475edc"));
}

#[test]
fn s4_2_3_2_1_lmv1_response() {
    // With extended session security it carries the client's challenge.
    let mut lm_response = [0; 24];
    lm_response[..8].copy_from_slice(&CLIENT_CHALLENGE);
    assert_eq!(lm_response, array(ESS_LM_RESPONSE));
}

#[test]
fn s4_2_3_2_2_ntlmv1_response() {
    let response =
        response::ntlmv1_ess(&response::nt_hash(PASSWORD), &SERVER_CHALLENGE, &CLIENT_CHALLENGE);
    assert_eq!(response, array(ESS_NT_RESPONSE));
}

#[test]
fn s4_2_3_3_messages() {
    let challenge = hex(NTLMV1_ESS_CHALLENGE);
    let challenge = Challenge::parse(&challenge).expect("a challenge");
    assert_eq!((challenge.flags, challenge.server_challenge), (NTLMV1_ESS, SERVER_CHALLENGE));
    let message = hex(NTLMV1_ESS_AUTHENTICATE);
    assert!(Authenticate::parse(&message).expect("a message").session_key.is_empty());
    rewritten(
        NTLMV1_ESS_AUTHENTICATE,
        0x8208_8235,
        &hex(ESS_LM_RESPONSE),
        &hex(ESS_NT_RESPONSE),
        &[],
    );
    let session_key = accepted(NTLMV1_ESS_CHALLENGE, NTLMV1_ESS_AUTHENTICATE);
    assert_eq!(session_key, hex("eb93429a8bd952f8b89c55b87f475edc"));
}

#[test]
fn s4_2_3_4_gss_wrap_ex() {
    let key = array("eb93429a8bd952f8b89c55b87f475edc");
    let sealing = sealkey(NTLMV1_ESS, &key, Direction::ClientToServer);
    assert_eq!(sealing.as_bytes(), hex("04dd7f014d8504d265a25cc86a3a7c06"));
    assert_eq!(
        *signkey(&key, Direction::ClientToServer),
        array("60e799be5c72fc92922ae8ebe961fb8d")
    );
    let (data, signature) = wrapped(NTLMV1_ESS, &key);
    assert_eq!(data, hex("a02372f6530273f3aa1eb90190ce5200c99d"));
    assert_eq!(signature, array("01000000ff2aeb52f681793a00000000"));
    unwraps(
        NTLMV1_ESS,
        &key,
        "a02372f6530273f3aa1eb90190ce5200c99d",
        "01000000ff2aeb52f681793a00000000",
    );
}

fn response_key() -> crypto::Key {
    crypto::ntowf_v2(&response::nt_hash(PASSWORD), USER, DOMAIN)
}

fn v2_responses() -> response::Responses {
    let target_info =
        hex("02000c0044006f006d00610069006e0001000c0053006500720076006500720000000000");
    let response_key = response_key();
    let v2 = V2 {
        response_key: &response_key,
        server_challenge: &SERVER_CHALLENGE,
        client_challenge: &CLIENT_CHALLENGE,
        time: 0,
        target_info: &target_info,
    };
    v2.respond().unwrap()
}

#[test]
fn s4_2_4_1_1_ntowf_v2_and_lmowf_v2() {
    assert_eq!(*response_key(), array("0c868a403bfd7a93a3001ef22ef02e3f"));
}

#[test]
fn s4_2_4_1_2_session_base_key() {
    assert_eq!(*v2_responses().session_base_key, array("8de40ccadbc14a82f15cb0ad0de95ca3"));
}

#[test]
fn s4_2_4_1_3_temp() {
    assert_eq!(v2_responses().nt[16..], hex(TEMP));
}

#[test]
fn s4_2_4_2_1_lmv2_response() {
    assert_eq!(v2_responses().lm, array(LMV2_RESPONSE));
}

#[test]
fn s4_2_4_2_2_ntlmv2_response() {
    assert_eq!(v2_responses().nt[..16], hex(NT_PROOF_STR));
}

#[test]
fn s4_2_4_2_3_encrypted_session_key() {
    let key = array("8de40ccadbc14a82f15cb0ad0de95ca3");
    assert_eq!(encrypted_session_key(&key), array("c5dad2544fc9799094ce1ce90bc9d03e"));
}

#[test]
fn s4_2_4_3_messages() {
    let challenge = hex(NTLMV2_CHALLENGE);
    let challenge = Challenge::parse(&challenge).expect("a challenge");
    assert_eq!((challenge.flags, challenge.server_challenge), (NTLMV2, SERVER_CHALLENGE));
    assert_eq!(challenge.target_info.expect("target information").iter().count(), 2);
    let nt_response = hex(&format!("{NT_PROOF_STR}{TEMP}"));
    let session_key = array::<16>("c5dad2544fc9799094ce1ce90bc9d03e");
    rewritten(NTLMV2_AUTHENTICATE, 0xe288_8235, &hex(LMV2_RESPONSE), &nt_response, &session_key);
    assert_eq!(accepted(NTLMV2_CHALLENGE, NTLMV2_AUTHENTICATE), RANDOM_SESSION_KEY);
}

#[test]
fn s4_2_4_4_gss_wrap_ex() {
    let sealing = sealkey(NTLMV2, &RANDOM_SESSION_KEY, Direction::ClientToServer);
    assert_eq!(sealing.as_bytes(), hex("59f600973cc4960a25480a7c196e4c58"));
    assert_eq!(
        *signkey(&RANDOM_SESSION_KEY, Direction::ClientToServer),
        array("4788dc861b4782f35d43fd98fe1a2d39")
    );
    let (data, signature) = wrapped(NTLMV2, &RANDOM_SESSION_KEY);
    assert_eq!(data, hex("54e50165bf1936dc996020c1811b0f06fb5f"));
    assert_eq!(signature, array("010000007fb38ec5c55d497600000000"));
    unwraps(
        NTLMV2,
        &RANDOM_SESSION_KEY,
        "54e50165bf1936dc996020c1811b0f06fb5f",
        "010000007fb38ec5c55d497600000000",
    );
    // Without a key exchange the checksum is sent unencrypted.
    let (_, signature) = wrapped(NTLMV2 - NegotiateFlags::KEY_EXCH, &RANDOM_SESSION_KEY);
    assert_eq!(signature, array("01000000703528 51f256430900000000"));
}

#[test]
fn an_lmv2_response_alone_is_the_examples_too() {
    let mut party = Party::alice();
    party.policy.responses = every_response();
    let account = negossp_core::ntlm::Account::from_identity(&identity(USER, DOMAIN, PASSWORD));
    let lm_response = hex(LMV2_RESPONSE);
    let logon = negossp_core::ntlm::NetworkLogon {
        user: USER,
        domain: DOMAIN,
        workstation: COMPUTER,
        address: None,
        machine_id: None,
        oem: None,
        server_challenge: SERVER_CHALLENGE,
        nt_response: &[],
        lm_response: &lm_response,
        extended_session_security: false,
        mschapv2: false,
        allowed: every_response(),
        messages: Default::default(),
    };
    let proof = response::check(&account, &logon).map(|proof| proof.response);
    assert_eq!(proof, Ok(ResponseKind::LmV2));
    // By the key alone, which a server program may have instead of the hash.
    let response_key = crypto::ntowf_v2(&crypto::nt_hash(PASSWORD), USER, DOMAIN);
    let by_key = |logon: &_| response::check_ntowf_v2(&response_key, logon);
    assert_eq!(by_key(&logon).map(|proof| proof.response), Ok(ResponseKind::LmV2));
    let wrong = negossp_core::ntlm::NetworkLogon { server_challenge: [7; 8], ..logon };
    assert_eq!(by_key(&wrong).err(), Some(Error::LogonDenied(Denial::WrongPassword)));
    let lm_response = hex(LM_RESPONSE);
    let proof = response::check(
        &account,
        &negossp_core::ntlm::NetworkLogon { lm_response: &lm_response, ..logon },
    );
    assert_eq!(proof.map(|proof| proof.response), Ok(ResponseKind::Lm));
}
