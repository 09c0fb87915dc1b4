//! Signed and sealed messages that are repeated, out of order or changed.

use negossp_core::ntlm::flags::NegotiateFlags as F;
use negossp_core::ntlm::{Session, Side};
use negossp_core::types::error::Error;
use negossp_core::types::protection::{Part, Qop};

const KEY: [u8; 16] = [0x55; 16];
const EXTENDED: F =
    F::SIGN.union(F::SEAL).union(F::EXTENDED_SESSIONSECURITY).union(F::N128).union(F::KEY_EXCH);
const PLAIN: F = F::SIGN.union(F::SEAL).union(F::KEY_EXCH);

fn pair(flags: F) -> (Session, Session) {
    (Session::new(flags, &KEY, Side::Client), Session::new(flags, &KEY, Side::Server))
}

fn signed(session: &mut Session, data: &[u8]) -> [u8; 16] {
    let mut token = [0; 16];
    assert_eq!(session.sign(&[data], 0, &mut token), Ok(16));
    token
}

fn sealed(session: &mut Session, data: &[u8]) -> (Vec<u8>, [u8; 16]) {
    let (mut data, mut token) = (data.to_vec(), [0; 16]);
    assert_eq!(
        session.seal(Qop::Encrypt, &mut [Part { data: &mut data, seal: true }], 0, &mut token),
        Ok(16)
    );
    (data, token)
}

fn unseal(session: &mut Session, data: &[u8], token: &[u8]) -> Result<Vec<u8>, Error> {
    let mut data = data.to_vec();
    session.unseal(&mut [Part { data: &mut data, seal: true }], 0, token)?;
    Ok(data)
}

#[test]
fn a_replayed_signature_is_out_of_sequence() {
    let (mut client, mut server) = pair(EXTENDED);
    let first = signed(&mut client, b"first");
    assert_eq!(server.verify(&[b"first"], 0, &first), Ok(()));
    assert_eq!(server.verify(&[b"first"], 0, &first), Err(Error::OutOfSequence));
    let (data, token) = sealed(&mut client, b"second");
    assert_eq!(unseal(&mut server, &data, &token), Ok(b"second".to_vec()));
    assert_eq!(unseal(&mut server, &data, &token), Err(Error::OutOfSequence));
}

#[test]
fn a_message_before_its_turn_is_out_of_sequence_and_may_come_again() {
    let (mut client, mut server) = pair(EXTENDED);
    let (first, second) = (sealed(&mut client, b"first"), sealed(&mut client, b"second"));
    assert_eq!(unseal(&mut server, &second.0, &second.1), Err(Error::OutOfSequence));
    assert_eq!(unseal(&mut server, &first.0, &first.1), Ok(b"first".to_vec()));
    assert_eq!(unseal(&mut server, &second.0, &second.1), Ok(b"second".to_vec()));
}

#[test]
fn without_extended_session_security_a_replay_is_refused_too() {
    let (mut client, mut server) = pair(PLAIN);
    let first = sealed(&mut client, b"first");
    let second = sealed(&mut client, b"second");
    assert!(unseal(&mut server, &second.0, &second.1).is_err());
    assert_eq!(unseal(&mut server, &first.0, &first.1), Ok(b"first".to_vec()));
    assert!(unseal(&mut server, &first.0, &first.1).is_err());
    assert_eq!(unseal(&mut server, &second.0, &second.1), Ok(b"second".to_vec()));
}

#[test]
fn each_bit_of_message_and_signature_counts() {
    for flags in [EXTENDED, PLAIN, EXTENDED - F::KEY_EXCH, EXTENDED - F::N128] {
        let (mut client, mut server) = pair(flags);
        let (data, token) = sealed(&mut client, b"a message");
        for bit in 0..8 * (data.len() + token.len()) {
            let (mut data, mut token) = (data.clone(), token);
            match bit / 8 {
                at if at < token.len() => token[at] ^= 1 << (bit % 8),
                at => data[at - token.len()] ^= 1 << (bit % 8),
            }
            // RandomPad is not checked.
            if flags == PLAIN && (32..64).contains(&bit) {
                continue;
            }
            let refused = unseal(&mut server, &data, &token);
            assert!(
                matches!(refused, Err(Error::MessageAltered(_) | Error::OutOfSequence)),
                "bit {bit}: {refused:?}"
            );
        }
        // None of these changed the context.
        assert_eq!(unseal(&mut server, &data, &token), Ok(b"a message".to_vec()));
    }
}

#[test]
fn a_message_is_for_the_other_side_only() {
    let (mut client, _) = pair(EXTENDED);
    let token = signed(&mut client.clone(), b"mine");
    assert!(matches!(client.verify(&[b"mine"], 0, &token), Err(Error::MessageAltered(_))));
}

#[test]
fn sixteen_bytes_suffice_and_fewer_change_nothing() {
    let (mut client, mut server) = pair(EXTENDED);
    let mut data = b"data".to_vec();
    for length in 0..16 {
        let mut token = vec![0xee; length];
        let parts = &mut [Part { data: &mut data, seal: true }];
        assert_eq!(
            client.seal(Qop::Encrypt, parts, 0, &mut token),
            Err(Error::BufferTooSmall { needed: 16 })
        );
        assert_eq!(
            client.sign(&[b"data"], 0, &mut token),
            Err(Error::BufferTooSmall { needed: 16 })
        );
        assert_eq!(token, vec![0xee; length]);
        assert!(matches!(server.verify(&[b"data"], 0, &token), Err(Error::InvalidToken(_))));
    }
    assert_eq!(data, b"data");
    let mut token = [0xee; 20];
    assert_eq!(client.sign(&[b"data"], 0, &mut token), Ok(16));
    assert_eq!(token[16..], [0xee; 4]);
    assert_eq!(server.verify(&[b"data"], 0, &token), Ok(()));
}

#[test]
fn without_encryption_all_is_signed_and_readable() {
    let (mut client, mut server) = pair(EXTENDED);
    let (mut data, mut token) = (b"data".to_vec(), [0; 16]);
    assert_eq!(
        client.seal(Qop::NoEncrypt, &mut [Part { data: &mut data, seal: true }], 0, &mut token),
        Ok(16)
    );
    assert_eq!(data, b"data");
    assert_eq!(server.verify(&[b"data"], 0, &token), Ok(()));
}

#[test]
fn pieces_are_one_message() {
    let (mut client, mut server) = pair(EXTENDED);
    let whole: Vec<u8> = (0..50_000u32).map(|i| i as u8).collect();
    let (mut split, mut token) = (whole.clone(), [0; 16]);
    let (first, second) = split.split_at_mut(12_345);
    let parts = &mut [
        Part { data: first, seal: true },
        Part { data: &mut [], seal: true },
        Part { data: second, seal: true },
    ];
    assert_eq!(client.clone().seal(Qop::Encrypt, parts, 0, &mut token), Ok(16));
    assert_eq!(sealed(&mut client, &whole), (split.clone(), token));
    assert_eq!(unseal(&mut server, &split, &token), Ok(whole));
}

#[test]
fn a_context_without_protection_signs_for_show() {
    let dummy = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let (mut client, mut server) = pair(F::ALWAYS_SIGN | F::EXTENDED_SESSIONSECURITY);
    assert_eq!(signed(&mut client, b"data"), dummy);
    assert_eq!(server.verify(&[b"whatever"], 0, &dummy), Ok(()));
    assert!(matches!(server.verify(&[b"data"], 0, &[1; 16]), Err(Error::MessageAltered(_))));
    assert_eq!(client.make_mech_list_mic(b"list"), Ok(dummy.to_vec()));
    let parts = &mut [Part { data: &mut [1], seal: true }];
    assert!(matches!(
        client.seal(Qop::Encrypt, parts, 0, &mut [0; 16]),
        Err(Error::Unsupported(_))
    ));
    assert!(matches!(server.unseal(parts, 0, &dummy), Err(Error::Unsupported(_))));
    let (mut client, mut server) = pair(F::EXTENDED_SESSIONSECURITY);
    assert!(matches!(client.sign(&[b"data"], 0, &mut [0; 16]), Err(Error::Unsupported(_))));
    assert!(matches!(server.verify(&[b"data"], 0, &dummy), Err(Error::Unsupported(_))));
    assert!(matches!(client.make_mech_list_mic(b"list"), Err(Error::Unsupported(_))));
}

/// [MS-SPNG] 3.3.5.1: the key stream starts anew after the mechListMIC, so it is the same for the
/// first message. Sequence numbers continue.
#[test]
fn the_mech_list_mic_takes_a_number_and_no_key_stream() {
    for flags in [EXTENDED, PLAIN, EXTENDED - F::KEY_EXCH] {
        let (mut client, mut server) = pair(flags);
        let first = signed(&mut client.clone(), b"list");
        let mic = client.make_mech_list_mic(b"list").expect("a MIC");
        assert_eq!(mic, first);
        for _ in 0..2 {
            assert!(matches!(
                server.verify_mech_list_mic(b"tsil", &mic),
                Err(Error::MessageAltered(_))
            ));
            assert!(matches!(
                server.verify_mech_list_mic(b"list", &mic[..15]),
                Err(Error::InvalidToken(_))
            ));
        }
        assert_eq!(server.verify_mech_list_mic(b"list", &mic), Ok(()));
        let back = server.make_mech_list_mic(b"list").expect("a MIC");
        assert_eq!(client.verify_mech_list_mic(b"list", &back), Ok(()));
        let (data, token) = sealed(&mut client, b"first");
        let (mut other, _) = pair(flags);
        assert_eq!(data, sealed(&mut other, b"first").0);
        let number = if flags.contains(F::EXTENDED_SESSIONSECURITY) { &token[12..] } else { &[] };
        assert!(number.is_empty() || *number == [1, 0, 0, 0]);
        assert_eq!(unseal(&mut server, &data, &token), Ok(b"first".to_vec()));
    }
}

#[test]
fn attributes_are_windows_own() {
    let (extended, plain) = (pair(EXTENDED).0, pair(PLAIN | F::LM_KEY | F::N56).0);
    let sizes = extended.sizes();
    assert_eq!(
        (sizes.max_token, sizes.max_signature, sizes.block_size, sizes.security_trailer),
        (2888, 16, 0, 16)
    );
    let info = extended.key_info();
    assert_eq!(
        (info.signature_name, info.encrypt_name, info.key_bits),
        ("HMAC-MD5", "RSADSI RC4", 128)
    );
    assert_eq!((info.signature_id, info.encrypt_id), (0xffff_ff76, 0x6801));
    let info = plain.key_info();
    assert_eq!(
        (info.signature_name, info.key_bits, info.signature_id),
        ("RSADSI RC4-CRC32", 56, 0xffff_ff7c)
    );
    assert_eq!(pair(EXTENDED - F::N128).0.key_info().key_bits, 40);
    assert_eq!(extended.session_key(), KEY);
}

#[test]
fn debug_output_holds_no_key() {
    let (mut client, _) = pair(EXTENDED);
    signed(&mut client, b"data");
    let text = format!("{client:?}");
    assert!(!text.contains("85") && !text.contains("0x55"), "{text}");
}

#[test]
fn an_idle_context_is_small() {
    assert!(size_of::<Session>() <= 64, "{}", size_of::<Session>());
}
