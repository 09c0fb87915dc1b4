//! SPNEGO's tokens: recorded ones of other implementations, and malformed ones.

use crate::support::exchanges::{exchanges, hex};
use negossp_core::mechanism::Mechanism;
use negossp_core::negotiate::token::{
    FirstToken, MechTypeList, NegState, NegTokenInit, NegTokenResp, mech_type_list,
};
use negossp_core::types::error::Error;

const NTLM: &str = "2b06010401823702020a";
const KRB5: &str = "2a864886f712010202";
const MS_KRB5: &str = "2a864882f712010202";
const NEGOEX: &str = "2b06010401823702021e";

/// An element with `contents`, both in hex; short lengths only.
fn tlv(tag: u8, contents: &str) -> String {
    let length = contents.len() / 2;
    assert!(length < 0x80);
    format!("{tag:02x}{length:02x}{contents}")
}

fn list(oids: &[&str]) -> String {
    tlv(0x30, &oids.iter().map(|oid| tlv(0x06, oid)).collect::<String>())
}

/// NegTokenInit in its frame, with these fields.
fn init(fields: &[String]) -> Vec<u8> {
    hex(&tlv(0x60, &(tlv(0x06, "2b0601050502") + &tlv(0xa0, &tlv(0x30, &fields.concat())))))
}

fn resp(fields: &[String]) -> Vec<u8> {
    hex(&tlv(0xa1, &tlv(0x30, &fields.concat())))
}

fn decode_init(token: &[u8]) -> Result<NegTokenInit<'_>, Error> {
    match FirstToken::read(token)? {
        FirstToken::Negotiate(init) => Ok(init),
        FirstToken::Raw(mechanism) => panic!("a raw token of {mechanism:?}"),
    }
}

fn is_invalid<T: std::fmt::Debug>(result: Result<T, Error>, what: &str) {
    assert!(matches!(result, Err(Error::InvalidToken(_))), "{what}: {result:?}");
}

#[test]
fn other_implementations_tokens_come_out_as_they_went_in() {
    for exchange in exchanges("spnego-") {
        for (i, token) in exchange.tokens.iter().enumerate() {
            let again = if i == 0 {
                let init = decode_init(&token.bytes).unwrap();
                let list = init.mech_types.unwrap();
                assert!(
                    list.iter().any(|oid| oid == Mechanism::Ntlm.oids()[0]),
                    "{}",
                    exchange.name
                );
                assert_eq!(init.mech_list_mic, None);
                NegTokenInit::encode(list.der(), init.mech_token.unwrap())
            } else {
                let resp = NegTokenResp::decode(&token.bytes).unwrap();
                // RFC 4178 4.2.2: supportedMech belongs to the acceptor's first reply.
                assert_eq!(
                    resp.supported_mech.is_some(),
                    !token.from_client && i == 1,
                    "{}",
                    exchange.name
                );
                resp.encode()
            };
            assert_eq!(again, token.bytes, "{} token {i}", exchange.name);
        }
    }
}

/// As pyspnego and MIT krb5 with gss-ntlmssp answer the empty token, byte for byte the same.
const HINT: &str = "604806062b0601050502a03e303ca00e300c060a2b06010401823702020aa32a3028a0261b246e6f745f646566696e65645f\
                    696e5f5246433431373840706c656173655f69676e6f7265";

#[test]
fn hint_is_what_others_send() {
    let mech_types = mech_type_list(&[Mechanism::Ntlm]);
    assert_eq!(NegTokenInit::encode_hint(&mech_types), hex(HINT));
    let token = hex(HINT);
    let init = decode_init(&token).unwrap();
    assert_eq!(init.mech_types.unwrap().der(), mech_types);
    assert_eq!((init.mech_token, init.mech_list_mic), (None, None));
}

/// What Windows Server 2025 answers to an AUTHENTICATE_MESSAGE with a MIC that came without
/// mechListMIC.
#[test]
fn windows_asks_for_the_mech_list_mic() {
    let token = hex("a11b3019 a0030a0101 a3120410 0100000049c217f5398d246700000000");
    let resp = NegTokenResp::decode(&token).unwrap();
    assert_eq!(resp.neg_state, Some(NegState::AcceptIncomplete));
    assert_eq!((resp.supported_mech, resp.response_token), (None, None));
    assert_eq!(resp.mech_list_mic, Some(&hex("0100000049c217f5398d246700000000")[..]));
    assert_eq!(resp.encode(), token);
}

#[test]
fn mechanism_list_of_a_windows_client() {
    let bytes = init(&[
        tlv(0xa0, &list(&[MS_KRB5, KRB5, NEGOEX, NTLM, NTLM])),
        tlv(0xa2, &tlv(0x04, "6e00")),
    ]);
    let init = decode_init(&bytes).unwrap();
    let oids: Vec<Vec<u8>> = init.mech_types.unwrap().iter().map(<[u8]>::to_vec).collect();
    assert_eq!(oids, [MS_KRB5, KRB5, NEGOEX, NTLM, NTLM].map(hex));
    assert_eq!(init.mech_types.unwrap().der(), hex(&list(&[MS_KRB5, KRB5, NEGOEX, NTLM, NTLM])));
    assert_eq!(init.mech_token, Some(&hex("6e00")[..]));
}

#[test]
fn known_leniencies_of_neg_token_init() {
    let mech_types = tlv(0xa0, &list(&[NTLM]));
    let mech_token = tlv(0xa2, &tlv(0x04, "4e54"));
    let mic = tlv(0x04, "0102");
    let read = |fields: &[String]| {
        let token = init(fields);
        let init = decode_init(&token).unwrap();
        (init.mech_token.map(<[u8]>::to_vec), init.mech_list_mic.map(<[u8]>::to_vec))
    };
    let no_mech_token = read(std::slice::from_ref(&mech_types));
    assert_eq!(no_mech_token, (None, None));
    let empty_mech_token = read(&[mech_types.clone(), tlv(0xa2, &tlv(0x04, ""))]);
    assert_eq!(empty_mech_token, (None, None));
    let req_flags = read(&[mech_types.clone(), tlv(0xa1, &tlv(0x03, "0132")), mech_token.clone()]);
    assert_eq!(req_flags, (Some(hex("4e54")), None));
    let mic_as_in_rfc_4178 = read(&[mech_types.clone(), mech_token.clone(), tlv(0xa3, &mic)]);
    assert_eq!(mic_as_in_rfc_4178, (Some(hex("4e54")), Some(hex("0102"))));
    let hints_and_mic_as_in_ms_spng =
        read(&[mech_types.clone(), tlv(0xa3, &tlv(0x30, "")), tlv(0xa4, &mic)]);
    assert_eq!(hints_and_mic_as_in_ms_spng, (None, Some(hex("0102"))));
    let extension = read(&[mech_types.clone(), mech_token, tlv(0xa5, "0500"), tlv(0x86, "")]);
    assert_eq!(extension, (Some(hex("4e54")), None));
    // NegTokenInit2 of [MS-SPNG] may lack the list; the acceptor insists on it.
    assert_eq!(decode_init(&init(&[])).unwrap().mech_types, None);
    let mut trailing = init(&[mech_types]);
    trailing.extend_from_slice(&[0; 100]);
    assert!(decode_init(&trailing).is_ok());
}

#[test]
fn known_leniencies_of_neg_token_resp() {
    let state = tlv(0xa0, &tlv(0x0a, "01"));
    let mech_token = tlv(0xa2, &tlv(0x04, "4e54"));
    let all = [state.clone(), mech_token.clone()];

    let mut trailing = resp(&all);
    trailing.extend_from_slice(&[0; 3]);
    assert_eq!(NegTokenResp::decode(&trailing), NegTokenResp::decode(&resp(&all)));

    let framed =
        hex(&tlv(0x60, &(tlv(0x06, "2b0601050502") + &tlv(0xa1, &tlv(0x30, &all.concat())))));
    assert_eq!(NegTokenResp::decode(&framed), NegTokenResp::decode(&resp(&all)));

    let token_alone = resp(std::slice::from_ref(&mech_token));
    assert_eq!(NegTokenResp::decode(&token_alone).unwrap().neg_state, None);

    let empty = resp(&[state.clone(), tlv(0xa2, &tlv(0x04, ""))]);
    assert_eq!(NegTokenResp::decode(&empty).unwrap().response_token, None);

    let repeated = resp(&[state.clone(), mech_token.clone(), tlv(0xa3, &tlv(0x04, "4e54"))]);
    assert_eq!(NegTokenResp::decode(&repeated).unwrap().mech_list_mic, None);
    let other = resp(&[state.clone(), mech_token, tlv(0xa3, &tlv(0x04, "4e55"))]);
    assert_eq!(NegTokenResp::decode(&other).unwrap().mech_list_mic, Some(&hex("4e55")[..]));
    // An empty MIC is present, and fails verification.
    let empty_mic = resp(&[state, tlv(0xa3, &tlv(0x04, ""))]);
    assert_eq!(NegTokenResp::decode(&empty_mic).unwrap().mech_list_mic, Some(&[][..]));
}

#[test]
fn bare_tokens_are_recognized_by_signature_or_oid() {
    assert_eq!(FirstToken::read(b"NTLMSSP\0\x01\0\0\0").unwrap(), FirstToken::Raw(Mechanism::Ntlm));
    let krb5 = hex(&tlv(0x60, &(tlv(0x06, KRB5) + "01006e00")));
    assert_eq!(FirstToken::read(&krb5).unwrap(), FirstToken::Raw(Mechanism::Kerberos));
    let ms_krb5 = hex(&tlv(0x60, &(tlv(0x06, "2a864882f712010202") + "01006e00")));
    assert_eq!(FirstToken::read(&ms_krb5).unwrap(), FirstToken::Raw(Mechanism::Kerberos));
    assert_eq!(FirstToken::read(&hex("6e00")).unwrap(), FirstToken::Raw(Mechanism::Kerberos));
    let unknown = hex(&tlv(0x60, &(tlv(0x06, "2a03") + "00")));
    assert!(matches!(FirstToken::read(&unknown), Err(Error::NothingInCommon(_))));
}

#[test]
fn malformed_first_tokens_are_refused() {
    let mech_types = tlv(0xa0, &list(&[NTLM]));
    let frame = |contents: &str| hex(&tlv(0x60, contents));
    let oid = tlv(0x06, "2b0601050502");
    let bare = hex(&tlv(0xa0, &tlv(0x30, &mech_types)));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", vec![]),
        ("one byte", vec![0x60]),
        ("no frame", bare),
        ("NegTokenResp first", resp(&[tlv(0xa0, &tlv(0x0a, "01"))])),
        ("NegTokenResp in the frame", frame(&(oid.clone() + &tlv(0xa1, &tlv(0x30, ""))))),
        ("frame without oid", frame(&tlv(0xa0, &tlv(0x30, &mech_types)))),
        ("frame without choice", frame(&oid)),
        ("two choices", frame(&(oid.clone() + &tlv(0xa0, &tlv(0x30, &mech_types)).repeat(2)))),
        ("no sequence", frame(&(oid.clone() + &tlv(0xa0, &mech_types)))),
        ("empty list", init(&[tlv(0xa0, &tlv(0x30, ""))])),
        ("no list in [0]", init(&[tlv(0xa0, "")])),
        ("two lists in [0]", init(&[tlv(0xa0, &list(&[NTLM]).repeat(2))])),
        ("empty oid", init(&[tlv(0xa0, &list(&[NTLM, ""]))])),
        ("no oid in the list", init(&[tlv(0xa0, &tlv(0x30, &tlv(0x04, NTLM)))])),
        ("list nested in the list", init(&[tlv(0xa0, &tlv(0x30, &list(&[NTLM])))])),
        ("fields out of order", init(&[tlv(0xa2, &tlv(0x04, "00")), mech_types.clone()])),
        ("field repeated", init(&[mech_types.clone(), mech_types.clone()])),
        ("universal field", init(&[mech_types.clone(), tlv(0x04, "00")])),
        ("reqFlags no bit string", init(&[mech_types.clone(), tlv(0xa1, &tlv(0x04, "00"))])),
        ("mechToken no octet string", init(&[mech_types.clone(), tlv(0xa2, &tlv(0x0c, "00"))])),
        ("mechToken followed", init(&[mech_types.clone(), tlv(0xa2, &tlv(0x04, "00").repeat(2))])),
        ("two MICs", init(&[mech_types, tlv(0xa3, &tlv(0x04, "00")), tlv(0xa4, &tlv(0x04, "00"))])),
    ];
    for (what, token) in cases {
        is_invalid(FirstToken::read(&token), what);
    }
    let many = vec![Mechanism::Ntlm; 65];
    is_invalid(MechTypeList::new(&mech_type_list(&many)), "65 mechanisms");
    assert!(MechTypeList::new(&mech_type_list(&many[..64])).is_ok());
}

#[test]
fn malformed_answers_are_refused() {
    let state = |value: &str| tlv(0xa0, &tlv(0x0a, value));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", vec![]),
        ("NegTokenInit", init(&[tlv(0xa0, &list(&[NTLM]))])),
        ("raw NTLM", b"NTLMSSP\0\x03\0\0\0".to_vec()),
        ("no sequence", hex(&tlv(0xa1, &state("00")))),
        ("unknown state", resp(&[state("04")])),
        ("long state", resp(&[state("0000")])),
        ("empty state", resp(&[state("")])),
        ("state no enumeration", resp(&[tlv(0xa0, &tlv(0x02, "00"))])),
        ("supportedMech no oid", resp(&[tlv(0xa1, &tlv(0x04, NTLM))])),
        ("out of order", resp(&[tlv(0xa3, &tlv(0x04, "00")), tlv(0xa2, &tlv(0x04, "00"))])),
        ("repeated", resp(&[state("01"), state("01")])),
        ("another frame", hex(&tlv(0x60, &(tlv(0x06, KRB5) + &tlv(0xa1, &tlv(0x30, "")))))),
    ];
    for (what, token) in cases {
        is_invalid(NegTokenResp::decode(&token), what);
    }
}

/// Every prefix of a real token is rejected, and no single changed bit makes the parser panic.
#[test]
fn cut_and_flipped_tokens() {
    for exchange in exchanges("spnego-") {
        for (i, token) in exchange.tokens.iter().enumerate() {
            let read = |bytes: &[u8]| match i {
                0 => FirstToken::read(bytes).map(drop),
                _ => NegTokenResp::decode(bytes).map(drop),
            };
            for n in 0..token.bytes.len() {
                assert!(read(&token.bytes[..n]).is_err(), "{} token {i} cut to {n}", exchange.name);
            }
            for bit in 0..8 * token.bytes.len() {
                let mut bytes = token.bytes.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                let _ = read(&bytes);
            }
        }
    }
}
